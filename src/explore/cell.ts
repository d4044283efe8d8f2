/** A shared variable of a program under exploration. */
import * as real from "../shared/atomics.js";
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
  readonly #first: number;

  constructor(execution: Execution, name: string, value: number) {
    this.#execution = execution;
    this.#place = execution.placeOfCell(name, value);
    this.name = name;
    this.#first = value | 0;
  }

  get value(): number {
    const run = this.#execution;
    const place = this.#place;
    if (run.before(Step.read, place)) return run.logged() as number;
    const last = run.words[place] as number;
    return run.after(run.weak === undefined ? last : run.weak.read(place, this.#first, last), false);
  }

  set value(value: number) {
    const run = this.#execution;
    if (run.before(Step.write, this.#place, value)) {
      run.logged();
      return;
    }
    run.words[this.#place] = value;
    this.#wrote(value | 0);
    run.after(value | 0);
  }

  load(): number {
    const run = this.#execution;
    if (run.before(Step.load, this.#place)) return run.logged() as number;
    return run.after(real.load(run.words, this.#place), false);
  }

  store(value: number): number {
    const run = this.#execution;
    if (run.before(Step.store, this.#place, value)) return run.logged() as number;
    real.store(run.words, this.#place, value);
    this.#wrote(value | 0);
    return run.after(value | 0);
  }

  /** @returns the value before */
  add(amount: number): number {
    const run = this.#execution;
    if (run.before(Step.change, this.#place, `${amount < 0 ? "" : "+"}${amount}`)) return run.logged() as number;
    return this.#changed(real.add(run.words, this.#place, amount));
  }

  /** @returns the value before */
  exchange(next: number): number {
    const run = this.#execution;
    if (run.before(Step.change, this.#place, `:= ${next}`)) return run.logged() as number;
    return this.#changed(real.exchange(run.words, this.#place, next));
  }

  /** Writes `next` if the value is `expected`. @returns the value before */
  compareExchange(expected: number, next: number): number {
    const run = this.#execution;
    if (run.before(Step.change, this.#place, `${expected} -> ${next}`)) return run.logged() as number;
    return this.#changed(real.compareExchange(run.words, this.#place, expected, next));
  }

  /** Sleeps until notified, if the value is `expected`. */
  wait(expected: number): "ok" | "not-equal" | "timed-out" {
    const run = this.#execution;
    const gave = run.wait(this.#place, run.words, this.#place, expected);
    return WAIT_RESULTS[gave] ?? WAIT_RESULTS[WaitOutcome.ok];
  }

  /** Wakes those who have slept longest; all, unless `count` says less. @returns how many */
  notify(count: number = Infinity): number {
    const run = this.#execution;
    return run.notify(this.#place, run.words, this.#place, count);
  }

  #wrote(value: number): void {
    const run = this.#execution;
    if (run.weak !== undefined) run.stepWritten[run.stepCount] = value;
  }

  #changed(before: number): number {
    const run = this.#execution;
    const now = run.words[this.#place] as number;
    this.#wrote(now);
    return run.after(before, now !== before);
  }
}
