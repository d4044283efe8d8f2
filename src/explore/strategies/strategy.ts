/** Who goes on: what a way to search decides, and what it learns. */
import type { Execution } from "../execution.js";
import type { VirtualThread } from "../virtual-thread.js";

export interface Strategy {
  readonly name: string;
  /** A run begins. */
  begin(execution: Execution): void;
  /** One of `execution.enabled`, of which there are two or more. */
  pick(execution: Execution): VirtualThread;
  /** A whole number below `count`, for a choice that the program asks for. */
  choose(count: number, execution: Execution): number;
  /**
   * Hears of each step, before it is taken; of those too that were no choice.
   *
   * @returns false to give this run up: others like it have been, or will be, made
   */
  willStep?(thread: VirtualThread, execution: Execution): boolean;
  /** A run has ended. @returns false if there is nothing left to try */
  end(execution: Execution): boolean;
}
