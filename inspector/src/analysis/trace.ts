/**
 * The analyses that the page uses, each from its own file. The room's index would bring
 * recording and observing along, with a thread of its own that no page can start.
 */
export { contention } from "#skein/trace/contention";
export { useOfThread } from "#skein/trace/core-use";
export { criticalPath } from "#skein/trace/critical-path";
export { spread } from "#skein/trace/durations";
export { computeFigures } from "#skein/trace/figures";
export { findFindings } from "#skein/trace/findings/find";
export { describeActor, describePlace, describeResource } from "#skein/trace/findings/places";
export { diagnoseLoop } from "#skein/trace/kernel/diagnose";
export { levelsOf } from "#skein/trace/levels";
export { placedSpans } from "#skein/trace/spans";
export { phasesOf, splitOfJob, splitOfThread } from "#skein/trace/time-split";
export { buildTimeline } from "#skein/trace/timeline";
export { decodeTrace, endIn, isHeadOfFile, type RecordingEnd } from "#skein/trace/trace-file";
export { groupBy, indexOf, type TraceIndex } from "#skein/trace/trace-index";
export { verdict } from "#skein/trace/verdict";
export { WAYS } from "#skein/trace/wait-ways";
