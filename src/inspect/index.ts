export { exportsOf } from "./exports.js";
export { InspectorServer } from "./server.js";
export { readTraceFile, TraceInputError } from "./trace-input.js";
