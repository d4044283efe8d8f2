import { duration } from "../../trace/words/language.js";
import { decide } from "../evidence.js";
import type { Lab } from "../lab.js";
import { shareText } from "../text.js";

const PLAIN = "one by one";
const PROMISES = "promises";
const THREADS = "threads";
/** Of the time in a row: computing is not made shorter by being promised. */
const NO_FASTER = 0.8;
/** Of the time for which the loop stood still at a stretch. */
const BLOCKED = 0.9;
const FREE = 0.5;

/** S9, from its other side: what computes gains nothing from asynchrony. */
export const cpuBound: Lab = {
  name: "cpu-bound",
  title: {
    en: "Computing is no use to asynchrony; threads are the cure",
    ru: "Вычислениям асинхронность не помогает; помогают потоки",
  },
  statements: ["S9"],
  claim: {
    en: "Asynchrony pays off for input and output, not for computing: promises that compute take as long as before, and block the loop.",
    ru: "Асинхронность эффективна для ввода-вывода, но не для вычислений: вычисляющие промисы занимают столько же времени и блокируют цикл событий.",
  },
  prediction: {
    question: {
      en: "Eight pieces of computing, one after the other; then the same as eight promises, awaited together. How much faster is that?",
      ru: "Восемь вычислений одно за другим, потом те же восемь как промисы, ожидаемые вместе. Насколько это быстрее?",
    },
    choices: [
      { en: "not at all", ru: "нисколько" },
      { en: "twice as fast", ru: "вдвое" },
      { en: "eight times as fast", ru: "в восемь раз" },
    ],
    outcome: (e) => {
      const faster = e.number(`${PLAIN} ms`) / e.number(`${PROMISES} ms`);
      return faster < 1.5 ? 0 : faster < 4 ? 1 : 2;
    },
  },
  phases: {
    [PLAIN]: { en: "one by one", ru: "по одному" },
    [PROMISES]: { en: "promises", ru: "промисы" },
    [THREADS]: { en: "threads", ru: "потоки" },
  },
  numbers: [
    { name: "pieces", unit: "count", words: { en: "pieces of work", ru: "вычислений" } },
    { name: "threads", unit: "count", words: { en: "threads in the end", ru: "потоков в конце" } },
    { name: `${PLAIN} ms`, unit: "ms", words: { en: "one by one: took", ru: "по одному: время" } },
    { name: `${PROMISES} ms`, unit: "ms", words: { en: "promises: took", ru: "промисы: время" } },
    {
      name: `${PROMISES} still`,
      unit: "share",
      words: { en: "promises: of that, loop stood still", ru: "промисы: из него цикл стоял" },
    },
    { name: `${THREADS} ms`, unit: "ms", words: { en: "threads: took", ru: "потоки: время" } },
    {
      name: `${THREADS} still`,
      unit: "share",
      words: { en: "threads: of that, loop stood still", ru: "потоки: из него цикл стоял" },
    },
  ],
  knobs: [{ name: "pieces", least: 1, most: 32, usual: 8, words: { en: "pieces of work", ru: "вычислений" } }],
  explanation: {
    en: "A promise does not compute elsewhere: it is the same thread that does, and nothing else gets its turn. On threads the loop goes on meanwhile, and with free cores it is faster too.",
    ru: "Промис не вычисляет где-то ещё: вычисляет тот же поток, и до другого очередь не доходит. С потоками цикл событий тем временем работает, а при свободных ядрах выходит и быстрее.",
  },
  next: {
    en: "Make the pieces generators that `yield` now and then, on `sliced()`: no faster, but the loop is free.",
    ru: "Сделайте вычисления генераторами, которые иногда делают `yield`, и запустите на `sliced()`: не быстрее, но цикл свободен.",
  },
  judge: (e) => {
    const [plainMs, promisesMs] = [e.number(`${PLAIN} ms`), e.number(`${PROMISES} ms`)];
    const [still, stillWithThreads] = [e.number(`${PROMISES} still`), e.number(`${THREADS} still`)];
    const text = (language: "en" | "ru"): readonly [string, string, string, string] => [
      duration(plainMs, language),
      duration(promisesMs, language),
      shareText(still, language),
      shareText(stillWithThreads, language),
    ];
    const [en, ru] = [text("en"), text("ru")];
    return decide(
      promisesMs >= NO_FASTER * plainMs && still >= BLOCKED && stillWithThreads <= FREE,
      {
        en: `one by one took ${en[0]}, as promises ${en[1]}, in which the loop stood still for ${en[2]} at a stretch; with threads for ${en[3]}`,
        ru: `по одному ${ru[0]}, промисами ${ru[1]}, из них цикл событий подряд стоял ${ru[2]}; с потоками ${ru[3]}`,
      },
      still >= BLOCKED ? e.disturbance(PLAIN, THREADS) : undefined,
    );
  },
};
