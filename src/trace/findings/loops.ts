/** Event loops that stand still, and computing that others wait for. */
import { countsOf, coreUse, runsProgram, ThreadCounts } from "../core-use.js";
import type { Badge } from "../figures.js";
import type { Stall, StackFrame } from "../kernel-facts.js";
import { meanOf } from "../contention.js";
import { type Level, levelsOf } from "../levels.js";
import { CoveredTime, lengthOf, type Stretch, timeWithin, totalOf, union } from "../stretches.js";
import { groupBy, type TraceIndex } from "../trace-index.js";
import { duration, englishCount, percent, russianCount } from "../words/language.js";
import { type Finding, type Place, type Severity, toFinding } from "./finding.js";
import { describePlace, placeNamed, placeOf } from "./places.js";

/** From a tenth of a second on people feel that a program does not answer. */
const STALL_FROM_MS = 100;
/** What is done at a click should be over by then; what is not, is felt as broken. */
const PROBLEM_FROM_MS = 1000;
/** A thread that was on a core for half of a stall, or ready for one, computed; one that was not, waited. */
const COMPUTED_FROM_SHARE = 0.5;
/** From here on the wait for a core made a stall what it was, and is told. */
const WITHOUT_CORE_FROM_SHARE = 0.3;
/** An observer that had no core for so much of the time has seen too little of others. */
const BLIND_FROM_SHARE = 0.25;

/** What a thread did meanwhile. */
interface Use {
  readonly cpuMs: number;
  /** Ready, and without a core. */
  readonly waitMs: number;
}

/** A time in which a loop stood still, whoever saw it. */
interface Standstill extends Stretch {
  readonly thread: number;
  readonly use: Use | undefined;
  readonly stack: readonly StackFrame[] | undefined;
  readonly place: Place | undefined;
  /** The job or scope in whose code it was; `undefined` if that is not known. */
  readonly actor: number | undefined;
  readonly badge: Badge;
}

/** Loops that stood still: one finding for each place, with how often and how long. */
export function findBlockedLoops(index: TraceIndex): readonly Finding[] {
  const standstills = [...stallsOf(index), ...longSteps(index)];
  const groups = groupBy(standstills, (one) => {
    const where = one.place === undefined ? "" : describePlace(one.place);
    return `${one.thread}:${computed(one) === true}:${where}`;
  });
  return [...groups.values()].map((alike) => describe(index, alike));
}

/**
 * Threads whose loop is there for others too. A thread of a pool is for computing, and
 * a thread of its own has nobody who would wait.
 */
function servesOthers(index: TraceIndex, thread: number): boolean {
  const kind = index.kernelOf(thread)?.kind;
  return kind === undefined || kind === "unknown" ? thread === 0 : kind === "loop" || kind === "worker";
}

function stallsOf(index: TraceIndex): readonly Standstill[] {
  const { startedMs } = index.trace;
  return index.trace.stalls
    .map((stall) => ({ ...stall, beginMs: stall.beginMs - startedMs, endMs: stall.endMs - startedMs }))
    .filter((stall) => servesOthers(index, stall.thread) && lengthOf(stall) >= STALL_FROM_MS)
    .map((stall) => standstillOf(index, stall))
    .filter((one) => isOwnDoing(one) && !isHearsay(index, one));
}

/**
 * Whether it would have stood still with a core to itself. What a loop waits for cores
 * is not its code's doing: that is told of cores.
 */
function isOwnDoing(one: Standstill): boolean {
  return lengthOf(one) - (one.use?.waitMs ?? 0) >= STALL_FROM_MS;
}

/** Nobody knows where it was, and who noticed it was itself kept from looking. */
function isHearsay({ trace }: TraceIndex, { stack, actor, beginMs, endMs }: Standstill): boolean {
  const observer = trace.kernel?.threads.find(({ kind }) => kind === "observer");
  if (stack !== undefined || actor !== undefined || trace.kernel === undefined || observer === undefined) return false;
  const { waitMs } = new ThreadCounts(observer, trace.kernel, trace.startedMs).used(beginMs, endMs);
  return waitMs >= BLIND_FROM_SHARE * (endMs - beginMs);
}

function standstillOf(index: TraceIndex, stall: Stall): Standstill {
  const { thread, beginMs, endMs, stack } = stall;
  const step = index.stepAt(thread, (beginMs + endMs) / 2);
  const actor = step === undefined ? undefined : index.actorOf(step.subject);
  const place = (stack === undefined ? undefined : placeOf(stack)) ?? placeNamed(actorName(index, actor));
  const told = stall.cpuMs === undefined ? undefined : { cpuMs: stall.cpuMs, waitMs: stall.coreWaitMs ?? 0 };
  const use = told ?? useWithin(index, thread, beginMs, endMs);
  return { thread, beginMs, endMs, use, stack, place, actor, badge: "sampled" };
}

function actorName(index: TraceIndex, actor: number | undefined): string | undefined {
  return actor === undefined ? undefined : index.nameOf(index.principalOf(actor));
}

/** As the kernel counted; of a stretch that it did not count, nothing is known. */
function useWithin(index: TraceIndex, thread: number, beginMs: number, endMs: number): Use | undefined {
  const counts = countsOf(index.trace).get(index.kernelOf(thread)?.tid ?? -1);
  if (counts?.isKnown !== true || counts.fromMs > beginMs || counts.toMs < endMs) return undefined;
  return counts.used(beginMs, endMs);
}

/** Steps that held a loop up and that no watch reported. */
function longSteps(index: TraceIndex): readonly Standstill[] {
  const watched = groupBy(stallsOf(index), ({ thread }) => thread);
  return index.timeline.threads
    .filter((thread) => servesOthers(index, thread.index))
    .flatMap((thread) => {
      const seen = union(watched.get(thread.index) ?? []);
      return index
        .stepsOn(thread.index)
        .top.filter((step) => lengthOf(step) >= STALL_FROM_MS)
        .filter((step) => timeWithin(seen, step.beginMs, step.endMs) < lengthOf(step) / 2)
        .map(({ subject, beginMs, endMs }): Standstill => {
          const inner = index.stepAt(thread.index, (beginMs + endMs) / 2);
          const actor = index.actorOf(inner?.subject ?? subject);
          const use = useWithin(index, thread.index, beginMs, endMs);
          const place = placeNamed(actorName(index, actor));
          return { thread: thread.index, beginMs, endMs, use, stack: undefined, place, actor, badge: "measured" };
        })
        .filter(isOwnDoing);
    });
}

function computed(one: Standstill): boolean | undefined {
  if (one.use === undefined) return undefined;
  return one.use.cpuMs + one.use.waitMs >= COMPUTED_FROM_SHARE * lengthOf(one);
}

function describe(index: TraceIndex, alike: readonly Standstill[]): Finding {
  const longest = alike.reduce((most, one) => (lengthOf(one) > lengthOf(most) ? one : most));
  const longestMs = lengthOf(longest);
  const totalMs = totalOf(alike);
  const thread = index.threadName(longest.thread);
  const where = longest.place === undefined ? undefined : describePlace(longest.place);
  const didCompute = computed(longest);
  const [inEnglish, inRussian] =
    didCompute === undefined
      ? [where === undefined ? "" : `, in ${where}`, where === undefined ? "" : `: ${where}`]
      : didCompute
        ? [
            where === undefined ? ", computing" : `, computing in ${where}`,
            where === undefined ? ": шли вычисления" : `: шли вычисления, ${where}`,
          ]
        : [
            where === undefined ? " in a call that waits" : ` in a call that waits, in ${where}`,
            where === undefined ? " в вызове, который ждёт" : ` в вызове, который ждёт: ${where}`,
          ];
  const moreEnglish =
    alike.length === 1 ? "" : `; ${englishCount(alike.length, "time")}, ${duration(totalMs, "en")} in all`;
  const moreRussian =
    alike.length === 1 ? "" : `; ${russianCount(alike.length, "раз", "раза", "раз")}, всего ${duration(totalMs, "ru")}`;
  const withoutCore = (longest.use?.waitMs ?? 0) / longestMs;
  const starvedEnglish = withoutCore < WITHOUT_CORE_FROM_SHARE ? "" : `, ${percent(withoutCore)} of it without a core`;
  const starvedRussian = withoutCore < WITHOUT_CORE_FROM_SHARE ? "" : `, из них ${percent(withoutCore)} без ядра`;
  const severity: Severity = longestMs >= PROBLEM_FROM_MS ? "problem" : "warning";
  const { use } = longest;
  return toFinding(index, {
    kind: didCompute === true ? "cpu-on-loop" : "blocked-loop",
    about: `${longest.thread}:${where ?? ""}`,
    severity,
    text: {
      en: `The event loop of ${thread} stood still for ${duration(longestMs, "en")}${inEnglish}${starvedEnglish}${moreEnglish}.`,
      ru: `Цикл событий потока ${thread} стоял ${duration(longestMs, "ru")}${inRussian}${starvedRussian}${moreRussian}.`,
    },
    advice:
      didCompute === true
        ? {
            en: "Run it on another thread (on: threads()), or let others run in between (yieldNow, sliced()).",
            ru: "Выполните это в другом потоке (on: threads()) или уступайте очередь по ходу работы (yieldNow, sliced()).",
          }
        : {
            en: "Use the asynchronous form of the call, or make it on another thread.",
            ru: "Используйте асинхронный вариант вызова или делайте его в другом потоке.",
          },
    place: longest.place,
    stack: longest.stack,
    threads: [longest.thread],
    actors: alike.flatMap(({ actor }) => actor ?? []),
    fromMs: longest.beginMs,
    toMs: longest.endMs,
    evidence: {
      longestMs,
      totalMs,
      count: alike.length,
      ...(use === undefined
        ? {}
        : {
            cpuShare: Math.min(1, use.cpuMs / longestMs),
            coreWaitShare: Math.min(1, use.waitMs / longestMs),
          }),
    },
    badge: longest.badge,
  });
}

/** Shorter than this it is a burst of work, as any program has. */
const BUSY_FROM_MS = 500;
/** Nearly all of the loop's time: what is left is the loop's own turns. */
const BUSY_FROM_SHARE = 0.9;
/** With two jobs in flight, one of them waits while the other computes. */
const OTHERS_FROM = 2;
/** Less than this used elsewhere: the other cores idled. */
const ELSEWHERE_BELOW_CORES = 0.25;

/**
 * A loop that never stood still for long and was busy nonetheless: many steps, each
 * short, fill it, while jobs wait and other cores idle.
 */
export function findBusyLoops(index: TraceIndex, blocked: readonly Finding[]): readonly Finding[] {
  const { trace, timeline } = index;
  if ((trace.usage.cores ?? 1) < 2) return [];
  const kernel = trace.kernel?.threads.find(({ kind, index: ofOurs }) => kind === "loop" || ofOurs === 0);
  if (kernel?.index === undefined) return [];
  const own = coreUse(trace, 0, timeline.durationMs, ({ tid }) => tid === kernel.tid) ?? [];
  const others = coreUse(trace, 0, timeline.durationMs, (thread) => thread.tid !== kernel.tid && runsProgram(thread));
  // The same cutting for both, as it depends on the trace alone.
  const busy = own.filter(
    ({ demand }, place) => demand >= BUSY_FROM_SHARE && (others?.[place]?.demand ?? 0) < ELSEWHERE_BELOW_CORES,
  );
  const longest = longestRun(busy);
  if (longest === undefined || lengthOf(longest) < BUSY_FROM_MS) return [];
  if (
    blocked.some(({ threads, fromMs, toMs }) => threads.includes(kernel.index ?? 0) && overlaps(longest, fromMs, toMs))
  )
    return [];
  const inFlight = meanWithin(levelsOf(timeline.jobs, timeline.durationMs), longest);
  if (inFlight < OTHERS_FROM) return [];
  const thread = index.threadName(kernel.index);
  const jobs = busiestJobs(index, kernel.index, [longest]);
  const name = jobs[0]?.name;
  const forHowLong = lengthOf(longest);
  const count = Math.round(inFlight);
  return [
    toFinding(index, {
      kind: "cpu-on-loop",
      about: `${kernel.index}:busy`,
      severity: "warning",
      text: {
        en: `The event loop of ${thread} computed without a break for ${duration(forHowLong, "en")}${name === undefined ? "" : `, most of it in job "${name}"`}, while ${englishCount(count, "job was", "jobs were")} in flight and other cores idled.`,
        ru: `Цикл событий потока ${thread} ${duration(forHowLong, "ru")} без перерыва занят вычислениями${name === undefined ? "" : `, больше всего в задаче «${name}»`}; при этом в работе ${russianCount(count, "задача", "задачи", "задач")}, а другие ядра простаивают.`,
      },
      advice: {
        en: "Asynchrony does not speed up computing: run these jobs on threads (on: threads()).",
        ru: "Асинхронность не ускоряет вычисления: выполняйте эти задачи в потоках (on: threads()).",
      },
      place: placeNamed(name),
      threads: [kernel.index],
      actors: jobs.slice(0, 1).flatMap(({ ids }) => ids),
      fromMs: longest.beginMs,
      toMs: longest.endMs,
      evidence: { busyMs: forHowLong, meanInFlight: inFlight },
      badge: "sampled",
    }),
  ];
}

function overlaps(stretch: Stretch, fromMs: number, toMs: number): boolean {
  return fromMs < stretch.endMs && toMs > stretch.beginMs;
}

export function meanWithin(levels: readonly Level[], { beginMs, endMs }: Stretch): number {
  const before = levels.findLast(({ atMs }) => atMs <= beginMs);
  const inside = levels.filter(({ atMs }) => atMs > beginMs && atMs < endMs);
  const shifted = [{ atMs: 0, count: before?.count ?? 0 }, ...inside.map((l) => ({ ...l, atMs: l.atMs - beginMs }))];
  return meanOf(shifted, endMs - beginMs);
}

/** The longest stretch that `stretches`, which are in order, cover without a break. */
export function longestRun(stretches: readonly Stretch[]): Stretch | undefined {
  // Neighbours touch but for rounding.
  const runs = union(stretches.map(({ beginMs, endMs }) => ({ beginMs: beginMs - 1e-6, endMs: endMs + 1e-6 })));
  return runs.reduce<Stretch | undefined>(
    (longest, run) => (longest !== undefined && lengthOf(longest) >= lengthOf(run) ? longest : run),
    undefined,
  );
}

/** Jobs by name, those whose steps took the most of these stretches, which are in order, first. */
export function busiestJobs(
  index: TraceIndex,
  thread: number | undefined,
  within: readonly Stretch[],
): readonly { readonly name: string; readonly ids: readonly number[]; readonly busyMs: number }[] {
  const byName = new Map<string, { name: string; ids: number[]; busyMs: number }>();
  const covered = new CoveredTime(union(within));
  const threads = thread === undefined ? index.timeline.threads.map((lane) => lane.index) : [thread];
  for (const step of threads.flatMap((one) => index.stepsOn(one).top)) {
    const busyMs = covered.within(step.beginMs, step.endMs);
    const principal = index.principalOf(step.subject);
    const name = index.nameOf(principal);
    if (busyMs <= 0 || name === undefined) continue;
    const known = byName.get(name) ?? { name, ids: [], busyMs: 0 };
    known.busyMs += busyMs;
    known.ids.push(principal);
    byName.set(name, known);
  }
  return [...byName.values()].sort((a, b) => b.busyMs - a.busyMs);
}
