/** A machine in numbers: what calls cost in it, and how long rounds of them take as a placement has them run. */
import type { Placement } from "#skein/advise/placement";

/** What one call costs. */
export interface Nature {
  readonly cpuMs: number;
  readonly waitMs: number;
}

/** What the machine adds. */
export interface Machine {
  readonly threads: number;
  /** Of the loop, for a call to a thread. */
  readonly dispatchMs: number;
  /** Until a sleeping thread begins. */
  readonly wakeMs: number;
  /** What the cores give of what they promise, as others use them. */
  readonly share: number;
  /** Calls that come at a time. */
  readonly width: number;
}

/** Of a call that is measured, beyond the call. */
const SAMPLE_MS = 0.003;
/** Of asking whether a call passes. */
const ASK_MS = 0.00002;

/** How long a round takes with so many calls here and on threads. */
function roundMs({ cpuMs, waitMs }: Nature, machine: Machine, here: number, onThreads: number): number {
  const loopMs = here * cpuMs + onThreads * machine.dispatchMs;
  const hereMs = loopMs + (here > 0 ? waitMs : 0);
  if (onThreads === 0) return hereMs;
  const atOnce = Math.min(onThreads, machine.threads) * machine.share;
  return Math.max(hereMs, machine.wakeMs + (onThreads * (cpuMs + waitMs)) / atOnce);
}

/** The better of the two places. */
export function bestMs(nature: Nature, machine: Machine): number {
  const { width } = machine;
  return Math.min(roundMs(nature, machine, width, 0), roundMs(nature, machine, 0, width));
}

/** Has a placement run rounds of calls. */
export class World {
  readonly #placement: Placement;
  readonly #machine: Machine;
  #groupCalls = 0;
  #groupMs = 0;
  #isDisturbed = false;

  constructor(placement: Placement, machine: Machine) {
    this.#placement = placement;
    this.#machine = machine;
  }

  /** @returns how long it took */
  round(nature: Nature): number {
    const { width } = this.#machine;
    const placement = this.#placement;
    let [here, onThreads, overheadMs, passed] = [0, 0, 0, 0];
    for (let left = width; left > 0; left--) {
      overheadMs += ASK_MS;
      if (placement.passes()) {
        here++;
        passed++;
        continue;
      }
      if (placement.next(width, left) === "threads") {
        onThreads++;
        continue;
      }
      here++;
      overheadMs += SAMPLE_MS;
      const lifeMs = nature.waitMs === 0 ? nature.cpuMs : width * nature.cpuMs + nature.waitMs;
      // While others hold the loop it is not seen to wait.
      const runMs = Math.max(nature.cpuMs, lifeMs - (width - 1) * nature.cpuMs);
      placement.ranHere({ loopMs: nature.cpuMs, cpuMs: nature.cpuMs, lifeMs, runMs, gaveWay: nature.waitMs > 0 });
    }
    if (passed > 0) placement.sawBurst(passed);
    const tookMs = roundMs(nature, this.#machine, here, onThreads);
    if (onThreads > 0) this.#grouped(onThreads, tookMs, here > 0);
    return tookMs + overheadMs;
  }

  #grouped(calls: number, tookMs: number, isDisturbed: boolean): void {
    this.#groupCalls += calls;
    this.#groupMs += tookMs;
    this.#isDisturbed ||= isDisturbed;
    if (this.#groupCalls < 8) return;
    if (!this.#isDisturbed) {
      this.#placement.ranElsewhere({ calls: this.#groupCalls, busyMs: this.#groupMs, runMs: undefined });
    }
    this.#groupCalls = 0;
    this.#groupMs = 0;
    this.#isDisturbed = false;
  }
}
