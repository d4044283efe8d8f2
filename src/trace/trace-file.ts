/** How a trace is stored. */
import type { Trace } from "./trace.js";

export function encodeTrace(trace: Trace): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(trace));
}

export function decodeTrace(bytes: Uint8Array): Trace {
  return JSON.parse(new TextDecoder().decode(bytes)) as Trace;
}
