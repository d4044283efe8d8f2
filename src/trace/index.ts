export { type ProbeRecord } from "../core/probe.js";
export { type ProfilePart } from "../core/host-thread-profile.js";
export { chromeTraceChunks } from "./chrome-trace.js";
export { contention, type ResourceUse } from "./contention.js";
export { type CoreUse, coreUse } from "./core-use.js";
export { type CriticalPath, criticalPath, type PathStretch } from "./critical-path.js";
export { type Bucket, type Durations } from "./durations.js";
export { type Badge, computeFigures, type Figure, type Figures, type ThreadBusy } from "./figures.js";
export { findFindings } from "./findings/find.js";
export { type Finding, type FindingKind, type Place, type Severity } from "./findings/finding.js";
export { hotFunctionsOf, hotTasks, type HotFunction, type HotTask } from "./cpu-profile.js";
export { cpuProfileFile, cpuProfileFiles, type ThreadProfileFile } from "./export/cpuprofile.js";
export { csvChunks } from "./export/csv.js";
export { otlpChunks, type OtlpOptions } from "./export/otlp.js";
export { perfettoChunks } from "./export/perfetto.js";
export { writeChromeTrace } from "./host-node.js";
export {
  type Capability,
  type CoreRun,
  type Gauge,
  type KernelFacts,
  type KernelSample,
  type KernelThread,
  type KernelThreadKind,
  type Stall,
  type StackFrame,
  type ThreadState,
} from "./kernel-facts.js";
export { type Level } from "./levels.js";
export { observe, type Observer } from "./observer/observer.js";
export { type ObserverLevel } from "./observer/observer-level.js";
export { type ObserverOptions } from "./observer/options.js";
export { record, type Recording, type RecordingOptions, startRecording } from "./recording.js";
export { type ReportOptions, reportText } from "./report-text.js";
export {
  type CancelMark,
  type Edge,
  type JobSpan,
  type LaneGap,
  type Outcome,
  type ParkSpan,
  type PauseSpan,
  type PlacementMark,
  type PoolChange,
  type PoolTrack,
  type ScopeSpan,
  type Span,
  type StealMark,
  type StepSpan,
  type ThreadLane,
  type Timeline,
  type WaitSpan,
} from "./spans.js";
export { cpuOfStep, type Phase, phasesOf, splitOfJob, splitOfThread, type TimeSplit } from "./time-split.js";
export { buildTimeline } from "./timeline.js";
export { decodeTrace, type DecodeTraceOptions, encodeTrace, traceFileChunks } from "./trace-file.js";
export { type ProcessUsage, type RecordGap, type ThreadTrace, type Trace } from "./trace.js";
export { verdict, type Verdict, type VerdictKind } from "./verdict.js";
export { type ResourceKind, type Way } from "./wait-ways.js";
export { capabilityIn } from "./words/capabilities.js";
export { type Language, type Sentence } from "./words/language.js";
