import { decimal } from "../../trace/words/language.js";
import { decide } from "../evidence.js";
import type { Lab } from "../lab.js";

const PHASE = "sixty jobs";
const STEPS_EACH = 5;
/** Of the jobs, on average: the rest begin and end. */
const MOST = 0.5;
/** One thread, and what the engine does beside it. */
const ONE_CORE = 1.3;

/** S11: execution that overlaps in time, simultaneous or not. */
export const overlap: Lab = {
  name: "overlap",
  title: { en: "Overlapping in time, without parallelism", ru: "Перекрытие во времени без параллелизма" },
  statements: ["S11"],
  claim: {
    en: "Concurrency means that several tasks exist whose execution overlaps in time, whether they run simultaneously or not.",
    ru: "Конкурентность означает, что существует несколько задач, выполнение которых перекрывается во времени, одновременно они выполняются или нет.",
  },
  prediction: {
    question: {
      en: "Sixty jobs wait and do a little, by turns, on one thread. How many cores does that keep busy?",
      ru: "Шестьдесят задач в одном потоке попеременно ждут и немного работают. Сколько ядер это займёт?",
    },
    choices: [
      { en: "all there are", ru: "все" },
      { en: "just one", ru: "ровно одно" },
      { en: "a part of one", ru: "часть одного" },
    ],
    outcome: (e) => (e.coresBusy(PHASE) > ONE_CORE ? 0 : e.coresBusy(PHASE) > 0.85 ? 1 : 2),
  },
  phases: { [PHASE]: { en: "sixty jobs", ru: "60 задач" } },
  numbers: [
    { name: "jobs", unit: "count", words: { en: "jobs", ru: "задач" } },
    {
      name: "mostAlive",
      unit: "count",
      words: { en: "most that had begun and not ended", ru: "больше всего начато и не закончено" },
    },
    {
      name: "mostInside",
      unit: "count",
      words: { en: "most that computed at the same moment", ru: "больше всего вычисляло в один момент" },
    },
    { name: "steps", unit: "count", words: { en: "steps of work", ru: "шагов работы" } },
    {
      name: "workShare",
      unit: "share",
      words: { en: "of its life, a job worked", ru: "доля жизни задачи, занятая работой" },
    },
  ],
  knobs: [
    { name: "jobs", least: 1, most: 500, usual: 60, words: { en: "jobs", ru: "задач" } },
    { name: "waitMs", least: 1, most: 200, usual: 30, words: { en: "each wait, ms", ru: "каждое ожидание, мс" } },
  ],
  explanation: {
    en: "The rows are lives: all overlap. The last row is the thread: it does one thing at a time, and most of the time nothing.",
    ru: "Строки — это жизни задач: все перекрываются. Последняя строка — поток: он делает одно за раз, а большую часть времени ничего.",
  },
  next: {
    en: "Leave out the `await sleep(…)`: no job lets go of the thread, so none overlaps another.",
    ru: "Уберите `await sleep(…)`: задачи не отпускают поток, и перекрытия больше нет.",
  },
  judge: (e) => {
    const [jobs, mostInside] = [e.number("jobs"), e.number("mostInside")];
    const { meanInFlight = 0 } = e.phase(PHASE);
    const coresBusy = e.coresBusy(PHASE);
    const isOverlap =
      e.number("mostAlive") === jobs && meanInFlight >= MOST * jobs && e.number("steps") === STEPS_EACH * jobs;
    return decide(
      isOverlap && mostInside === 1 && coresBusy < ONE_CORE,
      {
        en: `${decimal(meanInFlight, "en")} of ${jobs} jobs were in flight on average, ${mostInside} computed at a time, and ${decimal(coresBusy, "en")} cores were busy`,
        ru: `в среднем в работе ${decimal(meanInFlight, "ru")} из ${jobs} задач, вычисляло за раз: ${mostInside}, ядер занято: ${decimal(coresBusy, "ru")}`,
      },
      mostInside === 1 ? e.disturbance(PHASE) : undefined,
    );
  },
};
