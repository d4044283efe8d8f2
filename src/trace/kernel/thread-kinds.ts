/**
 * What the threads of the process are for that are not ours.
 *
 * Names tell it on Node 22 and later and on Bun and Deno; an older Node names all of
 * them alike. There two facts help, neither of them promised: the platform starts its
 * own threads before the program's first line, so they have the lowest numbers; and only
 * a thread that runs JavaScript sleeps in an event loop, the file and name look-ups
 * sleep on a lock until there is something to do.
 */
import type { KernelThreadKind, ThreadState } from "../kernel-facts.js";

/** A thread of ours, as recordings know it. */
export interface OurThread {
  /** As probe records have it; `undefined` for one that writes none. */
  readonly index: number | undefined;
  readonly name: string;
  readonly kind: Extract<KernelThreadKind, "loop" | "pool" | "dedicated" | "worker" | "observer">;
}

/** By the beginning of the name; the kernel cuts names after 15 letters. */
const NAMES: readonly (readonly [RegExp, KernelThreadKind])[] = [
  [/^(?:libuv-worker|tokio-runtime|Bun Pool)/, "io"],
  [/^(?:V8Worker|V8 Default|DelayedTask|SignalInspect|HeapHelper|JITWorker|JSCWarmUp|mi-scavenger)/, "engine"],
];

/** The delayed-task scheduler, and the thread that waits for the signal to open the inspector. */
const ENGINE_THREADS_BESIDE_POOL = 2;

/** What is known of a thread that is not ours. */
export interface ForeignThread {
  readonly tid: number;
  readonly name: string;
  /** Its place among all threads but the first, by number: 0 for the one started first. */
  readonly place: number;
  /** Every state it was seen in. */
  readonly seen: ReadonlySet<ThreadState>;
}

/** What is known of the process. */
export interface ProcessNames {
  readonly mainName: string;
  /** Threads that the engine compiles and collects garbage with; 4 unless the program says otherwise. */
  readonly enginePool: number;
}

export function kindOfForeign(thread: ForeignThread, process: ProcessNames): KernelThreadKind {
  for (const [names, kind] of NAMES) if (names.test(thread.name)) return kind;
  // Older platforms start the engine's threads in one go, before anything else.
  const isUnnamed = thread.name === process.mainName;
  if (isUnnamed && thread.place < process.enginePool + ENGINE_THREADS_BESIDE_POOL) return "engine";
  if (thread.seen.has("io")) return "worker";
  if (!isUnnamed) return thread.name === "WorkerThread" ? "worker" : "unknown";
  return thread.seen.has("lock") ? "io" : "unknown";
}

/** How many threads the engine was told to have. */
export function enginePoolOf(args: readonly string[]): number {
  let size = 4;
  for (const arg of args) {
    const told = /^--v8-pool-size=(\d+)$/.exec(arg)?.[1];
    if (told !== undefined) size = Number(told);
  }
  return size;
}
