/**
 * By what the bars of the timeline are coloured: by task, by thread or by state.
 *
 * A tone is a number: below `STATE_TONES` one of the eight colours of `HUES`, strong where
 * it ran or was held and pale where it waited; from there on the colour of a state. What
 * belongs to no task or thread is then as grey as a scope, so that no colour means two
 * things. Pattern and letter tell the state whatever the tone.
 */
import type { Model } from "../analysis/model.js";
import { fillMostly, itemIndex, itemKind, ItemKind, rowOf, type SpanColumns, spanAt } from "./span-store.js";
import { inkOn, mixed, State, STATES } from "./states.js";

export const COLOUR_BY = ["task", "thread", "state"] as const;
export type ColourBy = (typeof COLOUR_BY)[number];

/**
 * From the colours of Okabe and Ito without black, moved until every two are as far apart
 * as can be for each common kind of colour blindness, on dark and on light. The last is
 * for all others.
 */
export const HUES: readonly { readonly dark: string; readonly light: string }[] = [
  { dark: "#b5e6ff", light: "#01b9ff" },
  { dark: "#e7bc08", light: "#e1801c" },
  { dark: "#2bc16a", light: "#589453" },
  { dark: "#b280c1", light: "#b357b1" },
  { dark: "#2e79e1", light: "#004264" },
  { dark: "#c01800", light: "#ab2c05" },
  { dark: "#e5fd87", light: "#ffc900" },
  { dark: "#9baba2", light: "#6b6161" },
];
const OTHERS = HUES.length - 1;
/** The same hue, mixed into the background. */
const PALE = HUES.length;
const STATE_TONES = 2 * HUES.length;
/** Of a pale tone, so much is its hue. */
const PALE_SHARE = { dark: 0.38, light: 0.38 };
const BACKGROUND = { dark: "#12161c", light: "#ffffff" };

/** How a tone is drawn. */
export interface ToneLook {
  readonly dark: string;
  readonly light: string;
  /** The colour of what is written on it. */
  readonly inkOnDark: string;
  readonly inkOnLight: string;
}

function lookOf(dark: string, light: string): ToneLook {
  return { dark, light, inkOnDark: inkOn(dark), inkOnLight: inkOn(light) };
}

/** In the order of tones. */
export const TONES: readonly ToneLook[] = [
  ...HUES.map(({ dark, light }) => lookOf(dark, light)),
  ...HUES.map(({ dark, light }) =>
    lookOf(mixed(dark, BACKGROUND.dark, PALE_SHARE.dark), mixed(light, BACKGROUND.light, PALE_SHARE.light)),
  ),
  ...STATES.map(({ dark, light }) => lookOf(dark, light)),
];

export function toneOfState(state: number): number {
  return STATE_TONES + state;
}

/** What a tone stands for; `name` is `undefined` for all that have no colour of their own. */
export interface ToneName {
  readonly tone: number;
  readonly name: string | undefined;
}

export interface Tones {
  /** Of each span. */
  readonly ofSpan: Uint8Array<ArrayBuffer>;
  readonly names: readonly ToneName[];
}

/**
 * The tone of each span. The tasks, or threads, that ran longest have colours of their own.
 *
 * @param before - names that had colours, and keep them
 * **Cost** A few passes over the spans; nothing but one for states.
 */
export function tonesOf(model: Model, by: ColourBy, before: readonly ToneName[] = []): Tones {
  const { columns } = model;
  if (by === "state") return { ofSpan: columns.state.map(toneOfState), names: [] };
  const grey = STATES.map((_, state) => toneOfState(KEEP_COLOUR.has(state) ? state : State.scope));
  const ofSpan = columns.state.map((state) => grey[state] ?? 0);
  const keys = by === "task" ? taskKeys(model) : threadKeys(model);
  const nameOf = (key: number): string =>
    by === "task" ? (model.names[key] ?? "") : (model.summary.threads[key]?.name ?? "");
  const known = new Map(before.map(({ name, tone }) => [name, tone]));
  const hues = huesOf(columns, keys, (key) => known.get(nameOf(key)));
  keys.forEach((key, span) => {
    const hue = key === NO_KEY ? undefined : (hues.get(key) ?? OTHERS);
    if (hue !== undefined) ofSpan[span] = isAtWork(columns.state[span]) ? hue : PALE + hue;
  });
  const names: ToneName[] = [...hues].map(([key, tone]) => ({ tone, name: nameOf(key) }));
  if (keys.some((key) => key !== NO_KEY && !hues.has(key))) names.push({ tone: OTHERS, name: undefined });
  return { ofSpan, names };
}

/** The same columns for a painter, which then paints tones and not states. */
export function inTones(columns: SpanColumns, { ofSpan }: Tones): SpanColumns {
  const painted = { ...columns, state: ofSpan, mostly: new Uint8Array(columns.mostly.length) };
  for (let row = 0; row < columns.rowStart.length - 1; row++) fillMostly(painted, row);
  return painted;
}

const NO_KEY = -1;
/** States that no task or thread can be in, in any colouring. */
const KEEP_COLOUR: ReadonlySet<number> = new Set([
  State.stall,
  State.gc,
  State.dropped,
  State.idle,
  State.scope,
  State.noted,
]);

function isAtWork(state: number | undefined): boolean {
  return state === State.running || state === State.held;
}

/** The hue of each key: by how long it ran, so that what matters is told apart. */
function huesOf(
  { begin, end, state }: SpanColumns,
  keys: Int32Array,
  hueBefore: (key: number) => number | undefined,
): ReadonlyMap<number, number> {
  let most = NO_KEY;
  for (let span = 0; span < keys.length; span++) most = Math.max(most, keys[span] ?? NO_KEY);
  const ranMs = new Float64Array(most + 1).fill(NaN); // NaN of keys that no span has
  for (let span = 0; span < keys.length; span++) {
    const key = keys[span] ?? NO_KEY;
    if (key === NO_KEY) continue;
    const ms = state[span] === State.running ? (end[span] ?? 0) - (begin[span] ?? 0) : 0;
    ranMs[key] = (Number.isNaN(ranMs[key]) ? 0 : (ranMs[key] ?? 0)) + ms;
  }
  const ranking = [...ranMs.keys()]
    .filter((key) => !Number.isNaN(ranMs[key]))
    .sort((a, b) => (ranMs[b] ?? 0) - (ranMs[a] ?? 0) || a - b);
  const hues = new Map<number, number>();
  for (const key of ranking) {
    const hue = hueBefore(key);
    if (hue !== undefined) hues.set(key, hue);
  }
  const taken = new Set(hues.values());
  const free = HUES.map((_, hue) => hue).filter((hue) => hue !== OTHERS && !taken.has(hue));
  for (const key of ranking) {
    if (hues.has(key)) continue;
    const hue = free.shift();
    if (hue === undefined) break;
    hues.set(key, hue);
  }
  return hues;
}

/** By the name of the function: jobs of one function have one colour. */
function taskKeys(model: Model): Int32Array {
  const { columns } = model;
  const keys = new Int32Array(columns.begin.length).fill(NO_KEY);
  const steps = stepsByThread(model);
  for (let span = 0; span < keys.length; span++) {
    const item = columns.item[span] ?? 0;
    const kind = itemKind(item);
    if (kind === ItemKind.job || (kind === ItemKind.scope && columns.state[span] !== State.scope)) {
      keys[span] = columns.name[span] ?? NO_KEY;
    }
  }
  forEachRun(model, (span, thread) => {
    const step = stepAt(columns, steps.get(thread) ?? [], middleOf(columns, span));
    if (step !== undefined) keys[span] = columns.name[step] ?? NO_KEY;
  });
  return keys;
}

/** By the place of the thread in the list of threads. */
function threadKeys(model: Model): Int32Array {
  const { columns, jobThreads, rows, summary } = model;
  const keys = new Int32Array(columns.begin.length).fill(NO_KEY);
  const places = new Map(summary.threads.map(({ index }, place) => [index, place]));
  rows.forEach(({ thread }, row) => {
    const to = columns.rowStart[row + 1] ?? 0;
    const ofRow = thread === undefined ? undefined : places.get(thread);
    for (let span = columns.rowStart[row] ?? 0; span < to; span++) {
      const item = columns.item[span] ?? 0;
      const state = columns.state[span];
      if (state === State.idle || state === State.stall || state === State.gc || state === State.dropped) continue;
      const kind = itemKind(item);
      if (ofRow !== undefined) keys[span] = ofRow;
      else if (kind === ItemKind.thread) keys[span] = itemIndex(item);
      else if (kind === ItemKind.job) keys[span] = places.get(jobThreads[itemIndex(item)]) ?? NO_KEY;
    }
  });
  return keys;
}

// Where threads and cores meet

/** Rows of the steps of each thread, the deepest first. */
export function stepsByThread({ rows }: Model): ReadonlyMap<number, readonly number[]> {
  const found = new Map<number, number[]>();
  rows.forEach(({ group, thread, badge }, row) => {
    if (group !== "threads" || thread === undefined || badge === "sampled") return;
    const known = found.get(thread);
    if (known === undefined) found.set(thread, [row]);
    else known.unshift(row);
  });
  return found;
}

/** The innermost step at a moment. */
function stepAt(columns: SpanColumns, rows: readonly number[], atMs: number): number | undefined {
  for (const row of rows) {
    const span = spanAt(columns, row, atMs, 0);
    if (span !== -1 && columns.state[span] === State.running) return span;
  }
  return undefined;
}

function middleOf({ begin, end }: SpanColumns, span: number): number {
  return ((begin[span] ?? 0) + (end[span] ?? 0)) / 2;
}

/** Every stretch of a thread of ours on a core. */
function forEachRun(model: Model, visit: (span: number, thread: number) => void): void {
  const { columns, groups, summary } = model;
  const cores = groups.find(({ name }) => name === "cores");
  if (cores === undefined) return;
  const to = columns.rowStart[cores.firstRow + cores.rows] ?? 0;
  for (let span = columns.rowStart[cores.firstRow] ?? 0; span < to; span++) {
    const thread = summary.threads[itemIndex(columns.item[span] ?? 0)]?.index;
    if (thread !== undefined) visit(span, thread);
  }
}

/** The group in which a span stands. */
export function groupOf({ columns, rows }: Model, span: number): string | undefined {
  return rows[rowOf(columns, span)]?.group;
}
