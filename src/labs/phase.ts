/** Measures what happens while a part of a lab runs. */
import { nowMs } from "#clock";

import { computeFigures } from "../trace/figures.js";
import { type Recording, startRecording } from "../trace/recording.js";
import { buildTimeline } from "../trace/timeline.js";
import type { Trace } from "../trace/trace.js";
import type { PhaseFacts } from "./lab.js";
import {
  allowedCoreNumbers,
  countThreads,
  type MachineUse,
  neighboursBetween,
  readCoreWaits,
  readMachineUse,
} from "./machine-use.js";

/** Runs a part of a lab and measures it; the second argument of `measure`. */
export type Phase = <Result>(name: string, body: () => Result) => Promise<Awaited<Result>>;

/** Hears of phases, outside of what is measured. */
export interface PhaseListener {
  readonly onBegin?: (name: string) => void;
  /** What was recorded meanwhile. */
  readonly onEnd?: (trace: Trace) => void;
}

/** @returns the measuring, and the phases that it has measured so far */
export function phaseMeter({ onBegin, onEnd }: PhaseListener = {}): {
  readonly phase: Phase;
  readonly phases: readonly PhaseFacts[];
} {
  const phases: PhaseFacts[] = [];
  const cores = allowedCoreNumbers();
  const phase = async <Result>(name: string, body: () => Result): Promise<Awaited<Result>> => {
    onBegin?.(name);
    const before = { threads: countThreads(), waits: readCoreWaits(), use: readMachineUse(cores) };
    const recording = startRecording();
    const usage = process.resourceUsage();
    const cpu = process.cpuUsage();
    const beginMs = nowMs();
    const result = await stoppingIfFailed(recording, body);
    const wallMs = nowMs() - beginMs;
    const { user, system } = process.cpuUsage(cpu);
    const useAfter = readMachineUse(cores);
    const { voluntaryContextSwitches, involuntaryContextSwitches } = process.resourceUsage();
    const trace = recording.stop();
    const figures = computeFigures(buildTimeline(trace));
    const cpuMs = (user + system) / 1000;
    phases.push({
      name,
      beginMs,
      wallMs,
      cpuMs,
      coreWaitMs: waitedSince(before.waits),
      ...switchesOf(
        voluntaryContextSwitches - usage.voluntaryContextSwitches,
        involuntaryContextSwitches - usage.involuntaryContextSwitches,
      ),
      ...threadsSince(before.threads),
      meanInFlight: figures.meanInFlight.value,
      mostInFlight: figures.mostInFlight.value ?? 0,
      ...othersBetween(before.use, useAfter, cores.length),
    });
    onEnd?.(trace);
    return result;
  };
  return { phase, phases };
}

/** There is only one recording at a time; a lab may go on after a phase that failed. */
async function stoppingIfFailed<Result>(recording: Recording, body: () => Result): Promise<Awaited<Result>> {
  try {
    return await body();
  } catch (error) {
    recording.stop();
    throw error;
  }
}

function threadsSince(before: number | undefined): Pick<PhaseFacts, "threads" | "newThreads"> {
  const after = countThreads();
  if (before === undefined || after === undefined) return { threads: undefined, newThreads: undefined };
  return { threads: Math.max(before, after), newThreads: after - before };
}

/** Where the platform counts none it says 0 of both. */
function switchesOf(own: number, forced: number): Pick<PhaseFacts, "ownSwitches" | "forcedSwitches"> {
  return own + forced > 0
    ? { ownSwitches: own, forcedSwitches: forced }
    : { ownSwitches: undefined, forcedSwitches: undefined };
}

function waitedSince(before: ReadonlyMap<string, number>): number | undefined {
  const after = readCoreWaits();
  if (after.size === 0) return undefined;
  // A thread that is new has all of its wait in this phase.
  return [...after].reduce((sum, [tid, waitMs]) => sum + waitMs - (before.get(tid) ?? 0), 0);
}

/**
 * What the cores did that this process may use. All that was not ours was others', what
 * they did not use was free.
 */
export function othersBetween(
  before: MachineUse,
  after: MachineUse,
  cores: number,
): Pick<PhaseFacts, "othersCores" | "idleCores" | "neighbours"> {
  const wallMs = after.atMs - before.atMs;
  const neighbours = neighboursBetween(before, after, wallMs);
  if (before.busyMs === undefined || after.busyMs === undefined || wallMs <= 0) {
    return { othersCores: undefined, idleCores: undefined, neighbours };
  }
  const busyCores = (after.busyMs - before.busyMs) / wallMs;
  return {
    othersCores: Math.max(0, busyCores - (after.ownCpuMs - before.ownCpuMs) / wallMs),
    idleCores: Math.max(0, cores - busyCores),
    neighbours,
  };
}
