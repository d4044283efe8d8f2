/** What the figures of a program that tells of itself rest on. */
import type { JobRates } from "./job-counts.js";
import type { LiveSource, LiveThread } from "./state.js";

export function recordingSources(rows: readonly LiveThread[], { lost }: Pick<JobRates, "lost">): readonly LiveSource[] {
  const hasKernel = rows.some(({ cpuShare }) => cpuShare !== undefined);
  const hasWait = rows.some(({ waitShare }) => waitShare !== undefined);
  const noKernel = {
    en: "this system or container does not tell of single threads; `skein doctor` says why",
    ru: "система или контейнер не сообщает об отдельных потоках; `skein doctor` скажет почему",
  };
  return [
    {
      what: { en: "CPU, WAIT", ru: "ЦП, ОЧЕР." },
      badge: hasWait ? "exact" : hasKernel ? "sampled" : "not available",
      why: hasKernel
        ? { en: "counted by the kernel, read every 20 ms", ru: "считает ядро ОС, читается каждые 20 мс" }
        : noKernel,
    },
    {
      what: { en: "CORE, STATE", ru: "ЯДРО, СОСТОЯНИЕ" },
      badge: hasKernel ? "sampled" : "not available",
      why: hasKernel ? undefined : noKernel,
    },
    {
      what: { en: "LOOP DELAY", ru: "ЗАДЕРЖКА" },
      badge: "measured",
      why: {
        en: "by a timer on each loop, 40 times a second; at most, since the last reading",
        ru: "таймером на каждом цикле, 40 раз в секунду; наибольшая с прошлого чтения",
      },
    },
    {
      what: { en: "jobs and tasks", ru: "задачи" },
      badge: lost > 0 ? "inferred" : "measured",
      why:
        lost > 0
          ? {
              en: `${lost} records came too fast to be read: jobs in flight are those begun since`,
              ru: `записей пропущено, так как их слишком много: ${lost}; в работе — начатые с тех пор`,
            }
          : undefined,
    },
  ];
}
