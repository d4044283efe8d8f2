/** Arithmetic of stretches of time. */

/** Milliseconds since the recording began, as all times of a timeline. */
export interface Stretch {
  readonly beginMs: number;
  readonly endMs: number;
}

/** The same time as `stretches` cover, in order and without overlaps. */
export function union(stretches: readonly Stretch[]): readonly Stretch[] {
  const sorted = stretches.filter(({ beginMs, endMs }) => endMs > beginMs).sort((a, b) => a.beginMs - b.beginMs);
  const merged: { beginMs: number; endMs: number }[] = [];
  for (const { beginMs, endMs } of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && beginMs <= last.endMs) last.endMs = Math.max(last.endMs, endMs);
    else merged.push({ beginMs, endMs });
  }
  return merged;
}

/** Of disjoint stretches, how much lies within a range. */
export function timeWithin(stretches: readonly Stretch[], fromMs: number, toMs: number): number {
  let sumMs = 0;
  for (const { beginMs, endMs } of stretches) sumMs += Math.max(0, Math.min(endMs, toMs) - Math.max(beginMs, fromMs));
  return sumMs;
}

/** The time that two lists of disjoint stretches, each in order, have in common. */
export function intersection(some: readonly Stretch[], others: readonly Stretch[]): readonly Stretch[] {
  const common: Stretch[] = [];
  for (let i = 0, j = 0; i < some.length && j < others.length;) {
    const [a, b] = [some[i] as Stretch, others[j] as Stretch];
    const beginMs = Math.max(a.beginMs, b.beginMs);
    const endMs = Math.min(a.endMs, b.endMs);
    if (endMs > beginMs) common.push({ beginMs, endMs });
    if (a.endMs < b.endMs) i++;
    else j++;
  }
  return common;
}

export function lengthOf({ beginMs, endMs }: Stretch): number {
  return endMs - beginMs;
}

export function totalOf(stretches: readonly Stretch[]): number {
  return stretches.reduce((sum, stretch) => sum + lengthOf(stretch), 0);
}

/**
 * The place of the last of some ordered things that is not after a moment; -1 if all
 * are. **Cost** logarithmic.
 */
export function lastUpTo<Thing>(things: readonly Thing[], momentOf: (thing: Thing) => number, atMs: number): number {
  let low = 0;
  let high = things.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (momentOf(things[middle] as Thing) <= atMs) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Disjoint stretches, of which is asked again and again how much lies within a range. **Cost** logarithmic. */
export class CoveredTime {
  readonly #stretches: readonly Stretch[];
  /** For each of them the length of those before it. */
  readonly #before: Float64Array;

  /** @param stretches - disjoint, and in order */
  constructor(stretches: readonly Stretch[]) {
    this.#stretches = stretches;
    let sumMs = 0;
    this.#before = Float64Array.from(stretches, (stretch) => {
      const beforeMs = sumMs;
      sumMs += lengthOf(stretch);
      return beforeMs;
    });
  }

  #until(atMs: number): number {
    const place = lastUpTo(this.#stretches, ({ beginMs }) => beginMs, atMs);
    const stretch = this.#stretches[place];
    return stretch === undefined ? 0 : (this.#before[place] ?? 0) + Math.min(atMs, stretch.endMs) - stretch.beginMs;
  }

  within(fromMs: number, toMs: number): number {
    return toMs <= fromMs ? 0 : this.#until(toMs) - this.#until(fromMs);
  }

  get lastMs(): number {
    return this.#stretches.at(-1)?.endMs ?? -Infinity;
  }
}

/** Stretches that may overlap, found by moments. */
export class StretchList<Thing extends Stretch> {
  readonly #byBegin: readonly Thing[];
  readonly #byEnd: readonly Thing[];
  /** For each of `#byBegin` the latest end among it and those before. */
  readonly #latestEnds: Float64Array;

  /** @param byBegin - in order of beginning */
  constructor(byBegin: readonly Thing[]) {
    this.#byBegin = byBegin;
    this.#byEnd = byBegin.toSorted((a, b) => a.endMs - b.endMs);
    let latestMs = -Infinity;
    this.#latestEnds = Float64Array.from(byBegin, ({ endMs }) => (latestMs = Math.max(latestMs, endMs)));
  }

  /** Of those that a moment is in or at the end of, the one that ends first; the innermost of several. */
  under(atMs: number): Thing | undefined {
    let best: Thing | undefined;
    let place = lastUpTo(this.#byBegin, ({ beginMs }) => beginMs, atMs);
    for (; place >= 0 && (this.#latestEnds[place] ?? 0) >= atMs; place--) {
      const thing = this.#byBegin[place] as Thing;
      if (thing.beginMs >= atMs || thing.endMs < atMs) continue;
      if (best === undefined || thing.endMs < best.endMs) best = thing;
    }
    return best;
  }

  /** The last to end before a moment; at it too, if asked. */
  endedBefore(atMs: number, isAtToo = false): Thing | undefined {
    let place = lastUpTo(this.#byEnd, ({ endMs }) => endMs, atMs);
    if (!isAtToo) while (place >= 0 && (this.#byEnd[place] as Thing).endMs >= atMs) place--;
    return this.#byEnd[place];
  }
}
