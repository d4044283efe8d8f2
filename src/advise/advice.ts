/**
 * From what was recorded of a run, what each task and function is like, and where it
 * should run. Pure.
 */
import { splitOfJob } from "../trace/time-split.js";
import { buildTimeline } from "../trace/timeline.js";
import type { Badge } from "../trace/figures.js";
import { levelsOf } from "../trace/levels.js";
import type { JobSpan, Timeline } from "../trace/spans.js";
import type { Trace } from "../trace/trace.js";
import { isWorthAdvice, LEAST_SAMPLED_MS, type Nature, natureOf, suggest, type Suggestion } from "./nature.js";
import { type CpuProfile, type LoopProfile, type ProfiledFunction, readProfile } from "./profile.js";

/** What the observed program tells of itself at its end. */
export interface ObservedProgram {
  /** From the loading of the program to its end. */
  readonly wallMs: number;
  readonly cores: number;
  /** When its loading began, in microseconds of the clock that profiles have. */
  readonly beganUs: number;
  /** Of the jobs of each name that were spawned: which task they are, if any. */
  readonly tasks: Readonly<Record<string, { readonly key: string; readonly module: string }>>;
}

/** What is known of a task, of a kind of job, or of a function, and what to do with it. */
export interface FunctionAdvice {
  readonly name: string;
  readonly kind: "task" | "job" | "function";
  /** Where it is declared, if that is known. */
  readonly declaredAt: string | undefined;
  readonly calls: number | undefined;
  readonly cpuMs: number;
  readonly waitingMs: number | undefined;
  readonly badge: Badge;
  readonly nature: Nature;
  /** In its own code, without what it calls; of functions. */
  readonly selfMs: number | undefined;
  /** Of what it computed, what was on the event loop's thread and could be elsewhere. */
  readonly movableMs: number;
  /** Of the time in which the event loop stood still for others; `undefined` if it never did, or nothing was sampled. */
  readonly shareOfBlocked: number | undefined;
  readonly runsOn: "here" | "threads" | "both";
  /** The most that were under way at a time. */
  readonly mostAtOnce: number | undefined;
  readonly suggestion: Suggestion;
  /** Whether following it takes a change of the program beyond `on:`. */
  readonly needsTask: boolean;
}

export interface Advice {
  readonly wallMs: number;
  readonly cores: number;
  readonly loopBusyMs: number | undefined;
  readonly loopBlockedMs: number | undefined;
  readonly functions: readonly FunctionAdvice[];
  /** How many times as fast it would be, by Amdahl's law over what was measured; 1 if nothing is to be moved. */
  readonly predictedSpeedUp: number;
  /** Of the run, the share that could be divided among cores. */
  readonly dividableShare: number;
  readonly predictionBadge: Badge;
}

/** Jobs of one name that are split one by one; of more the others are taken to be alike. */
const MOST_JOBS = 5000;
/** The same of functions that are no tasks, which there are many of. */
const LEAST_SHARE_OF_FUNCTION = 0.05;
const MOST_FUNCTIONS = 10;

export function adviseOn(trace: Trace, profile: CpuProfile | undefined, program: ObservedProgram): Advice {
  const timeline = buildTimeline(trace);
  const tasks = Object.values(program.tasks);
  const isTask = (name: string, url: string): boolean => tasks.some((task) => isOf(task, name, url));
  const loop =
    profile === undefined
      ? undefined
      : readProfile(profile, isTask, program.beganUs, program.beganUs + program.wallMs * 1000);
  const functions = [...groupByName(timeline.jobs)].map(([name, spans]) =>
    adviceOnJobs(name, spans, trace, timeline, loop, program),
  );
  const plain = (loop?.functions ?? [])
    .filter(({ name, url }) => !isTask(name, url))
    .filter(({ looseMs }) => looseMs >= Math.max(LEAST_SAMPLED_MS, program.wallMs * LEAST_SHARE_OF_FUNCTION))
    .slice(0, MOST_FUNCTIONS)
    .map((one) => adviceOnFunction(one, loop as LoopProfile, program));
  // What a function calls is in another row.
  const ownMs = ({ selfMs, cpuMs }: FunctionAdvice): number => selfMs ?? cpuMs;
  const all = [...functions, ...plain].sort((a, b) => ownMs(b) - ownMs(a));
  return {
    wallMs: program.wallMs,
    cores: program.cores,
    loopBusyMs: loop?.busyMs,
    loopBlockedMs: loop?.blockedMs,
    functions: all,
    ...predict(all, program),
  };
}

/**
 * Whether a function of a profile is that of a task. A loader of TypeScript may have put a
 * digit behind its name, where it assigns it to a variable of the same name.
 */
function isOf(task: { readonly key: string; readonly module: string }, name: string, url: string): boolean {
  if (task.module !== url) return false;
  return task.key === name || (/\.[cm]?tsx?$/.test(url) && task.key === name.replace(/\d$/, ""));
}

function groupByName(jobs: readonly JobSpan[]): ReadonlyMap<string, readonly JobSpan[]> {
  const groups = new Map<string, JobSpan[]>();
  for (const job of jobs) {
    if (job.name === undefined) continue;
    const group = groups.get(job.name);
    if (group === undefined) groups.set(job.name, [job]);
    else group.push(job);
  }
  return groups;
}

function adviceOnJobs(
  name: string,
  jobs: readonly JobSpan[],
  trace: Trace,
  timeline: Timeline,
  loop: LoopProfile | undefined,
  program: ObservedProgram,
): FunctionAdvice {
  const split = jobs.slice(0, MOST_JOBS);
  const scale = jobs.length / split.length;
  let [cpuMs, waitingMs, movableMs] = [0, 0, 0];
  let badge: Badge = split.length < jobs.length ? "sampled" : "measured";
  const runs: number[] = [];
  for (const job of split) {
    const part = splitOfJob(trace, timeline, job);
    runs.push(part.runningMs);
    cpuMs += part.runningMs * scale;
    if (job.ranOn === 0) movableMs += part.runningMs * scale;
    // One that ran in a single step did not wait; the rest of its life it was on its way.
    const isOneStep = job.steps.length === 1 && job.steps[0]?.isSuspended === false;
    if (isOneStep) {
      if (badge === "measured" && part.badge === "sampled") badge = "sampled";
      continue;
    }
    waitingMs += (part.ioMs + part.lockMs + part.channelMs + part.jobsMs) * scale;
    if (part.badge === "inferred") badge = "inferred";
    else if (part.badge === "sampled" && badge === "measured") badge = "sampled";
  }
  const identity = program.tasks[name];
  const sampled = identity === undefined ? undefined : loop?.functions.find((one) => isOf(identity, one.name, one.url));
  const here = jobs.filter(({ ranOn }) => ranOn === 0 || ranOn === undefined).length;
  const runsOn = here === jobs.length ? "here" : here === 0 ? "threads" : "both";
  // What goes on after an `await` of something else is no recorded step, but was sampled.
  const isSampled = sampled !== undefined && runsOn === "here" && sampled.totalMs > cpuMs * 1.2;
  if (isSampled) {
    waitingMs = Math.max(0, waitingMs - (sampled.totalMs - cpuMs));
    cpuMs = sampled.totalMs;
    movableMs = cpuMs;
    badge = "sampled";
  }
  const mostAtOnce = levelsOf(jobs, timeline.durationMs).reduce((most, { count }) => Math.max(most, count), 0);
  const nature = natureOf(cpuMs, waitingMs, jobs.length, isSampled ? cpuMs / jobs.length : medianOf(runs));
  const isTask = identity !== undefined;
  return {
    name,
    kind: isTask ? "task" : "job",
    declaredAt: identity?.module,
    calls: jobs.length,
    cpuMs,
    waitingMs,
    badge,
    nature,
    selfMs: undefined,
    movableMs,
    shareOfBlocked: blockedShare(sampled, loop),
    runsOn,
    mostAtOnce,
    suggestion: suggest(nature, runsOn, isWorthAdvice(cpuMs, program.wallMs), program.cores),
    needsTask: !isTask,
  };
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function adviceOnFunction(one: ProfiledFunction, loop: LoopProfile, { cores }: ObservedProgram): FunctionAdvice {
  const share = blockedShare(one, loop) ?? 0;
  return {
    name: one.name,
    kind: "function",
    declaredAt: `${one.url}:${one.line}`,
    calls: undefined,
    cpuMs: one.totalMs,
    waitingMs: undefined,
    badge: "sampled",
    nature: "computes",
    selfMs: one.selfMs,
    movableMs: one.looseMs,
    shareOfBlocked: blockedShare(one, loop),
    runsOn: "here",
    mostAtOnce: undefined,
    suggestion: share < LEAST_SHARE_OF_FUNCTION ? "as it is" : cores > 1 ? "threads" : "sliced",
    needsTask: true,
  };
}

function blockedShare(one: ProfiledFunction | undefined, loop: LoopProfile | undefined): number | undefined {
  if (loop === undefined || loop.blockedMs === 0) return undefined;
  return one === undefined ? 0 : one.blockingMs / loop.blockedMs;
}

/**
 * Amdahl's law: what is to be moved is divided among as many cores as it has calls at a
 * time, and there are; the rest of the run stays as it was.
 */
function predict(
  functions: readonly FunctionAdvice[],
  { wallMs, cores }: ObservedProgram,
): Pick<Advice, "predictedSpeedUp" | "dividableShare" | "predictionBadge"> {
  let [movedMs, savedMs] = [0, 0];
  let badge = "sampled" as Badge;
  for (const { suggestion, movableMs: ms, mostAtOnce, kind } of functions) {
    if (suggestion !== "threads") continue;
    // Of a plain function nobody knows whether its calls depend on each other.
    const degree = kind === "function" ? cores : Math.min(cores, mostAtOnce ?? 1);
    movedMs += ms;
    savedMs += ms - ms / degree;
    if (kind === "function") badge = "inferred";
  }
  const restMs = Math.max(wallMs / Math.max(1, cores), wallMs - savedMs);
  return {
    predictedSpeedUp: wallMs / restMs,
    dividableShare: Math.min(1, movedMs / wallMs),
    predictionBadge: badge,
  };
}
