/**
 * Barriers: a fixed number of parties wait until all of them have come.
 *
 * Invariant: fewer than `parties` wait. The one that would make it `parties` lets
 * all go instead, in the same turn, so those of the next round never mix with
 * those of this one.
 */
import { ProbedResource, ProbeResource } from "../core/probe.js";
import { type Cancel, cancelNodeOf } from "./cancel.js";
import { requireOptions, requireWhole } from "./guard.js";
import { WaitQueue } from "./wait-queue.js";

/** Counters of a barrier at one moment. */
export interface BarrierStatistics {
  readonly parties: number;
  /** Parties that have come and wait for the others. */
  readonly waiting: number;
  /** How often all have come. */
  readonly rounds: number;
}

/** How a barrier is made, where a number of parties alone does not say it. */
export interface BarrierOptions {
  /** How many meet: a whole number from 1 on. */
  readonly parties: number;
  /** How dumps, recordings and errors name the barrier. */
  readonly name?: string;
}

/**
 * Makes jobs of one thread wait for each other, round after round.
 *
 * Use it between the phases of work that several jobs do in step. To wait until
 * something has happened so many times, use a latch.
 *
 * **Threads** One thread only.
 *
 * @since 0.1.0
 */
export interface Barrier {
  readonly name: string;
  readonly parties: number;

  /**
   * Waits until all parties have come, and gives the caller's place among them in
   * order of arrival: 0 for the first, `parties - 1` for the last. Then the next
   * round begins.
   *
   * **Cancels** The party leaves as if it had not come: the others go on waiting
   * until another takes its place, and those after it move up by one. The barrier
   * can still be used.
   *
   * **Throws** `SKEIN_CANCELLED`.
   */
  wait(cancel?: Cancel): Promise<number>;

  statistics(): BarrierStatistics;
}

/**
 * Makes a barrier.
 *
 * **Cost** A round takes time in proportion to the parties.
 *
 * @param options - the number of parties, or that and a name
 *
 * @example
 * ```ts
 * const inStep = barrier(2);
 * await scope(async (s) => {
 *   for (const name of ["a", "b"]) {
 *     s.spawn(async () => {
 *       for (const phase of [1, 2]) {
 *         const place = await inStep.wait(s);
 *         console.log(name, phase, place);
 *       }
 *     });
 *   }
 * });
 * ```
 *
 * @since 0.1.0
 */
export function barrier(options: number | BarrierOptions): Barrier {
  const given = typeof options === "number" ? { parties: options } : options;
  requireOptions("barrier", given);
  requireWhole("a barrier's parties", given.parties, 1);
  return new RoundBarrier(given.parties, given.name ?? "barrier");
}

class RoundBarrier implements Barrier {
  readonly name: string;
  readonly parties: number;
  readonly #waiting: WaitQueue<number>;
  #rounds = 0;

  constructor(parties: number, name: string) {
    this.parties = parties;
    this.name = name;
    this.#waiting = new WaitQueue(`barrier "${name}"`, undefined, new ProbedResource(ProbeResource.barrier, name));
  }

  async wait(cancel?: Cancel): Promise<number> {
    const node = cancelNodeOf(cancel);
    node?.checkpoint();
    if (this.#waiting.size + 1 < this.parties) return this.#waiting.wait(node, undefined);
    this.#rounds++;
    for (let place = 0; place < this.parties - 1; place++) this.#waiting.claim()?.resolve(place);
    return this.parties - 1;
  }

  statistics(): BarrierStatistics {
    return { parties: this.parties, waiting: this.#waiting.size, rounds: this.#rounds };
  }
}
