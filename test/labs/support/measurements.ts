/** Measurements made up for verdicts to be passed on. */
import type { Lane, Measured, PhaseFacts } from "#skein/labs/lab";

/** A phase of 300 ms on an idle machine with two cores, of which one was kept busy. */
export function phaseOf(name: string, facts: Partial<PhaseFacts> = {}): PhaseFacts {
  return {
    name,
    beginMs: 0,
    wallMs: 300,
    cpuMs: 300,
    coreWaitMs: 0,
    ownSwitches: 10,
    forcedSwitches: 10,
    threads: 8,
    newThreads: 0,
    meanInFlight: 1,
    mostInFlight: 1,
    othersCores: 0,
    idleCores: 1,
    neighbours: [],
    ...facts,
  };
}

/** What a phase has if others leave no core idle. */
export const TAKEN: Partial<PhaseFacts> = {
  othersCores: 1,
  idleCores: 0,
  neighbours: [{ pid: 4711, name: "compiler", cores: 1 }],
};

/** What a phase has where the platform tells nothing of threads and cores. */
export const UNKNOWN: Partial<PhaseFacts> = {
  coreWaitMs: undefined,
  ownSwitches: undefined,
  forcedSwitches: undefined,
  threads: undefined,
  newThreads: undefined,
  othersCores: undefined,
  idleCores: undefined,
};

export function measurement(given: Partial<Measured>): Measured {
  return { numbers: {}, phases: [], lanes: {}, cores: 2, canPin: true, ...given };
}

/** Lanes that have a core by turns, none of them at the same time as another. */
export function lanesInTurns(count: number, sliceMs = 4, rounds = 20): readonly Lane[] {
  return Array.from({ length: count }, (_, lane) => ({
    name: `lane ${lane + 1}`,
    runs: Array.from({ length: rounds }, (__, round) => {
      const beginMs = (round * count + lane) * sliceMs;
      return [beginMs, beginMs + sliceMs] as const;
    }),
  }));
}

/** Lanes that run all at once. */
export function lanesAtOnce(count: number, lengthMs = 250): readonly Lane[] {
  return Array.from({ length: count }, (_, lane) => ({ name: `lane ${lane + 1}`, runs: [[0, lengthMs] as const] }));
}
