export { type Cancel, type CancelSource } from "./cancel.js";
export { channel, type Channel, type ChannelOptions, type ChannelStatistics, type Overflow } from "./channel.js";
export { type AnyTask, type Executor, type RunOptions, type ScopedTask, type Task } from "./executor.js";
export { here } from "./here.js";
export { type Job, type JobState } from "./job.js";
export { main } from "./main.js";
export { scope, type Scope, type ScopeOptions, type SpawnOptions } from "./scope.js";
export { after, select, type Selectable, type Selected, type SelectOptions, trySelect } from "./select.js";
export { sleep, sleepUntil } from "./sleep.js";
export { barrier, type Barrier, type BarrierOptions, type BarrierStatistics } from "./barrier.js";
export { all, allSettled, any, type Body, race } from "./combinators.js";
export { condition, type Condition, type ConditionOptions, type ConditionStatistics } from "./condition.js";
export { event, type Event, type EventOptions, type EventStatistics } from "./event.js";
export { type Guard } from "./guard.js";
export { latch, type Latch, type LatchOptions, type LatchStatistics } from "./latch.js";
export { mutex, type Mutex, type MutexGuard, type MutexOptions, type MutexStatistics } from "./mutex.js";
export { once, type Once, type OnceOptions, type OnceStatistics } from "./once.js";
export { restarting, type RestartOptions } from "./restart.js";
export {
  type ReadGuard,
  rwLock,
  type RwLock,
  type RwLockOptions,
  type RwLockStatistics,
  type WriteGuard,
} from "./rw-lock.js";
export {
  semaphore,
  type Semaphore,
  type SemaphoreOptions,
  type SemaphoreStatistics,
  type SemaphoreToken,
} from "./semaphore.js";
export {
  singleFlight,
  type SingleFlight,
  type SingleFlightOptions,
  type SingleFlightStatistics,
} from "./single-flight.js";
export { sliced, type SlicedExecutor, type SlicedOptions, type SlicedStatistics } from "./sliced.js";
export { type Ready } from "./start.js";
export { type JobResult, type Steps } from "./steps.js";
export { yieldNow } from "./pause.js";
export { callback, fromCallback } from "./bridge/callback.js";
export { events, type EventsOptions, nextEvent } from "./bridge/events.js";
export { type EmitterLike, type TargetLike } from "./bridge/listening.js";
export { fromReadable, fromWebStream, toWebStream, type ToStreamOptions } from "./bridge/streams.js";
export { type FlatMapOptions } from "./flow/combine.js";
export { flow, type Flow, type FlowGroup } from "./flow/flow.js";
export { type BatchOptions } from "./flow/gather.js";
export { type GroupByOptions } from "./flow/group-by.js";
export { type MapOnOptions, type MapOptions } from "./flow/map.js";
export { type FlowSource } from "./flow/source.js";
export { type ItemFunction } from "./flow/stage.js";
export { type NodeReadable } from "./flow/stream-sources.js";
export { mapConcurrent } from "./map-concurrent.js";
export {
  broadcast,
  type Broadcast,
  type BroadcastOptions,
  type BroadcastStatistics,
  Lagged,
  type Subscription,
  type SubscriptionStatistics,
} from "./broadcast.js";
export { type CanReceive, type CanSend, type Receiver, type Sender } from "./channel-ends.js";
export {
  type CircuitBreaker,
  circuitBreaker,
  type CircuitBreakerOptions,
  type CircuitBreakerStatistics,
  type CircuitState,
} from "./circuit-breaker.js";
export { debounce, type DebounceOptions } from "./debounce.js";
export { interval, type IntervalOptions, type MissedTicks, type Tick } from "./interval.js";
export { joining } from "./joining.js";
export { oneshot, type Oneshot, type OneshotOptions, type OneshotStatistics } from "./oneshot.js";
export { type RateLimit, rateLimit, type RateLimitOptions, type RateLimitStatistics } from "./rate-limit.js";
export { type Attempt, retry } from "./retry.js";
export { type Delays, exponential, fibonacci, linear, type RetrySchedule, Schedule, spaced } from "./schedule.js";
export { throttle, type ThrottleOptions } from "./throttle.js";
export { watch, type Watch, type Watcher, type WatchOptions, type WatchStatistics } from "./watch.js";
export { type PutOff } from "./call-window.js";
