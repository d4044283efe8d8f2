/** Properties of fast-check whose runs are explored. */
import { randomBelow } from "#random";

import { MisuseError } from "../../core/errors.js";
import type { Coverage } from "../coverage.js";
import { explore } from "../explore.js";
import { ExploreError } from "../explore-error.js";
import { type ExploreOptions, requireExploreOptions } from "../options.js";
import type { Exploration } from "../program.js";
import type { ExploredProgram } from "../run-program.js";
import { withDataPath } from "../token.js";
import { WholeSearch } from "../whole-search.js";
import {
  type Arbitrary,
  type CheckDetails,
  type FastCheck,
  type FastCheckProperties,
  isPreconditionFailure,
} from "./foreign.js";

/** A program that is given data besides. */
export type PropertyProgram<Values extends readonly unknown[]> = (t: Exploration, ...values: Values) => unknown;

type Arbitraries<Values extends readonly unknown[]> = { readonly [Index in keyof Values]: Arbitrary<Values[Index]> };

export interface AssertExploredOptions extends ExploreOptions {
  /** How many sets of data are drawn; 100 by default. */
  readonly numRuns?: number;
  /** Further parameters of `fc.check`, as `examples`. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}

export interface AssertExploredReport {
  /** Sets of data that were run. */
  readonly runs: number;
  /** Schedules of all of them. */
  readonly schedules: number;
  /** For each set of data at least this. */
  readonly coverage: Coverage;
  readonly warnings: readonly string[];
}

const DEFAULT_RUNS = 100;
/** Of each set of data, if the time is not what limits them. */
const DEFAULT_SCHEDULES = 300;
const SEEDS = 2 ** 31;

/**
 * A property for `fc.assert`: each set of data that fast-check draws, or tries on the
 * way to a smaller one, is run through its schedules.
 *
 * For programs whose failures are to be run again by one token, with a report that has
 * data and schedule in one: `assertExplored`.
 *
 * @param fc - fast-check
 * @param options - of each exploration; 300 schedules by default
 *
 * @since 0.2.0
 */
export function exploredProperty<Fc extends FastCheckProperties, Values extends readonly [unknown, ...unknown[]]>(
  fc: Fc,
  arbitraries: Arbitraries<Values>,
  program: PropertyProgram<Values>,
  options: ExploreOptions = {},
): ReturnType<Fc["asyncProperty"]> {
  requireParts("exploredProperty", fc, arbitraries, program, ["asyncProperty"]);
  requireExploreOptions(options);
  const exploring = hasBudget(options) ? options : { ...options, schedules: DEFAULT_SCHEDULES };
  return propertyOf(fc, arbitraries, program, (run) => explore({ name: nameOf(program, options), ...exploring }, run));
}

/**
 * Draws data by fast-check, and runs the program with each set of them through its
 * schedules. When it goes wrong, fast-check makes the data smaller, and the explorer
 * the schedule.
 *
 * The data are drawn from `options.seed`, or one drawn at random; so are the schedules.
 * What is found is told with data, schedule, and a token that stands for both.
 *
 * **Throws** `ExploreError`; `SKEIN_INVALID_ARGUMENT`, also if `fc.pre` has refused too
 * many data.
 *
 * @param fc - fast-check
 * @param options - `budgetMs` is for all data together, `schedules` for each set of them
 *
 * @example
 * ```ts
 * const { default: fc } = await import("fast-check");
 * const report = await assertExplored(fc, [fc.array(fc.nat(9), { maxLength: 3 })], async (t, amounts) => {
 *   const sum = t.cell("sum");
 *   for (const [index, amount] of amounts.entries()) t.thread(`adds ${index}`, () => sum.add(amount));
 *   await t.join();
 *   t.expect(sum.load() === amounts.reduce((total, amount) => total + amount, 0));
 * });
 * console.log(report.runs); // 100
 * ```
 *
 * @since 0.2.0
 */
export async function assertExplored<Values extends readonly [unknown, ...unknown[]]>(
  fc: FastCheck,
  arbitraries: Arbitraries<Values>,
  program: PropertyProgram<Values>,
  options: AssertExploredOptions = {},
): Promise<AssertExploredReport> {
  requireParts("assertExplored", fc, arbitraries, program, ["asyncProperty", "check", "stringify"]);
  requireExploreOptions(options);
  const { numRuns = DEFAULT_RUNS, parameters = {}, ...exploring } = options;
  if (!Number.isSafeInteger(numRuns) || numRuns < 1) {
    throw refuse("assertExplored", `numRuns to be a whole number from 1, but ${String(numRuns)} came`);
  }
  const whole = new WholeSearch(nameOf(program, options), exploring);
  if (whole.passBy === undefined) {
    await new Check(fc, whole, numRuns, parameters).run(arbitraries, program);
    whole.passed();
  } else {
    whole.leave();
  }
  const { parts, schedules, coverage, warnings } = whole;
  return { runs: parts, schedules, coverage, warnings: [...warnings] };
}

/** One search by `fc.check`. */
class Check {
  readonly #fc: FastCheck;
  readonly #whole: WholeSearch;
  readonly #numRuns: number;
  readonly #parameters: Readonly<Record<string, unknown>>;
  readonly #seed: number;

  constructor(fc: FastCheck, whole: WholeSearch, numRuns: number, parameters: Readonly<Record<string, unknown>>) {
    this.#fc = fc;
    this.#whole = whole;
    this.#numRuns = whole.replay === undefined ? numRuns : 1;
    this.#parameters = parameters;
    this.#seed = whole.replay?.data.seed ?? whole.options.seed ?? randomBelow(SEEDS);
  }

  async run<Values extends readonly unknown[]>(
    arbitraries: Arbitraries<Values>,
    program: PropertyProgram<Values>,
  ): Promise<void> {
    const { replay } = this.#whole;
    const property = propertyOf(this.#fc, arbitraries, program, (run) => this.#whole.explore(this.#partOptions, run));
    const { check } = this.#fc as unknown as { check(property: unknown, parameters: object): Promise<CheckDetails> };
    const details = await check(property, {
      ...this.#parameters,
      seed: this.#seed,
      numRuns: this.#numRuns,
      // The data are those of the token; smaller ones would have other schedules.
      ...(replay === undefined ? {} : { path: replay.data.path, endOnFailure: true }),
    });
    if (details.failed) throw this.#whole.failed(this.#failureOf(details));
  }

  /** Of each set of data. */
  get #partOptions(): ExploreOptions {
    const { options, replay } = this.#whole;
    const { token: _, budgetMs, schedules, ...others } = options;
    if (replay !== undefined) return { ...others, token: replay.token };
    const seeded = { ...others, seed: this.#seed };
    // Each has its share of the time, and what one leaves is not given to another.
    if (budgetMs !== undefined && schedules === undefined) return { ...seeded, budgetMs: budgetMs / this.#numRuns };
    return { ...seeded, schedules: schedules ?? DEFAULT_SCHEDULES };
  }

  #failureOf({ errorInstance, counterexample, counterexamplePath, numSkips }: CheckDetails): unknown {
    if (counterexample === null || counterexamplePath === null) {
      return refuse("assertExplored", `data that fc.pre lets pass, but ${numSkips} sets of data were refused by it`);
    }
    if (!(errorInstance instanceof ExploreError)) return errorInstance;
    const data = counterexample.map((value) => this.#fc.stringify(value)).join(", ");
    const place = this.#whole.replay?.data ?? { seed: this.#seed, path: counterexamplePath };
    return errorInstance.withData(data, withDataPath(errorInstance.token, place));
  }
}

function propertyOf<Fc extends FastCheckProperties, Values extends readonly unknown[]>(
  fc: Fc,
  arbitraries: Arbitraries<Values>,
  program: PropertyProgram<Values>,
  run: (program: ExploredProgram) => Promise<unknown>,
): ReturnType<Fc["asyncProperty"]> {
  const predicate = async (...values: unknown[]): Promise<void> => {
    try {
      await run((t) => program(t, ...(values as unknown as Values)));
    } catch (error) {
      // `fc.pre` is for fast-check to hear.
      if (error instanceof ExploreError && isPreconditionFailure(error.cause)) throw error.cause;
      throw error;
    }
  };
  const make = fc.asyncProperty as (...parts: unknown[]) => ReturnType<Fc["asyncProperty"]>;
  return make(...arbitraries, predicate);
}

function nameOf(program: (...values: never[]) => unknown, { name }: ExploreOptions): string {
  return name ?? (program.name || "property");
}

function hasBudget({ budgetMs, schedules, token }: ExploreOptions): boolean {
  return budgetMs !== undefined || schedules !== undefined || token !== undefined;
}

function requireParts(
  caller: string,
  fc: unknown,
  arbitraries: unknown,
  program: unknown,
  needed: readonly string[],
): void {
  const missing = needed.find((name) => typeof (fc as Record<string, unknown> | undefined)?.[name] !== "function");
  if (missing !== undefined) {
    throw refuse(caller, `fast-check first, as import fc from "fast-check" gives it, but what came has no ${missing}`);
  }
  if (!Array.isArray(arbitraries) || arbitraries.length === 0) {
    throw refuse(caller, `a list of arbitraries second, at least one, but ${describe(arbitraries)} came`);
  }
  for (const arbitrary of arbitraries as readonly unknown[]) {
    if (typeof (arbitrary as Arbitrary<unknown> | null | undefined)?.generate === "function") continue;
    throw refuse(caller, `arbitraries of fast-check, but ${describe(arbitrary)} is among them`);
  }
  if (typeof program !== "function")
    throw refuse(caller, `a function of t and the data third, but ${describe(program)} came`);
}

function describe(value: unknown): string {
  return Array.isArray(value)
    ? `a list of ${value.length}`
    : value === null
      ? "null"
      : `a value of type ${typeof value}`;
}

function refuse(caller: string, expected: string): MisuseError {
  return new MisuseError("SKEIN_INVALID_ARGUMENT", `${caller} expected ${expected}`);
}
