export { exportsOf } from "./exports.js";
export { InspectorServer } from "./server.js";
export { readTrace, TraceInputError } from "./trace-input.js";
