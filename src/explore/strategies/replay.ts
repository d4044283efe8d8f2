/**
 * Goes by a schedule: the thread that it names for each step, if that can go on,
 * else the one that went before, else the first. So a schedule with steps left out,
 * or of a program that has changed since, gives a run all the same.
 */
import type { Turns } from "../turns.js";
import type { Schedule } from "../token.js";
import type { VirtualThread } from "../virtual-thread.js";
import type { Strategy } from "./strategy.js";

export class ReplayStrategy implements Strategy {
  readonly name: string = "replay";
  readonly #schedule: Schedule;
  #at = 0;
  #choice = 0;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }

  begin(): void {
    this.#at = 0;
    this.#choice = 0;
  }

  pick(execution: Turns): VirtualThread {
    const { enabled, enabledCount } = execution;
    const before = execution.stepThreads[execution.stepCount - 1] ?? 0;
    // What it names for this step and can't be done is left out.
    for (let at = this.#at; at < this.#schedule.threads.length; at++) {
      const wanted = this.#schedule.threads[at];
      for (let index = 0; index < enabledCount; index++) {
        const thread = enabled[index] as VirtualThread;
        if (thread.index !== wanted) continue;
        this.#at = at;
        return thread;
      }
    }
    for (let index = 0; index < enabledCount; index++) {
      if (enabled[index]?.index === before) return enabled[index] as VirtualThread;
    }
    return enabled[0] as VirtualThread;
  }

  choose(count: number): number {
    return Math.min(count - 1, this.#schedule.choices[this.#choice++] ?? 0);
  }

  willStep(thread: VirtualThread): boolean {
    if (this.#schedule.threads[this.#at] === thread.index) this.#at++;
    return true;
  }

  end(): boolean {
    return false;
  }
}
