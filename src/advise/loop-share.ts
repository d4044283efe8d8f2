/**
 * How long calls hold the event loop that go on after a wait.
 *
 * Of code that goes on after an `await` nobody is told. But the loop's busy time is
 * known; it is divided among the calls that were alive in it, so what a call gets is at
 * most too much: the loop's other work is in it.
 */
import { hostModule } from "../core/host-thread.js";

/** The part of `node:perf_hooks` that is used. */
interface PerformanceHooks {
  readonly performance: { eventLoopUtilization?(): { readonly active: number } };
}

/** When a call began, by what the loop had done. */
export interface LoopMoment {
  readonly eachMs: number;
  readonly busyMs: number;
}

export class LoopShare {
  readonly #readActiveMs: () => number | undefined;
  #alive = 0;
  #lastMs = 0;
  /** What each call would have that was alive all the time. */
  #eachMs = 0;

  /** @param readActiveMs - for how long the loop has been busy; the platform's figure if omitted */
  constructor(readActiveMs: () => number | undefined = readerOfPlatform()) {
    this.#readActiveMs = readActiveMs;
  }

  /** @returns to be given to `end` */
  begin(): LoopMoment {
    this.#advance();
    this.#alive++;
    return { eachMs: this.#eachMs, busyMs: this.#lastMs };
  }

  /** @returns for how long the call may have held the loop, and for how long anything did while it was alive */
  end(begun: LoopMoment): { readonly shareMs: number; readonly busyMs: number } {
    this.#advance();
    this.#alive--;
    return { shareMs: this.#eachMs - begun.eachMs, busyMs: Math.max(0, this.#lastMs - begun.busyMs) };
  }

  #advance(): void {
    const nowMs = this.#readActiveMs() ?? 0;
    if (this.#alive > 0) this.#eachMs += Math.max(0, nowMs - this.#lastMs) / this.#alive;
    this.#lastMs = nowMs;
  }
}

function readerOfPlatform(): () => number | undefined {
  const hooks = hostModule("node:perf_hooks") as PerformanceHooks | undefined;
  return () => hooks?.performance.eventLoopUtilization?.().active;
}
