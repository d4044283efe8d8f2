/**
 * Counters that threads share.
 *
 * Layout: behind the header, from a multiple of 64 bytes on, a cell of 64 bits for
 * each stripe, each in a cache line of its own.
 *
 * A thread adds to the stripe of its slot, so that threads seldom share a cache
 * line; the value is the sum. Each addition is one atomic operation, so a thread
 * that is stopped has counted or not, and two threads of one stripe lose nothing.
 */
import { addInteger, loadInteger, type SharedIntegers } from "#atomics";

import { describeKind } from "../async/cancel.js";
import { MisuseError } from "../core/errors.js";
import { HEADER_BYTES, Kind, Place, SharedObject, type SharedOptions } from "./object.js";

const STRIPES = 16;
const LINE_BYTES = 64;
/** Counted from the block: its header takes half a line. */
const FIRST = LINE_BYTES;
const BYTES: number = FIRST - HEADER_BYTES + STRIPES * LINE_BYTES;
const INTEGERS_A_LINE = LINE_BYTES / 8;

/**
 * A whole number that all threads count with, exact to 2^53.
 *
 * Use it for statistics that many threads add to. For unique numbers, or where the
 * value decides what is done next, use an atomic field of a `sharedStruct`.
 *
 * **Threads** Any. Additions of different threads do not slow each other down.
 *
 * @example
 * ```ts
 * const requests = new SharedCounter({ name: "requests" });
 * requests.add();
 * requests.add(2);
 * console.log(requests.value); // 3
 * ```
 *
 * @since 0.1.0
 */
export class SharedCounter extends SharedObject {
  readonly #integers: SharedIntegers;
  readonly #own: number;

  constructor(options: SharedOptions | Place = {}) {
    super(Kind.counter, 0, options, BYTES);
    const { buffer } = this.heap.cellsWith(this.offset);
    this.#integers = new BigInt64Array(buffer, this.offset + FIRST, STRIPES * INTEGERS_A_LINE);
    this.#own = (this.heap.slot % STRIPES) * INTEGERS_A_LINE;
    if (!(options instanceof Place)) this.made();
  }

  /** Adds a whole number, which may be negative. */
  add(count = 1): void {
    if (!Number.isSafeInteger(count)) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `a counter adds whole numbers to 2^53, but ${typeof count === "number" ? count : describeKind(count)} came`,
      );
    }
    addInteger(this.#integers, this.#own, BigInt(count));
  }

  /**
   * The sum of all that was added, on any thread: exact once nobody adds any more;
   * until then a value that counts each addition that had ended before, and some of
   * those that go on.
   */
  get value(): number {
    let sum = 0n;
    for (let stripe = 0; stripe < STRIPES; stripe++) {
      sum += loadInteger(this.#integers, stripe * INTEGERS_A_LINE) as unknown as bigint;
    }
    return Number(sum);
  }
}
