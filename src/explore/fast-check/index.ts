/** `skein/explore/fast-check`: fast-check draws and shrinks the data, the explorer runs each through its schedules. */
export { type Arbitrary, type FastCheck, type FastCheckProperties } from "./foreign.js";
export {
  assertExplored,
  type AssertExploredOptions,
  type AssertExploredReport,
  exploredProperty,
  type PropertyProgram,
} from "./property.js";
export { type ScheduledSequence, Scheduler, type SchedulerAct, schedulerOf, type SequenceItem } from "./scheduler.js";
