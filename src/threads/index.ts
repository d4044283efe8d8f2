export { scopedTask, task } from "./task.js";
export type { ThreadPool, ThreadPoolOptions, ThreadPoolStatistics } from "./thread-pool.js";
export { availableCores, threads } from "./threads.js";
