/**
 * Jobs with keys that wait for their threads: for each place of the pool a queue.
 *
 * In each the first one holds up those behind it, whatever their keys are: so all that
 * are for one thread begin in order.
 */
import type { Call } from "./call.js";
import { JobQueue, rankMs } from "./job-queue.js";

export class KeyedJobs {
  /** By place; none is empty. */
  readonly #queues = new Map<number, JobQueue>();

  get isEmpty(): boolean {
    return this.#queues.size === 0;
  }

  /** Whether any queue has jobs that differ in priority. */
  get isByPriority(): boolean {
    for (const queue of this.#queues.values()) if (queue.isByPriority) return true;
    return false;
  }

  isWaitingAt(place: number): boolean {
    return this.#queues.has(place);
  }

  add(call: Call): void {
    this.#queueAt(call.place).add(call);
  }

  /** Jobs that came before all those that are in it, in order. */
  addInFront(calls: readonly Call[]): void {
    for (const place of new Set(calls.map((call) => call.place))) {
      this.#queueAt(place).addInFront(calls.filter((call) => call.place === place));
    }
  }

  #queueAt(place: number): JobQueue {
    let queue = this.#queues.get(place);
    if (queue === undefined) {
      queue = new JobQueue();
      this.#queues.set(place, queue);
    }
    return queue;
  }

  /** Takes out a job. @returns whether it was there */
  remove(call: Call): boolean {
    const queue = this.#queues.get(call.place);
    if (queue?.remove(call) !== true) return false;
    if (queue.size === 0) this.#queues.delete(call.place);
    return true;
  }

  /**
   * Takes jobs out, for each place the next one first, for as long as `take` takes them.
   *
   * @param untilMs - none of a later rank
   * @param held - places that are left out; those are added whose next job was not taken
   */
  takeUntil(untilMs: number, held: Set<number>, take: (call: Call) => boolean): void {
    for (const [place, queue] of this.#queues) {
      if (held.has(place)) continue;
      queue.takeEach((call) => {
        if (rankMs(call) > untilMs) return "full";
        if (take(call)) return "taken";
        held.add(place);
        return "full";
      });
      if (queue.size === 0) this.#queues.delete(place);
    }
  }

  /** Takes those out that wait at a place and that `isMeant` says. */
  takeAt(place: number, isMeant: (call: Call) => boolean): Call[] {
    const calls = [...(this.#queues.get(place) ?? [])].filter(isMeant);
    for (const call of calls) this.remove(call);
    return calls;
  }

  takeAll(): Call[] {
    return [...this.#queues.keys()].flatMap((place) => this.takeAt(place, () => true));
  }
}
