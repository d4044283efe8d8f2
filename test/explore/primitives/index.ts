export { OF_JOBS } from "./of-jobs.js";
export { DISPATCH, HEAP } from "./of-knots.js";
export { OF_THREADS } from "./of-threads.js";
export { type ExploredPrimitive, explorePrimitive } from "./primitive.js";
