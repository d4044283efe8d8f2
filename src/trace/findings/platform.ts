/** What the platform's own threads tell: its pool for files and names, and its garbage collector. */
import { ProbeKind } from "../../core/probe.js";
import { countsOf, type ThreadCounts } from "../core-use.js";
import { levelsOf } from "../levels.js";
import { intersection, lengthOf, type Stretch, totalOf, union } from "../stretches.js";
import type { TraceIndex } from "../trace-index.js";
import { duration, englishCount, percent, russianCount } from "../words/language.js";
import { type Finding, toFinding } from "./finding.js";
import { longestRun, meanWithin } from "./loops.js";

/**
 * All of them busy for so long: what came meanwhile had to wait for it. They are read
 * ten times a second, and three readings in a row are no chance.
 */
const EXHAUSTED_FROM_MS = 300;

/**
 * The platform does file, name and some cryptographic calls on a few threads of its
 * own. With all of them busy, each further call stands in a queue that nobody sees.
 */
export function findExhaustedIoPool(index: TraceIndex): readonly Finding[] {
  const { trace, timeline } = index;
  const pool = [...countsOf(trace).values()].filter(({ thread }) => thread.kind === "io");
  if (pool.length === 0) return [];
  const allBusy = pool.map((counts) => busyTimes(index, counts)).reduce(intersection);
  const run = longestRun(allBusy);
  if (run === undefined || lengthOf(run) < EXHAUSTED_FROM_MS) return [];
  // With no more jobs than threads each had its own.
  const inFlight = meanWithin(levelsOf(timeline.jobs, timeline.durationMs), run);
  if (inFlight <= pool.length) return [];
  const [busyMs, count, waiting] = [totalOf(allBusy), pool.length, Math.round(inFlight)];
  return [
    toFinding(index, {
      kind: "io-pool-exhausted",
      about: "pool",
      severity: "warning",
      text: {
        en: `All ${englishCount(count, "thread")} with which the platform does file, name and cryptographic calls were busy for ${duration(busyMs, "en")}, with ${englishCount(waiting, "job")} in flight: further calls stood in a queue.`,
        ru: `Все потоки платформы для файлов, имён узлов и криптографии (${count}) были заняты ${duration(busyMs, "ru")}; в работе ${russianCount(waiting, "задача", "задачи", "задач")}, и новые вызовы стояли в очереди.`,
      },
      advice: {
        en: "Give it more threads by the environment variable UV_THREADPOOL_SIZE, or have fewer such calls under way at once.",
        ru: "Увеличьте их число переменной окружения UV_THREADPOOL_SIZE или выполняйте меньше таких вызовов одновременно.",
      },
      fromMs: run.beginMs,
      toMs: run.endMs,
      evidence: { threads: count, busyMs, longestMs: lengthOf(run), meanInFlight: inFlight },
      badge: "sampled",
    }),
  ];
}

/** A thread of that pool sleeps on a lock when it has nothing to do. */
function busyTimes({ trace, timeline }: TraceIndex, counts: ThreadCounts): readonly Stretch[] {
  const busy: Stretch[] = [];
  for (const { sample, beginMs, endMs } of counts.statesWithin(0, timeline.durationMs, trace.startedMs)) {
    if (sample.state !== "lock" && sample.state !== "unknown") busy.push({ beginMs, endMs });
  }
  return union(busy);
}

/** A tenth of the time is what a program with a healthy heap stays well below. */
const PRESSURE_FROM_SHARE = 0.1;
/** Shorter recordings may have met one collection by chance. */
const PRESSURE_FROM_MS = 500;
/** One pause that people feel. */
const PAUSE_FROM_MS = 100;

export function findGcPressure(index: TraceIndex): readonly Finding[] {
  const found: Finding[] = [];
  const { trace, timeline } = index;
  for (const thread of trace.threads) {
    const lane = timeline.threads.find((one) => one.index === thread.index);
    if (lane === undefined) continue;
    const pauses = thread.records
      .filter(({ kind }) => kind === ProbeKind.gcPause)
      .map(({ timeMs, other }) => ({ endMs: timeMs - trace.startedMs, lengthMs: other }));
    const totalMs = pauses.reduce((sum, { lengthMs }) => sum + lengthMs, 0);
    const longestMs = pauses.reduce((most, { lengthMs }) => Math.max(most, lengthMs), 0);
    const [first, last] = [pauses[0], pauses.at(-1)];
    if (first === undefined || last === undefined) continue;
    const share = totalMs / Math.max(1, lengthOf({ beginMs: lane.fromMs, endMs: lane.toMs }));
    const isMuch = share >= PRESSURE_FROM_SHARE && lane.toMs - lane.fromMs >= PRESSURE_FROM_MS;
    if (!isMuch && longestMs < PAUSE_FROM_MS) continue;
    found.push(
      toFinding(index, {
        kind: "gc-pressure",
        about: thread.index,
        severity: "warning",
        text: {
          en: `Collecting garbage held ${thread.name} up for ${percent(share)} of its time, in ${englishCount(pauses.length, "pause")} of up to ${duration(longestMs, "en")}.`,
          ru: `Сборка мусора занимает ${percent(share)} времени потока ${thread.name}: ${russianCount(pauses.length, "пауза", "паузы", "пауз")} до ${duration(longestMs, "ru")}.`,
        },
        advice: {
          en: "Make fewer short-lived objects where the time goes, keep less, or allow a larger heap (--max-semi-space-size, resourceLimits).",
          ru: "Создавайте меньше короткоживущих объектов, храните меньше или увеличьте кучу (--max-semi-space-size, resourceLimits).",
        },
        threads: [thread.index],
        fromMs: Math.max(0, first.endMs - first.lengthMs),
        toMs: last.endMs,
        evidence: { pauseShare: share, pauses: pauses.length, longestMs, totalMs },
        badge: "measured",
      }),
    );
  }
  return found;
}
