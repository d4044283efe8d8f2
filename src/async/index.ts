export { type Cancel, type CancelSource } from "./cancel.js";
export { channel, type Channel, type ChannelOptions, type ChannelStatistics } from "./channel.js";
export { type AnyTask, type Executor, type RunOptions, type ScopedTask, type Task } from "./executor.js";
export { here } from "./here.js";
export { type Job, type JobState } from "./job.js";
export { main } from "./main.js";
export { scope, type Scope, type ScopeOptions, type SpawnOptions } from "./scope.js";
export { after, select, type Selectable, type Selected, type SelectOptions, trySelect } from "./select.js";
export { sleep } from "./sleep.js";
