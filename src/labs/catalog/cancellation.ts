import { duration } from "../../trace/words/language.js";
import { decide } from "../evidence.js";
import type { Lab } from "../lab.js";

/** S12: a structure that can be managed as a whole. */
export const cancellation: Lab = {
  name: "cancellation",
  title: { en: "A tree of jobs is cancelled at its root", ru: "Дерево задач отменяется с корня" },
  statements: ["S12"],
  claim: {
    en: "Concurrency is about structure: tasks that belong together can be managed as one, and none outlives the whole.",
    ru: "Конкурентность — это о структуре: связанными задачами можно управлять как одной, и ни одна не переживёт целое.",
  },
  prediction: {
    question: {
      en: "Nine jobs in a tree, three of which compute without end on threads. The root is cancelled. How many still run when the scope has ended?",
      ru: "В дереве девять задач, три из них бесконечно вычисляют в потоках. Корень отменён. Сколько ещё выполняется, когда область закончилась?",
    },
    choices: [
      { en: "none", ru: "ни одной" },
      { en: "the three on threads", ru: "три в потоках" },
      { en: "all but the root", ru: "все, кроме корня" },
    ],
    outcome: (e) => (e.number("left") === 0 ? 0 : e.number("left") <= e.number("branches") ? 1 : 2),
  },
  phases: { tree: { en: "the tree", ru: "дерево" } },
  numbers: [
    { name: "started", unit: "count", words: { en: "jobs started", ru: "задач начато" } },
    {
      name: "ended",
      unit: "count",
      words: { en: "jobs ended when the scope had", ru: "закончилось вместе с областью" },
    },
    { name: "cleaned", unit: "count", words: { en: "cleanups done", ru: "очисток выполнено" } },
    { name: "endingMs", unit: "ms", words: { en: "from the cancellation to the end", ru: "от отмены до конца" } },
    { name: "lost", unit: "count", words: { en: "threads lost by it", ru: "потоков потеряно" } },
  ],
  explanation: {
    en: "The cancellation goes down the tree: waits end at once, computing ends at its next checkpoint, cleanups run; then the scope ends, and nothing is left behind it.",
    ru: "Отмена идёт вниз по дереву: ожидания кончаются сразу, вычисления — на ближайшей контрольной точке, выполняются очистки; затем кончается область, и после неё ничего не остаётся.",
  },
  next: {
    en: "Leave out `s.checkpoint()`: the computing can't hear of it, so after a while its threads are stopped and replaced.",
    ru: "Уберите `s.checkpoint()`: вычисления об отмене не узнают, и через некоторое время их потоки остановят и заменят.",
  },
  judge: (e) => {
    const [started, ended, left] = [e.number("started"), e.number("ended"), e.number("left")];
    const [cleaned, branches, lost] = [e.number("cleaned"), e.number("branches"), e.number("lost")];
    const isOver = started === 3 * branches && left === 0 && cleaned === branches;
    return decide(
      isOver && lost === 0,
      {
        en: `${ended} of ${started} jobs had ended when the scope had, ${duration(e.number("endingMs"), "en")} after the cancellation, with ${cleaned} of ${branches} cleanups and ${lost} threads lost`,
        ru: `к концу области закончилось ${ended} из ${started} задач, через ${duration(e.number("endingMs"), "ru")} после отмены; очисток ${cleaned} из ${branches}, потоков потеряно: ${lost}`,
      },
      // A thread that has no core for long can't check in time, and is stopped like one that does not check.
      isOver ? e.disturbance("tree") : undefined,
    );
  },
};
