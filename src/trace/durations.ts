/** How lengths of time are spread. */

/**
 * How many durations were as long as `upToMs`, and longer than the bucket before.
 *
 * @since 0.1.0
 */
export interface Bucket {
  readonly upToMs: number;
  readonly count: number;
}

/**
 * How durations are spread; percentiles are the nearest one that occurred.
 *
 * @since 0.1.0
 */
export interface Durations {
  readonly count: number;
  readonly totalMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly mostMs: number;
  /** A histogram: from the shortest to the longest, each bucket twice as wide as the one before. */
  readonly buckets: readonly Bucket[];
}

/** A microsecond: what is shorter differs by the cost of recording it. */
const SHORTEST_BUCKET_MS = 0.001;

/** @returns `undefined` if there are none */
export function spread(durations: readonly number[]): Durations | undefined {
  if (durations.length === 0) return undefined;
  const sorted = Float64Array.from(durations).sort();
  const nearest = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return {
    count: sorted.length,
    totalMs: sorted.reduce((sum, duration) => sum + duration, 0),
    p50Ms: nearest(0.5),
    p99Ms: nearest(0.99),
    p999Ms: nearest(0.999),
    mostMs: nearest(1),
    buckets: bucketsOf(sorted),
  };
}

function bucketsOf(sorted: Float64Array): readonly Bucket[] {
  const buckets: Bucket[] = [];
  let upToMs = SHORTEST_BUCKET_MS;
  let count = 0;
  for (const duration of sorted) {
    while (duration > upToMs) {
      // Those before the first that holds something would say nothing.
      if (count > 0 || buckets.length > 0) buckets.push({ upToMs, count });
      upToMs *= 2;
      count = 0;
    }
    count++;
  }
  buckets.push({ upToMs, count });
  return buckets;
}
