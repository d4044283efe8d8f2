/**
 * What plain reads of cells may see by the memory model of the language: not only the
 * last write in the order of the run, but any that the reader does not know to be
 * overwritten. A write is known to be that if another write to the place comes after
 * it for a reason, and before the read for a reason.
 *
 * So hardware that puts writes off, and compilers that keep a value in a register,
 * are covered: store buffering, message passing without order, independent reads of
 * independent writes. Not covered: a read that sees a write which comes later in the
 * run (load buffering), and halves of a value (32 bits are read and written whole).
 *
 * A thread sees an old value a few times, not for ever.
 */
import type { Execution } from "./execution.js";
import { HappensBefore } from "./happens-before.js";

const MOST_OLD_READS = 2;

interface Write {
  readonly thread: number;
  /** When, in its thread's count. */
  readonly time: number;
  /** What its thread knew. */
  readonly clock: readonly number[];
  readonly value: number;
  /** How often each thread has seen it when it was no longer the last. */
  readonly oldReads: number[];
}

export class WeakMemory {
  readonly #execution: Execution;
  readonly #order: HappensBefore = new HappensBefore(false);
  readonly #writes: Map<number, Write[]> = new Map();
  /** As `oldReads`, of what a place held at first. */
  readonly #firstReads: Map<number, number[]> = new Map();

  constructor(execution: Execution) {
    this.#execution = execution;
  }

  reset(): void {
    this.#order.reset();
    this.#writes.clear();
    this.#firstReads.clear();
  }

  /** A step has been taken. */
  take(step: number): void {
    const { stepThreads, stepPlaces, stepWritten } = this.#execution;
    this.#order.take(this.#execution, step);
    if (!this.#execution.hasWritten(step)) return;
    const thread = stepThreads[step] as number;
    const place = stepPlaces[step] as number;
    let writes = this.#writes.get(place);
    if (writes === undefined) this.#writes.set(place, (writes = []));
    const clock = this.#order.clockAfter(thread);
    writes.push({ thread, time: clock[thread] ?? 0, clock, value: stepWritten[step] as number, oldReads: [] });
  }

  /** The value that a plain read of a place gives: the last written, or an older one. */
  read(place: number, first: number, last: number): number {
    const run = this.#execution;
    const thread = run.current?.index ?? 0;
    const writes = this.#writes.get(place) ?? [];
    const visible: Write[] = [];
    let isFirstVisible = writes.length > 0;
    for (let at = writes.length - 1; at >= 0; at--) {
      const write = writes[at] as Write;
      const isLast = at === writes.length - 1;
      if (this.#order.knows(thread, write.thread, write.time)) isFirstVisible = false;
      if (isLast || !this.#isOverwritten(write, writes, thread)) {
        if (isLast || (write.oldReads[thread] ?? 0) < MOST_OLD_READS) visible.push(write);
      }
    }
    let firstReads = this.#firstReads.get(place);
    if (firstReads === undefined) this.#firstReads.set(place, (firstReads = []));
    if ((firstReads[thread] ?? 0) >= MOST_OLD_READS) isFirstVisible = false;
    const count = visible.length + (isFirstVisible ? 1 : 0);
    if (count <= 1) return last;
    const choice = run.chooseInStep(count);
    if (choice === 0) return last;
    const chosen = visible[choice];
    if (chosen === undefined) {
      firstReads[thread] = (firstReads[thread] ?? 0) + 1;
      return first;
    }
    chosen.oldReads[thread] = (chosen.oldReads[thread] ?? 0) + 1;
    return chosen.value;
  }

  /** Whether the thread knows of a write that came after this one for a reason. */
  #isOverwritten(write: Write, writes: readonly Write[], thread: number): boolean {
    return writes.some(
      (later) =>
        later !== write &&
        (later.clock[write.thread] ?? 0) >= write.time &&
        this.#order.knows(thread, later.thread, later.time),
    );
  }
}
