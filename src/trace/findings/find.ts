/** All that is worth telling of a recording. */
import type { Timeline } from "../spans.js";
import { indexOf } from "../trace-index.js";
import type { Trace } from "../trace.js";
import { findImbalance, findLostParallelism } from "./balance.js";
import { findCoreTrouble } from "./cores.js";
import { findDeadlocks } from "./deadlocks.js";
import type { Finding, Severity } from "./finding.js";
import { findLeakedJobs, findUnawaitedScopes } from "./jobs.js";
import { findConvoys, findLostWakeUps, findOrphanedLocks, findStarvingJobs, findStarvingWaits } from "./locks.js";
import { findBlockedLoops, findBusyLoops } from "./loops.js";
import { findExhaustedIoPool, findGcPressure } from "./platform.js";
import { findUnhandledRejections } from "./unhandled.js";
import { findIoBound } from "./waiting.js";

const RANK: Readonly<Record<Severity, number>> = { problem: 0, warning: 1, note: 2 };

/**
 * Finds what is worth telling of a recording: in words, each with its place, time,
 * and the numbers that it rests on; the worst comes first.
 *
 * What is told is so on the evidence of the records and of the kernel. Where these
 * have gaps, or the platform does not tell, less is found; nothing is guessed.
 *
 * **Cost** Some passes over the records, and sorting.
 *
 * @example
 * ```ts
 * const { trace } = await record(() => program());
 * for (const { text, advice } of findFindings(trace, buildTimeline(trace))) console.log(text.en, advice.en);
 * ```
 *
 * @since 0.1.0
 */
export function findFindings(trace: Trace, timeline: Timeline): readonly Finding[] {
  const index = indexOf(trace, timeline);
  const blocked = findBlockedLoops(index);
  const deadlocks = findDeadlocks(index);
  const orphaned = findOrphanedLocks(index);
  const starving = [...findStarvingWaits(index), ...findStarvingJobs(index)];
  const imbalance = findImbalance(index);
  // What one of these explains is not told again as the effect that it has.
  const stuck = new Set([...deadlocks, ...orphaned, ...starving].flatMap(({ jobs }) => jobs));
  const findings = [
    ...deadlocks,
    ...orphaned,
    ...findLostWakeUps(index).filter(({ jobs }) => !jobs.some((job) => stuck.has(job))),
    ...blocked,
    ...findBusyLoops(index, blocked),
    ...findCoreTrouble(index),
    ...findConvoys(index),
    ...starving,
    ...imbalance,
    ...findLostParallelism(
      index,
      imbalance.map(({ fromMs, toMs }) => ({ beginMs: fromMs, endMs: toMs })),
    ),
    ...findLeakedJobs(index, stuck),
    ...findUnawaitedScopes(index),
    ...findExhaustedIoPool(index),
    ...findUnhandledRejections(index),
    ...findGcPressure(index),
    ...(deadlocks.length > 0 ? [] : findIoBound(index)),
  ];
  return findings.sort((a, b) => RANK[a.severity] - RANK[b.severity] || a.fromMs - b.fromMs);
}
