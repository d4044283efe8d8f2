/**
 * The watch on event loops: sees from another thread that one has stopped to turn, and
 * looks where it is while it stands still.
 *
 * A loop shows that it turns by its pulse (`core/pulse.ts`). Nothing is attached to it
 * and nothing asked of it as long as it does.
 *
 * A stall begins when the beat was due that did not come, so it is a time in which the
 * loop surely stood still; it may have done so for up to a beat longer.
 *
 * If the watch itself did not run, as with a process that was stopped or a machine that
 * slept, no loop could beat either, and nothing is wrong: such a stretch counts only if
 * the thread used its CPU meanwhile.
 */
import type { PulseReader, PulseReading } from "../../core/pulse.js";
import type { StackFrame, Stall } from "../kernel-facts.js";
import { requestStack, type StackRequest } from "./host-thread-stack.js";
import type { ThreadUsage } from "./sampler.js";

/** After the watch itself was away, loops get so long to beat. */
const GRACE_MS = 50;
/** An answer that comes later after the end of a stall is not waited for. */
const ANSWER_LIMIT_MS = 200;
/** Of a stall without a stack yet, others are told after so long. */
const TELL_AFTER_MS = 250;
/** A thread that used less of a stretch did not compute. */
const COMPUTING_SHARE = 0.1;
const MOST_KEPT = 1000;

export interface LoopWatchOptions {
  /** How often `check` is called: who comes twice as late was away. Four times in the shortest stall or oftener, if omitted. */
  readonly checkEveryMs?: number;
  /** The counts of a thread, by the kernel's number of it, as of just now: the sampler's. */
  readonly usageOf?: (kernelThread: number) => ThreadUsage | undefined;
  /** False if no stacks are to be taken; true by default. */
  readonly takesStacks?: boolean;
  /** Told of each stall once, while it lasts: with its stack, if that can be had soon. */
  readonly onStall?: (stall: Stall) => void;
  /** Asks for the stack of a thread; the platform's inspector by default. */
  readonly request?: (platformThread: number) => StackRequest;
}

/** A stall under way, or over and waiting for its stack. */
interface Draft {
  readonly thread: number;
  beginMs: number;
  /** `undefined` while it lasts. */
  endMs: number | undefined;
  /** When the watch saw that it was over. */
  seenOverMs: number;
  cpuMs: number | undefined;
  coreWaitMs: number | undefined;
  readonly foundMs: number;
  request: StackRequest | undefined;
  stack: readonly StackFrame[] | undefined;
  isTold: boolean;
}

/** Where a pulse is read: a `PulseReader`. */
export type PulseSource = Pick<PulseReader, "everyMs" | "limitMs" | "read">;

class WatchedLoop {
  readonly thread: number;
  readonly pulse: PulseSource;
  /** Late beats that were seen; `undefined` before the first look, if those before it do not count. */
  lates: number | undefined;
  reading: PulseReading | undefined = undefined;
  /** Counts when the last beat was seen, or when they were first known after that. */
  usageAtBeat: ThreadUsage | undefined = undefined;
  open: Draft | undefined = undefined;
  /** By how much it was late at most since that was asked. */
  delayMs = 0;

  constructor(thread: number, pulse: PulseSource, lates: number | undefined) {
    this.thread = thread;
    this.pulse = pulse;
    this.lates = lates;
  }
}

/** Watches loops by their pulses, whenever `check` is called; used on one thread alone. */
export class LoopWatch {
  readonly #loops = new Map<number, WatchedLoop>();
  readonly #checkEveryMs: number;
  readonly #usageOf: (kernelThread: number) => ThreadUsage | undefined;
  readonly #takesStacks: boolean;
  readonly #onStall: ((stall: Stall) => void) | undefined;
  readonly #request: (platformThread: number) => StackRequest;
  /** Over, but its stack may still come. */
  readonly #pending = new Set<Draft>();
  readonly #finished: Stall[] = [];
  #checkedMs: number | undefined = undefined;
  /** The last stretch in which the watch did not run. */
  #away = { fromMs: -Infinity, toMs: -Infinity };

  constructor(options: LoopWatchOptions = {}) {
    this.#checkEveryMs = options.checkEveryMs ?? 0;
    this.#usageOf = options.usageOf ?? (() => undefined);
    this.#takesStacks = options.takesStacks ?? true;
    this.#onStall = options.onStall;
    this.#request = options.request ?? requestStack;
  }

  /**
   * @param thread - its index, as stalls will have it
   * @param isNew - whether the pulse was started for this watch, so that what was late
   *   before the first look counts
   */
  add(thread: number, pulse: PulseSource, isNew = false): void {
    this.#loops.set(thread, new WatchedLoop(thread, pulse, isNew ? 0 : undefined));
  }

  /** The thread has ended, or is watched no more. A stall of it ends now. */
  remove(thread: number, nowMs: number): void {
    const loop = this.#loops.get(thread);
    if (loop === undefined) return;
    this.#loops.delete(thread);
    if (loop.open !== undefined) this.#end(loop, nowMs, undefined, nowMs);
  }

  /** The kernel's numbers of the loops' threads that have had a beat: for the sampler. */
  kernelThreads(): ReadonlyMap<number, number> {
    const tids = new Map<number, number>();
    for (const { thread, reading } of this.#loops.values()) {
      if (reading?.kernelThread !== undefined) tids.set(reading.kernelThread, thread);
    }
    return tids;
  }

  /** Looks at every loop; a stall shorter than two calls are apart is seen by the late beat alone. */
  check(nowMs: number): void {
    const lastMs = this.#checkedMs ?? nowMs;
    this.#checkedMs = nowMs;
    for (const loop of this.#loops.values()) {
      // With limits that are short for how often this is called, each call would seem to come after an absence,
      // a tick of a timer being a little longer than was asked for, and no stall would ever begin.
      const mostMs = Math.max(loop.pulse.limitMs / 2, 2 * this.#checkEveryMs);
      if (nowMs - lastMs > mostMs) this.#away = { fromMs: lastMs, toMs: nowMs };
      // Written just now: the loop turns, and the next look says more.
      const reading = loop.pulse.read();
      if (reading !== undefined) this.#look(loop, reading, nowMs);
    }
    for (const draft of this.#pending) {
      if (nowMs - draft.seenOverMs > ANSWER_LIMIT_MS) draft.request?.cancel();
    }
  }

  #look(loop: WatchedLoop, reading: PulseReading, nowMs: number): void {
    const last = loop.reading;
    loop.reading = reading;
    const { lates } = loop;
    loop.lates = reading.lates;
    if (lates !== undefined && reading.lates !== lates) this.#wasLate(loop, reading, nowMs);
    else if (loop.open !== undefined && (reading.beats !== last?.beats || reading.isResting)) {
      this.#end(loop, reading.atMs, undefined, nowMs);
    }
    if (reading.beats !== last?.beats) {
      loop.usageAtBeat = undefined;
      if (last !== undefined) loop.delayMs = Math.max(loop.delayMs, delayOf(last, reading, loop.pulse.everyMs));
    }
    // Of a thread that stalls as soon as it began, the sampler may know only now.
    loop.usageAtBeat ??= this.#usageNow(reading);
    if (reading.isResting) return;
    const { everyMs, limitMs } = loop.pulse;
    const dueMs = Math.max(reading.atMs + everyMs, reading.awakeMs);
    loop.delayMs = Math.max(loop.delayMs, nowMs - dueMs);
    if (loop.open === undefined) {
      if (nowMs - dueMs >= limitMs && nowMs - this.#away.toMs >= GRACE_MS) this.#begin(loop, reading, dueMs, nowMs);
    } else if (!loop.open.isTold && nowMs - loop.open.foundMs >= TELL_AFTER_MS) {
      this.#tell(loop.open);
    }
  }

  #usageNow(reading: PulseReading): ThreadUsage | undefined {
    return reading.kernelThread === undefined ? undefined : this.#usageOf(reading.kernelThread);
  }

  #begin(loop: WatchedLoop, reading: PulseReading, dueMs: number, nowMs: number): void {
    const draft = newDraft(loop.thread, dueMs, nowMs);
    loop.open = draft;
    // A thread that stands at a user's breakpoint is where the user wants it.
    const isInspected = [...this.#loops.values()].some((other) => other.reading?.isInspected === true);
    if (!this.#takesStacks || isInspected || reading.platformThread === undefined) {
      this.#tell(draft);
      return;
    }
    const request = this.#request(reading.platformThread);
    draft.request = request;
    void this.#await(draft, request);
  }

  async #await(draft: Draft, request: StackRequest): Promise<void> {
    const taken = await request.taken;
    draft.request = undefined;
    // Taken after the end, it shows what the loop does now that it turns again.
    if (taken !== undefined && taken.atMs <= (draft.endMs ?? Infinity)) draft.stack = taken.frames;
    if (this.#pending.delete(draft)) this.#finish(draft);
    else this.#tell(draft);
  }

  /** The loop says itself that it was late, and when. */
  #wasLate(loop: WatchedLoop, reading: PulseReading, nowMs: number): void {
    const { dueMs, atMs, cpuMs } = reading.late;
    if (loop.open === undefined) {
      const usedMs = cpuMs ?? this.#usedBy(loop).cpuMs;
      // Where the watch was away too, nobody ran.
      const awayMs = Math.min(atMs, this.#away.toMs) - Math.max(dueMs, this.#away.fromMs);
      const wasStopped = atMs - dueMs - Math.max(0, awayMs) < loop.pulse.limitMs;
      if (wasStopped && usedMs !== undefined && usedMs < (atMs - dueMs) * COMPUTING_SHARE) return;
      loop.open = newDraft(loop.thread, dueMs, nowMs);
    }
    loop.open.beginMs = dueMs;
    this.#end(loop, atMs, cpuMs, nowMs);
  }

  /** What the thread used since its last beat. */
  #usedBy({ reading, usageAtBeat: before }: WatchedLoop): Partial<ThreadUsage> {
    const now = reading === undefined ? undefined : this.#usageNow(reading);
    if (now === undefined || before === undefined) return {};
    const isCounted = now.coreWaitMs !== undefined && before.coreWaitMs !== undefined;
    return {
      cpuMs: now.cpuMs - before.cpuMs,
      coreWaitMs: isCounted ? now.coreWaitMs - before.coreWaitMs : undefined,
    };
  }

  /** @param cpuMs - if the thread itself told it */
  #end(loop: WatchedLoop, endMs: number, cpuMs: number | undefined, nowMs: number): void {
    const draft = loop.open as Draft;
    const used = this.#usedBy(loop);
    loop.open = undefined;
    draft.endMs = Math.max(endMs, draft.beginMs);
    draft.seenOverMs = nowMs;
    draft.cpuMs = cpuMs ?? used.cpuMs;
    draft.coreWaitMs = used.coreWaitMs;
    if (draft.request === undefined) this.#finish(draft);
    else this.#pending.add(draft);
  }

  #finish(draft: Draft): void {
    this.#tell(draft);
    this.#finished.push(stallOf(draft, draft.endMs as number));
    if (this.#finished.length > MOST_KEPT) this.#finished.shift();
  }

  #tell(draft: Draft): void {
    if (draft.isTold) return;
    draft.isTold = true;
    this.#onStall?.(stallOf(draft, draft.endMs ?? this.#checkedMs ?? draft.foundMs));
  }

  /** The stalls that are over and were not drained yet, in order of beginning; at most the last 1000. */
  drain(): Stall[] {
    return this.#finished.splice(0).toSorted((a, b) => a.beginMs - b.beginMs);
  }

  /** By how many milliseconds each loop was late at most since it was asked last; of those that have had a beat. */
  drainDelays(): readonly (readonly [thread: number, delayMs: number])[] {
    return [...this.#loops.values()].flatMap((loop) => {
      if (loop.reading === undefined) return [];
      const { delayMs } = loop;
      loop.delayMs = 0;
      return [[loop.thread, delayMs] as const];
    });
  }

  /** Ends the watch. @returns what `drain` would, and the stalls that last */
  finish(nowMs: number): Stall[] {
    const stalls = this.drain();
    const drafts = [...this.#pending];
    this.#pending.clear();
    for (const draft of drafts) stalls.push(stallOf(draft, draft.endMs as number));
    for (const loop of this.#loops.values()) {
      if (loop.open === undefined) continue;
      Object.assign(loop.open, this.#usedBy(loop));
      stalls.push(stallOf(loop.open, nowMs));
      drafts.push(loop.open);
    }
    for (const draft of drafts) {
      draft.isTold = true; // nobody listens any more
      draft.request?.cancel();
    }
    this.#loops.clear();
    return stalls.toSorted((a, b) => a.beginMs - b.beginMs);
  }
}

/** How late the last beat was, if each of those since `last` came as long after the one before as the others. */
function delayOf(last: PulseReading, { beats, atMs, awakeMs, isResting }: PulseReading, everyMs: number): number {
  // Who rested in between beats when it wakes, and is not late.
  if (isResting || last.isResting || awakeMs > last.atMs) return 0;
  return Math.max(0, atMs - last.atMs - ((beats - last.beats) | 0) * everyMs);
}

function newDraft(thread: number, beginMs: number, foundMs: number): Draft {
  return {
    thread,
    beginMs,
    endMs: undefined,
    seenOverMs: Infinity,
    cpuMs: undefined,
    coreWaitMs: undefined,
    foundMs,
    request: undefined,
    stack: undefined,
    isTold: false,
  };
}

function stallOf(draft: Draft, endMs: number): Stall {
  const { thread, beginMs, cpuMs, coreWaitMs, stack } = draft;
  // Counted from beat to beat, which is a little more than the stall.
  const within = (ms: number | undefined): number | undefined =>
    ms === undefined ? undefined : Math.max(0, Math.min(ms, endMs - beginMs));
  const isOver = draft.endMs !== undefined;
  return { thread, beginMs, endMs, isOver, cpuMs: within(cpuMs), coreWaitMs: within(coreWaitMs), stack };
}
