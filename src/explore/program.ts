/** What a program under exploration is given: `t`. */
import { MisuseError } from "../core/errors.js";
import type { AsyncRun, CompletionOptions } from "./async-mode.js";
import { Cell } from "./cell.js";
import type { Execution } from "./execution.js";
import type { VirtualThread } from "./virtual-thread.js";

/** A thread of a program under exploration. */
export interface ExploredThread {
  readonly name: string;
  /** What its body returned; `undefined` until it has ended. */
  readonly result: unknown;
}

/** A job of a program under exploration. */
export interface ExploredJob {
  readonly name: string;
  /** What its body gave; `undefined` until it has ended. */
  readonly result: unknown;
}

/**
 * One run of the program: makes what its threads share, and its threads.
 *
 * @since 0.2.0
 */
export class Exploration {
  readonly #execution: Execution;
  readonly #handles = new Map<ExploredThread, VirtualThread>();
  /** The last that was named as outcome. */
  #outcome: string | undefined;

  readonly #async: AsyncRun;
  readonly #jobs = new Map<ExploredJob, Promise<unknown>>();

  constructor(execution: Execution, asyncRun: AsyncRun) {
    this.#execution = execution;
    this.#async = asyncRun;
  }

  /** Starts a job: an async function on this event loop. It begins at once. */
  job(name: string, body: () => unknown): ExploredJob {
    let result: unknown;
    const handle: ExploredJob = {
      name,
      get result() {
        return result;
      },
    };
    const promise = this.#async.job(name, body).then((value) => (result = value));
    promise.catch(() => undefined);
    this.#jobs.set(handle, promise);
    return handle;
  }

  /**
   * Stands for outside work that gives `value`: the explorer chooses when it is done,
   * and, if `mayReject` is given, whether it fails with that.
   */
  completes<Value>(value: Value, options: CompletionOptions = {}): Promise<Value> {
    return this.#async.completes(value, options);
  }

  /** A signal that the explorer aborts at some moment, or never. */
  mayAbort(name: string = "the signal"): AbortSignal {
    return this.#async.mayAbort(name);
  }

  /** Makes a variable that the threads share. */
  cell(name: string, value = 0): Cell {
    return new Cell(this.#execution, name, value);
  }

  /**
   * Spawns a thread. Its body is synchronous, and may be called several times in one
   * run, to take up where it was left: what is its own it makes inside.
   */
  thread(name: string, body: () => unknown): ExploredThread {
    if (typeof body !== "function") {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `t.thread expected a name and a function, but ${typeof body} came`,
      );
    }
    const thread = this.#execution.spawn(name, body);
    const handle: ExploredThread = {
      name,
      get result() {
        return thread.result;
      },
    };
    this.#handles.set(handle, thread);
    return handle;
  }

  /** Waits for the end of those threads or jobs, or of all; they run meanwhile. */
  join(...joined: readonly (ExploredThread | ExploredJob)[]): Promise<void> {
    const isAll = joined.length === 0;
    const jobs = isAll ? [...this.#jobs.values()] : joined.flatMap((handle) => this.#jobs.get(handle) ?? []);
    const others = isAll ? [] : joined.filter((handle) => !this.#jobs.has(handle));
    const threads = isAll ? [...this.#handles.values()] : others.map((handle) => this.#threadOf(handle));
    if (threads.length > 0 || jobs.length === 0) this.#execution.join(threads);
    return jobs.length === 0 ? DONE : Promise.all(jobs).then(() => undefined);
  }

  #threadOf(handle: ExploredThread): VirtualThread {
    const thread = this.#handles.get(handle);
    if (thread !== undefined) return thread;
    throw new MisuseError("SKEIN_INVALID_ARGUMENT", "t.join expected what t.thread or t.job of this run had given");
  }

  /** Lets other threads go first. */
  yield(): void {
    this.#execution.yield();
  }

  /** A whole number from 0 to `count - 1`: the explorer tries each. */
  choose(count: number): number {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw new MisuseError("SKEIN_INVALID_ARGUMENT", `t.choose expected a whole number from 1, but ${count} came`);
    }
    return this.#execution.choose(count);
  }

  /** Adds a line to the listing, once, however often the thread is called anew. */
  log(...values: readonly unknown[]): void {
    const { notes } = this.#execution;
    const before = notes.length;
    this.#execution.log(values.map(String).join(" "));
    if (notes.length > before) this.#async.ownNote(before);
  }

  /** Fails the run unless the condition holds. */
  expect(condition: unknown, message: string = "what t.expect was given does not hold"): void {
    if (!condition) throw new Error(message);
  }

  /** Names what came out of this run, for the count of outcomes. */
  outcome(outcome: unknown): void {
    this.#outcome = String(outcome);
  }

  /** @internal What the run is made by. */
  get execution(): Execution {
    return this.#execution;
  }

  /** @internal Whether the program has asked for anything that a run is made of. */
  get isUnused(): boolean {
    const { stepCount, choiceCount, notes } = this.#execution;
    return stepCount === 0 && choiceCount === 0 && notes.length === 0 && this.#jobs.size === 0;
  }

  /** @internal */
  get namedOutcome(): string | undefined {
    return this.#outcome;
  }
}

const DONE = Promise.resolve();
