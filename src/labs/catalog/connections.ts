import { decide, inconclusive } from "../evidence.js";
import type { Lab } from "../lab.js";

const PHASE = "connections";
const THOUSANDS = 1000;
const WANTED = 10_000;

/** S10: thousands of operations at once, on one thread. */
export const connections: Lab = {
  name: "connections",
  title: { en: "Ten thousand connections on one thread", ru: "Десять тысяч соединений в одном потоке" },
  statements: ["S10"],
  claim: {
    en: "One thread can handle thousands of operations at once, as network connections, without creating new threads.",
    ru: "Один поток может обрабатывать тысячи одновременных операций, например сетевых подключений, не создавая новых потоков.",
  },
  prediction: {
    question: {
      en: "A server on 127.0.0.1 answers nobody until up to 10,000 clients are connected. How many new threads does the process have then?",
      ru: "Сервер на 127.0.0.1 никому не отвечает, пока не подключатся до 10 000 клиентов. Сколько новых потоков появится в процессе?",
    },
    choices: [
      { en: "none", ru: "ни одного" },
      { en: "one for each core", ru: "по одному на ядро" },
      { en: "one for each connection", ru: "по одному на соединение" },
    ],
    outcome: (e) => {
      const { newThreads } = e.phase(PHASE);
      return newThreads === undefined ? undefined : newThreads <= 0 ? 0 : newThreads <= e.cores ? 1 : 2;
    },
  },
  phases: { [PHASE]: { en: "connections", ru: "соединения" } },
  numbers: [
    { name: "room", unit: "count", words: { en: "connections tried for", ru: "соединений предполагалось" } },
    { name: "mostWaiting", unit: "count", words: { en: "open and waiting at once", ru: "открыто и ждёт сразу" } },
    { name: "answered", unit: "count", words: { en: "answered", ru: "получили ответ" } },
    { name: "refused", unit: "count", words: { en: "failed", ru: "не удалось" } },
  ],
  knobs: [
    {
      name: "wanted",
      least: 1,
      most: 20_000,
      usual: 10_000,
      words: { en: "connections wanted", ru: "сколько нужно соединений" },
    },
  ],
  explanation: {
    en: "Both ends of every connection were on this one thread, client and server. Who waits needs a few kilobytes, no thread.",
    ru: "Оба конца каждого соединения, и клиент, и сервер, были в одном этом потоке. Ожидающему нужно несколько килобайт, а не поток.",
  },
  next: {
    en: "Raise `wanted`, and the limit of open files (`ulimit -n`): the number grows, the threads do not.",
    ru: "Увеличьте `wanted` и предел открытых файлов (`ulimit -n`): соединений станет больше, а потоков нет.",
  },
  judge: (e) => {
    const [open, answered, room] = [e.number("mostWaiting"), e.number("answered"), e.number("room")];
    const { newThreads } = e.phase(PHASE);
    const limit =
      room < (e.measured.numbers["wanted"] ?? WANTED)
        ? {
            en: ` (the limit of open files leaves room for ${room})`,
            ru: ` (предел открытых файлов оставляет место для ${room})`,
          }
        : { en: "", ru: "" };
    const because = {
      en: `${open} connections waited at once and ${answered} were answered${limit.en}`,
      ru: `сразу ждало соединений: ${open}, получили ответ: ${answered}${limit.ru}`,
    };
    if (newThreads === undefined) {
      return inconclusive({
        en: `${because.en}; but this platform does not tell how many threads a process has`,
        ru: `${because.ru}; но эта платформа не сообщает, сколько потоков в процессе`,
      });
    }
    if (open < THOUSANDS && newThreads <= 0 && answered === open) {
      return inconclusive({
        en: `${because.en}: too few to speak of thousands, in the time and with the files that this machine gave`,
        ru: `${because.ru}: слишком мало, чтобы говорить о тысячах, при отведённом времени и числе файлов`,
      });
    }
    return decide(open >= THOUSANDS && answered === open && newThreads <= 0, {
      en: `${because.en}, with ${Math.max(0, newThreads)} new threads`,
      ru: `${because.ru}; новых потоков: ${Math.max(0, newThreads)}`,
    });
  },
};
