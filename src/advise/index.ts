export { auto } from "./auto.js";
export { type AutoExecutor, type AutoOptions, type AutoStatistics, type Decision } from "./decision.js";
export { type Place, type Reason } from "./placement.js";
