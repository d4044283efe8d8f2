/**
 * A run as a trace in the library's own format, so that what shows recordings shows
 * it, too: a lane for each thread or job, and on it a job for each step, of one
 * millisecond.
 */
import { ProbeKind, ProbeOutcome, type ProbeRecord } from "../core/probe.js";
import type { ThreadTrace, Trace } from "../trace/trace.js";
import { lanesOf } from "./lanes.js";
import { stepTexts } from "./listing.js";
import type { StepRecord } from "./step-record.js";

const STEP_MS = 1;

export function traceOf(run: StepRecord): Trace {
  const texts = stepTexts(run);
  const threads: ThreadTrace[] = [];
  const { names, ofSteps } = lanesOf(run);
  for (const [index, name] of names.entries()) threads.push(laneOf(name, index, ofSteps, texts));
  return {
    startedMs: 0,
    stoppedMs: (run.stepCount + 1) * STEP_MS,
    threads,
    usage: { cpuMs: undefined, coreWaitMs: undefined, cores: undefined },
    kernel: undefined,
    stalls: [],
    profiles: [],
    capabilities: [],
  };
}

function laneOf(name: string, index: number, lanes: readonly number[], texts: readonly string[]): ThreadTrace {
  const scope = index + 1;
  const words: string[] = [name];
  const records: ProbeRecord[] = [{ kind: ProbeKind.scopeOpen, timeMs: 0, subject: scope, other: 0, value: 0 }];
  let lastMs = 0;
  for (const [step, lane] of lanes.entries()) {
    if (lane !== index) continue;
    const subject = FIRST_STEP + step;
    const atMs = step * STEP_MS;
    lastMs = atMs + STEP_MS;
    words.push(`${step + 1}: ${texts[step] ?? ""}`);
    records.push(
      { kind: ProbeKind.jobSpawn, timeMs: atMs, subject, other: scope, value: words.length - 1 },
      { kind: ProbeKind.jobStart, timeMs: atMs, subject, other: 0, value: 0 },
      { kind: ProbeKind.jobStop, timeMs: lastMs, subject, other: 0, value: 0 },
      { kind: ProbeKind.jobEnd, timeMs: lastMs, subject, other: 0, value: ProbeOutcome.done },
    );
  }
  records.push({ kind: ProbeKind.scopeEnd, timeMs: lastMs, subject: scope, other: 0, value: ProbeOutcome.done });
  return { index, name, fromMs: 0, toMs: lastMs, hasEnded: true, texts: words, records, gaps: [] };
}

/** Identities of threads are below. */
const FIRST_STEP = 1_000;
