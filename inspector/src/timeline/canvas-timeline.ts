/**
 * Draws the timeline on a canvas, whole, at every change.
 *
 * The rows that are on the screen are painted as lines of pixels into one small picture,
 * which is then stretched, line by line, to the height of each row: so a frame costs the
 * same however many spans there are. Only what is wide enough to be read is then written
 * and patterned over.
 */
import type { GroupInfo, GroupName, RowInfo } from "../analysis/model.js";
import { firstRowBelow, HEADING_HEIGHT, type Layout, layOut } from "./layout.js";
import { RowPainter, type TimeWindow } from "./paint-row.js";
import { itemKind, ItemKind, rowOf, type SpanColumns, spanAt } from "./span-store.js";
import { pixelOf, STATES, type Pattern } from "./states.js";
import { TONES } from "./tones.js";
import { ticksOf } from "./window.js";

export const RULER_HEIGHT = 26;

/** What is drawn. */
export interface Picture {
  readonly columns: SpanColumns;
  /** The same, with tones in place of states. */
  readonly painted: SpanColumns;
  readonly rows: readonly RowInfo[];
  readonly groups: readonly GroupInfo[];
  readonly names: readonly string[];
  /** Width of time, in the unit of the columns. */
  readonly extent: number;
}

/** Everything else that a frame depends on. */
export interface Shown {
  readonly window: TimeWindow;
  readonly scrollTop: number;
  readonly folded: ReadonlySet<GroupName>;
  readonly selected: number | undefined;
  readonly hovered: number | undefined;
  readonly range: TimeWindow | undefined;
  readonly marks: readonly { readonly fromMs: number; readonly toMs: number; readonly isProblem: boolean }[];
  /** Pairs of spans, from the cause to the effect. */
  readonly arrows: readonly { readonly from: number; readonly to: number }[];
  /** A critical path, in order of time, in the unit of the axis. */
  readonly path: readonly { readonly row: number; readonly fromMs: number; readonly toMs: number }[];
  /** Spans of these items are shown in full, others dimmed; `undefined` shows all alike. */
  readonly found: ReadonlySet<number> | undefined;
}

export interface Colours {
  readonly isDark: boolean;
  readonly background: string;
  readonly heading: string;
  readonly text: string;
  readonly weak: string;
  readonly line: string;
  readonly accent: string;
  readonly problem: string;
}

/** How to write what is drawn in words of the language. */
export interface Wording {
  readonly heading: (group: GroupInfo) => string;
  readonly label: (row: RowInfo) => string;
  readonly badge: (row: RowInfo) => string;
  readonly tick: (atMs: number, stepMs: number) => string;
  readonly unnamed: string;
}

/** A row that was painted, and its spans that are wide. */
interface PaintedRow {
  readonly row: number;
  readonly wide: readonly number[];
}

/** What the lines of a frame were painted for. */
interface Painted {
  readonly columns: SpanColumns;
  readonly window: TimeWindow;
  readonly width: number;
  readonly palette: Uint32Array;
  readonly rows: readonly PaintedRow[];
}

const FONT = "11px system-ui, sans-serif";
const SMALL_FONT = "10px system-ui, sans-serif";
/** Bars narrower than this bear no name, and narrower than `LETTER_WIDTH` no letter. */
const NAME_WIDTH = 34;
const LETTER_WIDTH = 13;

export class CanvasTimeline {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #strip = document.createElement("canvas");
  readonly #stripContext: CanvasRenderingContext2D;
  #picture: Picture | undefined;
  #layout: Layout | undefined;
  #laidOutFor: ReadonlySet<GroupName> | undefined;
  #painter = new RowPainter(1);
  /** The lines of the last frame, and of which rows they are. */
  #pixels = new ImageData(1, 1);
  #painted: Painted | undefined;
  readonly #patterns = new Map<Pattern, CanvasPattern | null>();
  #palette = new Uint32Array(TONES.length);
  #colours: Colours | undefined;
  #width = 0;
  #height = 0;
  #scale = 1;
  gutter = 170;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    // Opaque: the page behind need not be mixed in.
    this.#context = canvas.getContext("2d", { alpha: false }) as CanvasRenderingContext2D;
    this.#stripContext = this.#strip.getContext("2d") as CanvasRenderingContext2D;
  }

  set picture(picture: Picture | undefined) {
    if (picture === this.#picture) return;
    this.#picture = picture;
    this.#layout = undefined;
  }

  set colours(colours: Colours) {
    if (colours === this.#colours) return;
    this.#colours = colours;
    this.#palette = Uint32Array.from(TONES, ({ dark, light }) => pixelOf(colours.isDark ? dark : light));
    this.#patterns.clear();
  }

  resize(width: number, height: number, scale: number): void {
    this.#width = width;
    this.#height = height;
    this.#scale = scale;
    this.#canvas.width = Math.max(1, Math.round(width * scale));
    this.#canvas.height = Math.max(1, Math.round(height * scale));
    this.gutter = width < 640 ? 92 : 170;
  }

  get chartWidth(): number {
    return Math.max(1, this.#width - this.gutter);
  }

  get viewHeight(): number {
    return Math.max(0, this.#height - RULER_HEIGHT);
  }

  layoutFor(folded: ReadonlySet<GroupName>): Layout | undefined {
    if (this.#picture === undefined) return undefined;
    if (this.#layout === undefined || this.#laidOutFor !== folded) {
      this.#layout = layOut(this.#picture.rows, this.#picture.groups, folded);
      this.#laidOutFor = folded;
    }
    return this.#layout;
  }

  /** The moment under a place on the canvas. */
  timeAt(x: number, window: TimeWindow): number {
    return window.fromMs + ((x - this.gutter) / this.chartWidth) * (window.toMs - window.fromMs);
  }

  xOf(atMs: number, window: TimeWindow): number {
    return this.gutter + ((atMs - window.fromMs) / (window.toMs - window.fromMs)) * this.chartWidth;
  }

  /** The span under a place, or within a few pixels of it. */
  spanUnder(x: number, y: number, shown: Shown): number | undefined {
    const picture = this.#picture;
    const layout = this.layoutFor(shown.folded);
    if (picture === undefined || layout === undefined || y < RULER_HEIGHT || x < this.gutter) return undefined;
    const row = firstRowBelow(layout, y - RULER_HEIGHT + shown.scrollTop);
    if (row >= layout.top.length || (layout.top[row] ?? 0) > y - RULER_HEIGHT + shown.scrollTop) return undefined;
    const slackMs = ((shown.window.toMs - shown.window.fromMs) / this.chartWidth) * 3;
    const span = spanAt(picture.columns, row, this.timeAt(x, shown.window), slackMs);
    return span === -1 ? undefined : span;
  }

  /** The group whose heading is under a place. */
  headingUnder(y: number, shown: Shown): GroupInfo | undefined {
    const at = y - RULER_HEIGHT + shown.scrollTop;
    if (y < RULER_HEIGHT) return undefined;
    return this.layoutFor(shown.folded)?.headings.find(({ top }) => at >= top && at < top + HEADING_HEIGHT)?.group;
  }

  draw(shown: Shown, wording: Wording): void {
    const context = this.#context;
    const colours = this.#colours;
    if (colours === undefined) return;
    context.setTransform(this.#scale, 0, 0, this.#scale, 0, 0);
    context.fillStyle = colours.background;
    context.fillRect(0, 0, this.#width, this.#height);
    const picture = this.#picture;
    const layout = this.layoutFor(shown.folded);
    if (picture === undefined || layout === undefined) return;
    this.#grid(shown, colours, picture);
    const wide = this.#rows(shown, picture, layout, colours);
    this.#bars(shown, picture, layout, colours, wide, wording);
    this.#marks(shown, colours);
    this.#path(shown, layout, colours);
    this.#emphasis(shown, picture, layout, colours);
    this.#gutter(shown, picture, layout, colours, wording);
    this.#ruler(shown, colours, wording);
  }

  #grid({ window }: Shown, colours: Colours, picture: Picture): void {
    const context = this.#context;
    context.fillStyle = colours.line;
    for (const atMs of ticksOf(window, this.chartWidth, 110).atMs) {
      context.fillRect(Math.round(this.xOf(atMs, window)), RULER_HEIGHT, 1, this.#height);
    }
    // What lies outside the recording.
    context.fillStyle = colours.heading;
    const begin = this.xOf(0, window);
    const end = this.xOf(picture.extent, window);
    if (begin > this.gutter) context.fillRect(this.gutter, RULER_HEIGHT, begin - this.gutter, this.#height);
    if (end < this.#width) context.fillRect(end, RULER_HEIGHT, this.#width - end, this.#height);
  }

  /** Paints the rows on the screen. @returns for each of them the spans that are wide */
  #rows(shown: Shown, { painted: columns }: Picture, layout: Layout, colours: Colours): readonly PaintedRow[] {
    const { scrollTop, window } = shown;
    const deviceWidth = Math.max(1, Math.round(this.chartWidth * this.#scale));
    const visible: number[] = [];
    for (let row = firstRowBelow(layout, scrollTop); row < layout.top.length; row++) {
      if ((layout.top[row] ?? 0) >= scrollTop + this.viewHeight) break;
      if ((layout.height[row] ?? 0) > 0) visible.push(row);
    }
    if (visible.length === 0) return [];
    const found = this.#lines(visible, columns, window, deviceWidth);
    this.#stripContext.putImageData(this.#pixels, 0, 0, 0, 0, deviceWidth, visible.length);
    const context = this.#context;
    context.imageSmoothingEnabled = false;
    context.globalAlpha = shown.found === undefined ? 1 : 0.28;
    visible.forEach((row, line) => {
      const y = RULER_HEIGHT + (layout.top[row] ?? 0) - scrollTop;
      const height = (layout.height[row] ?? 0) - ((layout.height[row] ?? 0) > 8 ? 2 : 1);
      context.drawImage(this.#strip, 0, line, deviceWidth, 1, this.gutter, y, this.chartWidth, height);
    });
    context.globalAlpha = 1;
    if (shown.found !== undefined) this.#foundOnes(shown, columns, layout, colours, found);
    return found;
  }

  /**
   * Paints a line for each row, and takes over those of the last frame that are still
   * right: while a person scrolls or points, nearly all.
   */
  #lines(rows: readonly number[], columns: SpanColumns, window: TimeWindow, width: number): PaintedRow[] {
    if (this.#painter.width !== width) this.#painter = new RowPainter(width);
    const last = this.#painted;
    const isRight =
      last !== undefined &&
      last.columns === columns &&
      last.width === width &&
      last.palette === this.#palette &&
      last.window.fromMs === window.fromMs &&
      last.window.toMs === window.toMs;
    const known = new Map(isRight ? last.rows.map(({ row }, line) => [row, line]) : []);
    const before = new Uint32Array(this.#pixels.data.buffer);
    const pixels = new ImageData(width, rows.length);
    const words = new Uint32Array(pixels.data.buffer);
    const painted = rows.map((row, line): PaintedRow => {
      const at = known.get(row);
      const same = at === undefined ? undefined : last?.rows[at];
      if (at !== undefined && same !== undefined) {
        words.set(before.subarray(at * width, (at + 1) * width), line * width);
        return same;
      }
      this.#painter.paint(columns, row, window, this.#palette, words, line * width);
      return { row, wide: [...this.#painter.wide] };
    });
    this.#pixels = pixels;
    this.#painted = { columns, window, width, palette: this.#palette, rows: painted };
    if (this.#strip.width !== width || this.#strip.height < rows.length) {
      this.#strip.width = width;
      this.#strip.height = Math.max(64, rows.length);
    }
    return painted;
  }

  /** What a search found, over the dimmed rest. */
  #foundOnes(
    { found, window, scrollTop }: Shown,
    columns: SpanColumns,
    layout: Layout,
    colours: Colours,
    rows: readonly PaintedRow[],
  ): void {
    const context = this.#context;
    for (const { row } of rows) {
      const from = columns.rowStart[row] ?? 0;
      const to = columns.rowStart[row + 1] ?? 0;
      // A search through more than can be looked at in a frame shows by its list instead.
      if (to - from > 200_000) continue;
      const y = RULER_HEIGHT + (layout.top[row] ?? 0) - scrollTop;
      const height = (layout.height[row] ?? 0) - 2;
      for (let span = from; span < to; span++) {
        if (!found?.has(columns.item[span] ?? 0)) continue;
        const left = this.xOf(columns.begin[span] ?? 0, window);
        const right = this.xOf(columns.end[span] ?? 0, window);
        if (right < this.gutter || left > this.#width) continue;
        const look = TONES[columns.state[span] ?? 0];
        context.fillStyle = (colours.isDark ? look?.dark : look?.light) ?? colours.accent;
        const x = Math.max(left, this.gutter);
        context.fillRect(x, y, Math.max(2, right - x), height);
      }
    }
  }

  /** Patterns, letters and names. */
  #bars(
    shown: Shown,
    { columns, painted, names }: Picture,
    layout: Layout,
    colours: Colours,
    rows: readonly PaintedRow[],
    { unnamed }: Wording,
  ): void {
    const context = this.#context;
    const { window, scrollTop } = shown;
    context.textBaseline = "middle";
    for (const { row, wide } of rows) {
      const height = layout.height[row] ?? 0;
      const y = RULER_HEIGHT + (layout.top[row] ?? 0) - scrollTop;
      for (const span of wide) {
        const left = Math.max(this.xOf(columns.begin[span] ?? 0, window), this.gutter);
        const right = Math.min(this.xOf(columns.end[span] ?? 0, window), this.#width);
        const width = right - left;
        const look = STATES[columns.state[span] ?? 0];
        if (look === undefined || width < 4) continue;
        const pattern = this.#pattern(look.pattern, colours);
        if (pattern !== null) {
          context.fillStyle = pattern;
          context.fillRect(left, y, width, height - (height > 8 ? 2 : 1));
        }
        // A hair of the background, so that neighbours of one state stay two.
        if (width > 5) {
          context.fillStyle = colours.background;
          context.fillRect(right - 0.5, y, 0.5, height);
        }
        if (height < 11 || width < LETTER_WIDTH) continue;
        const hasName = width >= NAME_WIDTH;
        const name = names[columns.name[span] ?? 0] ?? "";
        const shownName = name === "" && itemKind(columns.item[span] ?? 0) === ItemKind.job ? unnamed : name;
        const text = hasName && shownName !== "" ? this.#fitted(shownName, look.letter, width - 8) : look.letter;
        if (text === "") continue;
        context.font = height < 16 ? SMALL_FONT : FONT;
        const tone = TONES[painted.state[span] ?? 0];
        context.fillStyle = (colours.isDark ? tone?.inkOnDark : tone?.inkOnLight) ?? colours.text;
        context.fillText(text, left + 4, y + height / 2 - 0.5);
      }
    }
  }

  /** As much of a name as there is room for; measured by its letters, as measuring text costs more than drawing it. */
  #fitted(name: string, letter: string, width: number): string {
    const text = letter === "" || letter === "R" ? name : `${letter} ${name}`;
    const fits = Math.floor(width / 5.9);
    if (text.length <= fits) return text;
    return fits < 3 ? letter : `${text.slice(0, fits - 1)}…`;
  }

  #pattern(pattern: Pattern, colours: Colours): CanvasPattern | null {
    const known = this.#patterns.get(pattern);
    if (known !== undefined) return known;
    const made = pattern === "none" ? null : makePattern(pattern, colours.isDark, this.#context);
    this.#patterns.set(pattern, made);
    return made;
  }

  #marks({ marks, window, range }: Shown, colours: Colours): void {
    const context = this.#context;
    for (const { fromMs, toMs, isProblem } of marks) {
      const left = Math.max(this.xOf(fromMs, window), this.gutter);
      const right = Math.min(this.xOf(toMs, window), this.#width);
      if (right < this.gutter || left > this.#width) continue;
      context.fillStyle = isProblem ? colours.problem : colours.accent;
      context.fillRect(left, RULER_HEIGHT - 3, Math.max(2, right - left), 3);
    }
    if (range === undefined) return;
    const left = this.xOf(range.fromMs, window);
    const right = this.xOf(range.toMs, window);
    context.fillStyle = colours.accent;
    context.globalAlpha = 0.14;
    context.fillRect(left, RULER_HEIGHT, right - left, this.#height);
    context.globalAlpha = 1;
    context.fillRect(Math.round(left), RULER_HEIGHT, 1, this.#height);
    context.fillRect(Math.round(right), RULER_HEIGHT, 1, this.#height);
  }

  /** A line along each stretch of the critical path, and from one to the next. */
  #path({ path, window, scrollTop }: Shown, layout: Layout, colours: Colours): void {
    if (path.length === 0) return;
    const context = this.#context;
    context.save();
    context.beginPath();
    context.rect(this.gutter, RULER_HEIGHT, this.#width, this.#height);
    context.clip();
    context.beginPath();
    path.forEach(({ row, fromMs, toMs }, index) => {
      const y = RULER_HEIGHT + (layout.top[row] ?? 0) + (layout.height[row] ?? 0) / 2 - scrollTop;
      const left = this.xOf(fromMs, window);
      if (index === 0) context.moveTo(left, y);
      else context.lineTo(left, y);
      context.lineTo(this.xOf(toMs, window), y);
    });
    context.lineJoin = "round";
    context.strokeStyle = colours.background;
    context.lineWidth = 5;
    context.stroke();
    context.strokeStyle = colours.text;
    context.lineWidth = 2;
    context.stroke();
    context.restore();
  }

  /** Where a span stands on the canvas, on the screen or not. */
  #box(
    span: number,
    shown: Shown,
    { columns }: Picture,
    layout: Layout,
  ): { x: number; y: number; width: number; height: number } {
    const row = rowOf(columns, span);
    const x = this.xOf(columns.begin[span] ?? 0, shown.window);
    const right = this.xOf(columns.end[span] ?? 0, shown.window);
    const height = layout.height[row] ?? 0;
    return { x, y: RULER_HEIGHT + (layout.top[row] ?? 0) - shown.scrollTop, width: Math.max(2, right - x), height };
  }

  #emphasis(shown: Shown, picture: Picture, layout: Layout, colours: Colours): void {
    const context = this.#context;
    const spans = picture.columns.begin.length;
    const outline = (span: number | undefined, colour: string, width: number): void => {
      if (span === undefined || span >= spans) return;
      const box = this.#box(span, shown, picture, layout);
      context.strokeStyle = colour;
      context.lineWidth = width;
      const x = Math.max(box.x, this.gutter - 4);
      const right = Math.min(box.x + box.width, this.#width + 4);
      if (right > x) context.strokeRect(x, box.y - 0.5, right - x, Math.max(2, box.height - 1));
    };
    outline(shown.hovered, colours.weak, 1);
    outline(shown.selected, colours.text, 2);
    context.strokeStyle = colours.text;
    context.fillStyle = colours.text;
    context.lineWidth = 1.25;
    for (const { from, to } of shown.arrows) {
      if (from >= spans || to >= spans) continue;
      const cause = this.#box(from, shown, picture, layout);
      const effect = this.#box(to, shown, picture, layout);
      const startX = Math.min(
        Math.max(cause.x + Math.min(cause.width, Math.max(0, effect.x - cause.x)), this.gutter),
        this.#width,
      );
      const startY = cause.y + cause.height / 2;
      const endX = Math.min(Math.max(effect.x, this.gutter), this.#width);
      const endY = effect.y + effect.height / 2;
      const bend = Math.max(18, Math.abs(endX - startX) / 2);
      context.beginPath();
      context.moveTo(startX, startY);
      context.bezierCurveTo(startX + bend, startY, endX - bend, endY, endX, endY);
      context.stroke();
      context.beginPath();
      context.moveTo(endX, endY);
      context.lineTo(endX - 7, endY - 4);
      context.lineTo(endX - 7, endY + 4);
      context.fill();
    }
  }

  #gutter(shown: Shown, picture: Picture, layout: Layout, colours: Colours, wording: Wording): void {
    const context = this.#context;
    context.fillStyle = colours.background;
    context.fillRect(0, 0, this.gutter, this.#height);
    context.fillStyle = colours.line;
    context.fillRect(this.gutter - 1, 0, 1, this.#height);
    context.textBaseline = "middle";
    context.save();
    context.beginPath();
    context.rect(0, RULER_HEIGHT, this.#width, this.#height);
    context.clip();
    let freeFrom = -Infinity;
    for (let row = firstRowBelow(layout, shown.scrollTop); row < layout.top.length; row++) {
      const y = RULER_HEIGHT + (layout.top[row] ?? 0) - shown.scrollTop;
      if (y >= this.#height) break;
      const height = layout.height[row] ?? 0;
      const info = picture.rows[row];
      // Low rows bear the labels of blocks, as far as these do not lie over each other.
      if (info === undefined || height === 0 || (height < 11 && (info.label === "" || y < freeFrom))) continue;
      if (height < 11) freeFrom = y + 12;
      const text = info.label === "" ? wording.badge(info) : wording.label(info);
      if (text === "") continue;
      context.font = info.label === "" ? SMALL_FONT : FONT;
      context.fillStyle = info.label === "" ? colours.weak : colours.text;
      const indent = 10 + Math.min(info.depth, 6) * 8;
      context.fillText(shortened(text, (this.gutter - indent - 6) / 5.8), indent, y + height / 2);
    }
    for (const { group, top, isFolded } of layout.headings) {
      const y = RULER_HEIGHT + top - shown.scrollTop;
      if (y > this.#height || y + HEADING_HEIGHT < RULER_HEIGHT) continue;
      context.fillStyle = colours.heading;
      context.fillRect(0, y, this.#width, HEADING_HEIGHT - 4);
      context.fillStyle = colours.weak;
      context.beginPath();
      const middle = y + (HEADING_HEIGHT - 4) / 2;
      if (isFolded) {
        context.moveTo(9, middle - 4);
        context.lineTo(14, middle);
        context.lineTo(9, middle + 4);
      } else {
        context.moveTo(7, middle - 2.5);
        context.lineTo(15, middle - 2.5);
        context.lineTo(11, middle + 3);
      }
      context.fill();
      context.fillStyle = colours.text;
      context.font = "600 11px system-ui, sans-serif";
      context.fillText(wording.heading(group), 22, middle + 0.5);
    }
    context.restore();
  }

  #ruler(shown: Shown, colours: Colours, wording: Wording): void {
    const context = this.#context;
    context.fillStyle = colours.heading;
    context.fillRect(this.gutter, 0, this.#width, RULER_HEIGHT - 4);
    context.fillStyle = colours.weak;
    context.font = SMALL_FONT;
    context.textBaseline = "middle";
    const { atMs, stepMs } = ticksOf(shown.window, this.chartWidth, 110);
    for (const tick of atMs) {
      const x = this.xOf(tick, shown.window);
      if (x < this.gutter) continue;
      context.fillRect(Math.round(x), 14, 1, 8);
      context.fillText(wording.tick(tick, stepMs), x + 4, 11);
    }
  }
}

function shortened(text: string, letters: number): string {
  return text.length <= letters ? text : `${text.slice(0, Math.max(1, Math.floor(letters) - 1))}…`;
}

function makePattern(pattern: Pattern, isDark: boolean, context: CanvasRenderingContext2D): CanvasPattern | null {
  const size = 8;
  const tile = document.createElement("canvas");
  tile.width = size;
  tile.height = size;
  const pen = tile.getContext("2d") as CanvasRenderingContext2D;
  const ink = isDark ? "rgba(0, 0, 0, 0.26)" : "rgba(255, 255, 255, 0.34)";
  pen.strokeStyle = ink;
  pen.fillStyle = ink;
  pen.lineWidth = 1.6;
  const line = (...points: readonly [number, number][]): void => {
    pen.beginPath();
    points.forEach(([x, y], index) => (index === 0 ? pen.moveTo(x, y) : pen.lineTo(x, y)));
    pen.stroke();
  };
  if (pattern === "rising" || pattern === "cross") {
    line([-2, 10], [10, -2]);
    line([-2, 2], [2, -2]);
    line([6, 10], [10, 6]);
  }
  if (pattern === "falling" || pattern === "cross") {
    line([-2, -2], [10, 10]);
    line([6, -2], [10, 2]);
    line([-2, 6], [2, 10]);
  }
  if (pattern === "dots") {
    for (const [x, y] of [
      [2, 2],
      [6, 6],
    ] as const) {
      pen.beginPath();
      pen.arc(x, y, 1.1, 0, 7);
      pen.fill();
    }
  }
  if (pattern === "bars") {
    pen.fillRect(1, 0, 1.6, size);
    pen.fillRect(5, 0, 1.6, size);
  }
  return context.createPattern(tile, "repeat");
}
