export { type LimitFunction, limitFunction, type LimitOptions, pLimit } from "./p-limit.js";
export { type MapOptions, type Mapper, pMap, pMapSkip } from "./p-map.js";
export {
  PQueue,
  type QueueAddOptions,
  type QueueEvents,
  type QueueOptions,
  type QueueTaskOptions,
  type RunningTask,
} from "./p-queue.js";
export { Mutex, type MutexInterface } from "./mutex.js";
export { type Releaser, Semaphore, type SemaphoreInterface } from "./semaphore.js";
export { tryAcquire, withTimeout } from "./with-timeout.js";
