/** What each thread did, ours and the platform's. */
import type { KernelThread, ThreadBusy, ThreadLane, Timeline, Trace } from "skein/trace";

import type { ThreadInfo } from "./model.js";
import { inOrderOfWays } from "./split.js";
import { diagnoseLoop, splitOfThread, useOfThread } from "./trace.js";

/** @param busy - of the figures */
export function threadsOf(trace: Trace, timeline: Timeline, busy: readonly ThreadBusy[]): ThreadInfo[] {
  const kernelThreads = trace.kernel?.threads ?? [];
  const own = timeline.threads.map((lane) =>
    ownThread(
      trace,
      timeline,
      lane,
      kernelThreads.find(({ index }) => index === lane.index),
      busy.find(({ index }) => index === lane.index),
    ),
  );
  const others = kernelThreads.filter(({ index }) => index === undefined);
  return [...own, ...others.map((thread) => otherThread(trace, timeline, thread))];
}

function ownThread(
  trace: Trace,
  timeline: Timeline,
  lane: ThreadLane,
  kernel: KernelThread | undefined,
  busy: ThreadBusy | undefined,
): ThreadInfo {
  const split = splitOfThread(trace, timeline, lane.index);
  // Only where the kernel was asked is what runs known to be on a core.
  const isCounted = split.badge === "sampled";
  const [cpuMs, coreWaitMs] = isCounted ? [split.runningMs, split.readyMs] : [undefined, undefined];
  const switches = switchesOf(kernel);
  return {
    index: lane.index,
    tid: kernel?.tid,
    name: lane.name,
    kind: kernel?.kind ?? (lane.index === 0 ? "loop" : "pool"),
    hasEnded: lane.hasEnded,
    busyMs: busy?.busyMs,
    share: busy?.share,
    cpuMs,
    coreWaitMs,
    ...switches,
    split: inOrderOfWays(split),
    splitBadge: split.badge,
    looks: diagnoseLoop({
      elapsedMs: split.totalMs,
      // Inside steps; and outside them what it computed, as for code that is no job.
      activeMs: Math.max(busy?.busyMs ?? 0, (cpuMs ?? 0) + (coreWaitMs ?? 0)),
      cpuMs,
      coreWaitMs,
      ...switches,
    }),
  };
}

function otherThread(trace: Trace, timeline: Timeline, thread: KernelThread): ThreadInfo {
  const use = useOfThread(trace, thread);
  const switches = switchesOf(thread);
  return {
    index: undefined,
    tid: thread.tid,
    name: thread.name,
    kind: thread.kind,
    hasEnded: false,
    busyMs: undefined,
    share: undefined,
    cpuMs: use?.cpuMs,
    coreWaitMs: use?.waitMs,
    ...switches,
    split: undefined,
    splitBadge: use === undefined ? "not available" : "sampled",
    looks:
      use === undefined
        ? "unknown"
        : diagnoseLoop({
            elapsedMs: timeline.durationMs,
            activeMs: use.cpuMs + use.waitMs,
            cpuMs: use.cpuMs,
            coreWaitMs: use.waitMs,
            ...switches,
          }),
  };
}

function switchesOf(thread: KernelThread | undefined): Pick<ThreadInfo, "voluntarySwitches" | "involuntarySwitches"> {
  const grown = (key: "voluntarySwitches" | "involuntarySwitches"): number | undefined => {
    const [from, to] = [thread?.samples[0]?.[key], thread?.samples.at(-1)?.[key]];
    return from === undefined || to === undefined ? undefined : to - from;
  };
  return { voluntarySwitches: grown("voluntarySwitches"), involuntarySwitches: grown("involuntarySwitches") };
}
