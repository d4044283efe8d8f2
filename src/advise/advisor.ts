/**
 * The executor that decides by what it measures: carries out what `placement.ts` decides,
 * and tells it what came of that.
 *
 * A call is let through (`letsRunHere`), and then nothing more is known of it; or it is
 * unplaced until the microtasks that come with it have been counted, and then here or on
 * threads until it has ended. Those on threads are looked at in groups, each from when
 * the first one went there, or the group before ended, until none is there, or as many
 * have ended as were.
 */
import { nowMs } from "#clock";

import { cancelNodeOf, describeKind } from "../async/cancel.js";
import { type AnyTask, type RunOptions, taskIdentity } from "../async/executor.js";
import { scope, type Scope } from "../async/scope.js";
import { isSteps, runSteps } from "../async/steps.js";
import { MisuseError, SkeinError, TransferError } from "../core/errors.js";
import { probe, ProbeKind } from "../core/probe.js";
import { CoreClock, SHORTEST_STEP_MS, stepCpu } from "../core/step-cpu.js";
import { nextIdentity } from "../core/thread.js";
import { availableCores } from "../threads/available-cores.js";
import type { Language } from "../trace/words/language.js";
import type { AutoExecutor, AutoOptions, AutoStatistics, Decision } from "./decision.js";
import { LoopShare } from "./loop-share.js";
import { type Place, Placement, SAMPLE_EVERY_MS } from "./placement.js";
import { REASONS } from "./reasons.js";

/** Calls that make up a group on threads, of which what each took is told. */
const GROUP_CALLS = 8;
/** As many if there is always another under way, or as are under way at a time. */
const LONG_GROUP_CALLS = 64;
/** A pool is asked for its figures so often at most, as that takes some 20 µs. */
const STATISTICS_EVERY_MS = 100;

/** Calls let through are so many at most until the clock is looked at, which takes 40 ns; a power of two. */
const CALLS_BETWEEN_GLANCES = 16;
/** They may have become longer, or come from time to time. */
const FAR_LONGER = 16;

/** What is known of a task. */
class Entry {
  readonly key: string;
  readonly module: string;
  readonly placement: Placement;
  /** Calls that have been asked for and have not ended. */
  underWay = 0;
  /** Of those, the ones that will be placed in this turn. */
  unplaced = 0;
  /** The most that were under way while some were unplaced. */
  width = 0;
  /** Calls let through since this turn began. */
  burst = 0;
  glancedMs = 0;
  /** Calls since that were seen. */
  glanced = 0;
  elsewhere = 0;
  /** On threads now, and since when some are. */
  onThreads = 0;
  busySinceMs = 0;
  mostOnThreads = 0;
  /** Of the group of calls on threads that is looked at. */
  groupCalls = 0;
  groupBusyMs = 0;
  isDisturbed = false;
  /** When a glance asked for a sample last. */
  askedMs = -Infinity;
  isCold = true;
  /** What the pool had told of it. */
  toldRuns = 0;
  toldRunMs = 0;
  told: Place = "here";
  /** To whom that was told. */
  toldTo: unknown = undefined;

  constructor(key: string, module: string, placement: Placement) {
    this.key = key;
    this.module = module;
    this.placement = placement;
  }
}

const SETTLED = Promise.resolve();

/** What an advisor measures with. */
export interface Measuring {
  readonly loop: LoopShare;
  readonly coreClock: CoreClock | undefined;
}

export class Auto implements AutoExecutor {
  readonly name: string;
  readonly runsHere: boolean;
  readonly #id = nextIdentity();
  readonly #pool: NonNullable<AutoOptions["pool"]>;
  readonly #threads: number;
  readonly #entries = new Map<unknown, Entry>();
  readonly #loop: LoopShare;
  readonly #coreClock: CoreClock | undefined;
  #lastTask: unknown = undefined;
  #lastEntry: Entry | undefined = undefined;
  #statisticsMs = -Infinity;

  constructor(pool: NonNullable<AutoOptions["pool"]>, name: string, measuring: Measuring = measuringOfPlatform()) {
    this.#loop = measuring.loop;
    this.#coreClock = measuring.coreClock;
    this.#pool = pool;
    this.name = name;
    this.#threads = Math.max(1, Math.min(pool.size ?? availableCores(), availableCores()));
    this.runsHere = pool.runsHere === true;
  }

  #entryOf(task: unknown): Entry | undefined {
    if (task === this.#lastTask) return this.#lastEntry;
    let entry = this.#entries.get(task);
    if (entry === undefined) {
      const identity = taskIdentity(task);
      if (identity === undefined) return undefined;
      entry = new Entry(identity.key, identity.module, new Placement(this.#threads));
      this.#entries.set(task, entry);
    }
    this.#lastTask = task;
    this.#lastEntry = entry;
    return entry;
  }

  letsRunHere(task: unknown, affinity: unknown): boolean | ((...args: unknown[]) => unknown) {
    const entry = this.#entryOf(task);
    // What is no task can be found by no thread.
    if (entry === undefined) return true;
    if (affinity !== undefined) return false;
    const { placement } = entry;
    if (placement.passesUnseen()) return true;
    // The way of a job to another place takes a hundred times as long as such a call.
    if (!placement.passes()) return placement.measuresHere() && this.#measuringHere(entry, task);
    if (++entry.glanced >= CALLS_BETWEEN_GLANCES || !placement.isWidthOfInterest) {
      glance(entry);
      placement.leaveUnseen(CALLS_BETWEEN_GLANCES - 1);
    }
    if (placement.isWidthOfInterest && entry.burst++ === 0) {
      void SETTLED.then(() => this.#burstEnded(entry));
    }
    return true;
  }

  /** What runs a task here and measures that. */
  #measuringHere(entry: Entry, task: unknown): (...args: unknown[]) => unknown {
    this.#tell(entry);
    if (entry.onThreads > 0) entry.isDisturbed = true;
    return (...args) => this.#measured(entry, () => (task as (...given: unknown[]) => unknown)(...args));
  }

  #burstEnded(entry: Entry): void {
    entry.placement.sawBurst(entry.burst);
    entry.burst = 0;
    this.#tell(entry);
  }

  async run<Result>(task: AnyTask, args: readonly unknown[], options: RunOptions): Promise<Result> {
    const entry = this.#entryOf(task);
    if (entry === undefined) return this.#runHere(undefined, task, args, options);
    // The jobs of a key share what is on a thread, so none of them stays here.
    if (options.affinity !== undefined) return this.#pool.run(task, args, options);
    entry.underWay++;
    entry.unplaced++;
    entry.width = Math.max(entry.width, entry.underWay);
    try {
      // All that come at once are counted before the first is placed. Each goes on by
      // itself, in the asynchronous context of its caller.
      await SETTLED;
      const place = entry.placement.next(entry.width, entry.unplaced);
      if (--entry.unplaced === 0) entry.width = 0;
      this.#tell(entry);
      if (place === "here") return await this.#runHere<Result>(entry, task, args, options);
      return await this.#runElsewhere<Result>(entry, task, args, options);
    } finally {
      entry.underWay--;
    }
  }

  // Here

  async #runHere<Result>(
    entry: Entry | undefined,
    task: AnyTask,
    args: readonly unknown[],
    options: RunOptions,
  ): Promise<Result> {
    cancelNodeOf(options.cancel)?.checkpoint();
    options.onStart();
    const fn = task as unknown as (...given: readonly unknown[]) => unknown;
    const takesScope = taskIdentity(task)?.takesScope === true;
    const call = (s: Scope): unknown => {
      const returned = takesScope ? fn(s, ...args) : fn(...args);
      return isSteps(returned) ? runSteps(returned, cancelNodeOf(s)) : returned;
    };
    if (entry === undefined) return scope(call, { name: options.name }, options.cancel) as Promise<Result>;
    if (entry.onThreads > 0) entry.isDisturbed = true;
    return scope(
      (s) => this.#measured(entry, () => call(s)),
      { name: options.name },
      options.cancel,
    ) as Promise<Result>;
  }

  #measured(entry: Entry, call: () => unknown): unknown {
    // Of a short call the kernel says nothing, and takes longer.
    const isShort = (entry.placement.measured?.loopMs ?? Infinity) < SHORTEST_STEP_MS / 4;
    const before = isShort ? undefined : this.#coreClock?.recent(nowMs());
    const beganMs = nowMs(); // after that, which takes longer than many a call
    let loopMs = 0;
    let cpuMs = 0;
    const step = (): void => {
      loopMs = nowMs() - beganMs;
      const after = loopMs < SHORTEST_STEP_MS || before === undefined ? undefined : this.#coreClock?.read();
      cpuMs = before === undefined || after === undefined ? loopMs : stepCpu(loopMs, before, after).cpuMs;
      // Waiting for a core is no doing of the task, and it would do that on a thread too.
      if (before !== undefined && after !== undefined) loopMs -= Math.min(loopMs, after.waitMs - before.waitMs);
    };
    let result: unknown;
    try {
      result = call();
    } catch (error) {
      step();
      entry.placement.ranHere({ loopMs, cpuMs, lifeMs: loopMs, leastRunMs: loopMs, gaveWay: false });
      throw error;
    }
    step();
    if (!isThenable(result)) {
      entry.placement.ranHere({ loopMs, cpuMs, lifeMs: loopMs, leastRunMs: loopMs, gaveWay: false });
      return result;
    }
    const promise = Promise.resolve(result);
    const begun = this.#loop.begin();
    const ended = (): void => {
      const { shareMs, busyMs } = this.#loop.end(begun);
      const lifeMs = Math.max(loopMs, nowMs() - beganMs);
      const holdsMs = Math.min(lifeMs, loopMs + shareMs);
      entry.placement.ranHere({
        loopMs: holdsMs,
        cpuMs: Math.min(lifeMs, cpuMs + shareMs),
        lifeMs,
        // While the loop had nothing to do, it waited for something else.
        leastRunMs: Math.max(holdsMs, lifeMs - (busyMs - shareMs)),
        gaveWay: true,
      });
    };
    void promise.then(ended, ended);
    return promise;
  }

  // Elsewhere

  async #runElsewhere<Result>(
    entry: Entry,
    task: AnyTask,
    args: readonly unknown[],
    options: RunOptions,
  ): Promise<Result> {
    entry.elsewhere++;
    if (entry.onThreads++ === 0) entry.busySinceMs = nowMs();
    entry.mostOnThreads = Math.max(entry.mostOnThreads, entry.onThreads);
    let refused: "no threads" | "can't cross" | undefined;
    try {
      return await this.#pool.run<Result>(task, args, options);
    } catch (error) {
      refused = whyRefused(error);
      if (refused === undefined) throw error;
    } finally {
      this.#leftThreads(entry, refused !== undefined);
    }
    // It never began, and here it can.
    entry.placement.pin(refused);
    this.#tell(entry);
    return this.#runHere<Result>(entry, task, args, options);
  }

  #leftThreads(entry: Entry, isRefused: boolean): void {
    entry.onThreads--;
    if (!isRefused) entry.groupCalls++;
    const isEmpty = entry.onThreads === 0;
    // Outcomes come many at a time: a part of them says nothing of how long each took.
    if (!isEmpty && entry.groupCalls < Math.max(LONG_GROUP_CALLS, entry.mostOnThreads)) return;
    const now = nowMs();
    entry.groupBusyMs += now - entry.busySinceMs;
    entry.busySinceMs = now;
    if (entry.groupCalls < GROUP_CALLS) return;
    // The first group waited for threads that load the program.
    if (!entry.isDisturbed && !entry.isCold) {
      const runMs = this.#runMsOf(entry, now);
      entry.placement.ranElsewhere({ calls: entry.groupCalls, busyMs: entry.groupBusyMs, runMs });
      this.#tell(entry);
    }
    entry.groupCalls = 0;
    entry.groupBusyMs = 0;
    entry.mostOnThreads = entry.onThreads;
    entry.isDisturbed = false;
    entry.isCold = false;
  }

  /** What its calls ran in the mean since the pool was asked last. */
  #runMsOf(entry: Entry, now: number): number | undefined {
    if (now - this.#statisticsMs < STATISTICS_EVERY_MS) return undefined;
    this.#statisticsMs = now;
    const figures = this.#pool.statistics?.().tasks[entry.key];
    if (figures === undefined) return undefined;
    const runs = figures.count - entry.toldRuns;
    const sumMs = figures.count * figures.meanMs;
    const runMs = (sumMs - entry.toldRunMs) / runs;
    entry.toldRuns = figures.count;
    entry.toldRunMs = sumMs;
    return runs > 0 && Number.isFinite(runMs) ? Math.max(0, runMs) : undefined;
  }

  // Telling

  #tell(entry: Entry): void {
    const { place, reason: why } = entry.placement;
    const { ring } = probe;
    if (ring === undefined || why === "not known yet" || (place === entry.told && ring === entry.toldTo)) return;
    entry.told = place;
    entry.toldTo = ring;
    const { task, reason } = this.#decision(entry, "en");
    ring.write(ProbeKind.placed, this.#id, place === "here" ? 0 : 1, ring.text(`${task}: ${place}, ${reason}`));
  }

  #decision({ key, module, placement }: Entry, language: Language): Decision {
    const { measured } = placement;
    const threadsMs = measured === undefined ? undefined : placement.threadsMs();
    const width = placement.width.value;
    return {
      task: key,
      module,
      place: placement.place,
      why: placement.reason,
      reason: REASONS[placement.reason][language],
      calls: placement.calls,
      samples: placement.samples,
      cpuMs: measured?.cpuMs,
      loopMs: measured?.loopMs,
      waitingMs: measured === undefined ? undefined : Math.max(0, measured.runMs - measured.cpuMs),
      width,
      hereMs: measured === undefined ? undefined : placement.hereMs(),
      threadsMs,
      dispatchMs:
        measured === undefined || threadsMs === undefined
          ? undefined
          : Math.max(0, threadsMs - measured.runMs / Math.min(Math.max(1, width), this.#threads)),
    };
  }

  decisions(language: Language = "en"): readonly Decision[] {
    if (language !== "en" && language !== "ru") {
      throw new MisuseError("SKEIN_INVALID_ARGUMENT", `a language is "en" or "ru", but ${describeKind(language)} came`);
    }
    return [...this.#entries.values()].map((entry) => this.#decision(entry, language));
  }

  statistics(): AutoStatistics {
    const entries = [...this.#entries.values()];
    return {
      name: this.name,
      here: entries.reduce((sum, { placement, elsewhere }) => sum + placement.calls - elsewhere, 0),
      elsewhere: entries.reduce((sum, { elsewhere }) => sum + elsewhere, 0),
      tasks: this.decisions(),
    };
  }
}

function measuringOfPlatform(): Measuring {
  const coreClock = CoreClock.open();
  return { loop: LoopShare.ofPlatform(coreClock), coreClock };
}

/** If far more time has passed than calls of their length take, one of them is to be measured. */
function glance(entry: Entry): void {
  const now = nowMs();
  const eachMs = (now - entry.glancedMs) / CALLS_BETWEEN_GLANCES;
  entry.glancedMs = now;
  entry.glanced = 0;
  if (now - entry.askedMs < SAMPLE_EVERY_MS || eachMs <= FAR_LONGER * (entry.placement.measured?.loopMs ?? 0)) return;
  entry.askedMs = now;
  entry.placement.sampleNext();
}

/** Why a call that failed so never began; `undefined` if it did. */
function whyRefused(error: unknown): "no threads" | "can't cross" | undefined {
  if (error instanceof TransferError)
    return error.message.startsWith("an argument of task") ? "can't cross" : undefined;
  if (!(error instanceof SkeinError)) return undefined;
  if (error.code === "SKEIN_TASK_INSIDE_FUNCTION" || error.code === "SKEIN_TASK_NOT_FOUND") return "can't cross";
  return error.message.startsWith("no thread could be started") ? "no threads" : undefined;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === "object" || typeof value === "function") &&
    value !== null &&
    typeof (value as { then?: unknown }).then === "function"
  );
}
