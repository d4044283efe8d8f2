import { decide } from "../evidence.js";
import type { Lab } from "../lab.js";

const THREADS = 3;

/** S1, S2, S3: one process, several threads; memory is common, stacks are not. */
export const threadsLab: Lab = {
  name: "threads",
  title: { en: "Threads: common memory, stacks of their own", ru: "Потоки: общая память, отдельные стеки" },
  statements: ["S1", "S2", "S3"],
  claim: {
    en: "One process can have several threads; they share the process's memory, and each has a call stack of its own.",
    ru: "Один процесс может создать несколько потоков выполнения; память процесса у них общая, а стек вызовов у каждого свой.",
  },
  prediction: {
    question: {
      en: "Three threads call themselves 1, 500 and 5000 times deep and stand there at once; then one calls itself without end. What happens to the others?",
      ru: "Три потока вызывают сами себя на глубину 1, 500 и 5000 и стоят там одновременно; затем один вызывает себя без конца. Что будет с другими?",
    },
    choices: [
      { en: "nothing: its stack is its own", ru: "ничего: стек у него свой" },
      { en: "they fail with it", ru: "они завершатся с ошибкой вместе с ним" },
      { en: "they go on with a shorter stack", ru: "они продолжат с меньшим стеком" },
    ],
    outcome: (e) => (e.number("lost") === 0 ? 0 : 1),
  },
  phases: {
    "three threads": { en: "three threads", ru: "три потока" },
    "one stack overflows": { en: "one stack overflows", ru: "один стек переполнен" },
  },
  numbers: [
    { name: "processes", unit: "count", words: { en: "processes", ru: "процессов" } },
    { name: "threads", unit: "count", words: { en: "threads that ran the tasks", ru: "потоков, выполнявших задачи" } },
    {
      name: "sawAll",
      unit: "count",
      words: { en: "threads that saw what all had written", ru: "потоков, увидевших записанное всеми" },
    },
    {
      name: "ownDepth",
      unit: "count",
      words: { en: "threads that came back from their own depth", ru: "потоков, вернувшихся со своей глубины" },
    },
    { name: "overflows", unit: "count", words: { en: "stacks that overflowed", ru: "переполненных стеков" } },
    { name: "lost", unit: "count", words: { en: "threads lost by that", ru: "потоков, потерянных из-за этого" } },
  ],
  explanation: {
    en: "What one thread writes, the others read in place: no message was sent. The depths stood side by side, so there were three stacks; and one that was full hurt none of the others.",
    ru: "Записанное одним потоком другие читают на месте: сообщений не было. Глубины существовали одновременно, значит, стеков было три; переполнение одного не затронуло остальные.",
  },
  next: {
    en: "Make `cells` an ordinary `new Int32Array(3)`: a thread then gets a copy, and sees nothing of the others.",
    ru: "Замените `cells` на обычный `new Int32Array(3)`: поток получит копию и ничего чужого не увидит.",
  },
  judge: (e) => {
    const [processes, threads] = [e.number("processes"), e.number("threads")];
    const [sawAll, ownDepth] = [e.number("sawAll"), e.number("ownDepth")];
    const survived = e.number("overflows") === 1 && e.number("lost") === 0;
    return decide(processes === 1 && threads === THREADS && sawAll === THREADS && ownDepth === THREADS && survived, {
      en: `${threads} threads in ${processes} process; ${sawAll} of ${THREADS} saw what all wrote, ${ownDepth} came back from their own depth, and a full stack ${survived ? "hurt no other thread" : "was not confined to its thread"}`,
      ru: `потоков: ${threads}, процессов: ${processes}; записанное всеми увидели ${sawAll} из ${THREADS}, со своей глубины вернулись ${ownDepth}, переполнение стека ${survived ? "не затронуло другие потоки" : "не ограничилось своим потоком"}`,
    });
  },
};
