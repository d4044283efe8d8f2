/** At each step any thread, each as likely. */
import { Chance } from "../chance.js";
import type { Turns } from "../turns.js";
import type { VirtualThread } from "../virtual-thread.js";
import type { Strategy } from "./strategy.js";

export class RandomStrategy implements Strategy {
  readonly name: string = "random";
  readonly #chance: Chance;

  constructor(seed: number) {
    this.#chance = new Chance(seed);
  }

  begin(): void {
    // Nothing is kept from run to run.
  }

  pick(execution: Turns): VirtualThread {
    return execution.enabled[this.#chance.below(execution.enabledCount)] as VirtualThread;
  }

  choose(count: number): number {
    return this.#chance.below(count);
  }

  end(): boolean {
    return true;
  }
}
