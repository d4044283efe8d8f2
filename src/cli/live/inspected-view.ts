/** A process looked at from outside, and through its inspector for what only it can tell. */
import { describePlace, placeOf } from "../../trace/findings/places.js";
import { parseStackText } from "../../trace/kernel/host-thread-stack.js";
import { duration } from "../../trace/words/language.js";
import type { LiveView } from "./display.js";
import type { InspectorLink } from "./inspector-link.js";
import type { OutsideView } from "./outside-view.js";
import type { LiveFinding, LiveSource, LiveState, LiveWork } from "./state.js";

/** A loop that is late by more has stood still for its people. */
const STALL_FROM_MS = 100;
/** Stacks that are remembered of a window. */
const MOST_STACKS = 100;
/** How often the platform's timer looks; a delay of so much is none. */
const RESOLUTION_MS = 10;

// Left in the process while it is looked at, under a name of ours, and taken away at the
// end: a histogram that the platform keeps of how late the loop is.
const BEGIN = `(() => {
  const perf = process.getBuiltinModule?.("node:perf_hooks");
  const delays = perf?.monitorEventLoopDelay({ resolution: ${RESOLUTION_MS} });
  delays?.enable();
  globalThis[Symbol.for("skein.attached")] = delays;
  return delays !== undefined;
})()`;
/**
 * Run when the thread looks for interrupts: with the loop idle there is nothing below it
 * on the stack. What takes longer is read once a table.
 */
const read = (isFirst: boolean): string => `(() => {
  const delays = globalThis[Symbol.for("skein.attached")];
  if (${isFirst}) delays?.reset();
  const delayMs = delays === undefined || delays.count === 0 ? undefined : delays.max / 1e6 - ${RESOLUTION_MS};
  const { stack } = new Error();
  if (!${isFirst}) return { delayMs, stack };
  const work = {};
  for (const kind of process.getActiveResourcesInfo?.() ?? []) work[kind] = (work[kind] ?? 0) + 1;
  return { delayMs, stack, work };
})()`;
/** The port is closed when this session is, not before: closing waits for all of them. */
const END = (closesPort: boolean): string => `(() => {
  globalThis[Symbol.for("skein.attached")]?.disable();
  delete globalThis[Symbol.for("skein.attached")];
  ${closesPort ? "setTimeout(() => process.getBuiltinModule?.('node:inspector').close(), 100);" : ""}
  return true;
})()`;

interface Told {
  readonly delayMs?: number;
  readonly stack?: string;
  readonly work?: Readonly<Record<string, number>>;
}

export class InspectedView implements LiveView {
  readonly #outside: OutsideView;
  readonly #link: InspectorLink;
  readonly sampleEveryMs: number;
  readonly #places: string[] = [];
  #delayMs: number | undefined = undefined;
  #work: Readonly<Record<string, number>> = {};
  #isAsking = false;
  /** Whether what is asked next is the first of a table. */
  #isFirst = true;

  constructor(outside: OutsideView, link: InspectorLink) {
    this.#outside = outside;
    this.#link = link;
    this.sampleEveryMs = outside.sampleEveryMs;
    void link.evaluate(BEGIN);
  }

  get ended(): string | undefined {
    return this.#outside.ended;
  }

  sample(): void {
    this.#outside.sample();
    // One at a time: a thread that does not answer is not asked again meanwhile.
    if (!this.#isAsking) void this.#ask();
  }

  async #ask(): Promise<void> {
    this.#isAsking = true;
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    const told = (await this.#link.evaluate(read(isFirst))) as Told | undefined;
    this.#isAsking = false;
    if (told === undefined) return;
    if (told.work !== undefined) this.#work = told.work;
    // Until it is told anew, the one of the table before holds.
    if (told.delayMs !== undefined) this.#delayMs = Math.max(0, told.delayMs);
    const frames = parseStackText(told.stack ?? "").filter(({ url }) => /^(?:file:|\/|[a-z]:\\)/i.test(url));
    const place = frames.length === 0 ? undefined : placeOf(frames);
    if (place !== undefined && this.#places.length < MOST_STACKS) this.#places.push(describePlace(place));
  }

  state(): LiveState {
    const state = this.#outside.state();
    const delayMs = this.#delayMs;
    this.#isFirst = true;
    const places = this.#places.splice(0);
    const work: LiveWork[] = Object.entries(this.#work).map(([name, count]) => ({ name, count }));
    return {
      ...state,
      threads: state.threads.map((row) => (row.tid === state.pid ? { ...row, loopDelayMs: delayMs } : row)),
      work: work.toSorted((a, b) => b.count - a.count),
      findings: [...stallFindings(delayMs, places), ...(state.findings ?? [])],
      sources: [...state.sources.filter(({ badge }) => badge !== "not available"), ...insideSources(delayMs)],
    };
  }

  close(): void {
    this.#outside.close();
    void this.#link.evaluate(END(!this.#link.wasOpen)).then(() => this.#link.close());
  }
}

function stallFindings(delayMs: number | undefined, places: readonly string[]): readonly LiveFinding[] {
  if (delayMs === undefined || delayMs < STALL_FROM_MS) return [];
  const counts = new Map<string, number>();
  for (const place of places) counts.set(place, (counts.get(place) ?? 0) + 1);
  const [most] = [...counts].toSorted((a, b) => b[1] - a[1]);
  const where = {
    en: most === undefined ? "" : `; it was seen in ${most[0]}`,
    ru: most === undefined ? "" : `; выполнялось: ${most[0]}`,
  };
  return [
    {
      severity: "warning",
      text: {
        en: `The main event loop stood still for ${duration(delayMs, "en")}${where.en}.`,
        ru: `Главный цикл событий стоял ${duration(delayMs, "ru")}${where.ru}.`,
      },
    },
  ];
}

function insideSources(delayMs: number | undefined): readonly LiveSource[] {
  return [
    {
      what: { en: "loop delay of the main thread", ru: "задержка главного цикла" },
      badge: delayMs === undefined ? "not available" : "measured",
      why:
        delayMs === undefined
          ? { en: "not told yet, or this Node is too old", ru: "ещё не получена, или Node слишком старый" }
          : { en: "by the platform's histogram, through the inspector", ru: "гистограммой платформы, через инспектор" },
    },
    {
      what: { en: "stacks, async work in flight", ru: "стеки, асинхронная работа" },
      badge: "sampled",
      why: { en: "through the inspector", ru: "через инспектор" },
    },
    {
      what: { en: "tasks, loop delay of workers", ru: "задачи, задержка циклов worker" },
      badge: "not available",
      why: {
        en: "only a program that is started with `skein top` or `skein watch` tells",
        ru: "это сообщает только программа, запущенная через `skein top` или `skein watch`",
      },
    },
  ];
}
