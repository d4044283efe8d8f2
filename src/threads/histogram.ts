/** How often which duration came, in steps of an eighth of a doubling: 64 ns to hours. */
const UNITS_A_MS = 16_000; // of 62.5 ns
const STEPS = 8;
const STEP_BITS = 3;
const BUCKETS = 32 * STEPS;

/** Durations in milliseconds; from a histogram, each at most 12 % above what it was. */
export interface DurationStatistics {
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

export class Histogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #count = 0;
  #sumMs = 0;
  #maxMs = 0;

  add(ms: number): void {
    this.#count++;
    this.#sumMs += ms;
    if (ms > this.#maxMs) this.#maxMs = ms;
    const units = ms * UNITS_A_MS;
    const whole = units < 2 ** 31 ? units | 0 : 2 ** 31 - 1;
    if (whole < STEPS) {
      (this.#counts[whole < 0 ? 0 : whole] as number)++;
      return;
    }
    const shift = 31 - Math.clz32(whole) - STEP_BITS;
    (this.#counts[((shift + 1) << STEP_BITS) + ((whole >>> shift) & (STEPS - 1))] as number)++;
  }

  addAll(other: Histogram): void {
    this.#count += other.#count;
    this.#sumMs += other.#sumMs;
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs);
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      (this.#counts[bucket] as number) += other.#counts[bucket] as number;
    }
  }

  /** The duration that this share of all does not exceed. */
  #quantile(share: number): number {
    let rest = Math.ceil(share * this.#count);
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      rest -= this.#counts[bucket] as number;
      if (rest <= 0) return Math.min(this.#maxMs, endOf(bucket));
    }
    return this.#maxMs;
  }

  statistics(): DurationStatistics {
    return {
      count: this.#count,
      meanMs: this.#count === 0 ? 0 : this.#sumMs / this.#count,
      p50Ms: this.#count === 0 ? 0 : this.#quantile(0.5),
      p99Ms: this.#count === 0 ? 0 : this.#quantile(0.99),
      p999Ms: this.#count === 0 ? 0 : this.#quantile(0.999),
      maxMs: this.#maxMs,
    };
  }
}

/** Where a bucket ends, in milliseconds. */
function endOf(bucket: number): number {
  if (bucket < STEPS) return (bucket + 1) / UNITS_A_MS;
  const shift = (bucket >> STEP_BITS) - 1;
  return ((STEPS + (bucket & (STEPS - 1)) + 1) * 2 ** shift) / UNITS_A_MS;
}
