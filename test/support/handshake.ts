/**
 * Steps that a test and its threads take together, over shared memory.
 *
 * Layout: one Int32 cell, the number of arrivals so far. Any thread adds to it;
 * it never goes down.
 */
const ARRIVALS = 0;

// Only a thread that hangs or has died gets here: the test then fails.
const LIMIT_MS = 30_000;

// Newer than the library that the compiler is told of.
const { waitAsync } = Atomics as unknown as {
  waitAsync(cells: Int32Array, index: number, expected: number, timeoutMs: number): { readonly value: unknown };
};

export class Handshake {
  /** To be passed to the other threads, which make a handshake of it. */
  readonly memory: SharedArrayBuffer;
  readonly #cells: Int32Array<SharedArrayBuffer>;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(4)) {
    this.memory = memory;
    this.#cells = new Int32Array(memory);
  }

  /** Arrivals so far, on all threads together. */
  get step(): number {
    return Atomics.load(this.#cells, ARRIVALS);
  }

  /** Takes the next step, and wakes whoever waits for it. */
  arrive(): void {
    Atomics.add(this.#cells, ARRIVALS, 1);
    Atomics.notify(this.#cells, ARRIVALS);
  }

  /** Waits until there have been `step` arrivals. */
  async waitFor(step: number): Promise<void> {
    for (let now = this.step; now < step; now = this.step) {
      // An arrival after the load above has changed the cell: then this does not wait.
      const waiting = waitAsync(this.#cells, ARRIVALS, now, LIMIT_MS);
      if ((await waiting.value) === "timed-out") throw this.#tooLate(step);
    }
  }

  /** The same, blocking the thread. */
  waitForSync(step: number): void {
    for (let now = this.step; now < step; now = this.step) {
      if (Atomics.wait(this.#cells, ARRIVALS, now, LIMIT_MS) === "timed-out") throw this.#tooLate(step);
    }
  }

  #tooLate(step: number): Error {
    return new Error(`waited ${LIMIT_MS} ms for step ${step}, but there were only ${this.step}`);
  }
}
