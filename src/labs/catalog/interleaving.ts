import { decide } from "../evidence.js";
import type { Lab } from "../lab.js";
import { shareAtLevel, turnsTaken } from "../levels.js";
import { shareText } from "../text.js";

const ROW = "one after the other";
const TURNS = "in turns";
const LEAST_TURNS = 6;
/** Of the time: on one thread there is no other answer, but clocks have their grain. */
const NEVER = 0.01;

/** S13: many tasks exist at once on a single core, by switching. */
export const interleaving: Lab = {
  name: "interleaving",
  title: { en: "Taking turns on one thread", ru: "Чередование в одном потоке" },
  statements: ["S13"],
  claim: {
    en: "Concurrency is the simultaneous existence of many tasks: they may run on a single core, by switching from one to the other.",
    ru: "Конкурентность — это одновременное существование множества задач: они могут выполняться на одном ядре путём переключения контекста.",
  },
  prediction: {
    question: {
      en: "A long, a middle and a short job compute on one thread, started in this order, and take turns. Which is done first, and do two ever compute at once?",
      ru: "Длинная, средняя и короткая задачи запущены в этом порядке и чередуются в одном потоке. Какая закончит первой, и вычисляют ли когда-нибудь две сразу?",
    },
    choices: [
      { en: "the long one; no", ru: "длинная; нет" },
      { en: "the short one; no", ru: "короткая; нет" },
      { en: "the short one; yes", ru: "короткая; да" },
    ],
    outcome: (e) => {
      if (e.number(`${TURNS}: short`) !== 1) return 0;
      return shareAtLevel(e.lanes(TURNS), 2) < NEVER ? 1 : 2;
    },
  },
  phases: {
    [ROW]: { en: "one after the other", ru: "одна за другой" },
    [TURNS]: { en: "in turns", ru: "по очереди" },
  },
  numbers: [
    { name: "jobs", unit: "count", words: { en: "jobs", ru: "задач" } },
    {
      name: `${ROW}: short`,
      unit: "count",
      words: { en: "in a row: the short one is number", ru: "подряд: короткая закончила под номером" },
    },
    {
      name: `${TURNS}: short`,
      unit: "count",
      words: { en: "in turns: the short one is number", ru: "по очереди: короткая закончила под номером" },
    },
    {
      name: "switches",
      unit: "count",
      words: { en: "in turns: switches from job to job", ru: "по очереди: переключений между задачами" },
    },
    {
      name: "preemptions",
      unit: "count",
      words: { en: "in turns: slices used up", ru: "по очереди: исчерпанных квантов" },
    },
  ],
  lanesRan: true,
  knobs: [{ name: "sliceMs", least: 1, most: 1000, usual: 4, words: { en: "quantum, ms", ru: "квант, мс" } }],
  explanation: {
    en: "This is what the kernel does with threads, in plain sight: a job has the thread for some milliseconds, then the next. No result changes; only the order of what is done when.",
    ru: "То же, что ядро системы делает с потоками, но на виду: задача занимает поток на несколько миллисекунд, затем следующая. Результаты не меняются, меняется лишь порядок.",
  },
  next: {
    en: "Set `sliceMs` to 1000: no job is interrupted any more, and both pictures are the same.",
    ru: "Задайте `sliceMs` 1000: задачи больше не прерываются, и обе картинки одинаковы.",
  },
  judge: (e) => {
    const jobs = e.number("jobs");
    const turns = turnsTaken(e.lanes(TURNS));
    const atOnce = shareAtLevel(e.lanes(TURNS), 2);
    const isSame = e.number(`${ROW}: states`) === e.number(`${TURNS}: states`);
    const [inRow, inTurns] = [e.number(`${ROW}: short`), e.number(`${TURNS}: short`)];
    const { mostInFlight } = e.phase(TURNS);
    // Nobody's load changes these. How often they take turns goes by the clock, which goes on for a job whose core others have.
    const isSound = isSame && inRow === jobs && mostInFlight === jobs && atOnce < NEVER;
    return decide(
      isSound && inTurns === 1 && turns >= LEAST_TURNS,
      {
        en: `${mostInFlight} jobs in flight on one thread changed over ${turns} times, two at once for ${shareText(atOnce, "en")} of the time; the short one, started last, was done as number ${inTurns}, and in a row as number ${inRow}`,
        ru: `задач в работе: ${mostInFlight}, в одном потоке; сменились ${turns} раз, две сразу ${shareText(atOnce, "ru")} времени; короткая, запущенная последней, по очереди закончила под номером ${inTurns}, подряд под номером ${inRow}`,
      },
      isSound ? e.disturbance(TURNS) : undefined,
    );
  },
};
