/** What the labs' command says, in each language. What a lab says itself stands in its entry of the catalogue. */
import type { Language } from "../trace/words/language.js";
import type { JudgementKind } from "./lab.js";

/** Words that lanes are called by. A program calls them in English. */
const LANE_WORDS: Readonly<Record<Exclude<Language, "en">, Readonly<Record<string, string>>>> = {
  ru: {
    "other work": "другое",
    "the thread": "сам поток",
    computes: "считает",
    depth: "глубина",
    job: "задача",
    long: "длинная",
    maker: "создаёт",
    middle: "средняя",
    "no.": "№",
    operation: "операция",
    piece: "часть",
    requests: "запросы",
    short: "короткая",
    thread: "поток",
    user: "использует",
    waits: "ждёт",
  },
};

export function laneName(name: string, language: Language): string {
  if (language === "en") return name;
  const words = Object.entries(LANE_WORDS[language]);
  return words.reduce((text, [word, translated]) => text.replace(word, translated), name);
}

interface Words {
  readonly lab: string;
  readonly labs: string;
  readonly listTail: readonly string[];
  readonly claim: string;
  readonly predict: string;
  readonly ask: string;
  readonly predicted: string;
  readonly itWas: string;
  readonly numbers: string;
  readonly picture: (phase: string, ms: string) => string;
  readonly means: string;
  readonly next: string;
  readonly nextHow: (number: number) => readonly string[];
  readonly verdicts: Readonly<Record<JudgementKind, string>>;
  readonly summary: (shown: number, notShown: number, inconclusive: number) => string;
  readonly running: string;
  /** Heads of the table of phases. */
  readonly columns: readonly [
    phase: string,
    wall: string,
    cpu: string,
    coresBusy: string,
    inFlight: string,
    own: string,
    forced: string,
    others: string,
  ];
  readonly notTold: string;
  readonly programSaid: string;
}

export const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    lab: "Lab",
    labs: "Labs: each shows one thing about threads, asynchrony, concurrency or parallelism, on this machine.",
    listTail: [
      "skein lab 1          begin here: predict, run, compare",
      "skein lab S4         the labs of a statement",
      "skein lab --all      all of them, as a table",
      "skein lab 1 --code   the program; change it, and run it with --with <file>",
    ],
    claim: "Claim",
    predict: "Predict",
    ask: "Your prediction (a letter, or Enter to go on): ",
    predicted: "You said",
    itWas: "it was",
    numbers: "Numbers",
    picture: (phase, ms) => `Timeline: ${phase} (${ms})`,
    means: "Meaning",
    next: "Change",
    nextHow: (number) => [`skein lab ${number} --code > mine.ts`, `skein lab ${number} --with mine.ts`],
    verdicts: { shown: "shown", "not-shown": "not shown", inconclusive: "inconclusive" },
    summary: (shown, notShown, inconclusive) => `${shown} shown, ${notShown} not shown, ${inconclusive} inconclusive`,
    running: "running",
    columns: ["", "wall", "CPU", "cores busy", "in flight", "own", "forced", "others"],
    notTold: "–",
    programSaid: "The program wrote",
  },
  ru: {
    lab: "Опыт",
    labs: "Опыты: каждый показывает на этой машине что-то одно о потоках, асинхронности, конкурентности или параллелизме.",
    listTail: [
      "skein lab 1          начните отсюда: предсказать, запустить, сравнить",
      "skein lab S4         опыты одного утверждения",
      "skein lab --all      все опыты, таблицей",
      "skein lab 1 --code   программа; измените её и запустите: --with <файл>",
    ],
    claim: "Тезис",
    predict: "Прогноз",
    ask: "Ваш прогноз (буква, или Enter, чтобы продолжить): ",
    predicted: "Вы сказали",
    itWas: "вышло",
    numbers: "Числа",
    picture: (phase, ms) => `Во времени: ${phase} (${ms})`,
    means: "Смысл",
    next: "Дальше",
    nextHow: (number) => [`skein lab ${number} --code > mine.ts`, `skein lab ${number} --with mine.ts`],
    verdicts: { shown: "показано", "not-shown": "не показано", inconclusive: "сказать нельзя" },
    summary: (shown, notShown, inconclusive) =>
      `показано: ${shown}, не показано: ${notShown}, сказать нельзя: ${inconclusive}`,
    running: "выполняется",
    columns: ["", "время", "ЦП", "ядер занято", "в работе", "сами", "вынужд.", "другие"],
    notTold: "–",
    programSaid: "Программа написала",
  },
};
