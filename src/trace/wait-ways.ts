/** In which way something waits, told by what it waits for. */
import { ProbeResource } from "../core/probe.js";

/**
 * In which way a job or thread spends its time:
 *
 * - "running": in synchronous code, on a core.
 * - "ready": it could run, and waits for its thread or for a core.
 * - "io": for a timer, for what lies outside the program, or for work. Also what is
 *   not known to be anything else: a wait for a promise that is none of ours.
 * - "lock": for a lock, permit or signal of another job or thread.
 * - "channel": for an item to come, or for room.
 * - "jobs": for jobs to end.
 *
 * @since 0.1.0
 */
export type Way = "running" | "ready" | "io" | "lock" | "channel" | "jobs";

export const WAYS: readonly Way[] = ["running", "ready", "io", "lock", "channel", "jobs"];

/** What is waited for, as `waitBegin` names it; the first that fits. */
const BY_LABEL: readonly (readonly [RegExp, Way])[] = [
  [/^(?:join job|job ")/, "jobs"],
  [/ to be ready(?: \(blocked\))?$/, "jobs"],
  [/^(?:run of once|singleFlight) "/, "jobs"],
  [/\b(?:channel|broadcast|watch) "/, "channel"],
  [/^(?:the next item of a flow|somebody to ask for the next item)/, "channel"],
  [/\b(?:mutex|rwLock|reader-writer lock|semaphore|condition|barrier|latch|event) "/, "lock"],
];

const BLOCKED = / \(blocked\)$/;

export function wayOfWait(label: string | undefined): Exclude<Way, "running" | "ready"> {
  if (label === undefined) return "io";
  for (const [pattern, way] of BY_LABEL) {
    if (pattern.test(label)) return way as Exclude<Way, "running" | "ready">;
  }
  return "io";
}

/** Whether a wait holds up its whole thread. */
export function isBlockingWait(label: string | undefined): boolean {
  return label !== undefined && BLOCKED.test(label);
}

/** A kind of resource. */
export type ResourceKind = keyof typeof ProbeResource | "other";

const KIND_BY_CODE: ReadonlyMap<number, ResourceKind> = new Map(
  Object.entries(ProbeResource).map(([kind, code]) => [code, kind as ResourceKind]),
);

export function resourceKindOf(code: number): ResourceKind {
  return KIND_BY_CODE.get(code) ?? "other";
}

/** What only one at a time may hold, or several readers. */
export function isExclusive(kind: ResourceKind): boolean {
  return kind === "mutex" || kind === "rwLock";
}
