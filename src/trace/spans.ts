/** What a timeline consists of: plain data. */
import type { GcKind } from "../core/gc-pauses.js";
import type { ProbeOutcome } from "../core/probe.js";
import type { Level } from "./levels.js";
import type { ProcessUsage } from "./trace.js";

/**
 * What an edge of a span rests on: a record of it was "seen"; it lies "outside"
 * the recording (before its start; after its stop, or the thread's end); or its
 * record was "dropped", and the edge is the last moment known of, or the first.
 *
 * @since 0.1.0
 */
export type Edge = "seen" | "outside" | "dropped";

/**
 * A stretch of time, in milliseconds since the recording began.
 *
 * @since 0.1.0
 */
export interface Span {
  readonly beginMs: number;
  readonly endMs: number;
  readonly begin: Edge;
  readonly end: Edge;
}

/**
 * How something ended; of what is not known to have ended, `undefined` stands
 * instead.
 *
 * @since 0.1.0
 */
export type Outcome = keyof typeof ProbeOutcome;

/**
 * A synchronous step: a thread inside the code of a job, or of a scope's body,
 * without giving the thread back.
 *
 * Recorded is a job's first step, and each that follows a wait for something of this
 * library. How often it went on after another `await`, and for how long, is not.
 *
 * @since 0.1.0
 */
export interface StepSpan extends Span {
  /** The job; of a scope's body, the scope. */
  readonly subject: number;
  readonly thread: number;
  /** True if the code was not done and waits for something at the step's end. */
  readonly isSuspended: boolean;
}

/**
 * A job, from its spawning to its end.
 *
 * @since 0.1.0
 */
export interface JobSpan extends Span {
  readonly id: number;
  /** `undefined` if it was spawned before the recording, or the record of that was dropped. */
  readonly name: string | undefined;
  /** The lines of the stack that spawned it, innermost first; `undefined` unless the level was "deep" then. */
  readonly spawnSite: string | undefined;
  /** The scope that owns it; 0 if not known. Not every scope is in the timeline. */
  readonly scope: number;
  /** Index of the thread that spawned it. */
  readonly thread: number;
  /** When it was handed to an executor, if it was. */
  readonly queuedMs: number | undefined;
  /** When its code started to run. */
  readonly startedMs: number | undefined;
  /** Index of the thread that ran it. */
  readonly ranOn: number | undefined;
  /** From its spawning to its start, if both were seen. */
  readonly waitMs: number | undefined;
  readonly outcome: Outcome | undefined;
  readonly steps: readonly StepSpan[];
}

/**
 * A scope, from its opening to its end.
 *
 * @since 0.1.0
 */
export interface ScopeSpan extends Span {
  readonly id: number;
  readonly name: string | undefined;
  /** The scope around it; 0 if there is none or it is not known. */
  readonly parent: number;
  /** The job whose own scope this is. Inferred: the scope was opened as the first act of the job. */
  readonly job: number | undefined;
  readonly thread: number;
  readonly outcome: Outcome | undefined;
  /** The steps of its body. */
  readonly steps: readonly StepSpan[];
}

/**
 * A wait of a job or of a scope's body.
 *
 * @since 0.1.0
 */
export interface WaitSpan extends Span {
  readonly id: number;
  /** What was waited for. */
  readonly name: string | undefined;
  /** The scope that could cancel it; 0 if none could, or it is not known. */
  readonly scope: number;
  /** The lock or channel that was waited for, or the job, by its identity; 0 if it was something else, or is not known. */
  readonly target: number;
  readonly thread: number;
  readonly outcome: Outcome | undefined;
}

/**
 * A scope, or a job on another thread, was told to end.
 *
 * @since 0.1.0
 */
export interface CancelMark {
  readonly atMs: number;
  /** The scope. Of a job on another thread: what stands for it, which is in no other place. */
  readonly subject: number;
  readonly thread: number;
}

/**
 * A time in which a thread of a pool slept, for want of work.
 *
 * @since 0.1.0
 */
export interface ParkSpan extends Span {
  readonly thread: number;
}

/**
 * A thread took over a job that was to be run by another.
 *
 * @since 0.1.0
 */
export interface StealMark {
  readonly atMs: number;
  readonly thread: number;
  /** 0 if it is a job of no scope. */
  readonly job: number;
  /** Index of the thread for which it waited. */
  readonly from: number;
}

/**
 * An executor that decides by itself, as `auto()`, has a task's calls run elsewhere from here on.
 *
 * @since 0.1.0
 */
export interface PlacementMark {
  readonly atMs: number;
  /** The thread that decided. */
  readonly thread: number;
  readonly place: "here" | "threads";
  /** The task, the place and why. */
  readonly text: string | undefined;
  /** Its task alone. */
  readonly task: string | undefined;
}

/** How long the calls of a task were placed so. */
export interface PlacedSpan extends PlacementMark {
  readonly endMs: number;
}

/** The decisions on each task, each as the time until the next one. */
export function placedSpans({ placements, durationMs }: Timeline): ReadonlyMap<string, readonly PlacedSpan[]> {
  const byTask = new Map<string, PlacementMark[]>();
  for (const mark of placements) {
    const known = byTask.get(mark.task ?? "");
    if (known === undefined) byTask.set(mark.task ?? "", [mark]);
    else known.push(mark);
  }
  const spans = ([task, marks]: [string, PlacementMark[]]): [string, PlacedSpan[]] => [
    task,
    marks.map((mark, i) => ({ ...mark, endMs: marks[i + 1]?.atMs ?? durationMs })),
  ];
  return new Map([...byTask].map(spans));
}

/**
 * A pool of threads, as far as it changed during the recording.
 *
 * @since 0.1.0
 */
export interface PoolTrack {
  readonly id: number;
  /** `undefined` if all its threads are older than the recording. */
  readonly name: string | undefined;
  /** Jobs that waited for a place on a thread; each holds until the next. */
  readonly queued: readonly Level[];
  readonly changes: readonly PoolChange[];
}

/**
 * A pool got a thread, or lost one.
 *
 * @since 0.1.0
 */
export interface PoolChange {
  readonly atMs: number;
  readonly thread: number;
  readonly isMore: boolean;
}

/**
 * A pause that the garbage collector made on a thread.
 *
 * @since 0.1.0
 */
export interface PauseSpan extends Span {
  readonly thread: number;
  readonly kind: GcKind;
}

/**
 * A thread and its losses.
 *
 * @since 0.1.0
 */
export interface ThreadLane {
  readonly index: number;
  readonly name: string;
  /** Since when its records are known; see `ThreadTrace`. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly hasEnded: boolean;
  readonly gaps: readonly LaneGap[];
}

/**
 * A time in which records of a thread were dropped.
 *
 * @since 0.1.0
 */
export interface LaneGap {
  readonly beginMs: number;
  readonly endMs: number;
  readonly dropped: number;
}

/**
 * What happened during a recording. Each list is in order of beginning.
 *
 * @since 0.1.0
 */
export interface Timeline {
  readonly durationMs: number;
  /** When it began, in milliseconds since the epoch. */
  readonly startedMs: number;
  readonly threads: readonly ThreadLane[];
  readonly jobs: readonly JobSpan[];
  readonly scopes: readonly ScopeSpan[];
  readonly waits: readonly WaitSpan[];
  /** Those of jobs, of bodies, and of what is neither for sure. On one thread they nest. */
  readonly steps: readonly StepSpan[];
  readonly cancels: readonly CancelMark[];
  readonly parks: readonly ParkSpan[];
  readonly steals: readonly StealMark[];
  readonly placements: readonly PlacementMark[];
  readonly pools: readonly PoolTrack[];
  readonly pauses: readonly PauseSpan[];
  /** Over all threads. */
  readonly droppedRecords: number;
  readonly usage: ProcessUsage;
}
