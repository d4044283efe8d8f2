/** When permits come back: the arithmetic of rate limits. Nothing here waits or reads a clock. */
import { RingBuffer } from "./ring-buffer.js";

export interface Pace {
  /** The largest count that can ever be taken. */
  readonly most: number;
  /** Takes that many permits at that moment, if they are there. Moments never go back. */
  tryTakeAt(nowMs: number, count: number): boolean;
  /** The first moment from `nowMs` on at which that many, at most `most`, are there if nobody takes any. */
  dueMs(nowMs: number, count: number): number;
  /** Permits that are there. */
  freeAt(nowMs: number): number;
}

/** Permits taken at one moment. */
interface Taken {
  readonly atMs: number;
  count: number;
}

/**
 * Remembers each taking for `perMs`.
 *
 * Invariant: the counts in `#log`, those within `perMs` before the last moment
 * asked about, add up to `#used`, at most `permits`. A stretch that begins with a
 * taking and is `perMs` long, its end not included, is what the log was at the last
 * taking in it; so none has more than `permits`.
 */
export class SlidingWindow implements Pace {
  readonly most: number;
  readonly #perMs: number;
  readonly #log = new RingBuffer<Taken>();
  #used = 0;

  constructor(permits: number, perMs: number) {
    this.most = permits;
    this.#perMs = perMs;
  }

  tryTakeAt(nowMs: number, count: number): boolean {
    if (count > this.freeAt(nowMs)) return false;
    this.#used += count;
    const { length } = this.#log;
    const last = length === 0 ? undefined : this.#log.at(length - 1);
    if (last?.atMs === nowMs) last.count += count;
    else this.#log.push({ atMs: nowMs, count });
    return true;
  }

  dueMs(nowMs: number, count: number): number {
    let free = this.freeAt(nowMs);
    let dueMs = nowMs;
    for (let i = 0; free < count; i++) {
      const taken = this.#log.at(i);
      free += taken.count;
      dueMs = taken.atMs + this.#perMs;
    }
    return dueMs;
  }

  freeAt(nowMs: number): number {
    while (this.#log.length > 0 && this.#log.at(0).atMs + this.#perMs <= nowMs) this.#used -= this.#log.shift().count;
    return this.most - this.#used;
  }
}

/**
 * A bucket that a permit drops into every `perMs / permits`, until it is full.
 *
 * Kept as one number: when it will be full again. A taking moves that moment on by
 * the time in which as many drop. So nothing is counted up by fractions, whose
 * rounding errors would add up.
 *
 * Source: the generic cell rate algorithm (ITU-T I.371), as virtual scheduling.
 */
export class TokenBucket implements Pace {
  readonly most: number;
  /** Time between two permits. */
  readonly #eachMs: number;
  #fullMs = -Infinity;

  constructor(permits: number, perMs: number, burst: number) {
    this.most = burst;
    this.#eachMs = perMs / permits;
  }

  tryTakeAt(nowMs: number, count: number): boolean {
    if (count > this.most || this.dueMs(nowMs, count) > nowMs) return false;
    this.#fullMs = Math.max(this.#fullMs, nowMs) + count * this.#eachMs;
    return true;
  }

  dueMs(nowMs: number, count: number): number {
    // Full at `#fullMs`, it holds `count` when as many more as that have yet to drop.
    return Math.max(nowMs, this.#fullMs - (this.most - count) * this.#eachMs);
  }

  freeAt(nowMs: number): number {
    let free = Math.max(0, Math.min(this.most, Math.floor(this.most - (this.#fullMs - nowMs) / this.#eachMs)));
    // By the same comparison as a taking, so that rounding does not part the two.
    while (free < this.most && this.dueMs(nowMs, free + 1) <= nowMs) free++;
    while (free > 0 && this.dueMs(nowMs, free) > nowMs) free--;
    return free;
  }
}
