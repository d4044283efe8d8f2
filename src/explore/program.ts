/** What a program under exploration is given: `t`. */
import { MisuseError } from "../core/errors.js";
import { Cell } from "./cell.js";
import type { Execution } from "./execution.js";
import type { VirtualThread } from "./virtual-thread.js";

/** A thread of a program under exploration. */
export interface ExploredThread {
  readonly name: string;
  /** What its body returned; `undefined` until it has ended. */
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

  constructor(execution: Execution) {
    this.#execution = execution;
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

  /** Waits for the end of those threads, or of all; they run meanwhile. */
  join(...threads: readonly ExploredThread[]): Promise<void> {
    const joined = threads.length === 0 ? [...this.#handles.values()] : threads.map((handle) => this.#threadOf(handle));
    this.#execution.join(joined);
    return DONE;
  }

  #threadOf(handle: ExploredThread): VirtualThread {
    const thread = this.#handles.get(handle);
    if (thread !== undefined) return thread;
    throw new MisuseError("SKEIN_INVALID_ARGUMENT", "t.join expected threads that t.thread of this run had given");
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
    this.#execution.log(values.map(String).join(" "));
  }

  /** Fails the run unless the condition holds. */
  expect(condition: unknown, message: string = "what t.expect was given does not hold"): void {
    if (!condition) throw new Error(message);
  }

  /** Names what came out of this run, for the count of outcomes. */
  outcome(outcome: unknown): void {
    this.#outcome = String(outcome);
  }

  /** @internal */
  get namedOutcome(): string | undefined {
    return this.#outcome;
  }
}

const DONE = Promise.resolve();
