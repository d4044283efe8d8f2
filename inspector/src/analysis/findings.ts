/** What is worth telling of a trace, with the place to look at. */
import type { Timeline, Trace } from "skein/trace";

import type { FindingInfo } from "./model.js";

export function findingsOf(trace: Trace, timeline: Timeline): FindingInfo[] {
  const found: FindingInfo[] = [];
  for (const stall of trace.stalls) {
    const thread = timeline.threads.find(({ index }) => index === stall.thread)?.name ?? String(stall.thread);
    const lastedMs = Math.round(stall.endMs - stall.beginMs);
    found.push({
      kind: "blocked loop",
      severity: "problem",
      title: {
        en: `${thread}: event loop blocked for ${lastedMs} ms`,
        ru: `${thread}: цикл событий стоял ${lastedMs} мс`,
      },
      detail: { en: stall.stack?.[0]?.name ?? "", ru: stall.stack?.[0]?.name ?? "" },
      fromMs: stall.beginMs - trace.startedMs,
      toMs: stall.endMs - trace.startedMs,
      thread: stall.thread,
      subject: undefined,
      stack: stall.stack,
    });
  }
  return found;
}
