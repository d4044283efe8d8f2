import { decide, decideAtOnce, notShown } from "../evidence.js";
import type { Lab } from "../lab.js";
import { shareAtLevel } from "../levels.js";
import { shareText } from "../text.js";

const HERE = "here";
const SLICED = "sliced";
const ONE_CORE = "threads, one core";
const ALL_CORES = "threads, all cores";
const PLACES = [HERE, SLICED, ONE_CORE, ALL_CORES] as const;
/** Of the time: what the clock's leaps leave to chance. */
const HARDLY = 0.1;
/** The jobs wait for half of the time: two that compute as they please meet for 30 to 50 % of the computing. */
const OFTEN = 0.15;

/** S11 to S14: one structure, four places to run it. */
export const fourModels: Lab = {
  name: "four-models",
  title: { en: "Four models: one program in four places", ru: "Четыре модели: одна программа в четырёх местах" },
  statements: ["S11", "S12", "S13", "S14"],
  claim: {
    en: "Concurrency is the structure of a program: the same tasks overlap in time wherever they run. Parallelism is what threads on several cores add.",
    ru: "Конкурентность — это структура программы: одни и те же задачи перекрываются во времени, где бы они ни выполнялись. Параллелизм добавляют потоки на нескольких ядрах.",
  },
  prediction: {
    question: {
      en: "Four jobs wait for a server and compute, by turns: on the event loop, time-sliced, on threads bound to one core, on threads on all cores. In how many of these are all four in flight at once?",
      ru: "Четыре задачи попеременно ждут сервер и вычисляют: в цикле событий, по квантам времени, в потоках на одном ядре и в потоках на всех ядрах. В скольких случаях в работе сразу все четыре?",
    },
    choices: [
      { en: "in the last only", ru: "только в последнем" },
      { en: "in those with threads", ru: "в обоих с потоками" },
      { en: "in all four", ru: "во всех четырёх" },
    ],
    outcome: (e) => {
      const count = PLACES.filter((place) => e.phase(place).mostInFlight === e.number("jobs")).length;
      return count === 4 ? 2 : count >= 2 ? 1 : 0;
    },
  },
  phases: {
    [HERE]: { en: "here, one loop", ru: "здесь, один цикл" },
    [SLICED]: { en: "sliced, one loop", ru: "по квантам" },
    [ONE_CORE]: { en: "threads, one core", ru: "потоки, одно ядро" },
    [ALL_CORES]: { en: "threads, all cores", ru: "потоки, все ядра" },
  },
  numbers: [
    { name: "jobs", unit: "count", words: { en: "jobs", ru: "задач" } },
    { name: "results", unit: "count", words: { en: "different results", ru: "разных результатов" } },
  ],
  lanesRan: true,
  knobs: [
    { name: "jobs", least: 1, most: 8, usual: 4, words: { en: "jobs", ru: "задач" } },
    {
      name: "answerMs",
      least: 0,
      most: 200,
      usual: 15,
      words: { en: "the server thinks for, ms", ru: "сервер думает, мс" },
    },
    { name: "sliceMs", least: 1, most: 50, usual: 3, words: { en: "quantum of sliced, ms", ru: "квант (sliced), мс" } },
  ],
  explanation: {
    en: "Where it runs is an option; the result and the number of jobs in flight are the structure's. Down the pictures: nobody interrupts; jobs take turns; the kernel takes turns; cores work at the same time.",
    ru: "Где выполнять — лишь параметр; результат и число задач в работе задаёт структура. На картинках сверху вниз: никто не прерывает; задачи чередуются; чередует ядро системы; ядра процессора работают одновременно.",
  },
  next: {
    en: "Take the inner `yield` out: then `sliced` can't interrupt, and its picture becomes that of `here`.",
    ru: "Уберите внутренний `yield`: `sliced` не сможет прерывать, и его картинка станет такой же, как у `here`.",
  },
  judge: (e) => {
    const jobs = e.number("jobs");
    const inFlight = PLACES.map((place) => e.phase(place).mostInFlight);
    const atOnce = PLACES.map((place) => shareAtLevel(e.lanes(place), 2));
    const [here = 0, turns = 0, oneCore = 0, allCores = 0] = atOnce;
    const isSame = e.number("results") === 1 && inFlight.every((most) => most === jobs);
    const isApart = [here, turns, oneCore].every((share) => share < HARDLY);
    const shares = (language: "en" | "ru"): string => atOnce.map((share) => shareText(share, language)).join(", ");
    const because = {
      en: `${isSame ? "the same result everywhere, and" : "not the same everywhere:"} ${inFlight.join(", ")} jobs in flight; of the computing time, two or more really ran at once for ${shares("en")}`,
      ru: `${isSame ? "результат везде один;" : "не везде одинаково;"} задач в работе: ${inFlight.join(", ")}; доля времени вычислений, когда две и больше действительно выполнялись сразу: ${shares("ru")}`,
    };
    if (!isSame) return notShown(because);
    if (!isApart) return decide(false, because, e.disturbance(ONE_CORE));
    return decideAtOnce(allCores, OFTEN, oneCore, because, e.coresMissing(ALL_CORES));
  },
};
