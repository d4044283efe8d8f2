/**
 * Partial-order sampling (Yuan et al., CAV 2018): each pending step has a priority
 * drawn at random, the highest is taken, and the priorities of those that conflict
 * with it are drawn anew. So orders that differ in nothing but independent steps
 * are not sampled the more often the more of them there are.
 */
import { Chance } from "../chance.js";
import type { Turns } from "../turns.js";
import { areDependent } from "../operations.js";
import type { VirtualThread } from "../virtual-thread.js";
import type { Strategy } from "./strategy.js";

/** No priority: to be drawn. */
const NONE = 0;

export class PosStrategy implements Strategy {
  readonly name: string = "pos";
  readonly #chance: Chance;
  readonly #priorities: number[] = [];

  constructor(seed: number) {
    this.#chance = new Chance(seed);
  }

  begin(): void {
    this.#priorities.length = 0;
  }

  pick({ enabled, enabledCount }: Turns): VirtualThread {
    let best = enabled[0] as VirtualThread;
    for (let at = 0; at < enabledCount; at++) {
      const thread = enabled[at] as VirtualThread;
      if (this.#priorityOf(thread) > this.#priorityOf(best)) best = thread;
    }
    return best;
  }

  #priorityOf({ index }: VirtualThread): number {
    const priority = this.#priorities[index] ?? NONE;
    return priority === NONE ? (this.#priorities[index] = this.#chance.next()) : priority;
  }

  willStep(taken: VirtualThread, { threads, threadCount }: Turns): boolean {
    this.#priorities[taken.index] = NONE;
    for (let index = 0; index < threadCount; index++) {
      const other = threads[index] as VirtualThread;
      if (areDependent(taken.pendingKind, taken.pendingPlace, other.pendingKind, other.pendingPlace)) {
        this.#priorities[index] = NONE;
      }
    }
    return true;
  }

  choose(count: number): number {
    return this.#chance.below(count);
  }

  end(): boolean {
    return true;
  }
}
