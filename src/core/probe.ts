/**
 * The hook through which every room reports what happens in it.
 *
 * Nobody listens by default: a report is then one load and one comparison,
 *
 *     probe.ring?.write(ProbeKind.jobStart, job.id);
 *
 * A recording (`trace`) puts a ring here, one per thread, and reads it.
 */
import { GC_KINDS, type GcPause, watchGc } from "./gc-pauses.js";
import { ProbeKind } from "./probe-kinds.js";
import { probe, ProbeRing } from "./probe-ring.js";
import { startPulse, stopPulse } from "./pulse.js";
import { announceThread, threadIndex, workerMarker } from "./thread.js";

export { ProbeKind, ProbeOutcome, type ProbeOutcomeValue, type ProbeRecord, ProbeResource } from "./probe-kinds.js";
export { ProbedResource } from "./probed-resource.js";
export { probe, ProbeRing } from "./probe-ring.js";
export { makeRingMemory, setNotes } from "./ring-memory.js";
export { RecordBatch } from "./record-batch.js";
export { ProbeRingReader } from "./ring-reader.js";

/** Puts a ring in place on this thread, or takes it away. */
export function attachProbeRing(memory: SharedArrayBuffer | undefined, onHalfFull?: () => void): void {
  probe.ring?.close();
  probe.ring = memory === undefined ? undefined : new ProbeRing(memory, onHalfFull);
  if (memory === undefined) {
    stopGc?.();
    stopGc = undefined;
  } else {
    stopGc ??= watchGc(tellPause);
  }
}

let stopGc: (() => void) | undefined;

function tellPause({ kind, beginMs, durationMs }: GcPause): void {
  // The platform tells it later: how much later, stands in the record, in microseconds.
  const agoMs = performance.timeOrigin + performance.now() - beginMs;
  probe.ring?.write(ProbeKind.gcPause, GC_KINDS.indexOf(kind), durationMs, Math.round(agoMs * 1000));
}

// The thread that starts the program announces itself; threads of pools are
// announced by their pool, on the thread that owns it.
if (workerMarker === undefined) {
  announceThread({
    index: threadIndex,
    name: "main",
    attachRing: attachProbeRing,
    attachPulse: (memory) => {
      if (memory === undefined) stopPulse();
      else startPulse(memory);
    },
  });
}
