import { duration } from "../../trace/words/language.js";
import { decide } from "../evidence.js";
import type { Lab } from "../lab.js";

const BLOCKING = "blocking";
const ASYNCHRONOUS = "asynchronous";
/** What a beat that was due before the first request may make up. */
const HARDLY_BEATS = 1;
/** Of the time in a row: together they take about a tenth. */
const MUCH_LESS = 0.6;

/** S8, S9: the thread is freed instead of blocked. */
export const blocking: Lab = {
  name: "blocking",
  title: { en: "Blocking and asynchronous input and output", ru: "Блокирующий и асинхронный ввод-вывод" },
  statements: ["S8", "S9"],
  claim: {
    en: "Instead of blocking a thread for the length of an operation, asynchrony frees it for other tasks, and so uses the idle time.",
    ru: "Вместо блокировки потока на время операции асинхронность освобождает его для других задач и так использует время простоя.",
  },
  prediction: {
    question: {
      en: "Ten requests to a device that needs 30 ms for each. How long do they take together, if none is waited for with the thread blocked?",
      ru: "Десять запросов к устройству, которому нужно 30 мс на каждый. Сколько они займут вместе, если ни одного не ждать, блокируя поток?",
    },
    choices: [
      { en: "about 300 ms", ru: "около 300 мс" },
      { en: "about 150 ms", ru: "около 150 мс" },
      { en: "hardly more than one", ru: "немногим больше одного" },
    ],
    outcome: (e) => {
      const share = e.number(`${ASYNCHRONOUS}Ms`) / e.number(`${BLOCKING}Ms`);
      return share > 0.75 ? 0 : share > 0.4 ? 1 : 2;
    },
  },
  phases: {
    [BLOCKING]: { en: "blocking", ru: "с блокировкой" },
    [ASYNCHRONOUS]: { en: "asynchronous", ru: "асинхронно" },
  },
  numbers: [
    { name: "requests", unit: "count", words: { en: "requests", ru: "запросов" } },
    { name: `${BLOCKING}Ms`, unit: "ms", words: { en: "blocking: took", ru: "с блокировкой: время" } },
    {
      name: `${BLOCKING}Beats`,
      unit: "count",
      words: { en: "blocking: other work done meanwhile", ru: "с блокировкой: сделано другого" },
    },
    { name: `${ASYNCHRONOUS}Ms`, unit: "ms", words: { en: "asynchronous: took", ru: "асинхронно: время" } },
    {
      name: `${ASYNCHRONOUS}Beats`,
      unit: "count",
      words: { en: "asynchronous: other work done meanwhile", ru: "асинхронно: сделано другого" },
    },
  ],
  knobs: [
    { name: "requests", least: 1, most: 50, usual: 10, words: { en: "requests", ru: "запросов" } },
    {
      name: "deviceMs",
      least: 1,
      most: 200,
      usual: 30,
      words: { en: "the device needs for each, ms", ru: "устройство тратит на каждый, мс" },
    },
  ],
  explanation: {
    en: "Neither way used much of a core: the time was waiting, not work. Blocked, the thread waits ten times and does nothing else; freed, it has all ten waits at once, and goes on.",
    ru: "Ядро почти не понадобилось ни там, ни там: это было ожидание, а не работа. Заблокированный поток ждёт десять раз и ничего больше не делает; свободный ждёт всё сразу и продолжает работать.",
  },
  next: {
    en: "Await each request before the next is sent: still asynchronous, other work goes on, but the waits no longer overlap.",
    ru: "Дожидайтесь (`await`) каждого запроса перед следующим: по-прежнему асинхронно, другое выполняется, но ожидания больше не перекрываются.",
  },
  judge: (e) => {
    const [inRowMs, togetherMs] = [e.number(`${BLOCKING}Ms`), e.number(`${ASYNCHRONOUS}Ms`)];
    const [beats, freeBeats] = [e.number(`${BLOCKING}Beats`), e.number(`${ASYNCHRONOUS}Beats`)];
    const isFree = beats <= HARDLY_BEATS && freeBeats > beats;
    return decide(
      isFree && togetherMs <= MUCH_LESS * inRowMs,
      {
        en: `blocked the requests took ${duration(inRowMs, "en")} and other work was done ${beats} times; asynchronously ${duration(togetherMs, "en")}, and ${freeBeats} times`,
        ru: `с блокировкой запросы заняли ${duration(inRowMs, "ru")}, другое сделано ${beats} раз; асинхронно ${duration(togetherMs, "ru")} и ${freeBeats} раз`,
      },
      beats <= HARDLY_BEATS ? e.disturbance(ASYNCHRONOUS) : undefined,
    );
  },
};
