/** What records say, by numbers that files keep too. */

/** What a record says; `subject`, `other` and `value` are as listed. */
export const ProbeKind = {
  /** A job exists: subject job, other its scope, value the text index of its name. */
  jobSpawn: 1,
  /** A job was handed to an executor: subject job. */
  jobQueue: 2,
  /** A job's code starts to run on this thread: subject job; the body's of a scope: subject scope. */
  jobStart: 3,
  /** A step gave the thread back without the code being done: subject as in `jobStart`. */
  jobSuspend: 4,
  /** A job's code ended on this thread: subject job. */
  jobStop: 5,
  /** A job settled: subject job, value one of `ProbeOutcome`. */
  jobEnd: 6,
  /** A scope opened: subject scope, other its parent or 0, value the text index of its name. */
  scopeOpen: 7,
  /** A scope ended: subject scope, value one of `ProbeOutcome`. */
  scopeEnd: 8,
  /** A scope was cancelled: subject scope. */
  cancel: 9,
  /** A wait began: subject its number, other the waiting scope or 0, value the text index of what for. */
  waitBegin: 10,
  /** A wait ended: subject its number, value one of `ProbeOutcome`. */
  waitEnd: 11,
  /** The code of a job, or of a scope's body, goes on after a wait on this thread: subject as in `jobStart`. */
  jobResume: 12,
  /** Where a job was spawned, at level "deep": subject job, value the text index of lines of a stack. */
  spawnedAt: 13,
  /** This thread has nothing to do and sleeps: subject its index. */
  threadPark: 20,
  /** It is awake again: subject its index. */
  threadUnpark: 21,
  /** This thread took a job from another's line: subject job or 0, other the index of that thread. */
  steal: 22,
  /** How many jobs wait in a pool's queue now: subject pool, value how many. */
  poolQueue: 23,
  /** A pool has a thread more: subject pool, other the thread's index, value the text index of the pool's name. */
  poolGrow: 24,
  /** A pool has a thread less: subject pool, other the thread's index. */
  poolShrink: 25,
  /**
   * An executor that decides has a task's calls run elsewhere from now on: subject the executor, other 0 for
   * here and 1 for threads, value the text index of the task and why.
   */
  placed: 26,
  /** A lock or channel exists: subject resource, other one of `ProbeResource`, value the text index of its name. */
  resourceMade: 30,
  /** It is held: subject resource, other the scope or job that holds it, or 0. */
  acquired: 31,
  /** It is held no more: subject resource, other as in `acquired`. */
  released: 32,
  /** What was just acquired is held until a scope has ended: subject resource, other the scope. */
  heldInBlock: 36,
  /** A channel is filled differently: subject channel, value how many items are in it. */
  channelLevel: 33,
  /** What a wait is for: subject the wait's number, other the resource, or the job that is joined. */
  waitOn: 34,
  /** Where a wait began, noted of some: subject the wait's number, value the text index of the line of a stack. */
  waitAt: 35,
  /**
   * The garbage collector held this thread up: subject what it collected, as a place in `GC_KINDS`, other for
   * how many milliseconds, value how many microseconds before this record that began.
   */
  gcPause: 40,
  /** Something worth a look, as a deadlock that was found: subject whose code ran, or 0, value the text index of what. */
  mark: 50,
} as const;

/** Kinds of resources. */
export const ProbeResource = {
  mutex: 1,
  semaphore: 2,
  rwLock: 3,
  condition: 4,
  barrier: 5,
  latch: 6,
  once: 7,
  event: 8,
  channel: 9,
} as const;

export const ProbeOutcome = { done: 0, failed: 1, cancelled: 2, abandoned: 3 } as const;

export type ProbeKindValue = (typeof ProbeKind)[keyof typeof ProbeKind];
export type ProbeOutcomeValue = (typeof ProbeOutcome)[keyof typeof ProbeOutcome];

/** A record, as the reader gives it. */
export interface ProbeRecord {
  /** Milliseconds since the epoch, comparable between threads. */
  readonly timeMs: number;
  readonly kind: ProbeKindValue;
  readonly subject: number;
  readonly other: number;
  readonly value: number;
}
