import { decide } from "../evidence.js";
import type { Lab } from "../lab.js";

const FREE = "no limit";
const BOUNDED = "limit";

/** S12: a structure that keeps many tasks within bounds. */
export const backpressure: Lab = {
  name: "backpressure",
  title: {
    en: "Backpressure: a full queue makes its maker wait",
    ru: "Обратное давление: полная очередь заставляет ждать",
  },
  statements: ["S12"],
  claim: {
    en: "Concurrency is about structure: a bounded queue between two tasks makes the fast one as slow as the slow one, and memory stays what it is.",
    ru: "Конкурентность — это о структуре: ограниченная очередь между двумя задачами замедляет быструю до скорости медленной, и память не растёт.",
  },
  prediction: {
    question: {
      en: "A fast maker sends 2000 values to a slow user through a queue with room for 8. How much longer does that take than with endless room?",
      ru: "Быстрый производитель отправляет 2000 значений медленному потребителю через очередь на 8 мест. Насколько это дольше, чем при бесконечной очереди?",
    },
    choices: [
      { en: "about as long", ru: "примерно столько же" },
      { en: "twice as long", ru: "вдвое дольше" },
      { en: "many times as long", ru: "во много раз дольше" },
    ],
    outcome: (e) => {
      const longer = e.phase(BOUNDED).wallMs / e.phase(FREE).wallMs;
      return longer < 1.5 ? 0 : longer < 4 ? 1 : 2;
    },
  },
  phases: {
    [FREE]: { en: "no limit", ru: "без предела" },
    [BOUNDED]: { en: "limit", ru: "с пределом" },
  },
  numbers: [
    { name: "values", unit: "count", words: { en: "values sent", ru: "значений отправлено" } },
    { name: "capacity", unit: "count", words: { en: "room with a limit", ru: "мест с пределом" } },
    {
      name: `${FREE}: most`,
      unit: "count",
      words: { en: "no limit: most in the queue", ru: "без предела: больше всего в очереди" },
    },
    { name: `${FREE}: kB`, unit: "kb", words: { en: "no limit: memory for that", ru: "без предела: память на это" } },
    {
      name: `${BOUNDED}: most`,
      unit: "count",
      words: { en: "limit: most in the queue", ru: "с пределом: больше всего в очереди" },
    },
    { name: `${BOUNDED}: kB`, unit: "kb", words: { en: "limit: memory for that", ru: "с пределом: память на это" } },
  ],
  knobs: [
    { name: "values", least: 10, most: 5000, usual: 2000, words: { en: "values", ru: "значений" } },
    { name: "capacity", least: 1, most: 1000, usual: 8, words: { en: "room in the queue", ru: "мест в очереди" } },
  ],
  explanation: {
    en: "The user sets the pace either way. Without a limit the maker runs ahead and what it made lies about; with one it waits, in `send`, and nothing is lost.",
    ru: "Темп в обоих случаях задаёт потребитель. Без предела производитель убегает вперёд, и сделанное копится; с пределом он ждёт в `send`, и ничего не теряется.",
  },
  next: {
    en: 'Give the channel `overflow: "drop-oldest"`: the maker never waits, and the user misses values.',
    ru: 'Задайте каналу `overflow: "drop-oldest"`: производитель не ждёт, а потребитель пропускает значения.',
  },
  judge: (e) => {
    const [values, capacity] = [e.number("values"), e.number("capacity")];
    const [free, bounded] = [e.number(`${FREE}: most`), e.number(`${BOUNDED}: most`)];
    const isWhole = [FREE, BOUNDED].every(
      (name) => e.number(`${name}: used`) === values && e.number(`${name}: order`) === values,
    );
    return decide(isWhole && bounded <= capacity && free > 10 * capacity, {
      en: `without a limit up to ${free} values lay in the queue, with one up to ${bounded}; ${isWhole ? `all ${values} arrived in order both times` : "values were lost or out of order"}`,
      ru: `без предела в очереди скопилось до ${free} значений, с пределом до ${bounded}; ${isWhole ? `все ${values} оба раза пришли по порядку` : "значения потерялись или пришли не по порядку"}`,
    });
  },
};
