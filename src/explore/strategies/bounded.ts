/**
 * All orders with no preemption, then all with one, and so on up to a bound. A
 * preemption is a switch away from a thread that could have gone on. Most bugs need
 * one or two (Musuvathi and Qadeer, PLDI 2007).
 */
import type { Turns } from "../turns.js";
import { Step } from "../operations.js";
import type { VirtualThread } from "../virtual-thread.js";
import type { Strategy } from "./strategy.js";

interface Fork {
  /** Threads, by index, or answers of `choose`; the first is taken first. */
  readonly options: readonly number[];
  at: number;
}

export class BoundedStrategy implements Strategy {
  readonly name: string = "bounded";
  readonly #mostPreemptions: number;
  readonly #forks: Fork[] = [];
  #depth = 0;
  #preemptions = 0;
  /** A fork had an option that only a higher bound allows. */
  #hasLeftOut = false;
  /** The bound that is being searched. */
  bound = 0;
  /** Runs with it so far, and with the whole of the bound before. */
  runs = 0;
  runsBefore = 0;
  /** Whether all orders have been run, by whatever number of preemptions. */
  isComplete = false;

  constructor(mostPreemptions: number) {
    this.#mostPreemptions = mostPreemptions;
  }

  begin(): void {
    this.#depth = 0;
    this.#preemptions = 0;
  }

  pick(execution: Turns): VirtualThread {
    const fork = (this.#forks[this.#depth] ??= { options: this.#optionsOf(execution), at: 0 });
    this.#depth++;
    const index = fork.options[fork.at] as number;
    if (index !== fork.options[0] && !isFree(execution)) this.#preemptions++;
    return execution.threads[index] as VirtualThread;
  }

  #optionsOf(execution: Turns): number[] {
    const all = execution.enabled.slice(0, execution.enabledCount).map(({ index }) => index);
    const before = execution.stepThreads[execution.stepCount - 1] ?? 0;
    if (isFree(execution)) return all;
    const others = all.filter((index) => index !== before);
    if (this.#preemptions < this.bound) return [before, ...others];
    this.#hasLeftOut = true;
    return [before];
  }

  choose(count: number): number {
    const fork = (this.#forks[this.#depth] ??= {
      options: Array.from({ length: count }, (_, answer) => answer),
      at: 0,
    });
    this.#depth++;
    return fork.options[fork.at] as number;
  }

  end(): boolean {
    this.runs++;
    this.#forks.length = Math.min(this.#forks.length, this.#depth);
    while (this.#forks.length > 0) {
      const fork = this.#forks.at(-1) as Fork;
      if (++fork.at < fork.options.length) return true;
      this.#forks.pop();
    }
    this.isComplete = !this.#hasLeftOut;
    this.runsBefore = this.runs;
    if (this.isComplete || this.bound === this.#mostPreemptions) return false;
    this.bound++;
    this.runs = 0;
    this.#hasLeftOut = false;
    return true;
  }
}

/** True if the thread that went before can't, or would rather not, go on: then a switch is no preemption. */
function isFree(execution: Turns): boolean {
  const before = execution.stepThreads[execution.stepCount - 1] ?? 0;
  for (let at = 0; at < execution.enabledCount; at++) {
    const thread = execution.enabled[at] as VirtualThread;
    if (thread.index === before) return thread.pendingKind === Step.yield;
  }
  return true;
}
