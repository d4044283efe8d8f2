/** `skein/node`: what of this room needs Node. No other index imports it. */
export { toReadable, type ToReadableOptions } from "./host-node-streams.js";
export { eachLine, type LineBlock, lineBlocks, type LineBlockOptions, readLines, textOf } from "./host-node-lines.js";
