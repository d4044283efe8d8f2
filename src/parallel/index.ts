/** `skein/parallel`: algorithms over numbers, on all cores. */
export { parallel } from "./parallel.js";
export type { Callback, CallbackOptions, ParallelOptions } from "./asked.js";
export type { OutputOptions } from "./each.js";
export type { Explanation, ParticipantFigures } from "./explain.js";
export type { ParallelStatistics } from "./figures.js";
export type { JoinBranch } from "./fork.js";
export type { GroupOptions, Groups } from "./groups.js";
export type { HistogramOptions, MinMax } from "./numeric.js";
export type { IndicesLike, SortOptions } from "./sort.js";
export type { Monoid, ReduceOptions, ScanOptions } from "./fold.js";
export type { NumberArray, Numbers, ResultLike, TypeOf } from "./values.js";
