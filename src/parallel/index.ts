/** `skein/parallel`: algorithms over numbers, on all cores. */
export { parallel } from "./parallel.js";
export type { CallbackOptions, ParallelOptions } from "./asked.js";
export type { OutputOptions } from "./each.js";
export type { Explanation, ParticipantFigures } from "./explain.js";
export type { Monoid, ReduceOptions, ScanOptions } from "./fold.js";
export type { NumberArray, Numbers, ResultLike } from "./values.js";
