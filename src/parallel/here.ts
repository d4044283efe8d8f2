/**
 * The rest of a call that this thread does alone: nobody is there to help, or it takes as
 * long to bring the arrays where others see them as they would save. It works on the arrays
 * as they were given.
 */
import { nowMs } from "#clock";

import type { CancelNode } from "../async/cancel.js";
import type { Begun, Call } from "./run.js";
import { titleOf } from "./asked.js";
import { callLoop } from "./part.js";
import { Traced } from "./traced.js";

/** So many items are done between two looks at the clock. */
const CHUNK_US = 200;

export class Rest {
  readonly values: [number, unknown][];
  readonly #call: Call;
  readonly #chunkItems: number;
  readonly #traced: Traced | undefined;
  #done: number;

  constructor(call: Call, { done, values, itemUs }: Begun) {
    this.values = values;
    this.#call = call;
    this.#traced = Traced.begin(titleOf(call));
    this.#done = done;
    this.#chunkItems = Math.max(1, Math.floor(CHUNK_US / Math.max(itemUs, 1e-6) / call.blockItems)) * call.blockItems;
  }

  /** Works until all is done, or until a moment, unless it was cancelled. @returns true if all is done */
  run(untilMs: number, cancel?: CancelNode): boolean {
    this.#traced?.enter();
    let isOver = true; // also if it throws
    try {
      cancel?.checkpoint();
      isOver = this.#run(untilMs);
    } finally {
      this.#traced?.leave(isOver);
    }
    return isOver;
  }

  #run(untilMs: number): boolean {
    const { length, isSearch = false } = this.#call;
    while (this.#done < length) {
      if (untilMs === Infinity) this.#do(length);
      else this.#do(Math.min(length, this.#done + this.#chunkItems));
      // What was looked for is found: nothing behind it counts.
      if (isSearch && this.values.length > 0) return true;
      if (nowMs() >= untilMs) return this.#done === length;
    }
    return true;
  }

  #do(to: number): void {
    const from = this.#done;
    this.#done = to;
    const value = callLoop(this.#call.here, from, to);
    if (value !== undefined) this.values.push([from, value]);
  }
}
