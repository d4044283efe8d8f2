/** `explore`: runs a program under one schedule after another. */
import { exploreSharedObjects } from "#views";

import { MisuseError } from "../core/errors.js";
import { type CallerPlace, callerOf } from "../threads/call-site.js";
import { Execution } from "./execution.js";
import { LockOrders } from "./detectors/locks.js";
import { findLostWakeUp } from "./detectors/lost-wake-up.js";
import { findRace } from "./detectors/races.js";
import { traceOf } from "./counter-example.js";
import type { Coverage } from "./coverage.js";
import { ExploreError } from "./explore-error.js";
import type { Failure } from "./failure.js";
import { hostMs, setImmediateOrSoon } from "./host-time.js";
import { countSwitches, writeListing } from "./listing.js";
import { queueSearch } from "./nested.js";
import { type ExploreOptions, requireExploreOptions } from "./options.js";
import { OTHER_TOKEN, type SearchState, type Watch, watch } from "./overseer.js";
import { Portfolio } from "./portfolio.js";
import { type Confirmation, Confirming, placeOf } from "./real/confirmation.js";
import { Recording } from "./real/recording.js";
import { roleOfThread } from "./real/role.js";
import { type ExploredProgram, type RunFacts, runProgram } from "./run-program.js";
import { ReplayStrategy } from "./strategies/replay.js";
import { type Attempt, shrink } from "./shrink.js";
import type { Strategy } from "./strategies/strategy.js";
import { fingerprintOf, programHash, readToken, type Schedule, scheduleOf, writeToken } from "./token.js";
import { forgetActiveResources } from "./real-io.js";
import { refuseSharedObjects } from "./without-condition.js";
import { WeakMemory } from "./weak-memory.js";

export interface ExploreReport {
  /** Schedules that were run. */
  readonly schedules: number;
  /** Steps of the longest. */
  readonly steps: number;
  readonly coverage: Coverage;
  /** How often each outcome came. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly warnings: readonly string[];
  /** Schedules that real threads took as well, with `threads: "real"`. */
  readonly schedulesOnThreads?: number;
}

/** What all programs are called that have no name. */
const UNNAMED = "program";
const DEFAULT_BUDGET_MS = 2_000;
const MOST_SHRINK_MS = 1_000;
/** Of so many runs the first, then every one that is a multiple of it, is looked at for the order of locks. */
const LOCK_RUNS = 128;
/** How long the event loop is kept from its other turns. */
const TURN_MS = 50;

let last: Promise<unknown> = Promise.resolve();

/** What `explore` gives on a thread that has come there for another program. */
const NOTHING: ExploreReport = {
  schedules: 0,
  steps: 0,
  coverage: {
    kind: "sampled",
    text: "nothing: this thread plays a part in runs of another program",
    preemptions: undefined,
  },
  outcomes: {},
  warnings: [],
};
const NEVER = new Promise<never>(() => undefined);

function nameOf({ name }: ExploreOptions, program: ExploredProgram): string {
  return name ?? (program.name || UNNAMED);
}

function wantsThreads({ confirm, threads }: ExploreOptions): boolean {
  return confirm === true || threads === "real";
}

/**
 * Runs a program again and again, each time with its threads' steps in another
 * order, until it goes wrong or the budget is used up.
 *
 * Threads (`t.thread`) are ordinary synchronous functions on `t.cell`s and, under
 * `node --conditions=explore`, on the shared objects of this library. Jobs (`t.job`)
 * are async functions for which `t.completes` stands for what is outside.
 *
 * With `confirm` real threads take the steps of a schedule on which it goes wrong, with
 * `threads: "real"` those of each: Node alone.
 *
 * **Throws** `ExploreError` for a schedule on which it goes wrong;
 * `SKEIN_INVALID_ARGUMENT`.
 *
 * **Cost** One schedule: bench `explore`.
 *
 * @example
 * ```ts
 * const { coverage } = await explore(async (t) => {
 *   const x = t.cell("x");
 *   const addOne = () => x.add(1);
 *   await t.join(t.thread("a", addOne), t.thread("b", addOne));
 *   t.expect(x.load() === 2, "an addition was lost");
 * });
 * console.log(coverage.kind); // complete
 * ```
 *
 * @since 0.2.0
 */
export function explore(options: ExploreOptions, program: ExploredProgram): Promise<ExploreReport>;
export function explore(program: ExploredProgram): Promise<ExploreReport>;
export function explore(first: ExploreOptions | ExploredProgram, second?: ExploredProgram): Promise<ExploreReport> {
  const options = typeof first === "function" ? {} : first;
  const program = typeof first === "function" ? first : second;
  if (typeof program !== "function" || typeof options !== "object") {
    return Promise.reject(
      new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `explore expected options and a function, but ${typeof first} and ${typeof second} came`,
      ),
    );
  }
  try {
    requireExploreOptions(options);
  } catch (error) {
    return Promise.reject(error);
  }
  const role = roleOfThread();
  const caller = role !== undefined || wantsThreads(options) ? callerOf(explore) : undefined;
  // A thread that plays a part in runs of one program explores none.
  if (role !== undefined)
    return role.isReached(caller?.text, nameOf(options, program), program) ? NEVER : Promise.resolve(NOTHING);
  return exploreFor(watch, options, program, caller);
}

/**
 * As `explore`, with options that have been looked at.
 *
 * @param watchBy - who looks after the search
 * @param caller - where the program is, for real threads to find it
 */
export function exploreFor(
  watchBy: typeof watch,
  options: ExploreOptions,
  program: ExploredProgram,
  caller?: CallerPlace,
): Promise<ExploreReport> {
  // One at a time: what is under control is what runs on this thread.
  const search = queueSearch(last, () => new Search(watchBy, options, program, caller).run());
  last = search.catch(() => undefined);
  // Another promise: if nobody handles this one, that has to show.
  return search.then((report) => report);
}

class Search {
  /** How messages name the program. */
  readonly #name: string;
  /** Of the call itself; the overseer may have put another in its place. */
  readonly #ownToken: string | undefined;
  readonly #options: ExploreOptions;
  readonly #watch: Watch;
  readonly #program: ExploredProgram;
  readonly #execution = new Execution();
  readonly #outcomes: Record<string, number> = {};
  readonly #warnings: string[] = [];
  readonly #lockOrders = new LockOrders();
  readonly #confirming: Confirming | undefined;
  #facts: RunFacts = { outcome: undefined, usesJobs: false };
  #schedules = 0;
  #schedulesOnThreads = 0;
  #mostSteps = 0;
  #passedBy: string | undefined;
  #hasRace = false;
  #turnEndMs = hostMs() + TURN_MS;
  #endMs = Infinity;
  #isShortening = false;
  readonly #portfolio: Portfolio;

  constructor(
    watchBy: typeof watch,
    options: ExploreOptions,
    program: ExploredProgram,
    caller: CallerPlace | undefined,
  ) {
    this.#name = nameOf(options, program);
    this.#ownToken = options.token;
    this.#watch = watchBy({ name: this.#name, options, now: () => this.#now() });
    this.#options = this.#watch.options;
    if (wantsThreads(this.#options)) {
      this.#confirming = new Confirming(
        placeOf({ ...this.#options, name: this.#name }, caller),
        this.#options.memory ?? "sc",
      );
    }
    this.#program = program;
    this.#portfolio = new Portfolio(this.#options.strategy ?? "auto", this.#options.seed ?? 1);
    if (this.#options.memory === "js") this.#execution.weak = new WeakMemory(this.#execution);
    if (this.#options.steps !== undefined) this.#execution.mostSteps = this.#options.steps;
  }

  /** Searches, and tells the overseer how that ended. */
  async run(): Promise<ExploreReport> {
    try {
      const report = this.#watch.passBy === undefined ? await this.#prepared() : this.#passBy(this.#watch.passBy);
      this.#watch.end({ state: this.#now(), report, error: undefined, passedBy: this.#passedBy });
      return report;
    } catch (error) {
      this.#watch.end({ state: this.#now(), report: undefined, error, passedBy: undefined });
      throw error;
    }
  }

  #now(): SearchState {
    return {
      schedules: this.#schedules,
      steps: this.#mostSteps,
      strategy: this.#portfolio.current.name,
      coverage: this.#portfolio.coverage,
      leftMs: this.#endMs - hostMs(),
      isShortening: this.#isShortening,
    };
  }

  /** The report of a search that is not done. */
  #passBy(why: string): ExploreReport {
    this.#passedBy = why;
    this.#warnings.push(why);
    return this.#report({ kind: "sampled", text: `no schedule: ${why}`, preemptions: undefined });
  }

  /** The search, with all that it needs, which is put back behind it. */
  async #prepared(): Promise<ExploreReport> {
    forgetActiveResources();
    this.#execution.shared = exploreSharedObjects();
    const allow = this.#execution.shared === undefined ? refuseSharedObjects() : undefined;
    try {
      return await this.#search();
    } finally {
      allow?.();
      await this.#confirming?.close();
    }
  }

  async #search(): Promise<ExploreReport> {
    const { token } = this.#options;
    if (token !== undefined) return this.#replay(token);
    const portfolio = this.#portfolio;
    const schedules = this.#options.schedules ?? Infinity;
    const budgetMs = this.#options.budgetMs ?? (schedules === Infinity ? DEFAULT_BUDGET_MS : Infinity);
    this.#endMs = hostMs() + budgetMs;
    while (this.#schedules < schedules) {
      await this.#runOnce(portfolio.next);
      if (this.#execution.failure !== undefined && !this.#execution.isRedundant)
        await this.#found(this.#execution.failure);
      if (this.#schedules === 1) await this.#runAgain(scheduleOf(this.#execution));
      if (this.#options.threads === "real" && !this.#execution.isRedundant) await this.#requireSameOnThreads();
      if (!portfolio.end(this.#execution)) break;
      if ((this.#schedules & 15) === 0 && (await this.#letOthers()) >= this.#endMs) break;
    }
    return this.#report(portfolio.coverage);
  }

  /** Lets the event loop have its other turns now and then. @returns the time */
  async #letOthers(): Promise<number> {
    const now = hostMs();
    if (now < this.#turnEndMs) return now;
    await new Promise<void>((resolve) => setImmediateOrSoon(resolve));
    this.#watch.turn();
    this.#turnEndMs = hostMs() + TURN_MS;
    return this.#turnEndMs;
  }

  /** The first schedule once more: it must lead to the same, or nothing that is found could be found again. */
  async #runAgain(schedule: Schedule): Promise<void> {
    await this.#repeat(schedule);
    if (fingerprintOf(this.#execution) === schedule.fingerprint) return;
    await this.#throw(
      {
        kind: "nondeterminism",
        message:
          "the first schedule, run a second time, did not lead to the same steps: the program depends on something outside of it, " +
          "as the time, chance, or what a run before has left in variables outside of the function",
      },
      this.#schedules,
    );
  }

  async #replay(token: string): Promise<ExploreReport> {
    const schedule = readToken(token);
    const execution = this.#execution;
    // The overseer has one token for all searches: it is for the one whose it is.
    const isForAll = token !== this.#ownToken;
    const isOther = schedule.program !== undefined && schedule.program !== programHash(this.#name);
    if (isForAll && isOther) return this.#passBy(OTHER_TOKEN);
    await this.#repeat(schedule, true);
    if (fingerprintOf(execution) !== schedule.fingerprint) {
      if (isForAll && this.#name === UNNAMED) return this.#passBy(OTHER_TOKEN);
      this.#warnings.push(
        "the program has changed since the token was printed: its schedule was followed as far as that goes",
      );
    }
    if (execution.failure !== undefined) await this.#throw(execution.failure, 1);
    this.#schedules = 1;
    return this.#report({ kind: "sampled", text: "one schedule, that of the token", preemptions: undefined });
  }

  /** Shrinks what was found, and tells of it. */
  async #found(failure: Failure): Promise<never> {
    const schedules = this.#schedules;
    const found = scheduleOf(this.#execution);
    const original = this.#errorOf(failure, schedules);
    this.#isShortening = true;
    if (failure.kind === "nondeterminism") throw original;
    const attempt = async (schedule: Schedule, isTold = false): Promise<Attempt | undefined> => {
      await this.#letOthers();
      await this.#repeat(schedule, isTold);
      if (this.#execution.failure?.kind !== failure.kind) return undefined;
      return { schedule: scheduleOf(this.#execution), switches: countSwitches(this.#execution) };
    };
    const first = await attempt(found);
    if (first === undefined) throw original;
    const endMs = hostMs() + MOST_SHRINK_MS;
    await attempt(await shrink(first, attempt, () => hostMs() < endMs), true);
    return this.#throw(this.#execution.failure ?? failure, schedules);
  }

  /** What came of the run that was made last. */
  async #throw(failure: Failure, schedules: number): Promise<never> {
    const confirmation = await this.#confirm(scheduleOf(this.#execution));
    throw this.#errorOf(failure, schedules, confirmation);
  }

  /** What the run shows that has just ended. */
  #errorOf(failure: Failure, schedules: number, confirmation?: Confirmation): ExploreError {
    const token = writeToken(scheduleOf(this.#execution), this.#name);
    return new ExploreError({
      program: this.#name,
      failure,
      listing: writeListing(this.#execution, failure),
      trace: traceOf(this.#execution),
      token,
      schedules,
      confirmation,
    });
  }

  /** Has real threads take the steps of a schedule, if that is asked for; the run is made once more. */
  async #confirm(schedule: Schedule): Promise<Confirmation | undefined> {
    if (this.#confirming === undefined) return undefined;
    let recording: Recording;
    do {
      recording = new Recording(new ReplayStrategy(schedule));
      await this.#runOnce(recording, false);
      // Once more if the heaps of threads were made in this run: it could not say how it found them.
    } while (recording.heapsBefore !== (this.#execution.shared?.heapCount ?? 0));
    const expected = { failure: this.#execution.failure, outcome: this.#facts.outcome };
    return this.#confirming.confirm(this.#execution, recording, this.#facts.usesJobs, expected);
  }

  /** The run that was made last, on real threads: they must come to the same. */
  async #requireSameOnThreads(): Promise<void> {
    const schedule = scheduleOf(this.#execution);
    const confirmation = await this.#confirm(schedule);
    if (confirmation?.verdict === "not possible") {
      throw new MisuseError("SKEIN_INVALID_ARGUMENT", `threads: "real" is not possible: ${confirmation.text}`);
    }
    this.#schedulesOnThreads++;
    if (confirmation?.verdict !== "not confirmed") return;
    const failure: Failure = {
      kind: "nondeterminism",
      message: `real threads, which took the same steps, did not come to the same: ${confirmation.text}`,
    };
    throw this.#errorOf(failure, this.#schedules, confirmation);
  }

  #report(coverage: Coverage): ExploreReport {
    // Where all has been run, nobody waited for another for ever, whatever the order.
    const { inversion } = this.#lockOrders;
    if (inversion !== undefined && coverage.kind !== "complete") this.#warnings.push(inversion);
    return {
      schedules: this.#schedules,
      steps: this.#mostSteps,
      coverage,
      outcomes: this.#outcomes,
      warnings: this.#warnings,
      ...(this.#options.threads === "real" ? { schedulesOnThreads: this.#schedulesOnThreads } : {}),
    };
  }

  /**
   * A run by a schedule; it counts for nothing.
   *
   * @param isTold - whether it is to be shown, if it goes wrong
   */
  #repeat(schedule: Schedule, isTold: boolean = false): Promise<void> {
    return this.#runOnce(new ReplayStrategy(schedule), false, isTold);
  }

  /** One run; what it shows is in the execution. */
  async #runOnce(strategy: Strategy, counts: boolean = true, isTold: boolean = false): Promise<void> {
    const execution = this.#execution;
    if (counts) this.#schedules++;
    this.#facts = await runProgram(execution, strategy, this.#program, this.#name, isTold);
    if (execution.stepCount > this.#mostSteps) this.#mostSteps = execution.stepCount;
    this.#diagnose();
    this.#judge(this.#facts.outcome, counts);
  }

  /** What the steps show besides. */
  #diagnose(): void {
    const execution = this.#execution;
    if (execution.isRedundant) return;
    const kind = execution.failure?.kind;
    if (kind === "deadlock" || kind === "leak") {
      execution.failure = findLostWakeUp(execution) ?? execution.failure;
    } else if (kind === undefined) {
      if (this.#schedules < LOCK_RUNS || this.#schedules % LOCK_RUNS === 0) this.#lockOrders.note(execution);
      const race = findRace(execution);
      if (race === undefined) return;
      // Who says which outcomes are right, or asks for all that plain accesses may see, means them to race.
      const isMeant = this.#options.outcomes !== undefined || this.#options.memory === "js";
      if (!isMeant) execution.fail(race);
      else if (!this.#hasRace) this.#warnings.push(`race: ${race.message}`);
      this.#hasRace = true;
    }
  }

  #judge(outcome: string | undefined, counts: boolean): void {
    if (outcome === undefined || this.#execution.failure !== undefined) return;
    if (counts) this.#outcomes[outcome] = (this.#outcomes[outcome] ?? 0) + 1;
    const table = this.#options.outcomes;
    if (table === undefined) return;
    const judgement = table[outcome] ?? "forbidden";
    if (judgement !== "forbidden") return;
    const known = outcome in table ? "is forbidden" : "is not in the table of outcomes";
    this.#execution.fail({ kind: "outcome", message: `the outcome ${JSON.stringify(outcome)} ${known}` });
  }
}
