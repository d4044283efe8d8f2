/**
 * Jobs for which no line has room.
 *
 * They leave in order of submission; a priority lets a job leave as if it had been
 * submitted earlier, by a second for each step. So a job of low priority is passed
 * only by those of higher priority that come within that time, and all get their turn.
 */
import type { Call } from "./call.js";

/** How much sooner a job is taken to have come, for each step of its priority. */
const PRIORITY_STEP_MS = 1000;

/** When a job came, less what its priority is worth. */
export const rankMs = (call: Call): number => call.submittedMs - PRIORITY_STEP_MS * (call.options?.priority ?? 0);

interface Entry {
  readonly call: Call;
  readonly rankMs: number;
  readonly order: number;
}

/** So many that have left may stand in front of the list. */
const MOST_PASSED = 1024;

const goesBefore = (a: Entry, b: Entry): boolean => (a.rankMs === b.rankMs ? a.order < b.order : a.rankMs < b.rankMs);

export class JobQueue {
  /** In order of submission, as long as no job has a priority; begins at `#first`. */
  #inOrder: Call[] = [];
  #first = 0;
  /** Else a binary heap. */
  #heap: Entry[] | undefined = undefined;
  /** Jobs that have left by `remove` are still in the list, but not in this. */
  #size = 0;
  /** Among those of one rank: where the next one goes, and the first of those put in front. */
  #lastOrder = 0;
  #firstOrder = 0;

  get size(): number {
    return this.#size;
  }

  /** Whether it has jobs that differ in priority. Ends when it is empty. */
  get isByPriority(): boolean {
    return this.#heap !== undefined;
  }

  add(call: Call): void {
    if (this.#heap === undefined && (call.options?.priority ?? 0) === 0) {
      this.#count(call);
      this.#inOrder.push(call);
      return;
    }
    if (this.#heap === undefined) {
      const earlier = [...this];
      this.#clear();
      this.#heap = [];
      for (const one of earlier) this.#push(one, this.#lastOrder++);
    }
    this.#push(call, this.#lastOrder++);
  }

  /** Jobs that came before all those that are in it. */
  addInFront(calls: readonly Call[]): void {
    if (calls.length === 0) return;
    if (this.#heap !== undefined) {
      // Many have one rank: those of a microtask have one moment of submission.
      this.#firstOrder -= calls.length;
      calls.forEach((call, i) => this.#push(call, this.#firstOrder + i));
      return;
    }
    for (const call of calls) this.#count(call);
    this.#inOrder = [...calls, ...this.#inOrder.slice(this.#first)];
    this.#first = 0;
  }

  /** Takes out a job that never comes back. @returns whether it was there */
  remove(call: Call): boolean {
    if (call.queue !== this) return false;
    call.queue = undefined;
    if (--this.#size === 0) this.#clear();
    return true;
  }

  /**
   * Takes jobs out, the next one first, for as long as `take` takes them.
   *
   * @param take - says whether it took the job; one that it did not take stays the next.
   *   It may take out others by `remove`, but add none
   */
  takeEach(take: (call: Call) => boolean): void {
    while (this.#size > 0) {
      const call = this.#next();
      if (call.queue !== this) this.#pass();
      else if (take(call)) this.#leave(call);
      else break;
    }
    if (this.#heap === undefined && this.#first > MOST_PASSED && 2 * this.#first > this.#inOrder.length) {
      this.#inOrder = this.#inOrder.slice(this.#first);
      this.#first = 0;
    }
  }

  #next(): Call {
    return this.#heap === undefined ? (this.#inOrder[this.#first] as Call) : (this.#heap[0] as Entry).call;
  }

  /** Goes on behind the next one, which has left. */
  #pass(): void {
    if (this.#heap === undefined) this.#first++;
    else this.#pop();
  }

  #leave(call: Call): void {
    // Not if it was cancelled as it was taken: that may have left none.
    if (!this.remove(call) || this.#size === 0) return;
    this.#pass();
  }

  *[Symbol.iterator](): Generator<Call> {
    const calls = this.#heap?.map(({ call }) => call) ?? this.#inOrder.slice(this.#first);
    for (const call of calls) if (call.queue === this) yield call;
  }

  #clear(): void {
    this.#heap = undefined;
    this.#inOrder = [];
    this.#first = 0;
    this.#size = 0;
  }

  #count(call: Call): void {
    call.queue = this;
    this.#size++;
  }

  #push(call: Call, order: number): void {
    this.#count(call);
    this.#insert({ call, rankMs: rankMs(call), order });
  }

  #insert(entry: Entry): void {
    const heap = this.#heap as Entry[];
    let place = heap.length;
    heap.push(entry);
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (!goesBefore(entry, heap[above] as Entry)) break;
      heap[place] = heap[above] as Entry;
      place = above;
    }
    heap[place] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap as Entry[];
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && goesBefore(heap[below + 1] as Entry, heap[below] as Entry)) below++;
      if (!goesBefore(heap[below] as Entry, last)) break;
      heap[place] = heap[below] as Entry;
      place = below;
    }
    heap[place] = last;
    return first;
  }
}
