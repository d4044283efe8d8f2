/**
 * Work-stealing deques: one thread pushes and pops at the bottom, all others steal at
 * the top. After Chase and Lev (2005).
 *
 * Layout of its own cells
 *   TYPE     what the numbers are; never changes
 *   OWNER    slot of the thread that pushes and pops, 0 if there is none
 *   RINGS    how many rings there have been; the last is in use
 *   RING on  for each the offset of its payload in units of 16; ring i has
 *            FIRST_LENGTH * 2^i places
 *   TOP      in a cache line of its own: numbers stolen, or popped as the last, so far
 *   BOTTOM   in another: numbers pushed less numbers popped
 * Both wrap. A number's place is its count modulo the length of the ring.
 *
 * Invariants
 * - OWNER's thread alone writes BOTTOM, RINGS and places. TOP goes up only, by one
 *   exchange that succeeds for one thread: that thread has the number.
 * - The numbers that are there are those from TOP to BOTTOM. Each stands in the ring
 *   in use, and in those before it as far as it stood there when they were replaced.
 *
 * Why no number is lost or given twice. A thief reads TOP, then BOTTOM, then the
 * number, then moves TOP on from what it read: if that succeeds, TOP stood there all
 * the time, so the place was not used for another (a push would have had to come
 * round the whole ring, past TOP). The owner takes the number at the bottom by
 * writing BOTTOM first, and reading TOP after that. If TOP is below, no thief can
 * take it any more: one that read the old BOTTOM read TOP before, and for this number
 * to be its own TOP would have to be at it. If TOP is at it, it is the last: then the
 * owner moves TOP on as thieves do, and one of them has it.
 *
 * Rings that were replaced are kept until the deque is disposed of: a thief may be
 * about to read one, and finds there what it finds in the new one, as nothing is
 * written there any more. Together they are shorter than the one in use.
 *
 * Wrapping is harmless: TOP comes back to a value after 2^32 numbers, and a thief
 * that slept for so long between its reads and its exchange would have to meet it
 * exactly.
 *
 * A thread stopped anywhere: a thief has moved TOP on, and has the number with it, or
 * not; the owner has written BOTTOM, or not. Stopped within a pop, between writing
 * BOTTOM and giving it back, it leaves BOTTOM one below TOP: empty, as it was, which
 * `takeOver` makes good.
 */
import { compareExchange, load, store } from "#atomics";

import { describeKind } from "../async/cancel.js";
import { requireOptions, requireWhole } from "../async/guard.js";
import { MisuseError } from "../core/errors.js";
import { Kind, Place, SharedObject, type SharedOptions } from "./object.js";
import { freePayload, PAYLOAD_HEADER_BYTES } from "./payload.js";

const TYPE = 0;
const OWNER = 1;
const RINGS = 2;
const RING = 3;
const MOST_RINGS = 22;
const TOP = 40;
const BOTTOM = 56;
const CELLS = 72;

const FIRST_LENGTH = 64;
const UNIT_BYTES = 16;
const RING_HEADER_BYTES: number = Math.ceil(PAYLOAD_HEADER_BYTES / UNIT_BYTES) * UNIT_BYTES;

/** Types of numbers, in the order of their numbers in TYPE. */
const TYPES = ["float64", "int32"] as const;

/** How a shared deque is made. */
export interface SharedDequeOptions extends SharedOptions {
  /** What the numbers are, "float64" by default, which is any number. */
  readonly type?: "float64" | "int32";
}

/**
 * A double-ended queue for work: its owner takes what it put in last, others steal
 * what was put in first.
 *
 * Use it to share work that makes more work: each thread has a deque of its own, and
 * steals from others when it is empty. The numbers are indexes or handles of work.
 *
 * **A thread that dies** As thief: what it had stolen is gone with it. As owner: the
 * deque can still be stolen from, and `takeOver` makes another thread its owner.
 *
 * **Threads** The one that made it, or took it over, pushes and pops; any steals.
 *
 * @example
 * ```ts
 * const work = new SharedDeque({ type: "int32" });
 * for (const number of [1, 2, 3]) work.push(number);
 * console.log(work.pop(), work.steal(), work.length); // 3 1 1
 * ```
 *
 * @since 0.1.0
 */
export class SharedDeque extends SharedObject {
  readonly #isWhole: boolean;
  /** This thread's view of the ring in use, as far as it knows, and which that is. */
  #ring: Int32Array | Float64Array = new Int32Array(0);
  #ringNumber = 0;
  /** A TOP of the past: the owner seldom looks at the real one. */
  #seenTop = 0;

  constructor(options: SharedDequeOptions | Place = {}) {
    let type = 0;
    if (!(options instanceof Place)) {
      requireOptions("a shared deque", options);
      type = TYPES.indexOf(options.type ?? "float64");
      if (type === -1) {
        throw new MisuseError(
          "SKEIN_INVALID_ARGUMENT",
          `a shared deque's type must be "float64" or "int32", but ${describeKind(options.type)} came`,
        );
      }
    }
    super(Kind.deque, CELLS, options);
    if (!(options instanceof Place)) {
      this.cells[TYPE] = type;
      this.cells[OWNER] = this.heap.slot;
    }
    this.#isWhole = TYPES[this.cells[TYPE] as number] === "int32";
    if (options instanceof Place) {
      // The object by which this thread pushed may have been forgotten, and the deque have come
      // back to it: it pushes and pops by this one, so that has to know where.
      if (this.cells[OWNER] === this.heap.slot) this.#catchUp();
      return;
    }
    this.#addRing();
    this.made();
  }

  /** Numbers that are there, at one moment; of another thread's deque, at a moment not long ago. */
  get length(): number {
    const top = load(this.cells, TOP);
    return Math.max(0, (load(this.cells, BOTTOM) - top) | 0);
  }

  get isEmpty(): boolean {
    return this.length === 0;
  }

  /**
   * Puts a number in at the bottom. Never waits.
   *
   * **Throws** `SKEIN_WRONG_THREAD` on a thread that is not the owner;
   * `SKEIN_INVALID_ARGUMENT`; `SKEIN_OUT_OF_SHARED_MEMORY`.
   */
  push(value: number): void {
    if (this.#isWhole ? (value | 0) !== value : typeof value !== "number") this.#refuse(value);
    this.#requireOwner("pushed to");
    const { cells } = this;
    const bottom = cells[BOTTOM] as number; // written here alone
    if (((bottom - this.#seenTop) | 0) >= this.#ring.length) {
      this.#seenTop = load(cells, TOP);
      if (((bottom - this.#seenTop) | 0) >= this.#ring.length) this.#grow(bottom);
    }
    this.#ring[bottom & (this.#ring.length - 1)] = value;
    store(cells, BOTTOM, (bottom + 1) | 0); // from here on it can be stolen
  }

  /** Takes the number that was put in last; `undefined` if there is none. Throws as `push`. */
  pop(): number | undefined {
    this.#requireOwner("popped from");
    const { cells } = this;
    const bottom = ((cells[BOTTOM] as number) - 1) | 0;
    store(cells, BOTTOM, bottom);
    const top = load(cells, TOP);
    const left = (bottom - top) | 0;
    if (left > 0) return this.#ring[bottom & (this.#ring.length - 1)];
    const value = this.#ring[bottom & (this.#ring.length - 1)];
    const isOwn = left === 0 && compareExchange(cells, TOP, top, (top + 1) | 0) === top;
    // It is empty now, either way.
    store(cells, BOTTOM, (bottom + 1) | 0);
    return isOwn ? value : undefined;
  }

  /** Takes the number that was put in first; `undefined` if there was none at a moment during the call. */
  steal(): number | undefined {
    const { cells } = this;
    for (;;) {
      const top = load(cells, TOP);
      if (((load(cells, BOTTOM) - top) | 0) <= 0) return undefined;
      // Not before: the ring in use when BOTTOM counted the number holds it, as do all later ones.
      const ring = this.#ringInUse();
      const value = ring[top & (ring.length - 1)];
      if (compareExchange(cells, TOP, top, (top + 1) | 0) === top) return value;
    }
  }

  /** Steals up to half of what is there, one after another, at most so many. */
  stealMany(most: number): number[] {
    requireWhole("how many to steal", most, 1);
    const wanted = Math.min(most, Math.ceil(this.length / 2));
    const stolen: number[] = [];
    while (stolen.length < wanted) {
      const value = this.steal();
      if (value === undefined) break;
      stolen.push(value);
    }
    return stolen;
  }

  /**
   * Leaves it without an owner, so that another thread can take it over: one thread
   * makes the deques, each of the others then owns one.
   *
   * **Throws** `SKEIN_WRONG_THREAD` on a thread that is not the owner.
   */
  giveUp(): void {
    this.#requireOwner("given up");
    store(this.cells, OWNER, 0); // what was written before is seen by who finds it 0
  }

  /**
   * Makes this thread the owner of a deque that has none: the one that was has ended,
   * or has given it up.
   *
   * **Throws** `SKEIN_WRONG_THREAD` while another thread is.
   */
  takeOver(): void {
    this.requireAlive();
    const { cells, heap } = this;
    const owner = compareExchange(cells, OWNER, 0, heap.slot);
    if (owner === heap.slot) return;
    if (owner !== 0) this.#refuseStranger("taken over", owner);
    // The one before may have been stopped within a pop.
    const top = load(cells, TOP);
    if (((load(cells, BOTTOM) - top) | 0) < 0) store(cells, BOTTOM, top);
    this.#catchUp();
  }

  /** What the owner keeps of the deque is as of now. */
  #catchUp(): void {
    this.#seenTop = load(this.cells, TOP);
    this.#ringInUse();
  }

  #requireOwner(what: string): void {
    const owner = this.cells[OWNER] as number;
    if (owner === this.heap.slot && !this.isDisposed) return;
    this.requireAlive();
    this.#refuseStranger(what, owner);
  }

  #refuseStranger(what: string, owner: number): never {
    const who =
      owner === 0 ? "it has no owner: call takeOver() first" : `its owner is thread ${this.heap.threadIndexOf(owner)}`;
    throw new MisuseError("SKEIN_WRONG_THREAD", `shared deque "${this.name}" can't be ${what} by this thread: ${who}`);
  }

  #refuse(value: unknown): never {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `shared deque "${this.name}" takes ${this.#isWhole ? "a whole number from -2^31 to 2^31 - 1" : "a number"}, but ` +
        `${typeof value === "number" ? value : describeKind(value)} came`,
    );
  }

  /** The ring in use, as this thread views it. */
  #ringInUse(): Int32Array | Float64Array {
    const rings = load(this.cells, RINGS);
    if (rings !== this.#ringNumber) {
      this.#ring = this.#viewOf(rings - 1);
      this.#ringNumber = rings;
    }
    return this.#ring;
  }

  #viewOf(ring: number): Int32Array | Float64Array {
    const payload = load(this.cells, RING + ring) * UNIT_BYTES;
    // Also what of it lies beyond the memory that this thread has seen.
    this.heap.locate(this.heap.handleOf(payload));
    const { buffer } = this.heap.cellsWith(payload);
    const length = FIRST_LENGTH * 2 ** ring;
    return this.#isWhole
      ? new Int32Array(buffer, payload + RING_HEADER_BYTES, length)
      : new Float64Array(buffer, payload + RING_HEADER_BYTES, length);
  }

  /** Twice as many places, with what is there. */
  #grow(bottom: number): void {
    const before = this.#ring;
    if (load(this.cells, RINGS) === MOST_RINGS) {
      throw new MisuseError(
        "SKEIN_OVERFLOW",
        `shared deque "${this.name}" holds ${this.length} numbers: no more have room`,
      );
    }
    this.#addRing((after) => {
      for (let at = this.#seenTop; at !== bottom; at = (at + 1) | 0) {
        after[at & (after.length - 1)] = before[at & (before.length - 1)] as number;
      }
    });
  }

  /** Puts a longer ring in use once `fill` has filled it. */
  #addRing(fill: (ring: Int32Array | Float64Array) => void = () => undefined): void {
    const { cells, heap } = this;
    const number = cells[RINGS] as number;
    const bytes = RING_HEADER_BYTES + FIRST_LENGTH * 2 ** number * (this.#isWhole ? 4 : 8);
    const payload = heap.allocate(bytes, Kind.payload, heap.slot, this.offset / UNIT_BYTES);
    // Attached, but not yet in use: a thread stopped here leaves a ring that its
    // successor makes anew, in this one's stead.
    const loose = load(cells, RING + number) * UNIT_BYTES;
    store(cells, RING + number, payload / UNIT_BYTES);
    if (loose !== 0) heap.free(heap.handleOf(loose));
    const ring = this.#viewOf(number);
    fill(ring);
    store(cells, RINGS, number + 1);
    this.#ring = ring;
    this.#ringNumber = number + 1;
  }

  #attached(): Set<number> {
    const attached = new Set<number>();
    for (let ring = 0; ring < MOST_RINGS; ring++) {
      const payload = load(this.cells, RING + ring) * UNIT_BYTES;
      if (payload !== 0) attached.add(payload);
    }
    return attached;
  }

  override dispose(): void {
    if (!this.isDisposed) for (const payload of this.#attached()) this.heap.free(this.heap.handleOf(payload));
    super.dispose();
  }

  /** @internal */
  override threadEnded(slot: number): boolean {
    compareExchange(this.cells, OWNER, slot, 0);
    return true;
  }

  /** @internal */
  override freeLoose(slot: number, payloads: readonly number[]): void {
    const attached = this.#attached();
    for (const payload of payloads) if (!attached.has(payload)) freePayload(this.heap, payload, slot);
  }
}
