import { inconclusive, notShown, shown } from "../evidence.js";
import type { Lab } from "../lab.js";
import { shareText } from "../text.js";

/** S2, and what follows from it. */
export const lostUpdates: Lab = {
  name: "lost-updates",
  title: {
    en: "Common memory loses updates, and a lock cures it",
    ru: "Общая память теряет изменения; помогает блокировка",
  },
  statements: ["S2"],
  claim: {
    en: "Threads share the process's memory: so two that change one number undo each other's changes, unless a lock lets one at a time.",
    ru: "Память процесса у потоков общая: два потока, меняющие одно число, затирают изменения друг друга, если блокировка не пускает их по одному.",
  },
  prediction: {
    question: {
      en: "Two threads add 1 to the same number, a million times each, without a lock. How many additions are lost?",
      ru: "Два потока по миллиону раз прибавляют 1 к одному числу без блокировки. Сколько прибавлений потеряется?",
    },
    choices: [
      { en: "none", ru: "ни одного" },
      { en: "less than one in a hundred", ru: "меньше одного из ста" },
      { en: "more", ru: "больше" },
    ],
    outcome: (e) => {
      const share = e.number("lost") / e.number("additions");
      return share === 0 ? 0 : share < 0.01 ? 1 : 2;
    },
  },
  phases: {
    "without a lock": { en: "without a lock", ru: "без блокировки" },
    "with a lock": { en: "with a lock", ru: "с блокировкой" },
  },
  numbers: [
    {
      name: "additions",
      unit: "count",
      words: { en: "additions made without a lock", ru: "прибавлений без блокировки" },
    },
    { name: "lost", unit: "count", words: { en: "lost without a lock", ru: "потеряно без блокировки" } },
    {
      name: "lockedAdditions",
      unit: "count",
      words: { en: "additions made with a lock", ru: "прибавлений с блокировкой" },
    },
    { name: "lostLocked", unit: "count", words: { en: "lost with a lock", ru: "потеряно с блокировкой" } },
  ],
  knobs: [
    {
      name: "threads",
      least: 1,
      most: 4,
      usual: 2,
      words: { en: "threads that want the number", ru: "потоков, меняющих число" },
    },
    {
      name: "times",
      least: 1_000,
      most: 5_000_000,
      usual: 1_000_000,
      words: { en: "additions by each, without a lock", ru: "сложений у каждого, без блокировки" },
    },
  ],
  explanation: {
    en: "An addition is three steps: read, add, write. What another thread writes between the first and the last is overwritten. The lock makes the three steps one.",
    ru: "Прибавление состоит из трёх шагов: прочитать, прибавить, записать. Что другой поток записал между первым и последним, затирается. Блокировка делает из трёх шагов один.",
  },
  next: {
    en: "Replace the lock by `Atomics.add(values, 0, 1)`: as right, and faster. Or take `start.waitSync()` out: one thread is then done before the other begins, and nothing is lost, by luck.",
    ru: "Замените блокировку на `Atomics.add(values, 0, 1)`: так же верно и быстрее. Или уберите `start.waitSync()`: один поток закончит раньше, чем начнёт другой, и потерь не будет, но это везение.",
  },
  judge: (e) => {
    const [lost, lostLocked, additions] = [e.number("lost"), e.number("lostLocked"), e.number("additions")];
    if (lostLocked !== 0) {
      return notShown({
        en: `${lostLocked} additions were lost although a lock was there to prevent it`,
        ru: `при блокировке потеряно прибавлений: ${lostLocked}`,
      });
    }
    if (lost === 0) {
      return inconclusive({
        en: "nothing was lost without a lock either: the threads hardly ran at the same time, this time",
        ru: "без блокировки тоже ничего не потеряно: на этот раз потоки почти не выполнялись одновременно",
      });
    }
    return shown({
      en: `without a lock ${lost} of ${additions} additions (${shareText(lost / additions, "en")}) were lost, with one none`,
      ru: `без блокировки потеряно ${lost} из ${additions} прибавлений (${shareText(lost / additions, "ru")}), с блокировкой ни одного`,
    });
  },
};
