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

/** A class, as there are many: an object with a getter of its own takes longer to make than a run's step. */
class ThreadHandle implements ExploredThread {
  readonly run: Exploration;
  readonly thread: VirtualThread;
  readonly name: string;

  constructor(run: Exploration, thread: VirtualThread) {
    this.run = run;
    this.thread = thread;
    this.name = thread.name;
  }

  get result(): unknown {
    return this.thread.result;
  }
}

class JobHandle implements ExploredJob {
  readonly run: Exploration;
  readonly name: string;
  readonly promise: Promise<unknown>;
  result: unknown = undefined;

  constructor(run: Exploration, name: string, promise: Promise<unknown>) {
    this.run = run;
    this.name = name;
    this.promise = promise.then((result) => (this.result = result));
    this.promise.catch(() => undefined);
  }
}

/**
 * One run of the program: makes what its threads share, and its threads.
 *
 * @since 0.2.0
 */
export class Exploration {
  readonly #execution: Execution;
  readonly #async: AsyncRun;
  readonly #threads: ThreadHandle[] = [];
  readonly #jobs: JobHandle[] = [];
  /** The last that was named as outcome. */
  #outcome: string | undefined;

  constructor(execution: Execution, asyncRun: AsyncRun) {
    this.#execution = execution;
    this.#async = asyncRun;
  }

  /** Starts a job: an async function on this event loop. It begins at once. */
  job(name: string, body: () => unknown): ExploredJob {
    const handle = new JobHandle(this, name, this.#async.job(name, body));
    this.#jobs.push(handle);
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
    const handle = new ThreadHandle(this, this.#execution.spawn(name, body));
    this.#threads.push(handle);
    return handle;
  }

  /** Waits for the end of those threads or jobs, or of all; they run meanwhile. */
  join(...joined: readonly (ExploredThread | ExploredJob)[]): Promise<void> {
    const isAll = joined.length === 0;
    for (const handle of joined) this.#requireOwn(handle);
    const jobs = isAll ? this.#jobs : joined.filter((handle) => handle instanceof JobHandle);
    const threads = isAll ? this.#threads : joined.filter((handle) => handle instanceof ThreadHandle);
    if (threads.length > 0 || jobs.length === 0) this.#execution.join(threads.map(({ thread }) => thread));
    return jobs.length === 0 ? DONE : Promise.all(jobs.map(({ promise }) => promise)).then(() => undefined);
  }

  #requireOwn(handle: ExploredThread | ExploredJob): void {
    if ((handle instanceof ThreadHandle || handle instanceof JobHandle) && handle.run === this) return;
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
    return stepCount === 0 && choiceCount === 0 && notes.length === 0 && this.#jobs.length === 0;
  }

  /** @internal */
  get namedOutcome(): string | undefined {
    return this.#outcome;
  }
}

const DONE = Promise.resolve();
