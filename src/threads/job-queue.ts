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

interface Entry {
  readonly call: Call;
  /** When it came, less what its priority is worth. */
  readonly rankMs: number;
  readonly order: number;
}

const goesBefore = (a: Entry, b: Entry): boolean => (a.rankMs === b.rankMs ? a.order < b.order : a.rankMs < b.rankMs);

export class JobQueue {
  /** In order of submission, as long as no job has a priority; a set, so that a cancelled one leaves at no cost. */
  #inOrder = new Set<Call>();
  /** Else a binary heap; jobs that have left are still in it, but not in `#isIn`. */
  #heap: Entry[] | undefined = undefined;
  readonly #isIn = new Set<Call>();
  #lastOrder = 0;

  get size(): number {
    return this.#heap === undefined ? this.#inOrder.size : this.#isIn.size;
  }

  /** Whether it has jobs that differ in priority. Ends when it is empty. */
  get isByPriority(): boolean {
    return this.#heap !== undefined;
  }

  add(call: Call): void {
    if (this.#heap === undefined && (call.options?.priority ?? 0) === 0) {
      this.#inOrder.add(call);
      return;
    }
    if (this.#heap === undefined) {
      this.#heap = [];
      for (const earlier of this.#inOrder) this.#push(earlier);
      this.#inOrder.clear();
    }
    this.#push(call);
  }

  /** Jobs that came before all those that are in it. */
  addInFront(calls: readonly Call[]): void {
    if (this.#heap !== undefined) for (const call of calls) this.#push(call);
    else this.#inOrder = new Set([...calls, ...this.#inOrder]);
  }

  /** @returns whether it was there */
  remove(call: Call): boolean {
    if (this.#heap === undefined) return this.#inOrder.delete(call);
    const wasIn = this.#isIn.delete(call);
    if (this.#isIn.size === 0) this.#heap = undefined;
    return wasIn;
  }

  /**
   * Takes jobs out, the next one first, for as long as `take` takes them.
   *
   * @param take - says whether it took the job, or that no other could be taken now
   *   (`"full"`); one that it did not take stays where it is
   */
  takeEach(take: (call: Call) => "taken" | "left" | "full"): void {
    if (this.#heap === undefined) {
      for (const call of this.#inOrder) {
        const outcome = take(call);
        if (outcome === "full") return;
        if (outcome === "taken") this.#inOrder.delete(call);
      }
      return;
    }
    const left: Entry[] = [];
    for (;;) {
      const entry = this.#pop();
      if (entry === undefined) break;
      if (!this.#isIn.has(entry.call)) continue;
      const outcome = take(entry.call);
      if (outcome === "taken") this.#isIn.delete(entry.call);
      else left.push(entry);
      if (outcome === "full") break;
    }
    for (const entry of left) this.#insert(entry);
    if (this.#isIn.size === 0) this.#heap = undefined;
  }

  *[Symbol.iterator](): Generator<Call> {
    yield* this.#heap === undefined ? this.#inOrder : this.#isIn;
  }

  #push(call: Call): void {
    this.#isIn.add(call);
    const rankMs = call.submittedMs - PRIORITY_STEP_MS * (call.options?.priority ?? 0);
    this.#insert({ call, rankMs, order: this.#lastOrder++ });
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
