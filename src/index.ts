export {
  type AnyTask,
  type Cancel,
  channel,
  type Channel,
  type Executor,
  here,
  type Job,
  main,
  scope,
  type Scope,
  type ScopedTask,
  sleep,
  type Task,
} from "./async/index.js";
export {
  CancelledError,
  ClosedError,
  DeadlockError,
  InternalError,
  MisuseError,
  SkeinError,
  StuckError,
  TimeoutError,
  TransferError,
  WorkerLostError,
} from "./core/errors.js";
export { scopedTask, task, type ThreadPool, threads } from "./threads/index.js";
