/**
 * The live table as lines: a function of what is known and of how it is looked at, which
 * knows no terminal. No line is wider than the width.
 */
import type { Language, Sentence } from "../../trace/index.js";
import { decimal, duration, percent } from "../../trace/words/language.js";
import type { LiveFinding, LiveState, LiveTask, LiveThread, LiveTotals } from "./state.js";
import { type Column, cut, fill, flowLines, tableLines, wrapLines } from "./table.js";
import { BADGES, ROLES, SEVERITIES, STATES, type Word, WORDS } from "./words.js";

/** Orders of the threads, in the order in which a key goes through them. */
export const SORTS = ["cpu", "wait", "delay", "thread"] as const;
export type Sort = (typeof SORTS)[number];

export interface View {
  readonly width: number;
  /** At most so many lines; all of them if `undefined`. */
  readonly height: number | undefined;
  readonly language: Language;
  readonly isColoured: boolean;
  readonly sort: Sort;
  readonly isPaused: boolean;
  /** Whether threads of the engine and the platform are shown one by one. */
  readonly showsHelpers: boolean;
  readonly showsSources: boolean;
  /** Whether the keys are said at the end. */
  readonly showsKeys: boolean;
  /** The last lines that the program printed; shown where there is room. */
  readonly output: readonly string[];
}

export const LEAST_WIDTH = 40;
const UNKNOWN = "–";
const MOST_FINDINGS = 6;
const MOST_TASKS = 12;
const MOST_WORK = 12;
/** Lines of the program's output, of those that are left. */
const MOST_OUTPUT = 8;
/** Of the height, what threads, and then tasks, take at most. */
const THREADS_SHARE = 0.45;
const TASKS_SHARE = 0.25;

export function screenLines(state: LiveState, view: View): string[] {
  const width = Math.max(LEAST_WIDTH, Math.floor(view.width));
  const painter = new Painter(view.language, view.isColoured);
  const { height = Infinity } = view;
  const blocks = [
    headLines(state, view, width, painter),
    totalLines(state.totals, width, painter),
    threadLines(state.threads, view, width, painter, Math.max(3, Math.floor(height * THREADS_SHARE))),
    taskLines(state.tasks, width, painter, Math.min(MOST_TASKS, Math.max(2, Math.floor(height * TASKS_SHARE)))),
    workLines(state, width, painter),
    findingLines(state.findings, width, painter),
    view.showsSources ? sourceLines(state, width, painter) : [],
  ].filter((block) => block.length > 0);
  const lines = blocks.flatMap((block, i) => (i < 2 ? block : ["", ...block]));
  const keys = view.showsKeys ? [painter.style("2", cut(painter.word("keys"), width))] : [];
  const room = height - keys.length;
  const output = outputLines(view.output, width, painter, room - lines.length);
  return [...[...lines, ...output].slice(0, room), ...keys];
}

/** Texts in the language and with the colours that are wanted. */
class Painter {
  readonly language: Language;
  readonly #isColoured: boolean;

  constructor(language: Language, isColoured: boolean) {
    this.language = language;
    this.#isColoured = isColoured;
  }

  style(code: string, text: string): string {
    return this.#isColoured ? `\u001B[${code}m${text}\u001B[0m` : text;
  }

  word(name: Word): string {
    return WORDS[name][this.language];
  }

  say(sentence: Sentence): string {
    return sentence[this.language];
  }

  share(value: number | undefined): string {
    return value === undefined ? UNKNOWN : percent(value);
  }

  number(value: number | undefined): string {
    return value === undefined ? UNKNOWN : decimal(value, this.language);
  }

  rate(value: number | undefined): string {
    if (value === undefined) return UNKNOWN;
    return value < 9.95 && !Number.isInteger(value) ? decimal(value, this.language) : grouped(Math.round(value));
  }

  ms(value: number | undefined): string {
    if (value === undefined) return UNKNOWN;
    if (value > 0 && value < 0.95) return `${Math.round(value * 1000)} ${this.language === "ru" ? "мкс" : "µs"}`;
    return duration(value, this.language);
  }
}

/** "12 345": the same in both languages. */
function grouped(value: number): string {
  return String(value).replaceAll(/\B(?=(?:\d{3})+$)/g, " ");
}

function headLines(state: LiveState, view: View, width: number, painter: Painter): string[] {
  const parts = [
    `skein · ${state.title}`,
    `pid ${state.pid}`,
    clock(state.elapsedMs),
    ...(state.ended === undefined ? [] : [`${painter.word("ended")}${state.ended === "" ? "" : `: ${state.ended}`}`]),
    ...(view.isPaused ? [painter.word("paused")] : []),
  ];
  return flowLines(parts, width, " · ").map((line) => painter.style("1", line));
}

/** "1:02:03", "2:03". */
function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`;
}

function totalLines(totals: LiveTotals, width: number, painter: Painter): string[] {
  const { demand, parallelism, cores, inFlight, queued, stealRate, wakeRate } = totals;
  const parts = [
    `${painter.word("cores")} ${painter.word("demand")} ${painter.number(demand)}`,
    `${painter.word("parallelism")} ${painter.number(parallelism)}${cores === undefined ? "" : ` / ${cores}`}`,
  ];
  const add = (name: "inFlight" | "queued" | "steals" | "wakes", text: string | undefined): void => {
    if (text !== undefined) parts.push(`${painter.word(name)} ${text}`);
  };
  add("inFlight", inFlight === undefined ? undefined : grouped(inFlight));
  add("queued", queued === undefined ? undefined : grouped(queued));
  add("steals", stealRate === undefined ? undefined : painter.rate(stealRate));
  add("wakes", wakeRate === undefined ? undefined : painter.rate(wakeRate));
  return flowLines(parts, width);
}

/** A row is a thread, or several that are folded into one. */
interface ThreadRow extends LiveThread {
  readonly isFolded: boolean;
}

function threadLines(
  threads: readonly LiveThread[],
  view: View,
  width: number,
  painter: Painter,
  most: number,
): string[] {
  if (threads.length === 0) return [cut(painter.word("noThreads"), width)];
  const rows = sortThreads(view.showsHelpers ? threads.map(asRow) : foldHelpers(threads, painter.language), view.sort);
  const shown = rows.length > most ? rows.slice(0, most - 1) : rows;
  const has = (field: keyof LiveThread): boolean => shown.some((row) => row[field] !== undefined);
  const columns: Column<ThreadRow>[] = [
    column(painter, "thread", "left", Infinity, 24, ({ name }) => name, true),
    column(painter, "tid", "right", 4, 8, ({ tid }) => (tid === undefined ? "" : String(tid))),
    column(painter, "role", "left", 5, 12, ({ role }) => painter.say(ROLES[role])),
    column(painter, "cpu", "right", Infinity, 6, ({ cpuShare }) => painter.share(cpuShare)),
    column(painter, "wait", "right", 8, 6, ({ waitShare }) => painter.share(waitShare)),
    column(painter, "core", "right", 6, 4, ({ core }) => (core === undefined ? UNKNOWN : String(core))),
    column(painter, "state", "left", 9, 18, ({ isFolded, state }) => (isFolded ? "" : painter.say(STATES[state]))),
  ];
  if (has("loopDelayMs")) {
    const delay = ({ loopDelayMs }: ThreadRow): string => (loopDelayMs === undefined ? "" : painter.ms(loopDelayMs));
    columns.push(column(painter, "delay", "right", 7, 10, delay));
  }
  if (has("voluntaryRate") && view.sort !== "thread") {
    columns.push(
      column(painter, "gave", "right", 2, 8, ({ voluntaryRate }) => painter.rate(voluntaryRate)),
      column(painter, "taken", "right", 3, 8, ({ involuntaryRate }) => painter.rate(involuntaryRate)),
    );
  }
  if (has("waitsIn")) columns.push(column(painter, "waitsIn", "left", 1, 24, ({ waitsIn }) => waitsIn ?? ""));
  const [head = "", ...lines] = tableLines(columns, shown, width);
  const order = `  ${painter.word("sortedBy")} ${painter.word(view.sort === "thread" ? "thread" : view.sort)}`;
  const title = head.length + order.length <= width && view.showsKeys ? head + order : head;
  const hidden = rows.length - shown.length;
  return [
    painter.style("7", fill(title, view.isColoured ? width : title.length, "left")),
    ...lines,
    ...(hidden > 0 ? [`  … ${hidden} ${painter.word("more")}`] : []),
  ];
}

function column<Row>(
  painter: Painter,
  title: Word,
  align: "left" | "right",
  rank: number,
  most: number,
  cell: (row: Row) => string,
  takesRest = false,
): Column<Row> {
  return { title: painter.word(title), align, rank, most, cell, takesRest };
}

function asRow(thread: LiveThread): ThreadRow {
  return { ...thread, isFolded: false };
}

/** Threads of the engine and the platform as one row of sums: they are many, and seldom what one looks for. */
function foldHelpers(threads: readonly LiveThread[], language: Language): ThreadRow[] {
  const isHelper = ({ role }: LiveThread): boolean => role === "engine" || role === "io" || role === "unknown";
  const helpers = threads.filter(isHelper);
  const rows = threads.filter((thread) => !isHelper(thread)).map(asRow);
  if (helpers.length < 2) return [...rows, ...helpers.map(asRow)];
  const sum = (field: "cpuShare" | "waitShare" | "voluntaryRate" | "involuntaryRate"): number | undefined =>
    helpers.some((helper) => helper[field] !== undefined)
      ? helpers.reduce((total, helper) => total + (helper[field] ?? 0), 0)
      : undefined;
  const name = { en: `(${helpers.length} helper threads)`, ru: `(служебных: ${helpers.length})` }[language];
  rows.push({
    tid: undefined,
    name,
    role: "engine",
    cpuShare: sum("cpuShare"),
    waitShare: sum("waitShare"),
    core: undefined,
    state: "unknown",
    waitsIn: undefined,
    loopDelayMs: undefined,
    voluntaryRate: sum("voluntaryRate"),
    involuntaryRate: sum("involuntaryRate"),
    isFolded: true,
  });
  return rows;
}

function sortThreads(rows: readonly ThreadRow[], sort: Sort): ThreadRow[] {
  const key = { cpu: "cpuShare", wait: "waitShare", delay: "loopDelayMs" } as const;
  if (sort === "thread") return rows.toSorted((a, b) => (a.tid ?? Infinity) - (b.tid ?? Infinity));
  // Stable, so rows that tie, as idle ones do, keep their places.
  return rows.toSorted((a, b) => (b[key[sort]] ?? -1) - (a[key[sort]] ?? -1));
}

function taskLines(tasks: readonly LiveTask[] | undefined, width: number, painter: Painter, most: number): string[] {
  if (tasks === undefined || tasks.length === 0) return [];
  const columns: Column<LiveTask>[] = [
    column(painter, "task", "left", Infinity, 40, ({ name }) => name, true),
    column(painter, "runs", "right", Infinity, 12, ({ runRate }) => painter.rate(runRate)),
    column(painter, "now", "right", 3, 10, ({ inFlight }) => grouped(inFlight)),
    column(painter, "mean", "right", 2, 10, ({ meanMs }) => painter.ms(meanMs)),
    column(painter, "p99", "right", 1, 10, ({ p99Ms }) => painter.ms(p99Ms)),
  ];
  const shown = tasks.slice(0, most);
  const [head = "", ...lines] = tableLines(columns, shown, width);
  const hidden = tasks.length - shown.length;
  return [painter.style("1", head), ...lines, ...(hidden > 0 ? [`  … ${hidden} ${painter.word("more")}`] : [])];
}

function workLines({ work }: LiveState, width: number, painter: Painter): string[] {
  if (work === undefined || work.length === 0) return [];
  const parts = work.slice(0, MOST_WORK).map(({ name, count }) => `${name} ${grouped(count)}`);
  return [painter.style("1", cut(painter.word("work"), width)), ...flowLines(parts, width, "   ", "  ")];
}

function findingLines(findings: readonly LiveFinding[] | undefined, width: number, painter: Painter): string[] {
  if (findings === undefined) return [];
  const head = painter.style("1", cut(painter.word("findings"), width));
  if (findings.length === 0) return [head, `  ${painter.word("noFindings")}`];
  const lines = findings.slice(0, MOST_FINDINGS).flatMap(({ severity, text }) => {
    const { mark, color } = SEVERITIES[severity];
    const [first = "", ...rest] = wrapLines(`${mark} ${painter.say(text)}`, width);
    return [painter.style(color, mark) + first.slice(mark.length), ...rest];
  });
  const hidden = findings.length - MOST_FINDINGS;
  return [head, ...lines, ...(hidden > 0 ? [`  … ${hidden} ${painter.word("more")}`] : [])];
}

function sourceLines({ sources }: LiveState, width: number, painter: Painter): string[] {
  if (sources.length === 0) return [];
  const lines = sources.flatMap(({ what, badge, why }) => {
    const reason = why === undefined ? "" : `: ${painter.say(why)}`;
    return wrapLines(`[${painter.say(BADGES[badge])}] ${painter.say(what)}${reason}`, width);
  });
  return [painter.style("1", painter.word("sources")), ...lines];
}

function outputLines(output: readonly string[], width: number, painter: Painter, room: number): string[] {
  // A line between, and a title.
  const most = Math.min(MOST_OUTPUT, room - 2);
  if (output.length === 0 || most < 1) return [];
  const shown = output.slice(-most).map((line) => cut(line.replaceAll("\t", "  "), width));
  return ["", painter.style("1", cut(painter.word("output"), width)), ...shown];
}
