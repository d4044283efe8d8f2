/** The advice of `skein advise` in words, in both languages. */
import type { Advice, FunctionAdvice } from "../advise/advice.js";
import type { Nature, Suggestion } from "../advise/nature.js";
import type { Badge } from "../trace/figures.js";
import {
  decimal,
  duration,
  englishCount,
  type Language,
  percent,
  russianCount,
  type Sentence,
} from "../trace/words/language.js";
import type { Tried } from "./advise.js";

export interface AdvicePaper {
  readonly language: Language;
  readonly width: number;
  readonly isTerminal: boolean;
  readonly file: string;
}

const LEAST_WIDTH = 40;
const MOST_WIDTH = 100;
/** Of those that need no advice, so many are shown. */
const MOST_AS_THEY_ARE = 5;

const NATURES: Readonly<Record<Nature, Sentence>> = {
  computes: { en: "CPU-bound", ru: "ограничена процессором" },
  waits: { en: "I/O-bound: it mostly waits", ru: "ограничена вводом-выводом: в основном ждёт" },
  both: { en: "computes and waits", ru: "и вычисляет, и ждёт" },
  short: { en: "short", ru: "короткая" },
};

const BADGES: Readonly<Record<Badge, Sentence>> = {
  exact: { en: "exact", ru: "точно" },
  measured: { en: "measured", ru: "измерено" },
  sampled: { en: "sampled", ru: "по выборке" },
  inferred: { en: "inferred", ru: "выведено" },
  "not available": { en: "not available", ru: "недоступно" },
};

const KINDS: Readonly<Record<FunctionAdvice["kind"], Sentence>> = {
  task: { en: "task", ru: "задача" },
  job: { en: "job", ru: "работа без задачи" },
  function: { en: "function", ru: "функция" },
};

const PLACES: Readonly<Record<Suggestion | "both", Sentence>> = {
  here: { en: "here, on the event loop", ru: "здесь, в цикле событий" },
  threads: { en: "threads()", ru: "threads()" },
  sliced: { en: "sliced()", ru: "sliced()" },
  "as it is": { en: "as it is", ru: "как есть" },
  both: { en: "here and on threads", ru: "здесь и на потоках" },
};

/** The whole advice on a run. */
export function adviceText(advice: Advice, paper: AdvicePaper & { readonly exitCode: number }): string {
  const { language, file, exitCode } = paper;
  const page = new Page(paper);
  const { wallMs, cores, loopBusyMs, loopBlockedMs } = advice;
  const ms = (value: number): string => duration(value, language);
  page.line("", "");
  page.head(
    language === "en"
      ? `${file} ran for ${ms(wallMs)}, with ${englishCount(cores, "core")}`
      : `${file}: выполнение ${ms(wallMs)}, ${russianCount(cores, "ядро", "ядра", "ядер")}`,
  );
  if (loopBusyMs !== undefined && loopBlockedMs !== undefined) {
    const [busy, blocked] = [percent(Math.min(1, loopBusyMs / wallMs)), ms(loopBlockedMs)];
    page.line(
      "  ",
      language === "en"
        ? `Its event loop was busy for ${busy} of that, and kept everything else waiting for ${blocked} [sampled]`
        : `Цикл событий был занят ${busy} этого времени; всё остальное ждало его ${blocked} [по выборке]`,
    );
  }
  if (exitCode !== 0) {
    page.line(
      "  ",
      language === "en"
        ? `It ended with exit code ${exitCode}; this is about what ran before`
        : `Код завершения ${exitCode}; дальше о том, что успело выполниться`,
    );
  }
  const [changes, rest] = [isChange, (one: FunctionAdvice) => !isChange(one)].map((of) => advice.functions.filter(of));
  for (const one of changes ?? []) page.function(one, wallMs);
  const shown = (rest ?? []).slice(0, MOST_AS_THEY_ARE);
  for (const one of shown) page.function(one, wallMs);
  page.line("", "");
  page.line("", conclusion(advice, language, file));
  return page.toString();
}

function isChange({ suggestion }: FunctionAdvice): boolean {
  return suggestion !== "as it is";
}

function conclusion(advice: Advice, language: Language, file: string): string {
  const { functions, predictedSpeedUp, dividableShare, cores, predictionBadge } = advice;
  if (!functions.some(isChange)) {
    return language === "en"
      ? "Nothing to advise: whatever takes time is where it should be."
      : "Советовать нечего: всё, что занимает время, на своём месте.";
  }
  const times = decimal(predictedSpeedUp, language);
  const badge = BADGES[predictionBadge][language];
  const canTry = functions.some(({ kind, suggestion }) => kind === "task" && /^(?:here|threads)$/.test(suggestion));
  if (language === "en") {
    const what =
      predictedSpeedUp < 1.05
        ? "It will take as long as before, but the event loop stays free"
        : `Predicted: ${times} times as fast, as ${percent(dividableShare)} of the run can be divided among ${englishCount(cores, "core")} [${badge}]`;
    return `${what}.${canTry ? ` See it measured: skein advise --try ${file}` : ""}`;
  }
  const what =
    predictedSpeedUp < 1.05
      ? "Времени уйдёт столько же, но цикл событий останется свободен"
      : `Прогноз: быстрее в ${times} раза, так как ${percent(dividableShare)} работы делится на ${russianCount(cores, "ядро", "ядра", "ядер")} [${badge}]`;
  return `${what}.${canTry ? ` Проверить измерением: skein advise --try ${file}` : ""}`;
}

/** What the second run showed. */
export function triedText(
  tried: Tried | undefined,
  problem: string | undefined,
  exitCode: number,
  paper: AdvicePaper,
): string {
  const { language } = paper;
  const page = new Page(paper);
  const isEnglish = language === "en";
  if (tried !== undefined) {
    const { beforeMs, afterMs, speedUp, places } = tried;
    const list = Object.entries(places).map(
      ([name, place]) => `${name} ${isEnglish ? "to" : "→"} ${PLACES[place][language]}`,
    );
    const times = decimal(Math.max(speedUp, 1 / speedUp), language);
    const [how, howInRussian] = speedUp < 1 ? ["slow", "медленнее"] : ["fast", "быстрее"];
    const took = `${duration(beforeMs, language)} → ${duration(afterMs, language)}`;
    page.line(
      "",
      isEnglish
        ? `Tried: ${list.join(", ")}. ${took}: ${times} times as ${how} [measured, one run each]`
        : `Проверено: ${list.join(", ")}. ${took}: ${howInRussian} в ${times} раза [измерено, по одному запуску]`,
    );
    if (speedUp < 1) {
      page.line(
        "",
        isEnglish
          ? "So it gained nothing: threads take time to start and to load the program, which a longer run makes up for. Other programs that use the cores count too."
          : "Выигрыша нет: потоки тратят время на запуск и загрузку программы, что окупается при более долгой работе. Влияют и другие программы, занимающие ядра.",
      );
    }
  } else if (problem !== undefined) {
    page.line(
      "",
      isEnglish
        ? `Tried, but the program failed that way (${problem}): what it printed says why. Its arguments may not be passable to a thread, or it shares variables`
        : `Проверка не удалась (${problem}): причина в том, что программа напечатала. Возможно, аргументы нельзя передать потоку или есть общие переменные`,
    );
  } else if (exitCode !== 0) {
    page.line("", isEnglish ? "Not tried, as the program failed." : "Не проверено: программа завершилась с ошибкой.");
  } else {
    page.line(
      "",
      isEnglish
        ? "Nothing to try: no task would run elsewhere. Plain functions must be made tasks first."
        : "Проверять нечего: ни одна задача не сменила бы место. Обычные функции сначала надо сделать задачами.",
    );
  }
  return page.toString();
}

/** Lines of at most so many columns. */
class Page {
  readonly #paper: AdvicePaper;
  readonly #width: number;
  readonly #lines: string[] = [];

  constructor(paper: AdvicePaper) {
    this.#paper = paper;
    this.#width = Math.min(MOST_WIDTH, Math.max(LEAST_WIDTH, paper.width));
  }

  head(text: string): void {
    const before = this.#lines.length;
    this.line("", text);
    if (!this.#paper.isTerminal) return;
    for (let i = before; i < this.#lines.length; i++) this.#lines[i] = `\u001B[1m${this.#lines[i]}\u001B[0m`;
  }

  /** Wrapped, and set in on all its lines. */
  line(indent: string, text: string): void {
    const width = this.#width - indent.length;
    let line = "";
    for (const word of printable(text).split(" ")) {
      if (line !== "" && line.length + 1 + word.length > width) {
        this.#lines.push(indent + line);
        line = "";
      }
      line = line === "" ? word : `${line} ${word}`;
      for (; line.length > width; line = line.slice(width)) this.#lines.push(indent + line.slice(0, width));
    }
    this.#lines.push((indent + line).trimEnd());
  }

  function(one: FunctionAdvice, wallMs: number): void {
    const { language } = this.#paper;
    const isEnglish = language === "en";
    const ms = (value: number): string => duration(value, language);
    const { calls, cpuMs, waitingMs, selfMs, badge, shareOfBlocked } = one;
    const count =
      calls === undefined
        ? ""
        : `, ${isEnglish ? englishCount(calls, "call") : russianCount(calls, "вызов", "вызова", "вызовов")}`;
    this.line("", "");
    this.head(`${one.name} · ${KINDS[one.kind][language]}${count} · ${NATURES[one.nature][language]}`);
    if (one.declaredAt !== undefined) this.line("  ", one.declaredAt.replace(/^file:\/\//, ""));
    const each = calls === undefined || calls < 2 ? "" : ` (${ms(cpuMs / calls)} ${isEnglish ? "a call" : "на вызов"})`;
    const figures = [
      `CPU ${ms(cpuMs)}, ${percent(cpuMs / wallMs)}${each}`,
      ...(selfMs === undefined ? [] : [`${isEnglish ? "in its own code" : "в своём коде"} ${ms(selfMs)}`]),
      ...(waitingMs === undefined ? [] : [`${isEnglish ? "waiting" : "ожидание"} ${ms(waitingMs)}`]),
    ];
    this.line("  ", `${figures.join("; ")} [${BADGES[badge][language]}]`);
    if (shareOfBlocked !== undefined && shareOfBlocked >= 0.005) {
      this.line(
        "  ",
        `${isEnglish ? "of the time in which the loop was blocked" : "доля времени, когда цикл стоял"}: ${percent(Math.min(1, shareOfBlocked))} [${BADGES.sampled[language]}]`,
      );
    }
    this.line(
      "  ",
      `${isEnglish ? "runs" : "выполняется"}: ${PLACES[one.runsOn][language]} → ${this.#suggestion(one)}`,
    );
  }

  #suggestion({ suggestion, needsTask, mostAtOnce, nature }: FunctionAdvice): string {
    const { language } = this.#paper;
    const isEnglish = language === "en";
    const place = PLACES[suggestion][language];
    if (suggestion === "threads") {
      const how = needsTask ? (isEnglish ? ", once it is a task: task(fn)" : ", когда станет задачей: task(fn)") : "";
      const alone =
        mostAtOnce === 1
          ? isEnglish
            ? "; one call at a time gains no speed, but leaves the loop free"
            : "; по одному вызову быстрее не станет, но цикл будет свободен"
          : "";
      return place + how + alone;
    }
    if (suggestion === "sliced") {
      return isEnglish
        ? `${place}, as a generator: with one core threads gain nothing, but slices leave the loop free`
        : `${place}, как генератор: на одном ядре потоки не помогут, а кванты освободят цикл`;
    }
    if (suggestion === "here") {
      const why =
        nature === "waits"
          ? { en: "what waits takes no thread", ru: "для ожидания поток не нужен" }
          : { en: "too short to be worth the way", ru: "слишком коротка для дороги на поток" };
      return `${place}: ${why[language]}`;
    }
    return place;
  }

  toString(): string {
    return `${this.#lines.join("\n")}\n`;
  }
}

/** Names come from the program: they can do nothing to a terminal. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- those are what is replaced
  return text.replaceAll(/[\u0000-\u001F\u007F-\u009F]/g, "�");
}
