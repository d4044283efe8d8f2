/**
 * Which thread this is, which threads there are, and identities that are unique
 * in the process.
 */

/** What the boot code of one of our threads leaves on `globalThis` before anything else runs. */
export interface WorkerMarker {
  readonly index: number;
  readonly name: string;
  /** The module being imported for its tasks now, if any. The boot code writes it. */
  importing: string | undefined;
  /** Jobs running on this thread now. The server writes it. */
  runningJobs: number;
  /** Tells the boot code that the import will not go on, and what stopped it if that is a mistake. */
  onPark: ((mistake: string | undefined) => void) | undefined;
  /** The memory of the shared heap, as `shared/heap.ts` has it. */
  readonly heap?: unknown;
}

const MARKER = Symbol.for("skein.worker");

/**
 * Set on our own threads only. The platform's "is this the main thread?" is no
 * substitute: test runners start programs on threads of theirs.
 */
export const workerMarker: WorkerMarker | undefined = (globalThis as Record<PropertyKey, unknown>)[MARKER] as
  | WorkerMarker
  | undefined;

/**
 * On a thread that is importing a module for its tasks, gives a promise that
 * never settles, to return instead of doing the work of the module; elsewhere
 * `undefined`.
 *
 * A program that does its work at the top level of a module would otherwise do it
 * again on each thread, and spawn threads from there without end. Parked, the
 * import stops at that point, and the tasks declared before it can be used.
 *
 * @param mistake - the function called, if a program should not call it there
 */
export function parkIfImporting(mistake?: string): Promise<never> | undefined {
  // With a job running it could be that job's doing. Then nothing is parked: a
  // thread makes no threads of its own, so the worst is work done twice.
  if (workerMarker?.importing === undefined || workerMarker.runningJobs > 0) return undefined;
  workerMarker.onPark?.(mistake);
  return new Promise(() => undefined);
}

/** 0 for the thread that started the program, 1 and up for threads of pools. */
export const threadIndex: number = workerMarker?.index ?? 0;

// The thread's index stands above bit 40: 2^40 identities a thread and 2^13
// threads fit a double exactly.
let lastIdentity = threadIndex * 2 ** 40;

/** A number that no other job, scope or structure of this process has. */
export function nextIdentity(): number {
  return ++lastIdentity;
}

/** A thread that the program runs on, as others see it. */
export interface ThreadRecord {
  readonly index: number;
  readonly name: string;
  /**
   * Makes the thread write its probe records into `ring`, or stop.
   *
   * @param onHalfFull - called by the thread itself whenever it has filled half of
   *   the ring, if that is the thread that gave it: a long synchronous stretch
   *   leaves no timer a chance to read
   */
  attachRing(ring: SharedArrayBuffer | undefined, onHalfFull?: () => void): void;
  /** Makes the thread show there that its event loop turns, or stop that. */
  attachPulse(pulse: SharedArrayBuffer | undefined): void;
}

const running = new Set<ThreadRecord>();
const listeners = new Set<(thread: ThreadRecord) => void>();

/** Threads alive now, in the order in which they started. */
export function runningThreads(): ReadonlySet<ThreadRecord> {
  return running;
}

/** Tells the directory of a new thread; the result takes it out again. */
export function announceThread(thread: ThreadRecord): () => void {
  running.add(thread);
  for (const listener of listeners) listener(thread);
  return () => running.delete(thread);
}

/** Calls `listener` for each thread announced from now on; the result ends that. */
export function onThread(listener: (thread: ThreadRecord) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
