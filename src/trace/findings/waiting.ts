/** Programs that mostly wait: for what, and whether they do it all at once or one by one. */
import { coreUse, runsProgram } from "../core-use.js";
import type { SeenWait } from "../resources.js";
import { lengthOf, type Stretch, totalOf, union } from "../stretches.js";
import { groupBy, type TraceIndex } from "../trace-index.js";
import { decimal, duration, englishCount, number, percent, russianCount, russianForm } from "../words/language.js";
import { type Finding, toFinding } from "./finding.js";
import { placeNamed } from "./places.js";

/** From the first job to the last; what is shorter shows little of how a program lives. */
const WAITING_FROM_MS = 200;
/** Of that time, jobs were in flight for so long: else it was at rest. */
const IN_FLIGHT_FROM_SHARE = 0.5;
/** As in the verdict: less use of the CPU than this is waiting. */
const WAITING_BELOW_CORES = 0.5;
/** Of the time of all jobs, what their code did not hold its thread: a job in a synchronous call waits too, and keeps all others from it. */
const ASYNCHRONOUS_FROM_SHARE = 0.5;
/** What they wait for is outside the program, not each other. */
const OUTSIDE_FROM_SHARE = 0.5;
/** Of the time with jobs in flight, several were: below it, one began when the other was done. */
const TOGETHER_FROM_SHARE = 0.1;
/** As many in a row make a habit. */
const IN_A_ROW_FROM = 5;

export function findIoBound(index: TraceIndex): readonly Finding[] {
  const { timeline, trace } = index;
  const { jobs } = timeline;
  if (timeline.droppedRecords > 0) return [];
  const covered = union(jobs);
  const coveredMs = totalOf(covered);
  const fromMs = covered[0]?.beginMs ?? 0;
  const toMs = covered.at(-1)?.endMs ?? 0;
  if (toMs - fromMs < WAITING_FROM_MS || coveredMs < IN_FLIGHT_FROM_SHARE * (toMs - fromMs)) return [];
  const wanted = coresWanted(index, fromMs, toMs);
  if (wanted >= WAITING_BELOW_CORES) return [];
  const jobsMs = totalOf(jobs);
  const waitedShare = 1 - Math.min(1, totalStepMs(index) / jobsMs);
  if (waitedShare < ASYNCHRONOUS_FROM_SHARE) return [];
  // A scope that waits for its own jobs does so because they wait.
  const inside = totalOf(index.waits.filter(({ way }) => way === "lock" || way === "channel").map(({ span }) => span));
  if (jobsMs - Math.min(jobsMs, inside) < OUTSIDE_FROM_SHARE * jobsMs) return [];
  const [longest] = [...groupBy(jobs, ({ name }) => name)]
    .map(([name, alike]) => ({ name, alike, totalMs: totalOf(alike) }))
    .sort((a, b) => b.totalMs - a.totalMs);
  const meanInFlight = jobsMs / coveredMs;
  const overlapMs = jobsMs - coveredMs;
  const isInARow = jobs.length >= IN_A_ROW_FROM && overlapMs < TOGETHER_FROM_SHARE * coveredMs;
  const cores = { en: decimal(wanted, "en"), ru: decimal(wanted, "ru") };
  const waitedFor = longestWait(index.waits);
  const name = longest?.name;
  const lasted = { en: duration(coveredMs, "en"), ru: duration(coveredMs, "ru") };
  const onWhat = {
    en: `${name === undefined ? "" : `, mostly in job "${name}"`}${waitedFor === undefined ? "" : `, for ${waitedFor}`}`,
    ru: `${name === undefined ? "" : `, больше всего в задаче «${name}»`}${waitedFor === undefined ? "" : ` (${waitedFor})`}`,
  };
  const count = meanInFlight >= 9.95 ? Math.round(meanInFlight) : Math.round(meanInFlight * 10) / 10;
  return [
    toFinding(index, {
      kind: "io-bound",
      about: isInARow ? "in a row" : "together",
      severity: isInARow ? "warning" : "note",
      text: isInARow
        ? {
            en: `I/O-bound, and one after the other: ${englishCount(jobs.length, "job")} waited in a row for ${lasted.en}, with ${cores.en} cores busy${onWhat.en}.`,
            ru: `Упирается во ввод-вывод, причём по очереди: ${russianCount(jobs.length, "задача ждёт", "задачи ждут", "задач ждут")} одна за другой ${lasted.ru}, занято ${cores.ru} ядра${onWhat.ru}.`,
          }
        : {
            en: `I/O-bound: ${englishCount(number(count, "en"), "job")} in flight waited ${percent(waitedShare)} of their time, with ${cores.en} cores busy${onWhat.en}.`,
            ru: `Упирается во ввод-вывод: ${number(count, "ru")} ${russianForm(number(count, "ru"), "задача", "задачи", "задач")} в работе; ${percent(waitedShare)} времени — ожидание, занято ${cores.ru} ядра${onWhat.ru}.`,
          },
      advice: isInARow
        ? {
            en: "Start them together and wait for all (spawn each in the scope, or mapConcurrent): the waits then overlap, on one thread.",
            ru: "Запустите их вместе и дождитесь всех (spawn в области или mapConcurrent): ожидания совместятся, и в одном потоке.",
          }
        : {
            en: "Threads would not make this faster: one is enough for any number of waits.",
            ru: "Потоки этого не ускорят: для любого числа ожиданий достаточно одного.",
          },
      place: placeNamed(name),
      threads: new Set(jobs.map(({ ranOn, thread }) => ranOn ?? thread)),
      actors: longest?.alike.map(({ id }) => id) ?? [],
      fromMs,
      toMs,
      evidence: { meanInFlight, waitedShare, coresWanted: wanted, inFlightMs: coveredMs, jobs: jobs.length },
      badge: trace.usage.cpuMs === undefined ? "inferred" : "sampled",
    }),
  ];
}

/**
 * By the threads of the program where each was looked at; else by the whole process,
 * with those that record; else by the time that threads were inside steps.
 */
function coresWanted(index: TraceIndex, fromMs: number, toMs: number): number {
  const { trace, timeline } = index;
  const { durationMs, usage } = timeline;
  const use = coreUse(trace, fromMs, toMs, runsProgram);
  if (use !== undefined && use.length > 0) {
    return use.reduce((sum, stretch) => sum + stretch.demand * lengthOf(stretch), 0) / totalOf(use);
  }
  if (usage.cpuMs === undefined) return totalStepMs(index) / durationMs;
  return (usage.cpuMs + (usage.coreWaitMs ?? 0)) / durationMs;
}

function totalStepMs(index: TraceIndex): number {
  return index.timeline.threads.reduce((sum, { index: thread }) => sum + totalOf(index.stepsOn(thread).top), 0);
}

/** What most of the waiting was for, as the program names it. */
function longestWait(waits: readonly SeenWait[]): string | undefined {
  const groups = [
    ...groupBy(
      waits.filter(({ way, span }) => way === "io" && span.name !== undefined),
      ({ span }) => span.name as string,
    ),
  ].map(([name, alike]) => ({ name, totalMs: totalOf(alike.map(({ span }): Stretch => span)) }));
  return groups.sort((a, b) => b.totalMs - a.totalMs)[0]?.name;
}
