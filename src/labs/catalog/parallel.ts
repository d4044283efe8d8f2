import { decide, type Evidence } from "../evidence.js";
import type { Lab } from "../lab.js";
import { shareAtLevel } from "../levels.js";
import { shareText } from "../text.js";

const ONE = "one thread";
const ALL = "all divided";
const HALF = "half divided";
/** Of what is possible beyond 1, and of the time: the rest goes into handing out and other programs. */
const MUCH = 0.5;
/** By how much a measurement may be better than the law allows: the run on one thread had its own troubles. */
const GRAIN = 1.2;

/** How much faster, by Amdahl's law. */
export function amdahl(parallelShare: number, workers: number): number {
  return 1 / (1 - parallelShare + parallelShare / workers);
}

function speedUp(e: Evidence, phase: string): number {
  return e.number(`${ONE} ms`) / e.number(`${phase} ms`);
}

/** S14: real simultaneous execution, and its limit. */
export const parallel: Lab = {
  name: "parallel",
  title: { en: "Parallelism, and its limit", ru: "Параллелизм и его предел" },
  statements: ["S14"],
  claim: {
    en: "Parallelism is the simultaneous execution of tasks on different cores: the same work takes less time, as far as it can be divided.",
    ru: "Параллелизм — это одновременное выполнение задач на разных ядрах: та же работа занимает меньше времени, насколько её можно разделить.",
  },
  prediction: {
    question: {
      en: "Half of the work can be divided among threads, the other half can't. How much faster can it become, with any number of cores?",
      ru: "Половину работы можно разделить между потоками, другую нельзя. Во сколько раз быстрее она может стать при любом числе ядер?",
    },
    choices: [
      { en: "less than twice", ru: "меньше чем вдвое" },
      { en: "as many times as there are cores", ru: "во столько, сколько ядер" },
      { en: "half as many times as there are cores", ru: "в половину числа ядер" },
    ],
    outcome: (e) => {
      const faster = speedUp(e, HALF);
      if (faster < 2) return 0;
      return faster < 0.75 * e.number("threads") ? 2 : 1;
    },
  },
  phases: {
    [ONE]: { en: "one thread", ru: "один поток" },
    [ALL]: { en: "all divided", ru: "разделено всё" },
    [HALF]: { en: "half divided", ru: "разделена половина" },
  },
  numbers: [
    { name: "threads", unit: "count", words: { en: "threads", ru: "потоков" } },
    { name: `${ONE} ms`, unit: "ms", words: { en: "on one thread", ru: "в одном потоке" } },
    { name: `${ALL} ms`, unit: "ms", words: { en: "all divided", ru: "разделено всё" } },
    { name: `${HALF} ms`, unit: "ms", words: { en: "half divided", ru: "разделена половина" } },
  ],
  lanesRan: true,
  knobs: [
    {
      name: "threads",
      least: 1,
      most: 16,
      usual: (cores) => Math.min(4, Math.max(2, cores)),
      words: { en: "threads", ru: "потоков" },
    },
  ],
  explanation: {
    en: "The part that can't be divided takes as long as ever, and sets the limit: by Amdahl's law 1 / (1 − p + p / cores) times as fast, with a share p that can.",
    ru: "Неделимая часть занимает столько же, сколько и раньше, и задаёт предел: по закону Амдала ускорение 1 / (1 − p + p / ядра), где p — делимая доля.",
  },
  next: {
    en: "Bind the second pool to one core, `threads({ size: count, cores: [0] })`: as many threads, and no faster than one.",
    ru: "Привяжите второй пул к одному ядру, `threads({ size: count, cores: [0] })`: потоков столько же, но не быстрее одного.",
  },
  judge: (e) => {
    const workers = Math.min(e.number("threads"), e.cores);
    const [all, half] = [speedUp(e, ALL), speedUp(e, HALF)];
    const [mostAll, mostHalf] = [amdahl(1, workers), amdahl(0.5, workers)];
    const atOnce = shareAtLevel(e.lanes(ALL), 2);
    const isParallel = all >= 1 + MUCH * (e.number("threads") - 1) && atOnce >= MUCH;
    const isLimited = half <= GRAIN * mostHalf && half < all;
    const figures = [all, mostAll, half, mostHalf].map((value) => value.toFixed(2));
    const ru = figures.map((text) => text.replace(".", ","));
    return decide(
      isParallel && isLimited,
      {
        en: `${e.number("threads")} threads were ${figures[0]} times as fast as one where all was divided (at most ${figures[1]}, two ran at once for ${shareText(atOnce, "en")} of the time), and ${figures[2]} times where a half was (at most ${figures[3]})`,
        ru: `потоков: ${e.number("threads")}; быстрее одного в ${ru[0]} раза, когда разделено всё (предел ${ru[1]}, два выполнялись сразу ${shareText(atOnce, "ru")} времени), и в ${ru[2]} раза, когда разделена половина (предел ${ru[3]})`,
      },
      e.coresMissing(ALL) ?? (isParallel ? e.disturbance(HALF, ONE) : undefined),
    );
  },
};
