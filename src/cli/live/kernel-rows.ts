/** Rows and totals of the live table from the kernel's readings of threads. */
import type { KernelSample, KernelThread } from "../../trace/index.js";
import type { LiveThread } from "./state.js";

/** The end of a window, from which readings are taken, and its length. */
export interface Window {
  readonly toMs: number;
  readonly lengthMs: number;
}

/** What can be known of a thread beside the kernel's readings. */
export type Besides = Partial<Pick<LiveThread, "loopDelayMs" | "waitsIn">>;

/** The two readings that span the window best; `undefined` if there are none apart. */
function spanOf(
  samples: readonly KernelSample[],
  { toMs, lengthMs }: Window,
): readonly [KernelSample, KernelSample] | undefined {
  const last = samples.at(-1);
  if (last === undefined) return undefined;
  // A thread that is read seldom may have its last reading at the window's very beginning.
  const fromMs = Math.min(toMs, last.atMs) - lengthMs;
  let first = samples[0] as KernelSample;
  for (const sample of samples) {
    if (sample.atMs > fromMs) break;
    first = sample;
  }
  return last.atMs > first.atMs ? [first, last] : undefined;
}

/** A row for the thread, of what its readings say of the window. */
export function threadRow(thread: KernelThread, window: Window, besides: Besides = {}): LiveThread {
  const span = spanOf(thread.samples, window);
  const last = thread.samples.at(-1);
  const rise = (field: "cpuMs" | "coreWaitMs" | "voluntarySwitches" | "involuntarySwitches"): number | undefined => {
    if (span === undefined) return undefined;
    const [before, after] = [span[0][field], span[1][field]];
    if (before === undefined || after === undefined) return undefined;
    return Math.max(0, after - before) / (span[1].atMs - span[0].atMs);
  };
  const perSecond = (a: number | undefined): number | undefined => (a === undefined ? undefined : a * 1000);
  const cpu = rise("cpuMs");
  return {
    tid: thread.tid,
    name: thread.name,
    role: thread.kind,
    // The kernel counts a running thread by ticks: it may catch up with what was before.
    cpuShare: cpu === undefined ? undefined : Math.min(1, cpu),
    waitShare: rise("coreWaitMs"),
    core: last?.core,
    state: last?.state ?? "unknown",
    waitsIn: besides.waitsIn,
    loopDelayMs: besides.loopDelayMs,
    voluntaryRate: perSecond(rise("voluntarySwitches")),
    involuntaryRate: perSecond(rise("involuntarySwitches")),
  };
}

/** Cores that the threads wanted and got; `undefined` for what no row knows. */
export function coresUsed(rows: readonly LiveThread[]): {
  readonly demand: number | undefined;
  readonly parallelism: number | undefined;
} {
  const known = rows.filter(({ cpuShare }) => cpuShare !== undefined);
  if (known.length === 0) return { demand: undefined, parallelism: undefined };
  const parallelism = known.reduce((sum, { cpuShare }) => sum + (cpuShare ?? 0), 0);
  const waited = known.some(({ waitShare }) => waitShare !== undefined)
    ? known.reduce((sum, { waitShare }) => sum + (waitShare ?? 0), 0)
    : undefined;
  return { parallelism, demand: waited === undefined ? undefined : parallelism + waited };
}
