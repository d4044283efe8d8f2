/** Goes by another strategy, and keeps what a run on real threads has to be told besides the steps. */
import type { Execution } from "../execution.js";
import type { Strategy } from "../strategies/strategy.js";
import type { Turns } from "../turns.js";
import type { VirtualThread } from "../virtual-thread.js";

export class Recording implements Strategy {
  readonly name: string;
  /** When each step was taken, on the virtual clock. */
  readonly timesMs: number[] = [];
  /** Heaps of threads that there were when the run began. */
  heapsBefore = 0;
  readonly #inner: Strategy;

  constructor(inner: Strategy) {
    this.#inner = inner;
    this.name = inner.name;
  }

  begin(run: Turns): void {
    const { shared } = run as Execution;
    this.heapsBefore = shared?.heapCount ?? 0;
    if (this.heapsBefore > 0) shared?.keepHeader();
    this.#inner.begin(run);
  }

  pick(run: Turns): VirtualThread {
    return this.#inner.pick(run);
  }

  choose(count: number, run: Turns): number {
    return this.#inner.choose(count, run);
  }

  willStep(thread: VirtualThread, run: Turns): boolean {
    this.timesMs[run.stepCount] = run.nowMs;
    return this.#inner.willStep?.(thread, run) ?? true;
  }

  end(run: Turns): boolean {
    return this.#inner.end(run);
  }
}
