/** Parallel work that is not spread evenly, and parts that one thread does alone. */
import { countsOf, coreUse, hasCoreWaits, runsProgram } from "../core-use.js";
import type { JobSpan } from "../spans.js";
import { lengthOf, type Stretch, timeWithin, totalOf, union } from "../stretches.js";
import { groupBy, type TraceIndex } from "../trace-index.js";
import { decimal, duration, englishCount, percent, russianCountOf, russianCount } from "../words/language.js";
import { type Finding, toFinding } from "./finding.js";
import { busiestJobs, longestRun } from "./loops.js";
import { placeNamed } from "./places.js";

/** Shorter batches are over before anybody could use the idle threads. */
const BATCH_FROM_MS = 100;
/** The share of the batch in which one thread worked and the others had nothing left. */
const TAIL_FROM_SHARE = 0.25;
/** The last one was busy for nearly all of the batch, so it set its length. */
const BUSY_FROM_SHARE = 0.8;

/** Batches of jobs on threads of which one was busy long after the others. */
export function findImbalance(index: TraceIndex): readonly Finding[] {
  const elsewhere = index.timeline.jobs.filter(
    ({ ranOn, thread, steps, scope }) => ranOn !== undefined && ranOn !== thread && steps.length > 0 && scope !== 0,
  );
  const found: Finding[] = [];
  for (const [scope, jobs] of groupBy(elsewhere, (job) => job.scope)) {
    const finding = imbalanceOf(index, scope, jobs);
    if (finding !== undefined) found.push(finding);
  }
  return found;
}

function imbalanceOf(index: TraceIndex, scope: number, jobs: readonly JobSpan[]): Finding | undefined {
  const byThread = [...groupBy(jobs, ({ ranOn }) => ranOn as number)].map(([thread, own]) => {
    const steps = union(own.flatMap((job) => job.steps));
    return { thread, own, steps, busyMs: totalOf(steps), lastMs: steps.at(-1)?.endMs ?? 0 };
  });
  // Two jobs on two threads are no batch; which of them is longer is the program's matter.
  if (byThread.length < 2 || jobs.length <= byThread.length) return undefined;
  // What goes on after an `await` is not all recorded, so nobody knows how busy it was.
  if (jobs.some(({ steps }) => steps.some(({ isSuspended, end }) => isSuspended || end === "dropped")))
    return undefined;
  byThread.sort((a, b) => b.lastMs - a.lastMs);
  const [last, second] = byThread as [(typeof byThread)[number], (typeof byThread)[number]];
  const beginMs = byThread.reduce((first, { steps }) => Math.min(first, steps[0]?.beginMs ?? Infinity), Infinity);
  const batchMs = last.lastMs - beginMs;
  const aloneMs = timeWithin(last.steps, second.lastMs, last.lastMs);
  if (batchMs < BATCH_FROM_MS || aloneMs < TAIL_FROM_SHARE * batchMs || last.busyMs < BUSY_FROM_SHARE * batchMs) {
    return undefined;
  }
  // With one core alone the others could not have helped.
  if ((index.trace.usage.cores ?? 2) < 2) return undefined;
  const meanMs = byThread.reduce((sum, { busyMs }) => sum + busyMs, 0) / byThread.length;
  const longest = last.own.reduce((most, job) => (stepsOf(job) > stepsOf(most) ? job : most));
  const [thread, count] = [index.threadName(last.thread), byThread.length - 1];
  const isOneJob = stepsOf(longest) >= aloneMs;
  const name = longest.name ?? `${longest.id}`;
  return toFinding(index, {
    kind: "imbalance",
    about: scope,
    severity: "warning",
    text: {
      en: `Imbalance: ${thread} worked on alone for the last ${duration(aloneMs, "en")} of ${duration(batchMs, "en")}, while ${englishCount(count, "other thread")} had nothing left to do${isOneJob ? `; its longest job, "${name}", took ${duration(stepsOf(longest), "en")}` : ""}.`,
      ru: `Перекос: поток ${thread} работал один последние ${duration(aloneMs, "ru")} из ${duration(batchMs, "ru")}, а ${russianCount(count, "другой поток простаивал", "других потока простаивали", "других потоков простаивали")}${isOneJob ? `; самая долгая задача, «${name}», заняла ${duration(stepsOf(longest), "ru")}` : ""}.`,
    },
    advice: {
      en: "Divide the longest jobs, or start them first; make pieces small enough that each thread gets many.",
      ru: "Дробите самые долгие задачи или запускайте их первыми; делайте части настолько мелкими, чтобы каждому потоку досталось много.",
    },
    place: placeNamed(longest.name),
    threads: byThread.map((one) => one.thread),
    actors: [longest.id, scope],
    fromMs: second.lastMs,
    toMs: last.lastMs,
    evidence: {
      batchMs,
      aloneMs,
      mostBusyMs: last.busyMs,
      meanBusyMs: meanMs,
      longestJobMs: stepsOf(longest),
      jobs: jobs.length,
    },
    badge: index.timeline.droppedRecords > 0 ? "inferred" : "measured",
  });
}

function stepsOf({ steps }: JobSpan): number {
  return totalOf(steps);
}

/** Less than this wanted is rest. */
const ACTIVE_FROM_DEMAND = 0.5;
/** Between one thread and two. */
const PARALLEL_FROM_DEMAND = 1.5;
/** Shorter than that, starting up is most of it. */
const COMPUTING_FROM_MS = 500;
/** A program that mostly waits is not limited by what computes alone. */
const COMPUTING_FROM_SHARE = 0.5;
/** It does compute in parallel for a part of the time: else it was not meant to. */
const PARALLEL_FROM_SHARE = 0.1;
/** With two fifths alone, two cores give at most 1.7 times the speed on equal work, and any number at most 2.5 times. */
const ALONE_FROM_SHARE = 0.4;

/**
 * Programs that compute on threads, and of which one thread alone does a large part
 * of the work: by Amdahl's law that part sets the limit, however many cores there are.
 *
 * @param explained - stretches for which another finding says why one worked alone
 */
export function findLostParallelism(index: TraceIndex, explained: readonly Stretch[]): readonly Finding[] {
  const { trace, timeline } = index;
  const cores = trace.usage.cores ?? 1;
  if (cores < 2 || !hasCoreWaits(trace)) return [];
  const known = union(explained);
  const use = coreUse(trace, 0, timeline.durationMs, runsProgram) ?? [];
  const active = use.filter(
    (stretch) =>
      stretch.demand >= ACTIVE_FROM_DEMAND && timeWithin(known, stretch.beginMs, stretch.endMs) < lengthOf(stretch) / 2,
  );
  const alone = active.filter(({ demand }) => demand < PARALLEL_FROM_DEMAND);
  const [activeMs, aloneMs] = [totalOf(active), totalOf(alone)];
  if (activeMs < COMPUTING_FROM_MS || activeMs < COMPUTING_FROM_SHARE * timeline.durationMs) return [];
  if (activeMs - aloneMs < PARALLEL_FROM_SHARE * activeMs || aloneMs < ALONE_FROM_SHARE * activeMs) return [];
  const together = active.filter(({ demand }) => demand >= PARALLEL_FROM_DEMAND);
  const workMs = aloneMs + together.reduce((sum, one) => sum + one.demand * lengthOf(one), 0);
  const serialShare = aloneMs / workMs;
  const limit = 1 / (serialShare + (1 - serialShare) / cores);
  const limitAtMost = 1 / serialShare;
  const run = longestRun(alone) ?? { beginMs: 0, endMs: timeline.durationMs };
  const thread = busiestThread(index, alone);
  const [jobs] = busiestJobs(index, thread, alone);
  const who = thread === undefined ? undefined : index.threadName(thread);
  return [
    toFinding(index, {
      kind: "lost-parallelism",
      about: "cores",
      severity: "warning",
      text: {
        en: `Lost parallelism: for ${percent(aloneMs / activeMs)} of the time in which the program computed, one thread did it alone${who === undefined ? "" : `, mostly ${who}`}${jobs === undefined ? "" : ` in "${jobs.name}"`}. By Amdahl's law that gives at most ${decimal(limit, "en")} times the speed on ${englishCount(cores, "core")}, and ${decimal(limitAtMost, "en")} times on any number.`,
        ru: `Потерянный параллелизм: ${percent(aloneMs / activeMs)} времени вычислений работал один поток${who === undefined ? "" : `, в основном ${who}`}${jobs === undefined ? "" : ` («${jobs.name}»)`}. По закону Амдала это даёт ускорение не больше чем в ${decimal(limit, "ru")} раза на ${russianCountOf(cores, "ядре", "ядрах")} и в ${decimal(limitAtMost, "ru")} раза на любом их числе.`,
      },
      advice: {
        en: "Divide the part that one thread does alone, or let it overlap with the rest, as with a channel between the two.",
        ru: "Разделите часть, которую выполняет один поток, или совместите её с остальной работой, например через канал.",
      },
      place: placeNamed(jobs?.name),
      threads: thread === undefined ? [] : [thread],
      actors: jobs?.ids ?? [],
      fromMs: run.beginMs,
      toMs: run.endMs,
      evidence: { aloneShare: aloneMs / activeMs, serialShare, limit, limitAtMost, cores, activeMs },
      badge: "sampled",
    }),
  ];
}

/** The one of our threads that used most of these stretches. */
function busiestThread(index: TraceIndex, stretches: readonly Stretch[]): number | undefined {
  let [busiest, mostMs]: [number | undefined, number] = [undefined, 0];
  for (const counts of countsOf(index.trace).values()) {
    if (counts.thread.index === undefined) continue;
    const usedMs = stretches.reduce((sum, { beginMs, endMs }) => sum + counts.used(beginMs, endMs).cpuMs, 0);
    if (usedMs > mostMs) [busiest, mostMs] = [counts.thread.index, usedMs];
  }
  return busiest;
}
