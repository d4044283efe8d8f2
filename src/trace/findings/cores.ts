/** Threads and cores: too many of the one, too few of the other, or taken by strangers. */
import { countsOf, type CoreUse, coreUse, hasCoreWaits, runsProgram } from "../core-use.js";
import type { KernelThread } from "../kernel-facts.js";
import { lengthOf, totalOf } from "../stretches.js";
import type { TraceIndex } from "../trace-index.js";
import { decimal, duration, englishCount, percent, russianCount, russianCountOf } from "../words/language.js";
import { type Finding, toFinding } from "./finding.js";
import { busiestJobs, longestRun } from "./loops.js";
import { placeNamed } from "./places.js";

/** Two threads want a core nearly all of the time: one and a half leaves room for what they sleep. */
const SEVERAL_FROM_DEMAND = 1.5;
/** What one core gives at most, and some for counts that lag by a tick. */
const ONE_CORE_BELOW = 1.15;
/**
 * By so much more than there are cores. A pool as wide as the machine and the thread
 * that feeds it come to a little more than one a core, and that is as it should be.
 */
const TOO_MANY_FROM_TIMES = 1.25;
/** A share of the time that a thread wants a core; less than that is what any scheduler costs. */
const WAITING_FROM_SHARE = 0.15;
/** Shorter than this it is a burst. */
const SUSTAINED_FROM_MS = 200;
/** Of the time in which the program wanted cores at all. */
const SUSTAINED_FROM_SHARE = 0.25;
/** Less than this is a program at rest. */
const WANTING_FROM_DEMAND = 0.1;
/** Less than a quarter of a core taken is noise of any machine. */
const TAKEN_FROM_CORES = 0.25;
/** A thread that wanted a core for a quarter of the time took part. */
const TOOK_PART_FROM_DEMAND = 0.25;

export function findCoreTrouble(index: TraceIndex): readonly Finding[] {
  const { trace, timeline } = index;
  if (!hasCoreWaits(trace)) return [];
  const use = coreUse(trace, 0, timeline.durationMs, runsProgram) ?? [];
  const wantingMs = totalOf(use.filter(({ demand }) => demand >= WANTING_FROM_DEMAND));
  const sustained = (accepts: (stretch: CoreUse) => boolean): readonly CoreUse[] => {
    const such = use.filter(accepts);
    const totalMs = totalOf(such);
    return totalMs >= SUSTAINED_FROM_MS && totalMs >= SUSTAINED_FROM_SHARE * wantingMs ? such : [];
  };
  const cores = trace.usage.cores ?? Infinity;
  const several = sustained(({ demand }) => demand >= SEVERAL_FROM_DEMAND);
  const onOne = oneCoreOf(index, several, cores);
  // Threads that are pinned to one core leave the others to strangers by themselves.
  if (onOne && cores > 1) return onlySome(illusion(index, several));
  if (onOne) return onlySome(illusion(index, several), coresTaken(index, sustained(isTaken), cores));
  const crowded = sustained(({ demand }) => demand >= TOO_MANY_FROM_TIMES * cores);
  return onlySome(oversubscription(index, crowded, cores), coresTaken(index, sustained(isTaken), cores));
}

function onlySome(...findings: readonly (Finding | undefined)[]): readonly Finding[] {
  return findings.filter((finding) => finding !== undefined);
}

function isTaken({ takenByOthers, demand }: CoreUse): boolean {
  return takenByOthers >= TAKEN_FROM_CORES && demand >= WANTING_FROM_DEMAND;
}

/** Whether all of the threads share one core: the only one allowed, or the one they are pinned to. */
function oneCoreOf(index: TraceIndex, several: readonly CoreUse[], cores: number): boolean {
  if (several.length === 0) return false;
  const lengthMs = totalOf(several);
  const parallelism = several.reduce((sum, stretch) => sum + stretch.parallelism * lengthOf(stretch), 0) / lengthMs;
  if (parallelism >= ONE_CORE_BELOW) return false;
  if (cores === 1) return true;
  const takenCores = several.reduce((sum, stretch) => sum + stretch.takenByOthers * lengthOf(stretch), 0) / lengthMs;
  const seen = new Set<number | undefined>();
  for (const { thread } of participants(index, several)) {
    for (const { atMs, core, state } of thread.samples) {
      const ms = atMs - index.trace.startedMs;
      const isInside = several.some(({ beginMs, endMs }) => beginMs <= ms && ms <= endMs);
      if (isInside && state === "running") seen.add(core);
    }
  }
  return seen.size === 1 && !seen.has(undefined) && takenCores >= TAKEN_FROM_CORES;
}

interface Participant {
  readonly thread: KernelThread;
  readonly cpuMs: number;
  readonly waitMs: number;
}

/** The threads that wanted cores in these stretches, and what they got. */
function participants(index: TraceIndex, stretches: readonly CoreUse[]): readonly Participant[] {
  const lengthMs = totalOf(stretches);
  const found: Participant[] = [];
  for (const counts of countsOf(index.trace).values()) {
    if (!runsProgram(counts.thread)) continue;
    let [cpuMs, waitMs] = [0, 0];
    for (const { beginMs, endMs } of stretches) {
      const used = counts.used(beginMs, endMs);
      cpuMs += used.cpuMs;
      waitMs += used.waitMs;
    }
    if (cpuMs + waitMs >= TOOK_PART_FROM_DEMAND * lengthMs) found.push({ thread: counts.thread, cpuMs, waitMs });
  }
  return found;
}

function waitingShareOf(threads: readonly Participant[]): number {
  const waitMs = threads.reduce((sum, thread) => sum + thread.waitMs, 0);
  const wantedMs = threads.reduce((sum, thread) => sum + thread.waitMs + thread.cpuMs, 0);
  return wantedMs === 0 ? 0 : waitMs / wantedMs;
}

function meanDemand(stretches: readonly CoreUse[]): number {
  return stretches.reduce((sum, stretch) => sum + stretch.demand * lengthOf(stretch), 0) / totalOf(stretches);
}

/** Fields that all findings here have in common. */
function common(
  index: TraceIndex,
  stretches: readonly CoreUse[],
  threads: readonly Participant[],
): Pick<Parameters<typeof toFinding>[1], "place" | "threads" | "actors" | "fromMs" | "toMs" | "badge"> {
  const run = longestRun(stretches) ?? { beginMs: 0, endMs: index.timeline.durationMs };
  // In all of the time, not only in the longest part, which may be the threads' starting.
  const [jobs] = busiestJobs(index, undefined, stretches);
  return {
    place: placeNamed(jobs?.name),
    threads: threads.flatMap(({ thread }) => thread.index ?? []),
    actors: jobs?.ids ?? [],
    fromMs: run.beginMs,
    toMs: run.endMs,
    badge: "sampled",
  };
}

function illusion(index: TraceIndex, several: readonly CoreUse[]): Finding | undefined {
  const threads = participants(index, several);
  const share = waitingShareOf(threads);
  if (threads.length < 2 || share < WAITING_FROM_SHARE) return undefined;
  const count = threads.length;
  return toFinding(index, {
    kind: "illusion-of-parallelism",
    about: "cores",
    severity: "warning",
    text: {
      en: `${englishCount(count, "thread")} on 1 core: illusion of parallelism, each waits ${percent(share)} of the time for its turn.`,
      ru: `${russianCount(count, "поток", "потока", "потоков")} на 1 ядре: иллюзия параллелизма, каждый ждёт своей очереди ${percent(share)} времени.`,
    },
    advice: {
      en: "More threads do not make this faster: allow the process more cores, or use one thread.",
      ru: "Больше потоков не ускорит работу: дайте процессу больше ядер или обойдитесь одним потоком.",
    },
    ...common(index, several, threads),
    evidence: { threads: count, cores: 1, demand: meanDemand(several), waitingShare: share, forMs: totalOf(several) },
  });
}

function oversubscription(index: TraceIndex, crowded: readonly CoreUse[], cores: number): Finding | undefined {
  if (crowded.length === 0 || cores < 2) return undefined;
  const threads = participants(index, crowded);
  const share = waitingShareOf(threads);
  if (threads.length <= cores || share < WAITING_FROM_SHARE) return undefined;
  const count = threads.length;
  return toFinding(index, {
    kind: "oversubscription",
    about: "cores",
    severity: "warning",
    text: {
      en: `${englishCount(count, "thread")} computed on ${englishCount(cores, "core")}: oversubscribed, each waits ${percent(share)} of the time for a core.`,
      ru: `${russianCount(count, "поток вычисляет", "потока вычисляют", "потоков вычисляют")} на ${russianCountOf(cores, "ядре", "ядрах")}: потоков больше, чем ядер, каждый ждёт ядра ${percent(share)} времени.`,
    },
    advice: {
      en: `Use one pool for all computing, with at most ${englishCount(cores, "thread")}: the rest only takes turns.`,
      ru: `Используйте для вычислений один пул, в котором не больше ${cores} ${russianGenitive(cores)}: остальные только сменяют друг друга.`,
    },
    ...common(index, crowded, threads),
    evidence: { threads: count, cores, demand: meanDemand(crowded), waitingShare: share, forMs: totalOf(crowded) },
  });
}

/** After "не больше": "1 потока", "4 потоков". */
function russianGenitive(count: number): string {
  return count % 10 === 1 && count % 100 !== 11 ? "потока" : "потоков";
}

function coresTaken(index: TraceIndex, stretches: readonly CoreUse[], cores: number): Finding | undefined {
  if (stretches.length === 0 || cores === Infinity) return undefined;
  const threads = participants(index, stretches);
  const lengthMs = totalOf(stretches);
  const takenCores = stretches.reduce((sum, one) => sum + one.takenByOthers * lengthOf(one), 0) / lengthMs;
  const [en, ru] = [decimal(takenCores, "en"), decimal(takenCores, "ru")];
  return toFinding(index, {
    kind: "cores-taken",
    about: "cores",
    severity: "note",
    text: {
      en: `For ${duration(lengthMs, "en")} others used ${englishCount(en, "core")} that this program wanted, of the ${cores} that it may use: its times are longer than on a quiet machine.`,
      ru: `Другие программы ${duration(lengthMs, "ru")} занимали ${russianCount(ru, "ядро", "ядра", "ядер")} из нужных этой программе (доступно ${cores}): на свободной машине она работала бы быстрее.`,
    },
    advice: {
      en: "Compare times only on a quiet machine, or compare demand instead of parallelism.",
      ru: "Сравнивайте время только на незанятой машине или смотрите на спрос вместо параллелизма.",
    },
    ...common(index, stretches, threads),
    evidence: { takenCores, cores, forMs: lengthMs },
  });
}
