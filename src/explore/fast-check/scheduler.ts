/**
 * `fc.scheduler()` for programs under exploration: the same methods, and the explorer
 * decides who is released next.
 *
 * What differs: what is scheduled is released whenever the program has nothing else to
 * do, and not only while it waits by one of these methods; and all orders are tried,
 * one after another, not one drawn at random.
 */
import { MisuseError } from "../../core/errors.js";
import { Exploration } from "../program.js";

/** Called around what is released, for frameworks that need that. */
export type SchedulerAct = (release: () => Promise<void>) => Promise<unknown>;

export type SequenceItem =
  | (() => Promise<unknown>)
  | { readonly builder: () => Promise<unknown>; readonly label: string; readonly metadata?: unknown };

export interface ScheduledSequence {
  /** All its items have been released, and none has failed. */
  done: boolean;
  /** One has failed: those behind it are left out. */
  faulty: boolean;
  readonly task: Promise<{ readonly done: boolean; readonly faulty: boolean }>;
}

/** A release, as `report` has it. */
interface Release {
  readonly status: "resolved" | "rejected" | "pending";
  readonly schedulingType: Kind;
  readonly taskId: number;
  readonly label: string;
  readonly metadata?: unknown;
  readonly outputValue?: string;
}

type Kind = "promise" | "function" | "sequence";

/** Turns of promise jobs in which what was released may schedule more. */
const QUIET_TURNS = 50;

export class Scheduler {
  readonly #t: Exploration;
  readonly #act: SchedulerAct;
  readonly #pending: Map<number, Release> = new Map();
  readonly #released: Release[] = [];
  #tasks = 0;
  /** Told when the next release has come to its end. */
  readonly #waiting: (() => void)[] = [];

  constructor(t: Exploration, act: SchedulerAct) {
    this.#t = t;
    this.#act = act;
  }

  /** Holds back what a promise gives until the explorer releases it. */
  readonly schedule = <Value>(
    task: PromiseLike<Value>,
    label: string = "",
    metadata?: unknown,
    act?: SchedulerAct,
  ): Promise<Value> => this.#hold("promise", label, metadata, handled(task), act);

  /** The function, each of whose calls is scheduled. */
  readonly scheduleFunction =
    <Values extends unknown[], Value>(
      asyncFunction: (...values: Values) => PromiseLike<Value>,
      act?: SchedulerAct,
    ): ((...values: Values) => Promise<Value>) =>
    (...values) => {
      const label = `${asyncFunction.name}(${values.map((value) => JSON.stringify(value)).join(",")})`;
      return this.#hold("function", label, undefined, handled(asyncFunction(...values)), act);
    };

  /** Begins one after another, each when it is released; those of several sequences come in any order. */
  readonly scheduleSequence = (items: readonly SequenceItem[], act?: SchedulerAct): ScheduledSequence => {
    const sequence = { done: false, faulty: false };
    const run = async (): Promise<{ done: boolean; faulty: boolean }> => {
      try {
        for (const item of items) {
          const { builder, label, metadata } =
            typeof item === "function"
              ? { builder: item, label: item.name, metadata: undefined }
              : { metadata: undefined, ...item };
          await this.#hold("sequence", label, metadata, builder, act);
        }
        sequence.done = true;
      } catch {
        sequence.faulty = true;
      }
      return { done: sequence.done, faulty: sequence.faulty };
    };
    return Object.assign(sequence, { task: run() });
  };

  /** How much has been scheduled and not been released. */
  readonly count = (): number => this.#pending.size;

  /** Waits for one release. **Throws** if nothing is scheduled. */
  readonly waitOne = async (): Promise<void> => {
    if (this.#pending.size === 0)
      throw new MisuseError("SKEIN_INVALID_ARGUMENT", "waitOne expected something to be scheduled, but nothing was");
    await this.#nextRelease();
  };

  /** Waits until nothing is scheduled. */
  readonly waitAll = async (): Promise<void> => {
    while (this.#pending.size > 0) await this.#nextRelease();
  };

  /** Waits for so many releases, of what is scheduled later too. */
  readonly waitNext = async (count: number): Promise<void> => {
    for (let released = 0; released < count; released++) await this.#nextRelease();
  };

  /** Waits until nothing is scheduled, and what was released schedules no more. */
  readonly waitIdle = async (): Promise<void> => {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet++) {
      if (this.#pending.size > 0) {
        await this.#nextRelease();
        quiet = 0;
      }
      await Promise.resolve();
    }
  };

  /** Waits for something that depends on what is scheduled. */
  readonly waitFor = <Value>(task: Promise<Value>): Promise<Value> => task;

  /** What has been released, in that order, then what has not. */
  readonly report = (): Release[] => [...this.#released, ...this.#pending.values()];

  async #hold<Value>(
    schedulingType: Kind,
    label: string,
    metadata: unknown,
    task: () => PromiseLike<Value>,
    act: SchedulerAct | undefined,
  ): Promise<Value> {
    const taskId = ++this.#tasks;
    const held = { schedulingType, taskId, label, metadata };
    this.#pending.set(taskId, { ...held, status: "pending" });
    await this.#t.completes(undefined, { name: label === "" ? `task ${taskId}` : label });
    this.#pending.delete(taskId);
    let end: { readonly value: Value } | { readonly error: unknown } | undefined;
    const release = async (): Promise<void> => {
      try {
        end = { value: await task() };
      } catch (error) {
        end = { error };
      }
    };
    await this.#act(async () => void (await (act ?? justDo)(release)));
    const hasFailed = end === undefined || "error" in end;
    this.#released.push({ ...held, status: hasFailed ? "rejected" : "resolved" });
    for (const tell of this.#waiting.splice(0)) tell();
    if (end === undefined) throw new MisuseError("SKEIN_INVALID_ARGUMENT", "act expected to call what it was given");
    if ("error" in end) throw end.error;
    return end.value;
  }

  #nextRelease(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/** What is held back may fail meanwhile: who it was scheduled for hears of it when it is released. */
function handled<Value>(task: PromiseLike<Value>): () => PromiseLike<Value> {
  task.then(undefined, () => undefined);
  return () => task;
}

const justDo: SchedulerAct = (release) => release();

/**
 * What `fc.scheduler()` gives a property, for a program under exploration: tests that
 * are written for it run under the explorer, which tries all orders and prints the one
 * that goes wrong.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT` for a `t` that is none.
 *
 * @param act - called around each release
 *
 * @example
 * ```ts
 * const { outcomes } = await explore(async (t) => {
 *   const s = schedulerOf(t);
 *   const order = [];
 *   for (const name of ["a", "b"]) void s.schedule(Promise.resolve(name), name).then((done) => order.push(done));
 *   await s.waitAll();
 *   t.outcome(order.join());
 * });
 * console.log(Object.keys(outcomes).sort()); // [ 'a,b', 'b,a' ]
 * ```
 *
 * @since 0.2.0
 */
export function schedulerOf(t: Exploration, act: SchedulerAct = justDo): Scheduler {
  if (!(t instanceof Exploration)) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `schedulerOf expected the t of a program under exploration, but ${typeof t} came`,
    );
  }
  if (typeof act !== "function") {
    throw new MisuseError("SKEIN_INVALID_ARGUMENT", `schedulerOf expected a function as act, but ${typeof act} came`);
  }
  return new Scheduler(t, act);
}
