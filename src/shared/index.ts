export { SharedChannel, type SharedChannelOptions, type SharedChannelStatistics } from "./channel.js";
export { Condition, type SharedConditionOptions } from "./condition.js";
export { Event, Latch, type SharedEventOptions, type SharedLatchOptions } from "./event.js";
export {
  lockOrderInversions,
  type LockOrderInversion,
  type LockOrderStep,
  type LockOrderWatch,
  watchLockOrder,
} from "./lock-order.js";
export { type LockOrderStatistics } from "./order-table.js";
export { Mutex, type SharedMutexGuard, type SharedMutexStatistics } from "./mutex.js";
export { adopt, type LiveSharedObject, liveSharedObjects, sharedThreadEnded } from "./crossing.js";
export { SharedObject, type SharedOptions } from "./object.js";
export { RwLock, type SharedRwLockStatistics } from "./rw-lock.js";
export {
  Semaphore,
  type SharedSemaphoreOptions,
  type SharedSemaphoreStatistics,
  type SharedSemaphoreToken,
} from "./semaphore.js";
export { type Deadlock, type DeadlockStep, findDeadlocks, sharedLocks, type SharedLockState } from "./wait-graph.js";
