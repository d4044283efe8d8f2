import { decide, decideAtOnce, inconclusive } from "../evidence.js";
import type { Lab } from "../lab.js";
import { shareAtLevel, turnsTaken } from "../levels.js";
import { shareText } from "../text.js";

/** Of the time: what the clock's leaps leave to chance. */
const HARDLY = 0.1;
/** From here on threads ran at the same time for most of it. */
const MOSTLY = 0.5;

/** S4: the illusion of parallelism, beside the real thing. */
export const illusion: Lab = {
  name: "illusion",
  title: {
    en: "The illusion of parallelism, and real parallelism",
    ru: "Иллюзия параллелизма и настоящий параллелизм",
  },
  statements: ["S4", "S14"],
  claim: {
    en: "On too few cores the scheduler switches between threads so fast that they seem to run at the same time; with a core each they do.",
    ru: "Когда ядер мало, планировщик переключает потоки так быстро, что кажется, будто они выполняются одновременно; если у каждого своё ядро, так и есть.",
  },
  prediction: {
    question: {
      en: "Two threads compute on one core for 250 ms. For what share of that do both run at the same moment?",
      ru: "Два потока вычисляют на одном ядре 250 мс. Какую долю этого времени оба выполняются в один и тот же момент?",
    },
    choices: [
      { en: "none", ru: "никакую" },
      { en: "half", ru: "половину" },
      { en: "all of it", ru: "всё время" },
    ],
    outcome: (e) => {
      const share = shareAtLevel(e.lanes("cores shared"), e.number("coresShared") + 1);
      return share < HARDLY ? 0 : share < 0.75 ? 1 : 2;
    },
  },
  phases: {
    "cores shared": { en: "sharing cores", ru: "делят ядра" },
    "a core each": { en: "a core each", ru: "своё ядро у всех" },
  },
  numbers: [
    { name: "threads", unit: "count", words: { en: "threads that shared", ru: "потоков делили" } },
    { name: "coresShared", unit: "count", words: { en: "cores among them", ru: "ядер на всех" } },
  ],
  lanesRan: true,
  knobs: [
    {
      name: "threads",
      least: 1,
      most: 8,
      usual: 2,
      words: { en: "threads that share a core", ru: "потоков на одном ядре" },
    },
    {
      name: "lengthMs",
      least: 50,
      most: 2000,
      usual: 250,
      words: { en: "each computes, ms", ru: "каждый вычисляет, мс" },
    },
  ],
  explanation: {
    en: "Both rows of the first picture fill up, and seen from afar they grow at once. Look closer: where one has the core, the other has none. In the second picture both have one.",
    ru: "Обе строки первой картинки заполняются, и издалека кажется, что одновременно. Присмотритесь: где ядро у одного, у другого его нет. На второй картинке ядро есть у обоих.",
  },
  next: {
    en: "Bind the second pool to a core too, `{ cores: [core] }`: its parallelism is gone, though the program is the same.",
    ru: "Привяжите и второй пул к одному ядру, `{ cores: [core] }`: параллелизм исчезнет, хотя программа та же.",
  },
  judge: (e) => {
    const coresShared = e.number("coresShared");
    const sharing = e.lanes("cores shared");
    const atOnce = shareAtLevel(sharing, coresShared + 1);
    const turns = turnsTaken(sharing);
    const apart = e.lanes("a core each");
    const real = shareAtLevel(apart, 2);
    const one = coresShared === 1;
    const because = {
      en: `${e.number("threads")} threads on ${one ? "one core" : `${coresShared} cores`} took turns ${turns} times and ran ${one ? "together" : `more than ${coresShared} at once`} for ${shareText(atOnce, "en")} of the time; with a core each two ran together for ${shareText(real, "en")}`,
      ru: `потоков ${e.number("threads")} на ядрах: ${coresShared}; сменили друг друга ${turns} раз, и ${one ? "вместе" : `больше ${coresShared} сразу`} выполнялись ${shareText(atOnce, "ru")} времени; со своими ядрами два потока вместе выполнялись ${shareText(real, "ru")}`,
    };
    if (atOnce >= HARDLY && !e.measured.canPin) {
      return inconclusive({
        en: `${because.en}: the clock of this machine is too coarse, or the threads did not compete`,
        ru: `${because.ru}: часы этой машины слишком грубы, или потоки не соперничали`,
      });
    }
    const isIllusion = atOnce < HARDLY && turns > 2;
    if (!isIllusion) return decide(false, because, e.disturbance("cores shared"));
    return decideAtOnce(real, MOSTLY, atOnce, because, e.coresMissing("a core each"));
  },
};
