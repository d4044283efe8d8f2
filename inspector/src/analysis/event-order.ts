/**
 * The timeline in the order of events instead of in real time: each moment at which
 * something begins or ends gets the same room, however long after the one before. So
 * what takes turns within microseconds can be read beside what lasts for seconds.
 */
import { type SpanColumns, withPyramid } from "../timeline/span-store.js";

export interface InOrder {
  /** As the columns in real time, with numbers of moments as times. */
  readonly columns: SpanColumns;
  /** When moment `i` was. */
  readonly momentsMs: Float64Array<ArrayBuffer>;
}

/** More moments than this are not read one by one, and sorting them takes seconds. */
const MOST_SPANS = 2_000_000;

export function inOrder(columns: SpanColumns): InOrder | undefined {
  const { begin, end } = columns;
  if (begin.length > MOST_SPANS) return undefined;
  const all = new Float64Array(begin.length * 2);
  all.set(begin);
  all.set(end, begin.length);
  all.sort();
  let count = 0;
  for (let i = 0; i < all.length; i++) {
    if (count === 0 || all[i] !== all[count - 1]) all[count++] = all[i] ?? 0;
  }
  const momentsMs = all.slice(0, count);
  const numbered = (times: Float64Array): Float64Array<ArrayBuffer> => {
    const numbers = new Float64Array(times.length);
    for (let i = 0; i < times.length; i++) numbers[i] = momentAt(momentsMs, times[i] ?? 0);
    return numbers;
  };
  const { state, name, item, rowStart } = columns;
  return {
    columns: withPyramid({
      begin: numbered(begin),
      end: numbered(end),
      state: state.slice(),
      name: name.slice(),
      item: item.slice(),
      rowStart: rowStart.slice(),
    }),
    momentsMs,
  };
}

/** The number of the first moment that is not before `atMs`. */
export function momentAt(momentsMs: Float64Array, atMs: number): number {
  let low = 0;
  let high = momentsMs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((momentsMs[middle] ?? 0) < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
