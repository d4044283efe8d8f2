import { decide } from "../evidence.js";
import type { Lab } from "../lab.js";

const WAYS = ["callback", "promise", "event", "trigger"] as const;
const WORDS = {
  callback: { en: "callback", ru: "обратный вызов" },
  promise: { en: "promise", ru: "промис" },
  event: { en: "event of a socket", ru: "событие сокета" },
  trigger: { en: "trigger of a thread", ru: "триггер из потока" },
} as const;
/** The operations take 30 ms: who returned before is not who waited. */
const OPERATION_US = 30_000;

/** S6, S7, S8: start, go on, be told. */
export const notified: Lab = {
  name: "notified",
  title: { en: "Start, go on, be told", ru: "Запустить, продолжить, узнать" },
  statements: ["S6", "S7", "S8"],
  claim: {
    en: "A task is started, the program does something else without waiting, and is told when it has finished: by a callback, a promise or an event.",
    ru: "Задача начата, программа делает что-то другое, не дожидаясь её, и получает уведомление о завершении: обратным вызовом, промисом или событием.",
  },
  prediction: {
    question: {
      en: "An operation takes 30 ms. How often does the program get something else done meanwhile, on the same thread?",
      ru: "Операция длится 30 мс. Сколько раз программа успеет за это время сделать что-то другое в том же потоке?",
    },
    choices: [
      { en: "not once", ru: "ни разу" },
      { en: "up to ten times", ru: "до десяти раз" },
      { en: "more often", ru: "чаще" },
    ],
    outcome: (e) => {
      const fewest = Math.min(...WAYS.map((way) => e.number(`${way}Worked`)));
      return fewest === 0 ? 0 : fewest <= 10 ? 1 : 2;
    },
  },
  phases: WORDS,
  numbers: WAYS.flatMap((way) => [
    {
      name: `${way}StartUs`,
      unit: "us",
      words: { en: `${WORDS[way].en}: starting took`, ru: `${WORDS[way].ru}: запуск занял` },
    },
    {
      name: `${way}Worked`,
      unit: "count",
      words: { en: `${WORDS[way].en}: did something else`, ru: `${WORDS[way].ru}: сделано другого` },
    },
    {
      name: `${way}Handled`,
      unit: "count",
      words: { en: `${WORDS[way].en}: told of the end`, ru: `${WORDS[way].ru}: уведомлений` },
    },
  ]),
  knobs: [
    {
      name: "operationMs",
      least: 1,
      most: 500,
      usual: 30,
      words: { en: "the operation takes, ms", ru: "операция длится, мс" },
    },
  ],
  explanation: {
    en: "Starting returns at once, long before the operation has ended. The four ways differ in how the end is told, not in who waits: nobody does.",
    ru: "Запуск возвращается сразу, задолго до конца операции. Четыре способа различаются тем, как приходит уведомление, а не тем, кто ждёт: не ждёт никто.",
  },
  next: {
    en: "Let one way block, `callback: (handle) => (Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30), handle())`: starting takes all of the 30 ms, and nothing else is done.",
    ru: "Пусть один способ блокирует: `callback: (handle) => (Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30), handle())`. Запуск займёт все 30 мс, и ничего другого не будет сделано.",
  },
  judge: (e) => {
    const fewest = Math.min(...WAYS.map((way) => e.number(`${way}Worked`)));
    const slowestUs = Math.max(...WAYS.map((way) => e.number(`${way}StartUs`)));
    const isToldOnce = WAYS.every((way) => e.number(`${way}Handled`) === 1);
    const slowestMs = (slowestUs / 1000).toFixed(1);
    return decide(
      fewest > 0 && isToldOnce && slowestUs < OPERATION_US,
      {
        en: `starting took ${slowestMs} ms at most, something else was done ${fewest} times or more before the end, and the end was told ${isToldOnce ? "once" : "not once"}, each of the four ways`,
        ru: `запуск занял не больше ${slowestMs.replace(".", ",")} мс, до конца другое сделано не меньше ${fewest} раз, и уведомление пришло ${isToldOnce ? "один раз" : "не один раз"}, для каждого из четырёх способов`,
      },
      fewest > 0 && isToldOnce ? e.disturbance(...WAYS) : undefined,
    );
  },
};
