export { availableCores, type ThreadPool, type ThreadPoolOptions, threads, type ThreadPoolStatistics } from "./pool.js";
export { scopedTask, task } from "./task.js";
