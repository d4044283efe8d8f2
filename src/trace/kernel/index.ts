export { diagnoseLoop, diagnoseStall, type LoopUse } from "./diagnose.js";
export { GapMeter } from "./gap-meter.js";
export { capabilities, capabilitiesAtOnce } from "./host-capabilities.js";
export { startCoreLanes } from "./host-core-lanes.js";
export { type StackRequest, type TakenStack } from "./host-thread-stack.js";
export { LoopWatch, type LoopWatchOptions, type PulseSource } from "./loop-watch.js";
export { KernelSampler } from "./sampler.js";
export { type OurThread } from "./thread-kinds.js";
