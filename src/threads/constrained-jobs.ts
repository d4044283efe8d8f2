/**
 * Jobs that wait for certain threads: those with keys for their keys' threads, those
 * whose arguments go by a port for one that is idle, as no other can steal them.
 *
 * For each place of the pool a queue, and one for each module whose jobs need an idle
 * thread. In each the first one holds up those behind it: so all that are for one thread
 * begin in order, and a look costs no more where many wait.
 */
import type { Call } from "./call.js";
import { JobQueue, rankMs } from "./job-queue.js";
import type { ModuleRecord } from "./modules.js";

/** For whom a queue waits: a place in the pool, or any thread that has a module. */
type For = number | ModuleRecord;

const forWhom = (call: Call): For => (call.affinity === undefined ? call.task.module : call.place);

export class ConstrainedJobs {
  /** None is empty. */
  readonly #queues = new Map<For, JobQueue>();

  get isEmpty(): boolean {
    return this.#queues.size === 0;
  }

  /** Whether any queue has jobs that differ in priority. */
  get isByPriority(): boolean {
    for (const queue of this.#queues.values()) if (queue.isByPriority) return true;
    return false;
  }

  /** Whether one waits that would hold up this one. */
  holdsUp(call: Call): boolean {
    return this.#queues.has(forWhom(call));
  }

  add(call: Call): void {
    this.#queueOf(call).add(call);
  }

  /** Jobs that came before all those that are in it, in order. */
  addInFront(calls: readonly Call[]): void {
    for (const whom of new Set(calls.map(forWhom))) {
      const ofIt = calls.filter((call) => forWhom(call) === whom);
      this.#queueOf(ofIt[0] as Call).addInFront(ofIt);
    }
  }

  #queueOf(call: Call): JobQueue {
    const whom = forWhom(call);
    let queue = this.#queues.get(whom);
    if (queue === undefined) {
      queue = new JobQueue();
      this.#queues.set(whom, queue);
    }
    return queue;
  }

  /** Takes out a job. @returns whether it was there */
  remove(call: Call): boolean {
    const whom = forWhom(call);
    const queue = this.#queues.get(whom);
    if (queue?.remove(call) !== true) return false;
    if (queue.size === 0) this.#queues.delete(whom);
    return true;
  }

  /**
   * Takes jobs out, of each queue the next one first, for as long as `take` takes them.
   *
   * @param untilMs - none of a later rank
   * @param held - queues that are left out; those are added whose next job was not taken
   */
  takeUntil(untilMs: number, held: Set<For>, take: (call: Call) => boolean): void {
    for (const [whom, queue] of this.#queues) {
      if (held.has(whom)) continue;
      queue.takeEach((call) => {
        if (rankMs(call) > untilMs) return false;
        if (take(call)) return true;
        held.add(whom);
        return false;
      });
      if (queue.size === 0) this.#queues.delete(whom);
    }
  }

  /** Takes those out that wait for a place and that `isMeant` says. */
  takeAt(place: number, isMeant: (call: Call) => boolean): Call[] {
    return this.#takeFrom(place, isMeant);
  }

  takeAll(): Call[] {
    return [...this.#queues.keys()].flatMap((whom) => this.#takeFrom(whom, () => true));
  }

  #takeFrom(whom: For, isMeant: (call: Call) => boolean): Call[] {
    const calls = [...(this.#queues.get(whom) ?? [])].filter(isMeant);
    for (const call of calls) this.remove(call);
    return calls;
  }
}
