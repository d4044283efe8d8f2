/**
 * The uniform random walk (Zhao et al., ASPLOS 2025): at each step a thread is as
 * likely as its share of the steps that are left, so that each whole order is about
 * as likely as any other. How many steps a thread takes is known from runs before;
 * those of threads yet to be spawned count as their spawner's.
 */
import { Chance } from "../chance.js";
import type { Turns } from "../turns.js";
import type { VirtualThread } from "../virtual-thread.js";
import type { Strategy } from "./strategy.js";

export class WalkStrategy implements Strategy {
  readonly name: string = "walk";
  readonly #chance: Chance;
  /** Steps that the thread of each index takes in a run, as far as known. */
  readonly #expected: number[] = [];
  readonly #taken: number[] = [];

  constructor(seed: number) {
    this.#chance = new Chance(seed);
  }

  begin(): void {
    this.#taken.length = 0;
  }

  pick({ enabled, enabledCount, threadCount }: Turns): VirtualThread {
    let total = 0;
    for (let at = 0; at < enabledCount; at++) total += this.#leftOf(enabled[at] as VirtualThread, threadCount);
    let drawn = this.#chance.below(total);
    for (let at = 0; at < enabledCount; at++) {
      drawn -= this.#leftOf(enabled[at] as VirtualThread, threadCount);
      if (drawn < 0) return enabled[at] as VirtualThread;
    }
    return enabled[0] as VirtualThread;
  }

  #leftOf({ index }: VirtualThread, threadCount: number): number {
    let left = Math.max(1, (this.#expected[index] ?? 1) - (this.#taken[index] ?? 0));
    if (index === 0)
      for (let child = threadCount; child < this.#expected.length; child++) left += this.#expected[child] ?? 0;
    return left;
  }

  willStep({ index }: VirtualThread): boolean {
    this.#taken[index] = (this.#taken[index] ?? 0) + 1;
    return true;
  }

  choose(count: number): number {
    return this.#chance.below(count);
  }

  end({ threadCount }: Turns): boolean {
    for (let index = 0; index < threadCount; index++) {
      this.#expected[index] = Math.max(this.#expected[index] ?? 0, this.#taken[index] ?? 0);
    }
    return true;
  }
}
