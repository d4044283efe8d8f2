/** Shared objects that were made and not disposed of. */
import { reportToOwner } from "../core/report.js";
import { callersOf } from "../core/own-frames.js";
import { type LiveSharedObject, livingObjects } from "./crossing.js";
import { type Handle, heap, offsetOf } from "./heap.js";
import { isKeptAt, onMade } from "./object.js";

/** A shared object that nobody has disposed of. */
export interface SharedLeak extends LiveSharedObject {
  /** Where it was made, as a stack has it; empty if another thread than the one that watches made it. */
  readonly where: string;
}

/** A watch on shared objects that are made. */
export interface SharedLeakWatch extends Disposable {
  /** Those that were made since it began, on any thread, and live. */
  leaks(): readonly SharedLeak[];
  /** Ends the watch, and warns of each of the `leaks`. Doing it again does nothing. */
  [Symbol.dispose](): void;
}

/** For each object made on this thread while somebody watches, its call. */
const made = new Map<Handle, Error>();
let watches = 0;

/**
 * Begins to note the shared objects that are made, and warns, when the watch ends, of
 * those that live then: memory that nobody gave back.
 *
 * A shared object lives until some thread disposes of it, since no thread can tell
 * whether another still has it; so one that is forgotten keeps its memory until the
 * process ends. Use the watch in tests, or around a program's body.
 *
 * **Threads** Objects of all threads count; where one was made is known for those of
 * the thread that watches.
 *
 * **Cost** A stack for each object made here meanwhile, some microseconds.
 *
 * @example
 * ```ts
 * using watch = watchSharedLeaks();
 * const counter = new SharedCounter({ name: "requests" });
 * console.log(watch.leaks().map((leak) => leak.name)); // [ 'requests' ]
 * counter.dispose();
 * ```
 *
 * @since 0.1.0
 */
export function watchSharedLeaks(): SharedLeakWatch {
  const inHeap = heap();
  const before = new Set(livingObjects(inHeap).map(({ handle }) => handle));
  let isOver = false;
  watches++;
  onMade((handle) => void made.set(handle, new Error("made here")));
  const leaks = (): SharedLeak[] =>
    livingObjects(inHeap)
      .filter(({ handle }) => !before.has(handle) && !isKeptAt(inHeap, offsetOf(handle)))
      .map(({ handle, ...leak }) => ({ ...leak, where: callersOf(made.get(handle)) }));
  return {
    leaks,
    [Symbol.dispose]() {
      if (isOver) return;
      isOver = true;
      for (const { kind, name, byteLength, where } of leaks()) {
        reportToOwner(
          `a shared ${kind} "${name}" was not disposed of: ${byteLength} bytes${where === "" ? "" : `, made\n${where}`}`,
          undefined,
        );
      }
      if (--watches > 0) return;
      onMade(undefined);
      made.clear();
    },
  };
}
