/**
 * The lines of the area chart: jobs in flight, cores wanted and cores busy, in buckets.
 *
 * Where the kernel was asked, demand and parallelism come from it: in each bucket the
 * CPU time of all threads, and with it the time they stood ready, divided by the
 * bucket's length. Else parallelism is what the steps show, and demand is not known.
 */
import type { Figures, KernelFacts, Timeline, Trace } from "skein/trace";

import type { Series } from "./model.js";

const BUCKETS = 600;

export function seriesOf(trace: Trace, timeline: Timeline, figures: Figures): Series {
  const { durationMs } = timeline;
  const least = trace.kernel === undefined || trace.kernel.sampleEveryMs === 0 ? 0 : trace.kernel.sampleEveryMs;
  const buckets = Math.max(1, Math.min(BUCKETS, least === 0 ? BUCKETS : Math.floor(durationMs / least)));
  const widthMs = Math.max(durationMs / buckets, 1e-9);
  const times = Array.from({ length: buckets }, (_, index) => (index + 0.5) * widthMs);
  const kernel = trace.kernel === undefined ? undefined : kernelLevels(trace.kernel, trace.startedMs, buckets, widthMs);
  return {
    times,
    inFlight: bucketed(figures.inFlight.value ?? [], durationMs, buckets, widthMs),
    busy: kernel?.busy ?? bucketed(figures.running.value ?? [], durationMs, buckets, widthMs),
    demand: kernel?.demand ?? times.map(() => null),
    busyBadge: kernel === undefined ? figures.running.badge : "sampled",
    demandBadge: kernel === undefined ? "not available" : "sampled",
  };
}

/** The mean level of each bucket. */
function bucketed(
  levels: readonly { readonly atMs: number; readonly count: number }[],
  durationMs: number,
  buckets: number,
  widthMs: number,
): number[] {
  const sums = new Float64Array(buckets);
  levels.forEach(({ atMs, count }, index) => {
    if (count > 0) spread(sums, atMs, levels[index + 1]?.atMs ?? durationMs, count, widthMs);
  });
  return Array.from(sums, (sum) => sum / widthMs);
}

/** Adds `rate` for each millisecond of a stretch to the buckets that it touches. */
function spread(sums: Float64Array, fromMs: number, toMs: number, rate: number, widthMs: number): void {
  const last = Math.min(sums.length - 1, Math.floor(toMs / widthMs));
  for (let bucket = Math.max(0, Math.floor(fromMs / widthMs)); bucket <= last; bucket++) {
    const overlapMs = Math.min(toMs, (bucket + 1) * widthMs) - Math.max(fromMs, bucket * widthMs);
    if (overlapMs > 0) sums[bucket] = (sums[bucket] ?? 0) + overlapMs * rate;
  }
}

function kernelLevels(
  kernel: KernelFacts,
  startedMs: number,
  buckets: number,
  widthMs: number,
): { readonly busy: number[]; readonly demand: number[] } | undefined {
  const cpu = new Float64Array(buckets);
  const wait = new Float64Array(buckets);
  let isTold = false;
  for (const { samples, kind } of kernel.threads) {
    if (kind === "observer") continue;
    samples.forEach((sample, index) => {
      const before = samples[index - 1];
      if (before === undefined || before.cpuMs === undefined || sample.cpuMs === undefined) return;
      isTold = true;
      const fromMs = before.atMs - startedMs;
      const toMs = sample.atMs - startedMs;
      if (toMs <= fromMs) return;
      spread(cpu, fromMs, toMs, (sample.cpuMs - before.cpuMs) / (toMs - fromMs), widthMs);
      if (before.coreWaitMs === undefined || sample.coreWaitMs === undefined) return;
      spread(wait, fromMs, toMs, (sample.coreWaitMs - before.coreWaitMs) / (toMs - fromMs), widthMs);
    });
  }
  if (!isTold) return undefined;
  return {
    busy: Array.from(cpu, (sum) => sum / widthMs),
    demand: Array.from(cpu, (sum, index) => (sum + (wait[index] ?? 0)) / widthMs),
  };
}
