export { auto, type AutoExecutor, type AutoOptions, type AutoStatistics, type Decision } from "./auto.js";
export { type Place, type Reason } from "./placement.js";
