/** The one place that knows how a trace is stored. */
import type { Trace } from "skein/trace";

export function decode(bytes: ArrayBuffer): Trace {
  return JSON.parse(new TextDecoder().decode(bytes)) as Trace;
}
