/**
 * What code on a pool's thread can ask its pool for besides what its job has brought along:
 * more jobs, for other threads. Threads can't submit jobs themselves.
 */
import type { ThreadPool } from "./thread-pool.js";

/**
 * What a thread of a pool does without a call, if it is wanted while it sleeps: a call takes several
 * times as long to get there as a wake-up does.
 *
 * Who wants it says so where this looks, and then has the thread wake up. If it slept it hears of
 * it; if not, it may be awake for something else, and must not be waited for.
 */
export interface StandBy {
  /** The thread is about to sleep: from now on it may be wanted. */
  sleeps(): void;
  /** The thread is awake: from now on it is not wanted any more. @returns whether it was */
  awakes(): boolean;
  /** What it was wanted for. */
  run(): void;
}

/** On a pool's thread. */
interface Asking {
  /** How many threads the pool may have. */
  readonly size: number;
  /** Asks; whoever serves it on the pool's thread may never get to it. */
  ask(request: unknown): void;
  /** Whether calls of the pool wait that this thread could run. */
  hasCalls(): boolean;
  /** Whether no such call waits, and a core is free for a thread that looks for what may come. */
  mayLook(): boolean;
  /** Has this thread do that when it is wanted: the last few that were added. */
  standBy(one: StandBy): void;
  /** Wakes the thread of that index, if it is another one of the pool and sleeps. @returns whether it did */
  wakeThread(index: number): boolean;
}

let here: Asking | undefined;

/** How to ask, on a pool's thread. */
export function askingPool(): Asking | undefined {
  return here;
}

/** On a pool's thread: this is how. */
export function setAsking(asking: Asking): void {
  here = asking;
}

let serve: ((pool: ThreadPool, request: unknown) => void) | undefined;

/** On the pool's thread: what is to be done with requests. */
export function serveWanted(how: (pool: ThreadPool, request: unknown) => void): void {
  serve = how;
}

/** On the pool's thread: one has come. */
export function wantedBy(pool: ThreadPool, request: unknown): void {
  serve?.(pool, request);
}
