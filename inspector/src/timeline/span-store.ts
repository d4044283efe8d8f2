/**
 * Spans in columns, a row after the other, with a pyramid over each row so that
 * drawing costs what is on the screen and not what is in the trace.
 *
 * **Layout** Row `r` has the spans from `rowStart[r]` to `rowStart[r + 1] - 1`, in order
 * of beginning, none over another. Level 0 of its pyramid are these spans; each level
 * above puts `FANOUT` neighbours into a group, up to one group for the row: from the
 * beginning of its first span to the end of its last, which is also the latest, because
 * the spans of a row do not overlap; how much of that is covered, and by which state
 * mostly. The groups of a level lie side by side, so that a row is read from one end to
 * the other and not from all over the columns.
 *
 * By number and not by time, so that a burst is as cheap to zoom into as an even row.
 */

/** Neighbours in a group. A smaller one descends in more steps, a larger one looks at more than it draws. */
export const FANOUT = 8;

/** What kind of thing a span stands for; the low bits of its item. */
export const ItemKind = { none: 0, job: 1, scope: 2, thread: 3, wait: 4, stall: 5, resource: 6, gc: 7 } as const;
export type ItemKindValue = (typeof ItemKind)[keyof typeof ItemKind];
const ITEM_KINDS = 8;

export function itemOf(kind: ItemKindValue, index: number): number {
  return index * ITEM_KINDS + kind;
}

export function itemKind(item: number): ItemKindValue {
  return (item % ITEM_KINDS) as ItemKindValue;
}

export function itemIndex(item: number): number {
  return Math.floor(item / ITEM_KINDS);
}

/** Plain data, which passes between threads; the arrays are moved. */
export interface SpanColumns {
  /** Milliseconds since the recording began. */
  readonly begin: Float64Array<ArrayBuffer>;
  readonly end: Float64Array<ArrayBuffer>;
  /** Of `State`. */
  readonly state: Uint8Array<ArrayBuffer>;
  /** Indexes into the names of the model. */
  readonly name: Uint32Array<ArrayBuffer>;
  /** What the span is of: `itemOf`. */
  readonly item: Uint32Array<ArrayBuffer>;
  /** One more than there are rows. */
  readonly rowStart: Uint32Array<ArrayBuffer>;
  /** Where the groups of a row begin: `levelStart[row * (LEVELS + 1) + level]`; level 0 has none. */
  readonly levelStart: Uint32Array<ArrayBuffer>;
  /** Of each group. */
  readonly groupBegin: Float64Array<ArrayBuffer>;
  readonly groupEnd: Float64Array<ArrayBuffer>;
  /** Of each group: milliseconds under a span. */
  readonly covered: Float32Array<ArrayBuffer>;
  /** Of each group: the state that covers most of it. */
  readonly mostly: Uint8Array<ArrayBuffer>;
}

/** 8 to the power of 10 spans in a row are more than there can be. */
export const LEVELS = 10;

/** Every array of the columns, to be moved instead of copied. */
export function buffersOf(columns: SpanColumns): ArrayBuffer[] {
  return Object.values(columns).map((column: SpanColumns[keyof SpanColumns]) => column.buffer);
}

/** Collects spans row by row; the arrays grow as vectors do. */
export class SpanStoreBuilder {
  #begin: Float64Array<ArrayBuffer>;
  #end: Float64Array<ArrayBuffer>;
  #state: Uint8Array<ArrayBuffer>;
  #name: Uint32Array<ArrayBuffer>;
  #item: Uint32Array<ArrayBuffer>;
  #count = 0;
  readonly #rowStart: number[] = [];

  constructor(capacity = 1024) {
    this.#begin = new Float64Array(capacity);
    this.#end = new Float64Array(capacity);
    this.#state = new Uint8Array(capacity);
    this.#name = new Uint32Array(capacity);
    this.#item = new Uint32Array(capacity);
  }

  /** Begins the next row. @returns its index */
  row(): number {
    return this.#rowStart.push(this.#count) - 1;
  }

  /**
   * Adds a span to the row begun last. It may begin no earlier than the one before it;
   * where it would lie over that one, it is cut.
   */
  add(beginMs: number, endMs: number, state: number, name: number, item: number): void {
    if (this.#count === this.#begin.length) this.#grow();
    const index = this.#count++;
    const isFirst = index === this.#rowStart.at(-1);
    const begin = isFirst ? beginMs : Math.max(beginMs, this.#end[index - 1] ?? 0);
    this.#begin[index] = begin;
    this.#end[index] = Math.max(begin, endMs);
    this.#state[index] = state;
    this.#name[index] = name;
    this.#item[index] = item;
  }

  #grow(): void {
    const capacity = this.#begin.length * 2;
    const grown = <Column extends Float64Array | Uint32Array | Uint8Array>(from: Column, to: Column): Column => {
      to.set(from);
      return to;
    };
    this.#begin = grown(this.#begin, new Float64Array(capacity));
    this.#end = grown(this.#end, new Float64Array(capacity));
    this.#state = grown(this.#state, new Uint8Array(capacity));
    this.#name = grown(this.#name, new Uint32Array(capacity));
    this.#item = grown(this.#item, new Uint32Array(capacity));
  }

  finish(): SpanColumns {
    const count = this.#count;
    return withPyramid({
      begin: this.#begin.slice(0, count),
      end: this.#end.slice(0, count),
      state: this.#state.slice(0, count),
      name: this.#name.slice(0, count),
      item: this.#item.slice(0, count),
      rowStart: Uint32Array.from([...this.#rowStart, count]),
    });
  }
}

type Bare = Omit<SpanColumns, "levelStart" | "groupBegin" | "groupEnd" | "covered" | "mostly">;

/** Builds the pyramids; also after the times of spans were exchanged for others in the same order. */
export function withPyramid(bare: Bare): SpanColumns {
  const rows = bare.rowStart.length - 1;
  const levelStart = new Uint32Array(rows * (LEVELS + 1));
  let groups = 0;
  for (let row = 0; row < rows; row++) {
    let size = (bare.rowStart[row + 1] ?? 0) - (bare.rowStart[row] ?? 0);
    for (let level = 1; level <= LEVELS; level++) {
      size = Math.ceil(size / FANOUT);
      levelStart[row * (LEVELS + 1) + level] = groups;
      groups += size;
      if (size <= 1) {
        // Levels above the root are empty and never looked at.
        for (let above = level + 1; above <= LEVELS; above++) levelStart[row * (LEVELS + 1) + above] = groups;
        break;
      }
    }
  }
  const columns: SpanColumns = {
    ...bare,
    levelStart,
    groupBegin: new Float64Array(groups),
    groupEnd: new Float64Array(groups),
    covered: new Float32Array(groups),
    mostly: new Uint8Array(groups),
  };
  for (let row = 0; row < rows; row++) fillRow(columns, row);
  return columns;
}

function fillRow(columns: SpanColumns, row: number): void {
  const { begin, end, groupBegin, groupEnd, covered } = columns;
  forEachGroup(columns, row, (group, from, to, level) => {
    let sum = 0;
    for (let child = from; child < to; child++) {
      sum += level === 1 ? (end[child] ?? 0) - (begin[child] ?? 0) : (covered[child] ?? 0);
    }
    groupBegin[group] = (level === 1 ? begin[from] : groupBegin[from]) ?? 0;
    groupEnd[group] = (level === 1 ? end[to - 1] : groupEnd[to - 1]) ?? 0;
    covered[group] = sum;
  });
  fillMostly(columns, row);
}

/** Fills for each group of a row by what most of it is covered; what it covers is known already. */
export function fillMostly(columns: SpanColumns, row: number): void {
  const { begin, end, state, covered, mostly } = columns;
  const byState = new Float64Array(256);
  forEachGroup(columns, row, (group, from, to, level) => {
    const of = level === 1 ? state : mostly;
    for (let child = from; child < to; child++) {
      const what = of[child] ?? 0;
      const length = level === 1 ? (end[child] ?? 0) - (begin[child] ?? 0) : (covered[child] ?? 0);
      byState[what] = (byState[what] ?? 0) + length + Number.MIN_VALUE;
    }
    let best = of[from] ?? 0;
    for (let child = from; child < to; child++) {
      const what = of[child] ?? 0;
      if ((byState[what] ?? 0) > (byState[best] ?? 0)) best = what;
    }
    for (let child = from; child < to; child++) byState[of[child] ?? 0] = 0;
    mostly[group] = best;
  });
}

/** Each group of a row, from the lowest level up, with its children: spans at level 1, else groups. */
function forEachGroup(
  { rowStart, levelStart }: SpanColumns,
  row: number,
  visit: (group: number, from: number, to: number, level: number) => void,
): void {
  const first = rowStart[row] ?? 0;
  let size = (rowStart[row + 1] ?? 0) - first;
  for (let level = 1; size > (level === 1 ? 0 : 1); level++) {
    const groups = Math.ceil(size / FANOUT);
    const at = levelStart[row * (LEVELS + 1) + level] ?? 0;
    const below = level === 1 ? first : (levelStart[row * (LEVELS + 1) + level - 1] ?? 0);
    for (let group = 0; group < groups; group++) {
      const from = below + group * FANOUT;
      visit(at + group, from, Math.min(from + FANOUT, below + size), level);
    }
    size = groups;
  }
}

/** Height of a row's pyramid: the level with a single group; 0 for a row without spans. */
export function topLevel(columns: SpanColumns, row: number): number {
  let size = (columns.rowStart[row + 1] ?? 0) - (columns.rowStart[row] ?? 0);
  if (size === 0) return 0;
  let level = 0;
  do {
    size = Math.ceil(size / FANOUT);
    level++;
  } while (size > 1);
  return level;
}

/** The first span of a row that ends after `atMs`; the row's end if none does. */
function firstEndingAfter(columns: SpanColumns, row: number, atMs: number): number {
  let low = columns.rowStart[row] ?? 0;
  let high = columns.rowStart[row + 1] ?? 0;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((columns.end[middle] ?? 0) > atMs) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The span of a row at a moment, or the nearest within `slackMs`; -1 if there is none. */
export function spanAt(columns: SpanColumns, row: number, atMs: number, slackMs: number): number {
  const next = firstEndingAfter(columns, row, atMs);
  const limit = columns.rowStart[row + 1] ?? 0;
  let best = -1;
  let bestMs = slackMs;
  for (const span of [next - 1, next]) {
    if (span < (columns.rowStart[row] ?? 0) || span >= limit) continue;
    const distanceMs = Math.max((columns.begin[span] ?? 0) - atMs, atMs - (columns.end[span] ?? 0), 0);
    if (distanceMs <= bestMs) {
      best = span;
      bestMs = distanceMs;
    }
  }
  return best;
}

/** The spans of a row that lie over a stretch of time, in order. */
export function* overlapping(columns: SpanColumns, row: number, fromMs: number, toMs: number): Generator<number> {
  const limit = columns.rowStart[row + 1] ?? 0;
  for (let span = firstEndingAfter(columns, row, fromMs); span < limit; span++) {
    if ((columns.begin[span] ?? 0) >= toMs) return;
    yield span;
  }
}

/** The row in which a span stands. */
export function rowOf(columns: SpanColumns, span: number): number {
  let low = 0;
  let high = columns.rowStart.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((columns.rowStart[middle] ?? 0) <= span) low = middle;
    else high = middle - 1;
  }
  return low;
}
