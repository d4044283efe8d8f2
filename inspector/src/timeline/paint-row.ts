/**
 * Paints a row of spans into one line of pixels.
 *
 * Each pixel shows the state that covers most of its time, as strong as it is covered,
 * and never so weak that it could be overlooked. What is wide enough to bear a letter
 * is handed back for the pass that writes.
 */
import { FANOUT, LEVELS, type SpanColumns, topLevel } from "./span-store.js";

/** Which part of time is on the screen. */
export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

/** From this width on, a span is one of the wide ones. */
const WIDE_PIXELS = 10;
/** As weak as a pixel with anything in it may be. */
const LEAST_STRENGTH = 0.45;

/** Room for one line, used again for each. */
export class RowPainter {
  readonly width: number;
  /** Spans of the last painted row from `WIDE_PIXELS` on. */
  readonly wide: number[] = [];
  readonly #covered: Float32Array;
  readonly #best: Float32Array;
  readonly #state: Uint8Array;
  #row = 0;
  #fromMs = 0;
  #perMs = 0;

  constructor(width: number) {
    this.width = width;
    this.#covered = new Float32Array(width);
    this.#best = new Float32Array(width);
    this.#state = new Uint8Array(width);
  }

  /**
   * @param palette - a pixel for each state
   * @param into - the line begins at `offset`; pixels without spans are left at 0
   */
  paint(
    columns: SpanColumns,
    row: number,
    window: TimeWindow,
    palette: Uint32Array,
    into: Uint32Array,
    offset: number,
  ): void {
    this.#row = row;
    this.#fromMs = window.fromMs;
    this.#perMs = this.width / (window.toMs - window.fromMs);
    this.wide.length = 0;
    this.#covered.fill(0);
    this.#best.fill(0);
    const top = topLevel(columns, row);
    if (top > 0) this.#groups(columns, top, 0, 1);
    for (let x = 0; x < this.width; x++) {
      const covered = this.#covered[x] ?? 0;
      if (covered === 0) continue;
      const strength = Math.max(LEAST_STRENGTH, Math.min(1, covered));
      const colour = palette[this.#state[x] ?? 0] ?? 0;
      into[offset + x] = ((colour & 0xffffff) | (Math.round(strength * 255) << 24)) >>> 0;
    }
  }

  /** Groups `from` to `to - 1` of a level above 0. */
  #groups(columns: SpanColumns, level: number, from: number, to: number): void {
    const { groupBegin, groupEnd, covered, mostly } = columns;
    const start = columns.levelStart[this.#row * (LEVELS + 1) + level] ?? 0;
    for (let group = from; group < to; group++) {
      const left = ((groupBegin[start + group] ?? 0) - this.#fromMs) * this.#perMs;
      if (left >= this.width) return;
      const right = ((groupEnd[start + group] ?? 0) - this.#fromMs) * this.#perMs;
      if (right < 0) continue;
      // Of a group that reaches in from the left only a part may be here: it is opened.
      if (right - left < 1 && left >= 0) {
        this.#dab(left, (covered[start + group] ?? 0) * this.#perMs, mostly[start + group] ?? 0);
      } else if (level > 1) {
        const children = this.#sizeOf(columns, level - 1);
        this.#groups(columns, level - 1, group * FANOUT, Math.min((group + 1) * FANOUT, children));
      } else {
        const rowFrom = columns.rowStart[this.#row] ?? 0;
        const last = Math.min(rowFrom + (group + 1) * FANOUT, columns.rowStart[this.#row + 1] ?? 0);
        for (let span = rowFrom + group * FANOUT; span < last; span++) this.#span(columns, span);
      }
    }
  }

  /** How many groups a level of the row has. */
  #sizeOf(columns: SpanColumns, level: number): number {
    const spans = (columns.rowStart[this.#row + 1] ?? 0) - (columns.rowStart[this.#row] ?? 0);
    return Math.ceil(spans / FANOUT ** level);
  }

  #span(columns: SpanColumns, span: number): void {
    const left = ((columns.begin[span] ?? 0) - this.#fromMs) * this.#perMs;
    const right = ((columns.end[span] ?? 0) - this.#fromMs) * this.#perMs;
    if (right < 0 || left >= this.width) return;
    const state = columns.state[span] ?? 0;
    if (right - left < 1) return this.#dab(left, right - left, state);
    if (right - left >= WIDE_PIXELS) this.wide.push(span);
    const from = Math.max(0, Math.floor(left));
    const to = Math.min(this.width, Math.ceil(right));
    for (let x = from; x < to; x++) this.#cover(x, Math.min(right, x + 1) - Math.max(left, x), state);
  }

  /** Something narrower than a pixel: it counts for the one in which it begins. */
  #dab(left: number, share: number, state: number): void {
    this.#cover(Math.min(this.width - 1, Math.max(0, Math.floor(left))), Math.max(share, 0.001), state);
  }

  #cover(x: number, share: number, state: number): void {
    this.#covered[x] = (this.#covered[x] ?? 0) + share;
    if (share <= (this.#best[x] ?? 0)) return;
    this.#best[x] = share;
    this.#state[x] = state;
  }
}
