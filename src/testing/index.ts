export { settled } from "./quiescence.js";
export { sequencer, type Sequencer } from "./sequencer.js";
export { type VirtualClock, virtualClock, type VirtualClockOptions, withVirtualClock } from "./virtual-clock.js";
