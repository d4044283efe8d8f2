/** `linearizable`: whether a structure that threads share does what its model does, one operation after another. */
import { MisuseError } from "../core/errors.js";
import { Chance } from "./chance.js";
import { ExploreError } from "./explore-error.js";
import { type Call, explains, type Operation } from "./history.js";
import { Step } from "./operations.js";
import type { Exploration } from "./program.js";
import { withDataPath } from "./token.js";
import { WholeSearch } from "./whole-search.js";

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
  /** Runs again what an error had printed: its scenario, by its schedule. */
  readonly token?: string;
}

export interface LinearizableReport {
  readonly scenarios: number;
  readonly schedules: number;
  /** Histories that were different, each of which some order explains. */
  readonly histories: number;
}

/** Of each scenario. */
const SCHEDULES = 300;

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
  const { name = "linearizable", schedules = SCHEDULES, seed = 1, budgetMs = Infinity, token } = options;
  const whole = new WholeSearch(name, { schedules, seed, budgetMs, ...(token === undefined ? {} : { token }) });
  const check = new Check(make, options, whole);
  const error = whole.passBy === undefined ? await findScenario(check, options, whole) : undefined;
  if (error !== undefined) throw whole.failed(error);
  if (whole.passBy === undefined) whole.passed();
  else whole.leave();
  return { scenarios: check.scenarios, schedules: whole.schedules, histories: check.histories.size };
}

/** The first scenario that goes wrong, shortened; or the one that is to be run again. */
async function findScenario(
  check: Check,
  { operations, threads = 2, operationsPerThread = 3, scenarios = 50 }: LinearizableOptions,
  whole: WholeSearch,
): Promise<ExploreError | undefined> {
  const { replay } = whole;
  const seed = replay?.data.seed ?? whole.options.seed ?? 1;
  const chance = new Chance(seed);
  const next = (): Scenario =>
    Array.from({ length: threads }, () => Array.from({ length: operationsPerThread }, () => draw(operations, chance)));
  if (replay !== undefined) {
    const scenario = scenarioAt(replay.data.path, next);
    return (await check.run(scenario, replay.token))?.withData(textOf(scenario), replay.token);
  }
  for (let run = 0; run < scenarios && !whole.isTimeOver; run++) {
    const scenario = next();
    const found = await check.run(scenario);
    if (found === undefined) continue;
    const { shortest, error, choices } = await shorten(scenario, found, check);
    const path = [run, ...choices].join(":");
    return error.withData(textOf(shortest), withDataPath(error.token, { seed, path }));
  }
  return undefined;
}

/** Goes the way that shortening has gone: the number of the scenario, then of what was left out each time. */
function scenarioAt(path: string, next: () => Scenario): Scenario {
  const [number = 0, ...left] = path.split(":").map(Number);
  for (let run = 0; run < number; run++) next();
  let scenario = next();
  for (const choice of left) scenario = [...withoutOne(scenario)][choice] ?? scenario;
  return scenario;
}

function draw(operations: Operations, chance: Chance): Operation {
  const names = Object.keys(operations);
  const name = names[chance.below(names.length)] as string;
  const lists = operations[name] as readonly (readonly unknown[])[];
  return { name, values: lists[chance.below(lists.length)] ?? [] };
}

interface Shortened {
  readonly shortest: Scenario;
  readonly error: ExploreError;
  /** Of what could be left out, what was, each time. */
  readonly choices: readonly number[];
}

/** Leaves out operations as long as what is left goes wrong too. */
async function shorten(scenario: Scenario, found: ExploreError, check: Check): Promise<Shortened> {
  let error = found;
  let shortest = scenario;
  const choices: number[] = [];
  for (let hasShrunk = true; hasShrunk;) {
    hasShrunk = false;
    for (const [choice, shorter] of [...withoutOne(shortest)].entries()) {
      const tried = await check.run(shorter);
      if (tried?.kind !== error.kind) continue;
      error = tried;
      shortest = shorter;
      choices.push(choice);
      hasShrunk = true;
      break;
    }
  }
  return { shortest, error, choices };
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
  readonly #model: () => object;
  readonly #whole: WholeSearch;
  /** Histories that some order explains, written out. */
  readonly histories: Set<string> = new Set();
  /** That were run. */
  scenarios = 0;

  constructor(make: (t: Exploration) => object, { model }: LinearizableOptions, whole: WholeSearch) {
    this.#make = make;
    this.#model = model;
    this.#whole = whole;
  }

  /** @returns what was found, if anything */
  async run(scenario: Scenario, token?: string): Promise<ExploreError | undefined> {
    const { budgetMs: _, token: __, schedules = SCHEDULES, ...options } = this.#whole.options;
    this.scenarios++;
    try {
      await this.#whole.explore({ ...options, schedules, ...(token === undefined ? {} : { token }) }, (t) =>
        this.#program(t, scenario),
      );
      return undefined;
    } catch (error) {
      if (error instanceof ExploreError) return error;
      throw this.#whole.failed(error);
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
    if (!explains(threads, this.#model)) {
      throw new Error(
        `no order of these calls, one after another, gives what they gave: ` +
          threads.map((own, index) => `thread ${index + 1}: ${own.map(describe).join(", ")}`).join("; "),
      );
    }
    this.histories.add(written);
  }
}

function textOf(scenario: Scenario): string {
  const calls = (operations: readonly Operation[]): string =>
    operations
      .map(({ name, values }) => `${name}(${values.map((value) => JSON.stringify(value)).join(", ")})`)
      .join(" ");
  return scenario.map((operations, index) => `thread ${index + 1}: ${calls(operations)}`).join("; ");
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
