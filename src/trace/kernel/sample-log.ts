/**
 * The readings of one thread, in bounded memory.
 *
 * Every reading holds counts since the thread began. So one in the middle can be left
 * out without anything being lost but detail, and two rules keep a log short: of
 * readings that say the same only the first and the last stay; and when the log is
 * full, every second one goes. So what is old is known more coarsely, and all sums over
 * the whole time stay exact.
 */
import type { KernelSample, ThreadState } from "../kernel-facts.js";

/** A reading as numbers; NaN for what is not told. */
export interface Reading {
  atMs: number;
  cpuMs: number;
  coreWaitMs: number;
  state: ThreadState;
  core: number;
  voluntarySwitches: number;
  involuntarySwitches: number;
}

const STATES: readonly ThreadState[] = ["unknown", "running", "lock", "io", "blocked"];

// Places in the numbers of one reading.
const AT = 0;
const CPU = 1;
const CORE_WAIT = 2;
const STATE = 3;
const CORE = 4;
const VOLUNTARY = 5;
const INVOLUNTARY = 6;
const WIDTH = 7;

const FIRST_CAPACITY = 32;

export class SampleLog {
  readonly #most: number;
  #numbers = new Float64Array(FIRST_CAPACITY * WIDTH);
  #length = 0;

  /** @param most - readings kept at most, an even number of 4 or more */
  constructor(most: number) {
    this.#most = most;
  }

  get length(): number {
    return this.#length;
  }

  add(reading: Reading): void {
    if (this.#length >= 2 && this.#says(this.#length - 1, reading) && this.#says(this.#length - 2, reading)) {
      this.#numbers[(this.#length - 1) * WIDTH + AT] = reading.atMs;
      return;
    }
    if (this.#length === this.#most) this.#thin();
    if (this.#length * WIDTH === this.#numbers.length) this.#grow();
    const at = this.#length * WIDTH;
    this.#numbers[at + AT] = reading.atMs;
    this.#numbers[at + CPU] = reading.cpuMs;
    this.#numbers[at + CORE_WAIT] = reading.coreWaitMs;
    this.#numbers[at + STATE] = STATES.indexOf(reading.state);
    this.#numbers[at + CORE] = reading.core;
    this.#numbers[at + VOLUNTARY] = reading.voluntarySwitches;
    this.#numbers[at + INVOLUNTARY] = reading.involuntarySwitches;
    this.#length++;
  }

  #says(place: number, reading: Reading): boolean {
    const at = place * WIDTH;
    return (
      Object.is(this.#numbers[at + CPU], reading.cpuMs) &&
      Object.is(this.#numbers[at + CORE_WAIT], reading.coreWaitMs) &&
      this.#numbers[at + STATE] === STATES.indexOf(reading.state) &&
      Object.is(this.#numbers[at + CORE], reading.core) &&
      Object.is(this.#numbers[at + VOLUNTARY], reading.voluntarySwitches) &&
      Object.is(this.#numbers[at + INVOLUNTARY], reading.involuntarySwitches)
    );
  }

  /** Every second one goes; the first and the last stay. */
  #thin(): void {
    let kept = 1;
    for (let place = 2; place < this.#length - 1; place += 2) this.#move(place, kept++);
    this.#move(this.#length - 1, kept++);
    this.#length = kept;
  }

  #move(from: number, to: number): void {
    this.#numbers.copyWithin(to * WIDTH, from * WIDTH, (from + 1) * WIDTH);
  }

  #grow(): void {
    const larger = new Float64Array(Math.min(this.#numbers.length * 2, this.#most * WIDTH));
    larger.set(this.#numbers);
    this.#numbers = larger;
  }

  /** Forgets all but the last. */
  keepLast(): void {
    if (this.#length === 0) return;
    this.#move(this.#length - 1, 0);
    this.#length = 1;
  }

  /** Gives back memory that it will not need: it is complete. */
  finish(): void {
    this.#numbers = this.#numbers.slice(0, this.#length * WIDTH);
  }

  samples(): KernelSample[] {
    return Array.from({ length: this.#length }, (_, place) => {
      const at = place * WIDTH;
      const number = (field: number): number => this.#numbers[at + field] as number;
      return {
        atMs: number(AT),
        cpuMs: told(number(CPU)),
        coreWaitMs: told(number(CORE_WAIT)),
        state: STATES[number(STATE)] as ThreadState,
        core: told(number(CORE)),
        voluntarySwitches: told(number(VOLUNTARY)),
        involuntarySwitches: told(number(INVOLUNTARY)),
      };
    });
  }
}

function told(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}
