/** A shared variable of a program under exploration. */
import type { Execution } from "./execution.js";
import { Step, WaitOutcome } from "./operations.js";

const WAIT_RESULTS = ["ok", "not-equal", "timed-out"] as const;

/**
 * A 32-bit integer that the threads of a program share, as an element of an
 * `Int32Array` on shared memory: `value` reads and writes plainly, which orders
 * nothing and is checked for races; the methods are those of `Atomics`.
 *
 * @since 0.2.0
 */
export class Cell {
  readonly #execution: Execution;
  readonly #place: number;
  readonly name: string;
  #value: number;
  readonly #first: number;

  constructor(execution: Execution, name: string, value: number) {
    this.#execution = execution;
    this.#place = execution.place(name);
    this.name = name;
    this.#value = value | 0;
    this.#first = value | 0;
  }

  get value(): number {
    const run = this.#execution;
    if (run.before(Step.read, this.#place)) return run.logged() as number;
    const seen = run.weak === undefined ? this.#value : run.weak.read(this.#place, this.#first, this.#value);
    return run.after(seen, false);
  }

  set value(value: number) {
    const run = this.#execution;
    if (run.before(Step.write, this.#place, value)) {
      run.logged();
      return;
    }
    this.#write(value);
    run.after(this.#value);
  }

  load(): number {
    const run = this.#execution;
    if (run.before(Step.load, this.#place)) return run.logged() as number;
    return run.after(this.#value, false);
  }

  store(value: number): number {
    const run = this.#execution;
    if (run.before(Step.store, this.#place, value)) return run.logged() as number;
    this.#write(value);
    return run.after(this.#value);
  }

  /** @returns the value before */
  add(amount: number): number {
    return this.#change(`${amount < 0 ? "" : "+"}${amount}`, (value) => value + amount);
  }

  /** @returns the value before */
  exchange(next: number): number {
    return this.#change(`:= ${next}`, () => next);
  }

  /** Writes `next` if the value is `expected`. @returns the value before */
  compareExchange(expected: number, next: number): number {
    return this.#change(`${expected} -> ${next}`, (value) => (value === (expected | 0) ? next : value));
  }

  /** Sleeps until notified, if the value is `expected`. */
  wait(expected: number): "ok" | "not-equal" | "timed-out" {
    const gave = this.#execution.wait(this.#place, () => this.#value === (expected | 0), Infinity, expected);
    return WAIT_RESULTS[gave] ?? WAIT_RESULTS[WaitOutcome.ok];
  }

  /** Wakes those who have slept longest; all, unless `count` says less. @returns how many */
  notify(count: number = Infinity): number {
    return this.#execution.notify(this.#place, count);
  }

  #write(value: number): void {
    const run = this.#execution;
    this.#value = value | 0;
    if (run.weak !== undefined) run.stepWritten[run.stepCount] = this.#value;
  }

  #change(what: string, change: (value: number) => number): number {
    const run = this.#execution;
    if (run.before(Step.change, this.#place, what)) return run.logged() as number;
    const before = this.#value;
    this.#write(change(before));
    return run.after(before, this.#value !== before);
  }
}
