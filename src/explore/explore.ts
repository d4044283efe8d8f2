/** `explore`: runs a program under one schedule after another. */
import { exploreSharedObjects } from "#views";

import { MisuseError } from "../core/errors.js";
import { type CallerPlace, callerOf } from "../threads/call-site.js";
import { Execution } from "./execution.js";
import { LockOrders } from "./detectors/locks.js";
import { findLostWakeUp } from "./detectors/lost-wake-up.js";
import { findRace } from "./detectors/races.js";
import { ExploreError } from "./explore-error.js";
import type { Failure } from "./failure.js";
import { hostMs, setImmediateOrSoon } from "./host-time.js";
import { countSwitches } from "./listing.js";
import { type ExploreOptions, requireExploreOptions } from "./options.js";
import { Portfolio } from "./portfolio.js";
import { type Confirmation, Confirming, placeOf } from "./real/confirmation.js";
import { Recording } from "./real/recording.js";
import { roleOfThread } from "./real/role.js";
import { type ExploredProgram, type RunFacts, runProgram } from "./run-program.js";
import { ReplayStrategy } from "./strategies/replay.js";
import { type Attempt, shrink } from "./shrink.js";
import type { Strategy } from "./strategies/strategy.js";
import { fingerprintOf, readToken, type Schedule, scheduleOf, writeToken } from "./token.js";
import { forgetActiveResources } from "./real-io.js";
import { refuseSharedObjects } from "./without-condition.js";
import { WeakMemory } from "./weak-memory.js";

/** What a search without a find covered. */
export interface Coverage {
  readonly kind: "complete" | "bounded" | "sampled";
  readonly text: string;
}

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
  coverage: { kind: "sampled", text: "nothing: this thread plays a part in runs of another program" },
  outcomes: {},
  warnings: [],
};
const NEVER = new Promise<never>(() => undefined);

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
  if (role !== undefined) return role.isReached(caller?.text, options.name, program) ? NEVER : Promise.resolve(NOTHING);
  // One at a time: what is under control is what runs on this thread.
  const search = last.then(() => new Search(options, program, caller).run());
  last = search.catch(() => undefined);
  return search;
}

class Search {
  readonly #options: ExploreOptions;
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
  #turnEndMs = hostMs() + TURN_MS;

  constructor(options: ExploreOptions, program: ExploredProgram, caller: CallerPlace | undefined) {
    this.#options = options;
    if (wantsThreads(options)) {
      this.#confirming = new Confirming(placeOf(options, caller), options.memory ?? "sc");
    }
    this.#program = program;
    if (options.memory === "js") this.#execution.weak = new WeakMemory(this.#execution);
    if (options.steps !== undefined) this.#execution.mostSteps = options.steps;
  }

  get #name(): string {
    return this.#options.name ?? "program";
  }

  async run(): Promise<ExploreReport> {
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
    if (token !== undefined) return this.#replay(readToken(token));
    const portfolio = new Portfolio(this.#options.strategy ?? "auto", this.#options.seed ?? 1);
    const schedules = this.#options.schedules ?? Infinity;
    const budgetMs = this.#options.budgetMs ?? (schedules === Infinity ? DEFAULT_BUDGET_MS : Infinity);
    const endMs = hostMs() + budgetMs;
    while (this.#schedules < schedules) {
      await this.#runOnce(portfolio.next);
      if (this.#execution.failure !== undefined && !this.#execution.isRedundant)
        await this.#found(this.#execution.failure);
      if (this.#schedules === 1) await this.#runAgain(scheduleOf(this.#execution));
      if (this.#options.threads === "real" && !this.#execution.isRedundant) await this.#requireSameOnThreads();
      if (!portfolio.end(this.#execution)) break;
      if ((this.#schedules & 15) === 0 && (await this.#letOthers()) >= endMs) break;
    }
    return this.#report(portfolio.coverage);
  }

  /** Lets the event loop have its other turns now and then. @returns the time */
  async #letOthers(): Promise<number> {
    const now = hostMs();
    if (now < this.#turnEndMs) return now;
    await new Promise<void>((resolve) => setImmediateOrSoon(resolve));
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

  async #replay(schedule: Schedule): Promise<ExploreReport> {
    await this.#repeat(schedule);
    const execution = this.#execution;
    if (fingerprintOf(execution) !== schedule.fingerprint) {
      this.#warnings.push(
        "the program has changed since the token was printed: its schedule was followed as far as that goes",
      );
    }
    if (execution.failure !== undefined) await this.#throw(execution.failure, 1);
    this.#schedules = 1;
    return this.#report({ kind: "sampled", text: "one schedule, that of the token" });
  }

  /** Shrinks what was found, and tells of it. */
  async #found(failure: Failure): Promise<never> {
    const schedules = this.#schedules;
    const found = scheduleOf(this.#execution);
    const original = new ExploreError(this.#name, this.#execution, failure, writeToken(found), schedules);
    if (failure.kind === "nondeterminism") throw original;
    const attempt = async (schedule: Schedule): Promise<Attempt | undefined> => {
      await this.#repeat(schedule);
      if (this.#execution.failure?.kind !== failure.kind) return undefined;
      return { schedule: scheduleOf(this.#execution), switches: countSwitches(this.#execution) };
    };
    const first = await attempt(found);
    if (first === undefined) throw original;
    const endMs = hostMs() + MOST_SHRINK_MS;
    await attempt(await shrink(first, attempt, () => hostMs() < endMs));
    return this.#throw(this.#execution.failure ?? failure, schedules);
  }

  /** What came of the run that was made last. */
  async #throw(failure: Failure, schedules: number): Promise<never> {
    const schedule = scheduleOf(this.#execution);
    const confirmation = await this.#confirm(schedule);
    throw new ExploreError(this.#name, this.#execution, failure, writeToken(schedule), schedules, confirmation);
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
    const token = writeToken(schedule);
    throw new ExploreError(this.#name, this.#execution, failure, token, this.#schedules, confirmation);
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

  /** A run by a schedule; it counts for nothing. */
  #repeat(schedule: Schedule): Promise<void> {
    return this.#runOnce(new ReplayStrategy(schedule), false);
  }

  /** One run; what it shows is in the execution. */
  async #runOnce(strategy: Strategy, counts: boolean = true): Promise<void> {
    const execution = this.#execution;
    if (counts) this.#schedules++;
    this.#facts = await runProgram(execution, strategy, this.#program, this.#name);
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
      else if (this.#warnings.length === 0) this.#warnings.push(`race: ${race.message}`);
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
