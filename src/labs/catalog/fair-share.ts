import { decide } from "../evidence.js";
import type { Lab } from "../lab.js";
import { shareText } from "../text.js";

const ROUNDS = [1, 2, 4] as const;
/** Of the largest share; schedulers are fair over longer times than these. */
const FAIR = 0.6;
/** Twice as many threads: each gets a half, and a half more for what the others on the core do. */
const SMALLER = 0.75;

/** S5: threads share the cores. */
export const fairShare: Lab = {
  name: "fair-share",
  title: { en: "Threads share the cores", ru: "Потоки делят ресурсы процессора" },
  statements: ["S5"],
  claim: {
    en: "Whether threads have one core or several does not matter to the concept; what matters is that they share what there is.",
    ru: "На одном ядре потоки или на нескольких, концептуально неважно; важно, что они делят ресурсы процессора.",
  },
  prediction: {
    question: {
      en: "A thread that computes alone on a core has all of it. How much does each get when there are four?",
      ru: "Поток, который вычисляет на ядре один, занимает его целиком. Сколько получит каждый из четырёх?",
    },
    choices: [
      { en: "the first most of it", ru: "первый почти всё" },
      { en: "about a quarter", ru: "около четверти" },
      { en: "all of it, each", ru: "каждый целиком" },
    ],
    outcome: (e) => (e.number("least4") < FAIR * e.number("most4") ? 0 : e.number("least4") > 0.5 ? 2 : 1),
  },
  phases: {
    "1 to a core": { en: "1 to a core", ru: "1 на ядро" },
    "2 to a core": { en: "2 to a core", ru: "2 на ядро" },
    "4 to a core": { en: "4 to a core", ru: "4 на ядро" },
  },
  numbers: [
    { name: "cores", unit: "count", words: { en: "cores shared", ru: "ядер на всех" } },
    ...ROUNDS.flatMap(
      (each) =>
        [
          {
            name: `least${each}`,
            unit: "share",
            words: { en: `${each} to a core: least that one got`, ru: `${each} на ядро: меньше всего` },
          },
          {
            name: `most${each}`,
            unit: "share",
            words: { en: `${each} to a core: most that one got`, ru: `${each} на ядро: больше всего` },
          },
          {
            name: `all${each}`,
            unit: "share",
            words: { en: `${each} to a core: all of them together`, ru: `${each} на ядро: все вместе` },
          },
        ] as const,
    ),
  ],
  lanesRan: true,
  knobs: [
    {
      name: "lengthMs",
      least: 50,
      most: 2000,
      usual: 400,
      words: { en: "each computes, ms", ru: "каждый вычисляет, мс" },
    },
  ],
  explanation: {
    en: "The core's time stays what it is; more threads get smaller parts, and no one is left out. What is missing to the whole went to others, or into switching.",
    ru: "Время ядра не прибавляется: чем больше потоков, тем меньше доля каждого, и никто не обделён. Недостающее до целого досталось другим программам или ушло на переключения.",
  },
  next: {
    en: "Let one of them sleep now and then (`Atomics.wait` for 1 ms): it gets less, and the others share what it leaves.",
    ru: "Пусть один из них иногда спит (`Atomics.wait` на 1 мс): он получит меньше, а остаток поделят другие.",
  },
  judge: (e) => {
    const [one, two, four] = ROUNDS.map((each) => e.number(`most${each}`)) as [number, number, number];
    const isFair = ([2, 4] as const).every((each) => e.number(`least${each}`) >= FAIR * e.number(`most${each}`));
    const isShared = two <= SMALLER * one && four <= SMALLER * two;
    const range = (each: 2 | 4, language: "en" | "ru"): string =>
      [e.number(`least${each}`), e.number(`most${each}`)].map((share) => shareText(share, language)).join("–");
    return decide(
      isFair && isShared,
      {
        en: `alone a thread got ${shareText(one, "en")} of a core, of two each got ${range(2, "en")}, of four ${range(4, "en")}`,
        ru: `один поток получил ${shareText(one, "ru")} ядра, каждый из двух ${range(2, "ru")}, каждый из четырёх ${range(4, "ru")}`,
      },
      e.disturbance(...ROUNDS.map((each) => `${each} to a core`)),
    );
  },
};
