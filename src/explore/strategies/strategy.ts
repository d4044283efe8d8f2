/** Who goes on: what a way to search decides, and what it learns. */
import type { Turns } from "../turns.js";
import type { VirtualThread } from "../virtual-thread.js";

export interface Strategy {
  readonly name: string;
  /** A run begins. */
  begin(execution: Turns): void;
  /** One of `execution.enabled`, of which there are two or more. */
  pick(execution: Turns): VirtualThread;
  /** A whole number below `count`, for a choice that the program asks for. */
  choose(count: number, execution: Turns): number;
  /**
   * Hears of each step, before it is taken; of those too that were no choice.
   *
   * @returns false to give this run up: others like it have been, or will be, made
   */
  willStep?(thread: VirtualThread, execution: Turns): boolean;
  /** A run has ended. @returns false if there is nothing left to try */
  end(execution: Turns): boolean;
}
