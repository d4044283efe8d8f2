/** What the platform's own threads tell: its pool for files and names, and its garbage collector. */
import { ProbeKind } from "../../core/probe.js";
import { countsOf, type ThreadCounts } from "../core-use.js";
import { levelsOf } from "../levels.js";
import { intersection, lengthOf, type Stretch, totalOf, union } from "../stretches.js";
import { groupBy, type TraceIndex } from "../trace-index.js";
import { duration, englishCount, percent, russianCount } from "../words/language.js";
import { type Finding, type FindingDraft, toFinding } from "./finding.js";
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
  // With no more jobs, or calls, than threads each had its own.
  const inFlight = meanWithin(levelsOf(timeline.jobs, timeline.durationMs), run);
  const calls = callsWithin(index, run);
  if (inFlight > pool.length) return [queuedJobs(index, allBusy, pool.length, run, inFlight)];
  if (calls > pool.length) return [queuedCalls(index, pool.length, calls, run)];
  return timeline.jobs.length > 0 ? [] : [busyPool(index, pool.length, run)];
}

function queuedJobs(
  index: TraceIndex,
  allBusy: readonly Stretch[],
  count: number,
  run: Stretch,
  inFlight: number,
): Finding {
  const [busyMs, waiting] = [totalOf(allBusy), Math.round(inFlight)];
  return exhaustedPool(index, run, {
    severity: "warning",
    text: {
      en: `All ${englishCount(count, "thread")} with which the platform does file, name and cryptographic calls were busy for ${duration(busyMs, "en")}, with ${englishCount(waiting, "job")} in flight: further calls stood in a queue.`,
      ru: `Все потоки платформы для файлов, имён узлов и криптографии (${count}) были заняты ${duration(busyMs, "ru")}; в работе ${russianCount(waiting, "задача", "задачи", "задач")}, и новые вызовы стояли в очереди.`,
    },
    evidence: { threads: count, busyMs, longestMs: lengthOf(run), meanInFlight: inFlight },
    badge: "sampled",
  });
}

/** Calls of a program that has no jobs, as far as they were counted. */
function queuedCalls(index: TraceIndex, count: number, calls: number, run: Stretch): Finding {
  const waiting = Math.round(calls);
  return exhaustedPool(index, run, {
    severity: "warning",
    text: {
      en: `All ${englishCount(count, "thread")} with which the platform does file, name and cryptographic calls were busy for ${duration(lengthOf(run), "en")}, with ${englishCount(waiting, "call")} under way: the others stood in a queue.`,
      ru: `Все потоки платформы для файлов, имён узлов и криптографии (${count}) были заняты ${duration(lengthOf(run), "ru")}; начато ${russianCount(waiting, "вызов", "вызова", "вызовов")}, остальные стояли в очереди.`,
    },
    evidence: { threads: count, longestMs: lengthOf(run), meanCalls: calls },
    badge: "sampled",
  });
}

/** Nobody counted calls, as of cryptography: whether any stood in the queue is not known. */
function busyPool(index: TraceIndex, count: number, run: Stretch): Finding {
  return exhaustedPool(index, run, {
    severity: "note",
    text: {
      en: `All ${englishCount(count, "thread")} with which the platform does file, name and cryptographic calls were busy for ${duration(lengthOf(run), "en")}: any further call had to wait.`,
      ru: `Все потоки платформы для файлов, имён узлов и криптографии (${count}) были заняты ${duration(lengthOf(run), "ru")}: любой новый вызов ждал бы.`,
    },
    evidence: { threads: count, longestMs: lengthOf(run) },
    badge: "inferred",
  });
}

function exhaustedPool(
  index: TraceIndex,
  run: Stretch,
  draft: Pick<FindingDraft, "severity" | "text" | "evidence" | "badge">,
): Finding {
  const advice = {
    en: "Give it more threads by the environment variable UV_THREADPOOL_SIZE, or have fewer such calls under way at once.",
    ru: "Увеличьте их число переменной окружения UV_THREADPOOL_SIZE или выполняйте меньше таких вызовов одновременно.",
  };
  return toFinding(index, {
    kind: "io-pool-exhausted",
    about: "pool",
    advice,
    fromMs: run.beginMs,
    toMs: run.endMs,
    ...draft,
  });
}

/** Requests that these threads do: for files, and for names. */
const POOL_CALL =
  /^work:(?:FSReq|GetAddrInfo|GetNameInfo|FSREQ|GETADDRINFO|GETNAMEINFO|PBKDF2|SCRYPT|RANDOMBYTES|ZLIB)/;

/** How many of them were under way on average, by the counts that were taken meanwhile. */
function callsWithin({ trace }: TraceIndex, { beginMs, endMs }: Stretch): number {
  const taken = groupBy(
    (trace.gauges ?? []).filter(({ name, atMs }) => {
      const sinceMs = atMs - trace.startedMs;
      return POOL_CALL.test(name) && sinceMs >= beginMs && sinceMs <= endMs;
    }),
    ({ atMs }) => atMs,
  );
  const sums = [...taken.values()].map((gauges) => gauges.reduce((sum, { value }) => sum + value, 0));
  return sums.length === 0 ? 0 : sums.reduce((sum, calls) => sum + calls, 0) / sums.length;
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
