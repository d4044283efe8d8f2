import { duration, englishCount, russianCountOf } from "../../trace/words/language.js";
import { decide } from "../evidence.js";
import type { Lab } from "../lab.js";
import { medianRunMs, turnsTaken } from "../levels.js";

const ONE = "one core";
const SEVERAL = "several cores";
/** A thread that came to a core less often was not switched, but left alone. */
const LEAST_TURNS_EACH = 3;
/** What others take is no switch from one of these threads to another. */
const LEAST_TURNS = 6;
/** Of a stretch on a core. Schedulers give some milliseconds; longer than this nobody calls quick. */
const QUICK_MS = 60;

/** S4: the scheduler switches quickly, on one core and on several. */
export const switching: Lab = {
  name: "switching",
  title: { en: "The scheduler switches between threads", ru: "Планировщик переключает потоки" },
  statements: ["S4"],
  claim: {
    en: "The operating system's scheduler switches quickly between threads, on one core and on several.",
    ru: "Планировщик операционной системы быстро переключается между потоками, на одном ядре и на нескольких.",
  },
  prediction: {
    question: {
      en: "Four threads compute on one core. How long does a thread have it before the next one is given it, as a rule?",
      ru: "Четыре потока вычисляют на одном ядре. Сколько времени поток обычно занимает его, прежде чем оно достанется другому?",
    },
    choices: [
      { en: "less than a millisecond", ru: "меньше миллисекунды" },
      { en: "1 to 20 ms", ru: "от 1 до 20 мс" },
      { en: "longer", ru: "дольше" },
    ],
    outcome: (e) => {
      const median = medianRunMs(e.lanes(ONE)) ?? 0;
      return median < 1 ? 0 : median <= 20 ? 1 : 2;
    },
  },
  phases: {
    [ONE]: { en: "first", ru: "сначала" },
    [SEVERAL]: { en: "then", ru: "потом" },
  },
  numbers: [
    { name: "threadsOnOne", unit: "count", words: { en: "threads, first", ru: "потоков сначала" } },
    { name: "coresOne", unit: "count", words: { en: "on cores", ru: "на ядрах" } },
    { name: "threadsOnSeveral", unit: "count", words: { en: "threads, then", ru: "потоков потом" } },
    { name: "coresSeveral", unit: "count", words: { en: "on cores", ru: "на ядрах" } },
  ],
  lanesRan: true,
  knobs: [
    { name: "threads", least: 1, most: 16, usual: 4, words: { en: "threads", ru: "потоков" } },
    {
      name: "lengthMs",
      least: 50,
      most: 2000,
      usual: 300,
      words: { en: "each computes, ms", ru: "каждый вычисляет, мс" },
    },
  ],
  explanation: {
    en: "No thread asked to be interrupted: the forced switches are the scheduler's. Each stretch on a core is a few milliseconds, so all seem to go on at once.",
    ru: "Ни один поток не просил его прерывать: вынужденные переключения сделал планировщик. Каждый отрезок на ядре длится миллисекунды, поэтому кажется, что все идут сразу.",
  },
  next: {
    en: "Have as many threads as cores, `count = pinTo.length`: there is nobody to switch to, and hardly a switch.",
    ru: "Сделайте потоков столько, сколько ядер, `count = pinTo.length`: переключать не на кого, и переключений почти нет.",
  },
  judge: (e) => {
    const seen = [ONE, SEVERAL].map((name) => {
      const lanes = e.lanes(name);
      const fewest = Math.min(...lanes.map(({ runs }) => runs.length));
      return { fewest, turns: turnsTaken(lanes), medianMs: medianRunMs(lanes) ?? Infinity };
    });
    const [one, several] = seen as [(typeof seen)[0], (typeof seen)[0]];
    const cores = (language: "en" | "ru", name: string): string =>
      language === "en" ? englishCount(e.number(name), "core") : russianCountOf(e.number(name), "ядре", "ядрах");
    const isQuick = seen.every(
      ({ fewest, turns, medianMs }) => fewest >= LEAST_TURNS_EACH && turns >= LEAST_TURNS && medianMs <= QUICK_MS,
    );
    return decide(
      isQuick,
      {
        en: `on ${cores("en", "coresOne")} another thread went on ${one.turns} times, after ${duration(one.medianMs, "en")} as a rule; on ${cores("en", "coresSeveral")} ${several.turns} times, after ${duration(several.medianMs, "en")}; no thread came to a core less than ${Math.min(one.fewest, several.fewest)} times`,
        ru: `на ${cores("ru", "coresOne")} потоки сменились ${one.turns} раз, обычно через ${duration(one.medianMs, "ru")}; на ${cores("ru", "coresSeveral")} ${several.turns} раз, через ${duration(several.medianMs, "ru")}; каждый поток получал ядро не меньше ${Math.min(one.fewest, several.fewest)} раз`,
      },
      e.disturbance(ONE, SEVERAL),
    );
  },
};
