/**
 * Probabilistic concurrency testing (Burckhardt et al., ASPLOS 2010): each thread
 * has a priority drawn at random, the highest goes on, and at `depth - 1` steps
 * drawn at random the one that goes on falls below all others.
 *
 * Of a bug that needs `depth` ordered steps, among n threads and k steps, one run
 * finds it with a probability of at least 1/(n · k^(depth - 1)).
 */
import { Chance } from "../chance.js";
import type { Turns } from "../turns.js";
import { Step } from "../operations.js";
import type { VirtualThread } from "../virtual-thread.js";
import type { Strategy } from "./strategy.js";

export class PctStrategy implements Strategy {
  readonly name: string;
  readonly depth: number;
  readonly #chance: Chance;
  readonly #priorities: number[] = [];
  readonly #changeSteps: number[] = [];
  /** The next that a thread which falls gets: below all drawn and all that fell before. */
  #lowest = 0;
  /** Most steps that a run has taken. */
  #steps = 16;

  constructor(seed: number, depth: number) {
    this.name = `pct depth ${depth}`;
    this.depth = depth;
    this.#chance = new Chance(seed);
  }

  begin(): void {
    this.#priorities.length = 0;
    this.#lowest = 0;
    for (let change = 0; change < this.depth - 1; change++) {
      this.#changeSteps[change] = this.#chance.below(this.#steps);
    }
  }

  pick(execution: Turns): VirtualThread {
    let best = this.#highest(execution);
    if (this.#changeSteps.includes(execution.stepCount) || best.pendingKind === Step.yield) {
      this.#priorities[best.index] = --this.#lowest;
      best = this.#highest(execution);
    }
    return best;
  }

  #highest({ enabled, enabledCount }: Turns): VirtualThread {
    let best = enabled[0] as VirtualThread;
    for (let at = 0; at < enabledCount; at++) {
      const thread = enabled[at] as VirtualThread;
      if (this.#priorityOf(thread) > this.#priorityOf(best)) best = thread;
    }
    return best;
  }

  #priorityOf({ index }: VirtualThread): number {
    return (this.#priorities[index] ??= this.#chance.next());
  }

  choose(count: number): number {
    return this.#chance.below(count);
  }

  end(execution: Turns): boolean {
    this.#steps = Math.max(this.#steps, execution.stepCount);
    return true;
  }
}
