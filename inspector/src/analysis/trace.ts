/**
 * The analyses that the page uses, each from its own file. The room's index would bring
 * recording and observing along, with a thread of its own that no page can start.
 */
export { contention } from "#skein/trace/contention";
export { criticalPath } from "#skein/trace/critical-path";
export { computeFigures } from "#skein/trace/figures";
export { findFindings } from "#skein/trace/findings/find";
export { phasesOf, splitOfJob, splitOfThread } from "#skein/trace/time-split";
export { buildTimeline } from "#skein/trace/timeline";
export { decodeTrace, isHeadOfFile } from "#skein/trace/trace-file";
export { groupBy, indexOf, type TraceIndex } from "#skein/trace/trace-index";
export { verdict } from "#skein/trace/verdict";
export { WAYS } from "#skein/trace/wait-ways";
