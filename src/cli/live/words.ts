/** The texts of the live table, in both languages. */
import type { Badge, KernelThreadKind, Language, Sentence, Severity, ThreadState } from "../../trace/index.js";

/** What the table says beside roles, states and badges. */
export type Word =
  | "demand"
  | "parallelism"
  | "cores"
  | "inFlight"
  | "queued"
  | "steals"
  | "wakes"
  | "thread"
  | "tid"
  | "role"
  | "cpu"
  | "wait"
  | "core"
  | "state"
  | "delay"
  | "waitsIn"
  | "gave"
  | "taken"
  | "task"
  | "runs"
  | "mean"
  | "p99"
  | "now"
  | "work"
  | "findings"
  | "noFindings"
  | "noThreads"
  | "more"
  | "output"
  | "sources"
  | "paused"
  | "ended"
  | "sortedBy"
  | "keys";

export const WORDS: Readonly<Record<Word, Sentence>> = {
  demand: { en: "wanted", ru: "нужно" },
  parallelism: { en: "busy", ru: "занято" },
  cores: { en: "cores", ru: "ядер" },
  inFlight: { en: "in flight", ru: "в работе" },
  queued: { en: "queued", ru: "в очереди" },
  steals: { en: "steals/s", ru: "перехв./с" },
  wakes: { en: "wakes/s", ru: "пробужд./с" },
  thread: { en: "THREAD", ru: "ПОТОК" },
  tid: { en: "TID", ru: "TID" },
  role: { en: "ROLE", ru: "РОЛЬ" },
  cpu: { en: "CPU", ru: "ЦП" },
  wait: { en: "WAIT", ru: "ОЧЕР." },
  core: { en: "CORE", ru: "ЯДРО" },
  state: { en: "STATE", ru: "СОСТОЯНИЕ" },
  delay: { en: "LOOP DELAY", ru: "ЗАДЕРЖКА" },
  waitsIn: { en: "KERNEL WAITS IN", ru: "ЖДЁТ В ЯДРЕ ОС" },
  gave: { en: "GAVE/s", ru: "ОТДАЛ/с" },
  taken: { en: "TAKEN/s", ru: "ОТНЯТО/с" },
  task: { en: "TASK", ru: "ЗАДАЧА" },
  runs: { en: "RUNS/s", ru: "ЗАПУСКОВ/с" },
  mean: { en: "MEAN", ru: "СРЕДНЕЕ" },
  p99: { en: "P99", ru: "P99" },
  now: { en: "NOW", ru: "СЕЙЧАС" },
  work: { en: "Async work in flight", ru: "Асинхронная работа" },
  findings: { en: "Findings", ru: "Находки" },
  noFindings: { en: "nothing stands out", ru: "ничего примечательного" },
  noThreads: { en: "no thread was seen yet", ru: "потоков пока не видно" },
  more: { en: "more", ru: "ещё" },
  output: { en: "Output of the program", ru: "Вывод программы" },
  sources: { en: "Sources", ru: "Источники" },
  paused: { en: "PAUSED", ru: "ПАУЗА" },
  ended: { en: "ended", ru: "завершилась" },
  sortedBy: { en: "by", ru: "по" },
  keys: {
    en: "q quit · s sort · p pause · h helper threads · b sources",
    ru: "q выход · s порядок · p пауза · h служебные · b источники",
  },
};

export const ROLES: Readonly<Record<KernelThreadKind, Sentence>> = {
  loop: { en: "main loop", ru: "главный" },
  pool: { en: "pool", ru: "пул" },
  dedicated: { en: "dedicated", ru: "выделенный" },
  worker: { en: "worker", ru: "worker" },
  observer: { en: "observer", ru: "наблюдатель" },
  engine: { en: "engine", ru: "движок" },
  io: { en: "file I/O", ru: "файлы" },
  unknown: { en: "?", ru: "?" },
};

export const STATES: Readonly<Record<ThreadState, Sentence>> = {
  running: { en: "runs", ru: "работает" },
  lock: { en: "waits: lock", ru: "ждёт: замок" },
  io: { en: "waits: events", ru: "ждёт: события" },
  blocked: { en: "waits: system call", ru: "ждёт: вызов ОС" },
  unknown: { en: "?", ru: "?" },
};

export const BADGES: Readonly<Record<Badge, Sentence>> = {
  exact: { en: "exact", ru: "точно" },
  measured: { en: "measured", ru: "измерено" },
  sampled: { en: "sampled", ru: "по выборке" },
  inferred: { en: "inferred", ru: "выведено" },
  "not available": { en: "not available", ru: "недоступно" },
};

export const SEVERITIES: Readonly<Record<Severity, { readonly mark: string; readonly color: string }>> = {
  problem: { mark: "✗", color: "31" },
  warning: { mark: "!", color: "33" },
  note: { mark: "·", color: "36" },
};

/** The language that was asked for, else that of the environment. */
export function languageOf(
  asked: Language | undefined,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Language {
  const { LC_ALL, LC_MESSAGES, LANG } = environment;
  // An empty variable counts as none.
  const told = [LC_ALL, LC_MESSAGES, LANG].find((value) => value !== undefined && value !== "");
  return asked ?? (told?.toLowerCase().startsWith("ru") === true ? "ru" : "en");
}
