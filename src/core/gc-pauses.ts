/** Pauses of this thread's garbage collector, as the platform tells them. */

/** What was collected: the young objects, all of them, a part of a longer collection, or handles without objects. */
export type GcKind = "minor" | "major" | "incremental" | "weak";

/** By number, for records. */
export const GC_KINDS: readonly GcKind[] = ["minor", "major", "incremental", "weak"];

/** As `perf_hooks.constants` has them. */
const KIND_OF_CONSTANT: Readonly<Record<number, GcKind>> = { 1: "minor", 4: "major", 8: "incremental", 16: "weak" };

export interface GcPause {
  readonly kind: GcKind;
  /** Milliseconds since the epoch. */
  readonly beginMs: number;
  readonly durationMs: number;
}

interface Entry {
  readonly startTime: number;
  readonly duration: number;
  readonly detail?: { readonly kind?: number };
}

interface Observer {
  observe(options: { readonly entryTypes: readonly string[] }): void;
  disconnect(): void;
  takeRecords?(): readonly Entry[];
}

interface ObserverClass {
  new (listener: (list: { getEntries(): readonly Entry[] }) => void): Observer;
  readonly supportedEntryTypes?: readonly string[];
}

/**
 * Calls `onPause` for each pause of this thread's collector from now on; the result
 * ends that. `undefined` where the platform does not tell (Deno, browsers).
 *
 * The platform tells in a later turn of the loop, so the pauses of a long synchronous
 * step come after it; those not told yet come when it is ended.
 */
export function watchGc(onPause: (pause: GcPause) => void): (() => void) | undefined {
  const { PerformanceObserver } = globalThis as { PerformanceObserver?: ObserverClass };
  if (PerformanceObserver?.supportedEntryTypes?.includes("gc") !== true) return undefined;
  const tell = (entries: readonly Entry[]): void => {
    for (const { startTime, duration, detail } of entries) {
      const kind = KIND_OF_CONSTANT[detail?.kind ?? 0];
      if (kind !== undefined) onPause({ kind, beginMs: performance.timeOrigin + startTime, durationMs: duration });
    }
  };
  const observer = new PerformanceObserver((list) => tell(list.getEntries()));
  observer.observe({ entryTypes: ["gc"] });
  return () => {
    tell(observer.takeRecords?.() ?? []);
    observer.disconnect();
  };
}
