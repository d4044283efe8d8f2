/** What `skein explore` prints, in both languages. */
import type { FailureKind } from "../../explore/index.js";
import type { Language, Sentence } from "../../trace/index.js";
import { duration, englishCount, russianCount, russianCountOf } from "../../trace/words/language.js";

const KINDS: Readonly<Record<FailureKind, string>> = {
  assertion: "нарушено утверждение",
  deadlock: "взаимная блокировка",
  leak: "кто-то остался ждать навсегда",
  race: "гонка данных",
  livelock: "программа не кончается",
  "lost wake-up": "потерянное пробуждение",
  misuse: "неверное использование",
  "lock order": "порядок замков",
  nondeterminism: "недетерминизм",
  outcome: "недопустимый исход",
};

/** With the thousands apart. */
export function grouped(count: number, language: Language): string {
  return count.toLocaleString(language === "ru" ? "ru" : "en");
}

export function schedulesText(count: number, language: Language): string {
  const shown = grouped(count, language);
  if (language === "en") return count === 1 ? "1 schedule" : `${shown} schedules`;
  return russianCount(count, "расписание", "расписания", "расписаний").replace(String(count), shown);
}

/** Behind "up to". */
function stepsText(count: number, language: Language): string {
  return language === "en" ? englishCount(count, "step") : russianCountOf(count, "шага", "шагов");
}

type StateName = "shortening" | "stopped" | "goesRight" | "passedByToken" | "passedByUnused";

export const STATES: Readonly<Record<StateName, Sentence>> = {
  shortening: { en: "found, being shortened", ru: "найдено, сокращается" },
  stopped: { en: "stopped", ru: "остановлено" },
  goesRight: {
    en: "the schedule of the token goes wrong no more",
    ru: "расписание токена больше не приводит к ошибке",
  },
  passedByToken: { en: "passed by: the token is that of another program", ru: "пропущено: токен другой программы" },
  passedByUnused: {
    en: "passed by: it used nothing of t, so it is no program",
    ru: "пропущено: ничем из t не воспользовалась, так что это не программа",
  },
};

export interface Covered {
  readonly kind: "complete" | "bounded" | "sampled";
  readonly searches: number;
  readonly schedules: number;
  /** Up to how many preemptions everything was run. */
  readonly preemptions: number | undefined;
  readonly steps: number;
  readonly tookMs: number;
}

/** What was covered, without a find. */
export function coveredText(covered: Covered, language: Language): string {
  const { kind, searches, schedules, preemptions, steps, tookMs } = covered;
  const count = `${searchesText(searches, language)}${schedulesText(schedules, language)}`;
  const took = duration(tookMs, language);
  const most = stepsText(steps, language);
  if (kind === "complete") {
    return language === "en"
      ? `nothing found in any order (${count}, up to ${most}, ${took})`
      : `ни в одном порядке ничего не найдено (${count}, до ${most}, ${took})`;
  }
  const whole = preemptions === undefined ? "" : wholeText(preemptions, language);
  return language === "en"
    ? `nothing found, but not all orders were run (${count}, up to ${most}, ${took}${whole})`
    : `ничего не найдено, но пройдены не все порядки (${count}, до ${most}, ${took}${whole})`;
}

/** One goes without saying. */
function searchesText(count: number, language: Language): string {
  if (count === 1) return "";
  return language === "en" ? `${count} searches, ` : `${russianCount(count, "поиск", "поиска", "поисков")}, `;
}

function wholeText(preemptions: number, language: Language): string {
  if (preemptions === 0) return language === "en" ? "; all without preemption" : "; все без вытеснений";
  return language === "en"
    ? `; all with at most ${englishCount(preemptions, "preemption")}`
    : `; все, где вытеснений не больше ${preemptions}`;
}

/** What was found, before its description. */
export function foundText(kind: FailureKind, schedules: number, data: string | undefined, language: Language): string {
  const shown = grouped(schedules, language);
  if (language === "en") return `${kind}, found by schedule ${shown}${data === undefined ? "" : `, with ${data}`}`;
  return `${KINDS[kind]}, найдено в расписании ${shown}${data === undefined ? "" : `, с данными ${data}`}`;
}

/** Several programs, taken together. */
export function totalText(programs: number, found: number, language: Language): string {
  if (language === "en") {
    return `${englishCount(programs, "program")}: ${found === 0 ? "nothing found" : `something found in ${found}`}`;
  }
  const counted = russianCount(programs, "программа", "программы", "программ");
  return `${counted}: ${found === 0 ? "ничего не найдено" : `найдено в ${found}`}`;
}

export const ON_THREADS: Sentence = { en: "on real threads", ru: "на настоящих потоках" };
export const WARNING: Sentence = { en: "warning", ru: "предупреждение" };
