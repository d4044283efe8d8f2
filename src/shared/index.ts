export { type ArrayType, SharedArray, type SharedArrayOptions, type SharedValues, unshared } from "./array.js";
export { Barrier, type SharedBarrierOptions, type SharedBarrierStatistics } from "./barrier.js";
export {
  SharedChannel,
  type SharedChannelMaker,
  type SharedChannelOptions,
  type SharedChannelStatistics,
} from "./channel.js";
export { SharedReceiver, SharedSender } from "./channel-ends.js";
export type { ElementType } from "./element.js";
export { Condition, type SharedConditionOptions } from "./condition.js";
export { SharedCounter } from "./counter.js";
export { SharedDeque, type SharedDequeOptions } from "./deque.js";
export { Event, Latch, type SharedEventOptions, type SharedLatchOptions } from "./event.js";
export { SharedMap, type SharedMapMaker, type SharedMapOptions, type SharedMapStatistics } from "./map.js";
export type { SharedMapKey } from "./map-key.js";
export { type SharedLeak, type SharedLeakWatch, watchSharedLeaks } from "./leaks.js";
export {
  lockOrderInversions,
  type LockOrderInversion,
  type LockOrderStep,
  type LockOrderWatch,
  watchLockOrder,
} from "./lock-order.js";
export { type LockOrderStatistics } from "./order-table.js";
export { Mutex, type SharedMutexGuard, type SharedMutexStatistics } from "./mutex.js";
export { adopt, type LiveSharedObject, liveSharedObjects } from "./crossing.js";
export { sharedThreadEnded } from "./recovery.js";
export { SharedObject, type SharedOptions } from "./object.js";
export { Once, type SharedOnceStatistics } from "./once.js";
export { SharedRing, type SharedRingOptions } from "./ring.js";
export { RwLock, type SharedRwLockStatistics } from "./rw-lock.js";
export {
  Semaphore,
  type SharedSemaphoreOptions,
  type SharedSemaphoreStatistics,
  type SharedSemaphoreToken,
} from "./semaphore.js";
export type { RecordField, RecordLayout } from "./record-layout.js";
export {
  array,
  type ArrayField,
  atomic,
  type AtomicField,
  type AtomicType,
  type BigIntType,
  type FieldType,
  type NumberType,
  type RecordInit,
  type RecordOf,
  type RecordSchema,
  text,
  type TextField,
} from "./record-schema.js";
export {
  sharedStruct,
  type SharedRecord,
  type SharedStruct,
  SharedStructArray,
  type SharedStructClass,
  type StructOptions,
} from "./struct.js";
export { type Deadlock, type DeadlockStep, findDeadlocks, sharedLocks, type SharedLockState } from "./wait-graph.js";
export { SharedText } from "./text.js";
export { type ClassCrossing, registerClass } from "./value-classes.js";
export { SharedVector, type SharedVectorOptions } from "./vector.js";
