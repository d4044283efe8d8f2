/** A report of a recording for terminals and logs. */
import { contention, type ResourceUse } from "./contention.js";
import { type HotTask, hotTasks } from "./cpu-profile.js";
import type { Durations } from "./durations.js";
import { type Badge, computeFigures, type Figure, type Figures } from "./figures.js";
import { findFindings } from "./findings/find.js";
import type { Finding, Severity } from "./findings/finding.js";
import { describePlace, describeResource } from "./findings/places.js";
import type { Timeline } from "./spans.js";
import { splitOfThread, type TimeSplit } from "./time-split.js";
import { buildTimeline } from "./timeline.js";
import type { Trace } from "./trace.js";
import { verdict } from "./verdict.js";
import { columnsIn, fittingPart } from "./words/columns.js";
import { decimal, duration, type Language, number, percent, type Sentence } from "./words/language.js";
import { printable } from "./words/printable.js";

/**
 * Options of a report.
 *
 * @since 0.1.0
 */
export interface ReportOptions {
  /** "en" by default. */
  readonly language?: Language;
  /** Columns of the terminal; 80 by default, and never fewer than 40. */
  readonly width?: number;
  /** Whether the text is coloured and stressed by escape sequences; off by default, as a file or pipe needs it. */
  readonly isTerminal?: boolean;
}

const DEFAULT_WIDTH = 80;
const LEAST_WIDTH = 40;
/** The locks and channels that were waited for longest; more are for tables. */
const MOST_RESOURCES = 8;
const MOST_THREADS = 32;
const MOST_HOT_TASKS = 8;
const MOST_HOT_FUNCTIONS = 3;
const LEAST_HOT_SHARE = 0.01;
const MOST_FINDINGS = 20;

const WORDS: Readonly<Record<string, Sentence>> = {
  verdict: { en: "Verdict", ru: "Вывод" },
  findings: { en: "Findings", ru: "Находки" },
  none: { en: "Nothing stands out.", ru: "Ничего примечательного." },
  figures: { en: "Figures", ru: "Показатели" },
  threads: { en: "Threads", ru: "Потоки" },
  hot: { en: "Where the time went", ru: "Где прошло время" },
  elsewhere: { en: "no job", ru: "вне задач" },
  resources: { en: "Locks and channels", ru: "Блокировки и каналы" },
  duration: { en: "recorded for", ru: "длительность записи" },
  jobs: { en: "jobs", ru: "задач" },
  inFlight: { en: "jobs in flight, mean", ru: "задач в работе, в среднем" },
  mostInFlight: { en: "jobs in flight, at most", ru: "задач в работе, не больше" },
  coresBusy: { en: "cores busy", ru: "занято ядер" },
  coresWanted: { en: "cores wanted", ru: "нужно ядер" },
  coresAllowed: { en: "cores allowed", ru: "доступно ядер" },
  coreWait: { en: "waited for cores", ru: "ожидание ядер" },
  runTime: { en: "a job ran", ru: "выполнение задачи" },
  waitTime: { en: "a job waited to start", ru: "ожидание запуска" },
  wakeTime: { en: "from wake-up to running", ru: "от пробуждения до работы" },
  steals: { en: "jobs stolen", ru: "задач перехвачено" },
  parks: { en: "threads went to sleep", ru: "потоки засыпали, раз" },
  dropped: { en: "records dropped", ru: "записей потеряно" },
  more: { en: "and more", ru: "и ещё" },
};

const BADGES: Readonly<Record<Badge, Sentence>> = {
  exact: { en: "exact", ru: "точно" },
  measured: { en: "measured", ru: "измерено" },
  sampled: { en: "sampled", ru: "по выборке" },
  inferred: { en: "inferred", ru: "выведено" },
  "not available": { en: "not available", ru: "недоступно" },
};

const SEVERITIES: Readonly<Record<Severity, { readonly mark: string; readonly color: string } & Sentence>> = {
  problem: { mark: "✗", color: "31", en: "problem", ru: "проблема" },
  warning: { mark: "!", color: "33", en: "warning", ru: "внимание" },
  note: { mark: "·", color: "36", en: "note", ru: "заметка" },
};

const SPLIT: readonly (readonly [keyof TimeSplit, Sentence])[] = [
  ["runningMs", { en: "running", ru: "работа" }],
  ["readyMs", { en: "ready", ru: "готов" }],
  ["ioMs", { en: "I/O, idle", ru: "В/В, простой" }],
  ["lockMs", { en: "lock", ru: "замок" }],
  ["channelMs", { en: "channel", ru: "канал" }],
];

/**
 * Gives a report as text: the verdict, the findings, the figures with what each rests
 * on, how the threads' time divides, and the locks and channels that were waited for.
 *
 * No line is longer than the width. Names that come from the program are shown with
 * control characters replaced, so that they can do nothing to a terminal.
 *
 * @example
 * ```ts
 * const { trace } = await record(() => program());
 * const { columns, isTTY } = process.stdout;
 * process.stdout.write(reportText(trace, { width: columns, isTerminal: isTTY }));
 * ```
 *
 * @since 0.1.0
 */
export function reportText(
  trace: Trace,
  options: ReportOptions = {},
  timeline: Timeline = buildTimeline(trace),
): string {
  const { language = "en", width = DEFAULT_WIDTH, isTerminal = false } = options;
  const page = new Page(language, Math.max(LEAST_WIDTH, Math.floor(width)), isTerminal);
  const figures = computeFigures(timeline, trace);
  page.head("verdict");
  page.paragraph(capital(verdict(figures, language).text) + ".");
  page.head("findings");
  writeFindings(page, findFindings(trace, timeline));
  page.head("figures");
  writeFigures(page, figures);
  page.head("threads");
  writeThreads(page, trace, timeline);
  const hot = hotTasks(trace, timeline);
  if (hot.length > 0) {
    page.head("hot");
    writeHotTasks(page, hot);
  }
  const used = contention(trace, timeline).filter(({ wait, level }) => wait !== undefined || level.length > 0);
  if (used.length > 0) {
    page.head("resources");
    writeResources(page, used);
  }
  return page.toString();
}

function writeFindings(page: Page, findings: readonly Finding[]): void {
  if (findings.length === 0) page.paragraph(word("none", page.language));
  for (const { severity, text, advice, place, fromMs, toMs } of findings.slice(0, MOST_FINDINGS)) {
    const { mark, color } = SEVERITIES[severity];
    page.item(mark, color, text[page.language]);
    page.detail(`→ ${advice[page.language]}`);
    const when = `${duration(fromMs, page.language)} – ${duration(toMs, page.language)}`;
    const where = place?.url === undefined ? "" : `, ${describePlace(place)}`;
    page.detail(`@ ${when}${where}`);
  }
  const more = findings.length - MOST_FINDINGS;
  if (more > 0) page.paragraph(`${word("more", page.language)}: ${more}`);
}

function writeFigures(page: Page, figures: Figures): void {
  const { language } = page;
  const rows: (readonly [string, Figure<unknown>, string])[] = [];
  const add = <Value>(name: string, figure: Figure<Value>, show: (value: Value) => string): void => {
    rows.push([word(name, language), figure, figure.value === undefined ? "–" : show(figure.value)]);
  };
  const ms = (value: number): string => duration(value, language);
  const plain = (value: number): string => number(value, language);
  const spread = ({ p50Ms, p99Ms, p999Ms, mostMs }: Durations): string =>
    `p50 ${ms(p50Ms)}, p99 ${ms(p99Ms)}, p99.9 ${ms(p999Ms)}, max ${ms(mostMs)}`;
  add("duration", figures.durationMs, ms);
  add("jobs", figures.jobs, plain);
  add("inFlight", figures.meanInFlight, (value) => decimal(value, language));
  add("mostInFlight", figures.mostInFlight, plain);
  add("coresBusy", figures.coresBusy, (value) => decimal(value, language));
  add("coresWanted", figures.coresWanted, (value) => decimal(value, language));
  add("coresAllowed", figures.coresAllowed, plain);
  add("coreWait", figures.coreWaitMs, ms);
  add("runTime", figures.runTime, spread);
  add("waitTime", figures.waitTime, spread);
  add("wakeTime", figures.wakeTime, spread);
  add("steals", figures.steals, plain);
  add("parks", figures.parks, plain);
  add("dropped", figures.droppedRecords, plain);
  const widest = rows.reduce((most, [name]) => Math.max(most, columnsIn(name)), 0);
  for (const [name, { badge }, text] of rows) {
    page.row(name, text, `[${BADGES[badge][language]}]`, widest);
  }
}

function writeThreads(page: Page, trace: Trace, timeline: Timeline): void {
  const { language } = page;
  for (const { index, name } of timeline.threads.slice(0, MOST_THREADS)) {
    const split = splitOfThread(trace, timeline, index);
    const parts = SPLIT.flatMap(([key, title]) => {
      const ms = split[key] as number;
      return ms < split.totalMs * 0.005 ? [] : [`${title[language]} ${percent(ms / split.totalMs)}`];
    });
    page.row(name, parts.join(", "), `[${BADGES[split.badge][language]}]`);
  }
  const more = timeline.threads.length - MOST_THREADS;
  if (more > 0) page.paragraph(`${word("more", language)}: ${more}`);
}

function writeHotTasks(page: Page, hot: readonly HotTask[]): void {
  const { language } = page;
  for (const { name, sampledMs, functions } of hot.slice(0, MOST_HOT_TASKS)) {
    const parts = functions
      .slice(0, MOST_HOT_FUNCTIONS)
      .filter(({ selfMs }) => selfMs >= sampledMs * LEAST_HOT_SHARE)
      .map(({ title, selfMs }) => `${title} ${percent(selfMs / sampledMs)}`);
    page.row(
      name ?? word("elsewhere", language),
      `${duration(sampledMs, language)}: ${parts.join(", ")}`,
      `[${BADGES.sampled[language]}]`,
    );
  }
}

function writeResources(page: Page, used: readonly ResourceUse[]): void {
  const { language } = page;
  const ms = (value: number): string => duration(value, language);
  const text = {
    en: { waits: "waits", wait: "wait", hold: "hold", contended: "contended", level: "filled", most: "at most" },
    ru: { waits: "ожиданий", wait: "ждали", hold: "держали", contended: "с ожиданием", level: "заполнен", most: "до" },
  }[language];
  for (const use of used.slice(0, MOST_RESOURCES)) {
    const parts = [
      ...(use.wait === undefined
        ? []
        : [`${text.waits} ${use.wait.count}, ${text.wait} p50 ${ms(use.wait.p50Ms)} p99 ${ms(use.wait.p99Ms)}`]),
      ...(use.hold === undefined ? [] : [`${text.hold} p50 ${ms(use.hold.p50Ms)} p99 ${ms(use.hold.p99Ms)}`]),
      ...(use.acquired === 0 ? [] : [`${text.contended} ${percent(use.contendedShare)}`]),
      ...(use.level.length === 0
        ? []
        : [`${text.level} ${decimal(use.meanLevel, language)}, ${text.most} ${use.mostLevel}`]),
    ];
    page.row(describeResource(use)[language], parts.join("; "), `[${BADGES[use.badge][language]}]`);
  }
}

function word(name: string, language: Language): string {
  return WORDS[name]?.[language] ?? name;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Lines of at most so many columns. */
class Page {
  readonly language: Language;
  readonly #width: number;
  readonly #isTerminal: boolean;
  readonly #lines: string[] = [];

  constructor(language: Language, width: number, isTerminal: boolean) {
    this.language = language;
    this.#width = width;
    this.#isTerminal = isTerminal;
  }

  head(name: string): void {
    if (this.#lines.length > 0) this.#lines.push("");
    this.#lines.push(this.#style("1", word(name, this.language)));
  }

  paragraph(text: string): void {
    this.#wrapped(text, "  ", "  ");
  }

  /** @param mark - stands before the text, in its color */
  item(mark: string, color: string, text: string): void {
    const first = this.#lines.length;
    this.#wrapped(text, `${mark} `, "  ");
    this.#lines[first] = this.#style(color, mark) + (this.#lines[first] ?? "").slice(mark.length);
  }

  detail(text: string): void {
    this.#wrapped(text, "  ", "    ", "2");
  }

  /**
   * A title, what is to be said of it, and a remark at the right edge; under it where
   * there is no room.
   *
   * @param titleWidth - columns that titles of such rows take
   */
  row(title: string, text: string, remark: string, titleWidth = 0): void {
    const shown = printable(title);
    const padded = shown + " ".repeat(Math.max(0, titleWidth - columnsIn(shown)));
    let first = this.#lines.length;
    if (columnsIn(padded) <= this.#width / 2) {
      this.#wrapped(text, `  ${padded}  `, "    ");
    } else {
      this.#wrapped(title, "  ", "  ");
      first = this.#lines.length;
      this.#wrapped(text, "    ", "    ");
    }
    const last = this.#lines.at(-1) ?? "";
    const room = this.#width - columnsIn(last) - columnsIn(remark);
    const right = this.#style("2", remark);
    if (this.#lines.length === first + 1 && room >= 1) this.#lines[first] = last + " ".repeat(room) + right;
    else this.#lines.push(" ".repeat(Math.max(0, this.#width - columnsIn(remark))) + right);
  }

  #wrapped(text: string, head: string, tail: string, style?: string): void {
    let line = head;
    let hasWord = false;
    const push = (): void => void this.#lines.push(style === undefined ? line : this.#style(style, line));
    for (const part of unbroken(printable(text))) {
      let rest = part;
      const room = this.#width - columnsIn(line) - (hasWord ? 1 : 0);
      if (columnsIn(rest) > room && hasWord) {
        push();
        line = tail;
        hasWord = false;
      }
      // A word that has no room on a line of its own is cut.
      while (columnsIn(rest) > this.#width - columnsIn(line) - (hasWord ? 1 : 0)) {
        const fitting = fittingPart(rest, this.#width - columnsIn(line));
        line += fitting;
        rest = rest.slice(fitting.length);
        push();
        line = tail;
      }
      line += (hasWord ? " " : "") + rest;
      hasWord = true;
    }
    push();
  }

  #style(code: string, text: string): string {
    return this.#isTerminal ? `\u001B[${code}m${text}\u001B[0m` : text;
  }

  toString(): string {
    return `${this.#lines.join("\n")}\n`;
  }
}

/** Words; a number and its unit are one. */
function unbroken(text: string): readonly string[] {
  return text
    .replace(/(\d) (?=(?:%|ms|s|мс|с)(?![\p{L}\p{N}]))/gu, "$1\u00A0")
    .split(/ +/)
    .filter((part) => part !== "")
    .map((part) => part.replaceAll("\u00A0", " "));
}
