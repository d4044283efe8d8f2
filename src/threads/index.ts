export { availableCores } from "./available-cores.js";
export { type DedicatedThread, spawnThread, type SpawnThreadOptions } from "./spawn-thread.js";
export { moved } from "./moved.js";
export { type Callback, callback, carryContext, type ContextStorage } from "./remotes.js";
export type { StreamOptions } from "./stream.js";
export { scopedTask, task } from "./task.js";
export type { TaskShapes } from "./task-shapes.js";
export { arrayOf, nullable, oneOf, optional, shape } from "../shared/shape.js";
export type { Shape, ShapeValue } from "../shared/shape-types.js";
export type { DurationStatistics } from "./histogram.js";
export type { ResourceLimits } from "./host/host.js";
export type {
  Helping,
  JobOptions,
  PoolThreadStatistics,
  Streamed,
  Submitted,
  ThreadPool,
  ThreadPoolOptions,
  ThreadPoolStatistics,
} from "./thread-pool.js";
export { threads } from "./threads.js";
