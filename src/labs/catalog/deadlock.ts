import { decide } from "../evidence.js";
import type { Lab } from "../lab.js";

/** S2 and S5: what is shared can be waited for, and in a circle. */
export const deadlock: Lab = {
  name: "deadlock",
  title: { en: "A deadlock, made and found", ru: "Взаимная блокировка: создана и найдена" },
  statements: ["S2", "S5"],
  claim: {
    en: "Threads that share resources can wait for each other in a circle; one order for all locks makes that impossible.",
    ru: "Потоки, делящие ресурсы, могут ждать друг друга по кругу; единый порядок блокировок делает это невозможным.",
  },
  prediction: {
    question: {
      en: "One thread holds the fork and waits for the knife, the other holds the knife and waits for the fork. What happens?",
      ru: "Один поток держит вилку и ждёт нож, другой держит нож и ждёт вилку. Что будет?",
    },
    choices: [
      { en: "they wait for ever", ru: "будут ждать вечно" },
      { en: "one gets an error, the other goes on", ru: "один получит ошибку, другой продолжит" },
      { en: "both get an error", ru: "оба получат ошибку" },
    ],
    outcome: (e) => (e.number("refused") === 0 ? undefined : Math.min(2, e.number("refused"))),
  },
  phases: {
    "opposite order": { en: "opposite order", ru: "встречный порядок" },
    "same order": { en: "same order", ru: "общий порядок" },
  },
  numbers: [
    {
      name: "circle",
      unit: "count",
      words: { en: "threads in the circle, seen from outside", ru: "потоков в круге, видно снаружи" },
    },
    { name: "refused", unit: "count", words: { en: "threads that got an error", ru: "потоков, получивших ошибку" } },
    { name: "wentOn", unit: "count", words: { en: "threads that went on", ru: "потоков, продолживших работу" } },
    {
      name: "sameOrder",
      unit: "count",
      words: { en: "threads that got both locks in one order", ru: "потоков, взявших обе в общем порядке" },
    },
  ],
  explanation: {
    en: "Skein's locks know who holds them and who waits. A circle that stays for a second is broken: one wait fails with SKEIN_DEADLOCK and names the circle.",
    ru: "Блокировки Skein знают, кто их держит и кто ждёт. Круг, который держится секунду, разрывается: одно ожидание завершается ошибкой SKEIN_DEADLOCK с описанием круга.",
  },
  next: {
    en: "Give both threads the locks in the same order, and leave out `step`: there is no circle, and nobody fails.",
    ru: "Дайте обоим потокам блокировки в одном порядке и уберите `step`: круга нет, и никто не ошибается.",
  },
  judge: (e) => {
    const [circle, refused, wentOn] = [e.number("circle"), e.number("refused"), e.number("wentOn")];
    const sameOrder = e.number("sameOrder");
    return decide(circle === 2 && refused === 1 && wentOn === 1 && sameOrder === 2, {
      en: `in opposite order ${circle} threads waited in a circle, ${refused} got an error and ${wentOn} went on; in the same order ${sameOrder} of 2 got both locks`,
      ru: `при встречном порядке потоков в круге: ${circle}, ошибку получило ${refused}, продолжило ${wentOn}; при общем порядке обе блокировки взяло ${sameOrder} из 2`,
    });
  },
};
