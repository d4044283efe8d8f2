/** `linearizable`: whether a structure that threads share does what its model does, one operation after another. */
import { MisuseError } from "../core/errors.js";
import { Chance } from "./chance.js";
import { explore } from "./explore.js";
import { ExploreError } from "./explore-error.js";
import { type Call, explains, type Operation } from "./history.js";
import { hostMs } from "./host-time.js";
import { Step } from "./operations.js";
import type { Exploration } from "./program.js";

/** The methods that are called, by their names, on the subject and on the model alike. */
export type Operations = Readonly<Record<string, readonly (readonly unknown[])[]>>;

export interface LinearizableOptions {
  readonly name?: string;
  /** For each method the lists of arguments that it may be called with. */
  readonly operations: Operations;
  /** Makes the model: an object with the same methods, for one thread, that is right by being obvious. */
  readonly model: () => object;
  /** How many threads; 2 by default. */
  readonly threads?: number;
  /** How many operations each does; 3 by default. */
  readonly operationsPerThread?: number;
  /** How many scenarios, which thread does what, are drawn; 50 by default. */
  readonly scenarios?: number;
  /** How many schedules of each are run at most; 300 by default. */
  readonly schedules?: number;
  readonly seed?: number;
  /** How long to search, in milliseconds; by default until all scenarios have been run. */
  readonly budgetMs?: number;
}

export interface LinearizableReport {
  readonly scenarios: number;
  readonly schedules: number;
  /** Histories that were different, each of which some order explains. */
  readonly histories: number;
}

type Scenario = readonly (readonly Operation[])[];

/**
 * Runs small scenarios, in which threads call a structure's methods, through their
 * interleavings, and checks of each that some order of the calls, one after another,
 * gives what they gave: an order in which no call comes before one that had ended
 * when it began.
 *
 * **Throws** `ExploreError` with the shortest scenario found that nothing explains.
 *
 * @param make - makes the structure, for each run
 *
 * @example
 * ```ts
 * const counter = (t) => {
 *   const value = t.cell("value");
 *   return { increment: () => value.add(1) + 1 };
 * };
 * const model = () => {
 *   let value = 0;
 *   return { increment: () => ++value };
 * };
 * const { scenarios } = await linearizable(counter, { operations: { increment: [[]] }, model, scenarios: 3 });
 * console.log(scenarios); // 3
 * ```
 *
 * @since 0.2.0
 */
export async function linearizable(
  make: (t: Exploration) => object,
  options: LinearizableOptions,
): Promise<LinearizableReport> {
  requireOptions(make, options);
  const { threads = 2, operationsPerThread = 3, scenarios = 50, seed = 1, budgetMs } = options;
  const chance = new Chance(seed);
  const check = new Check(make, options);
  const beganMs = hostMs();
  let run = 0;
  for (; run < scenarios; run++) {
    if (budgetMs !== undefined && hostMs() - beganMs > budgetMs) break;
    const scenario = Array.from({ length: threads }, () =>
      Array.from({ length: operationsPerThread }, () => draw(options.operations, chance)),
    );
    const error = await check.run(scenario);
    if (error !== undefined) throw await shorten(scenario, error, check);
  }
  return { scenarios: run, schedules: check.schedules, histories: check.histories.size };
}

function draw(operations: Operations, chance: Chance): Operation {
  const names = Object.keys(operations);
  const name = names[chance.below(names.length)] as string;
  const lists = operations[name] as readonly (readonly unknown[])[];
  return { name, values: lists[chance.below(lists.length)] ?? [] };
}

/** Leaves out operations as long as what is left goes wrong too. */
async function shorten(scenario: Scenario, found: ExploreError, check: Check): Promise<ExploreError> {
  let error = found;
  let shortest = scenario;
  for (let hasShrunk = true; hasShrunk;) {
    hasShrunk = false;
    for (const shorter of withoutOne(shortest)) {
      const tried = await check.run(shorter);
      if (tried?.kind !== error.kind) continue;
      error = tried;
      shortest = shorter;
      hasShrunk = true;
      break;
    }
  }
  return error;
}

function* withoutOne(scenario: Scenario): Generator<Scenario> {
  for (let thread = 0; thread < scenario.length; thread++) {
    const operations = scenario[thread] as readonly Operation[];
    for (let at = 0; at < operations.length; at++) {
      const left = operations.toSpliced(at, 1);
      const shorter = left.length === 0 ? scenario.toSpliced(thread, 1) : scenario.with(thread, left);
      if (shorter.length > 0) yield shorter;
    }
  }
}

class Check {
  readonly #make: (t: Exploration) => object;
  readonly #options: LinearizableOptions;
  /** Histories that some order explains, written out. */
  readonly histories: Set<string> = new Set();
  schedules = 0;

  constructor(make: (t: Exploration) => object, options: LinearizableOptions) {
    this.#make = make;
    this.#options = options;
  }

  /** @returns what was found, if anything */
  async run(scenario: Scenario): Promise<ExploreError | undefined> {
    const { name = "linearizable", schedules = 300, seed = 1 } = this.#options;
    try {
      const report = await explore({ name, schedules, seed }, (t) => this.#program(t, scenario));
      this.schedules += report.schedules;
      return undefined;
    } catch (error) {
      if (error instanceof ExploreError) return error;
      throw error;
    }
  }

  async #program(t: Exploration, scenario: Scenario): Promise<void> {
    const { execution } = t;
    const history = execution.place("history");
    const subject = this.#make(t) as Readonly<Record<string, (...values: readonly unknown[]) => unknown>>;
    const threads = scenario.map((operations, index) =>
      t.thread(`thread ${index + 1}`, () =>
        operations.map(({ name, values }): Call => {
          const text = `${name}(${values.map((value) => JSON.stringify(value)).join(", ")})`;
          const began = execution.mark(Step.call, history, text);
          let result: unknown;
          let hasThrown = false;
          try {
            result = subject[name]?.(...values);
          } catch (error) {
            // What suspends the thread goes through all that follows.
            hasThrown = true;
            result = error instanceof Error ? `${error.name}: ${error.message}` : error;
          }
          const ended = execution.mark(Step.return, history, `${text}: ${JSON.stringify(result)}`);
          return { name, values, result, hasThrown, began, ended, text };
        }),
      ),
    );
    await t.join();
    this.#judge(threads.map(({ result }) => result as readonly Call[]));
  }

  #judge(threads: readonly (readonly Call[])[]): void {
    const calls = threads.flat();
    const written = JSON.stringify(calls);
    if (this.histories.has(written)) return;
    if (!explains(threads, this.#options.model)) {
      throw new Error(
        `no order of these calls, one after another, gives what they gave: ` +
          threads.map((own, index) => `thread ${index + 1}: ${own.map(describe).join(", ")}`).join("; "),
      );
    }
    this.histories.add(written);
  }
}

function describe({ text, result }: Call): string {
  return `${text} gave ${JSON.stringify(result)}`;
}

function requireOptions(make: unknown, options: LinearizableOptions): void {
  const refuse = (expected: string, came: unknown): never => {
    throw new MisuseError("SKEIN_INVALID_ARGUMENT", `linearizable expected ${expected}, but ${String(came)} came`);
  };
  if (typeof make !== "function") refuse("a function that makes the structure", typeof make);
  if (typeof options !== "object" || options === null) refuse("options", options);
  if (typeof options.model !== "function") refuse("a function that makes the model, as `model`", typeof options.model);
  if (typeof options.operations !== "object" || Object.keys(options.operations).length === 0) {
    refuse("the methods and their arguments, as `operations`", options.operations);
  }
  const model = options.model() as Record<string, unknown>;
  for (const name of Object.keys(options.operations)) {
    if (typeof model[name] !== "function") refuse(`a model with a method ${name}`, typeof model[name]);
  }
}
