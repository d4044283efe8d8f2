/**
 * What a participant does, as recordings show it: a job that starts, gives the thread back
 * between its slices, and ends. Helpers are no jobs of a scope, as they stay for the next call.
 */
import { probe, ProbeKind, ProbeOutcome } from "../core/probe.js";
import { nextIdentity } from "../core/thread.js";

/** How recordings name a participant. */
export function nameOfPart(call: string, participant: number): string {
  return `${call}, part ${participant + 1}`;
}

export class Traced {
  readonly #id: number = nextIdentity();

  /** @returns `undefined` if nobody records now */
  static begin(name: string): Traced | undefined {
    const { ring } = probe;
    if (ring === undefined) return undefined;
    const traced = new Traced();
    ring.write(ProbeKind.jobSpawn, traced.#id, ring.running, ring.text(name));
    return traced;
  }

  /** It ends between two slices: what is left of it others do, or nobody. */
  end(): void {
    probe.ring?.write(ProbeKind.jobEnd, this.#id, 0, ProbeOutcome.done);
  }

  /** A slice begins, inside of the code that runs now. */
  enter(): void {
    probe.ring?.started(this.#id, true);
  }

  /** It ends; `isOver`: it was the last one. */
  leave(isOver: boolean): void {
    const { ring } = probe;
    if (ring === undefined) return;
    if (!isOver) {
      ring.suspended(this.#id);
      return;
    }
    ring.stopped(this.#id);
    ring.write(ProbeKind.jobEnd, this.#id, 0, ProbeOutcome.done);
  }
}

/** This thread sleeps until there is something to do, as recordings show it. */
export class TracedSleep {
  readonly #id: number = nextIdentity();

  /**
   * @param what - it waits for
   * @returns `undefined` if nobody records now
   */
  static begin(what: string): TracedSleep | undefined {
    const { ring } = probe;
    if (ring === undefined) return undefined;
    const sleep = new TracedSleep();
    ring.write(ProbeKind.waitBegin, sleep.#id, 0, ring.text(`${what} (blocked)`));
    return sleep;
  }

  end(): void {
    probe.ring?.write(ProbeKind.waitEnd, this.#id, 0, ProbeOutcome.done);
  }
}
