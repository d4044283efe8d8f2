/**
 * Cores over time, from the sampler's readings of each thread: how many were wanted,
 * and how many worked.
 *
 * Demand counts threads that run or stand ready, parallelism those that run. Both
 * are differences of the kernel's counts, so a strange program that takes a core
 * lowers parallelism and leaves demand as it is. Counts are known where a thread was
 * read; in between they are taken to have grown evenly.
 */
import type { KernelFacts, KernelSample, KernelThread } from "./kernel-facts.js";
import { lastUpTo } from "./stretches.js";
import type { Trace } from "./trace.js";

/**
 * Cores in a short stretch of time.
 *
 * @since 0.1.0
 */
export interface CoreUse {
  readonly beginMs: number;
  readonly endMs: number;
  /** Threads that wanted a core, on average. */
  readonly demand: number;
  /** Cores that worked for the program, on average. */
  readonly parallelism: number;
  /** Cores that the program wanted, may use, and did not get: others used them. */
  readonly takenByOthers: number;
}

/** A stretch of less than two readings says more of when they were made than of the program. */
const LEAST_READINGS_A_STRETCH = 2;
/** More than a chart has room for. */
const MOST_STRETCHES = 500;

/** What a thread used, from some moment on. */
interface Counts {
  readonly cpuMs: number;
  readonly waitMs: number;
}

/** A thread's counts at any moment, from its readings. */
export class ThreadCounts {
  readonly thread: KernelThread;
  /** Those with counts, in milliseconds since the recording began. */
  readonly #points: readonly (Counts & { readonly atMs: number })[];

  constructor(thread: KernelThread, kernel: KernelFacts, startedMs: number) {
    this.thread = thread;
    const points = thread.samples.flatMap((sample) => pointOf(sample, startedMs) ?? []);
    const [first] = points;
    // Counts begin with the thread. One that was not there when the first were read
    // began after them, so all of its counts are of this recording; unless they are
    // more than fits in that time, as when readings from before were given up.
    if (first !== undefined) {
      const knownMs = firstReadingMs(kernel) - startedMs;
      const usedMs = Math.max(kernel.sampleEveryMs, first.cpuMs + first.waitMs);
      const begunMs = first.atMs - usedMs;
      if (first.atMs > knownMs + 1.5 * kernel.sampleEveryMs && begunMs >= knownMs) {
        points.unshift({ atMs: begunMs, cpuMs: 0, waitMs: 0 });
      }
    }
    this.#points = points;
  }

  get isKnown(): boolean {
    return this.#points.length >= 2;
  }

  /** Between these moments it is known what the thread used. */
  get fromMs(): number {
    return this.#points[0]?.atMs ?? Infinity;
  }

  get toMs(): number {
    return this.#points.at(-1)?.atMs ?? -Infinity;
  }

  #at(atMs: number): Counts {
    const place = lastUpTo(this.#points, (point) => point.atMs, atMs);
    const before = this.#points[place] ?? this.#points[0];
    const after = this.#points[place + 1] ?? before;
    if (before === undefined || after === undefined) return { cpuMs: 0, waitMs: 0 };
    const lengthMs = after.atMs - before.atMs;
    const share = lengthMs <= 0 ? 0 : Math.min(1, Math.max(0, (atMs - before.atMs) / lengthMs));
    return {
      cpuMs: before.cpuMs + (after.cpuMs - before.cpuMs) * share,
      waitMs: before.waitMs + (after.waitMs - before.waitMs) * share,
    };
  }

  /** On a core, and ready without one, within a range. */
  used(fromMs: number, toMs: number): Counts {
    const [begin, end] = [this.#at(fromMs), this.#at(toMs)];
    return { cpuMs: Math.max(0, end.cpuMs - begin.cpuMs), waitMs: Math.max(0, end.waitMs - begin.waitMs) };
  }

  /** The readings within a range, each with how long it stands for. */
  *statesWithin(
    fromMs: number,
    toMs: number,
    startedMs: number,
  ): Generator<{ readonly sample: KernelSample; readonly beginMs: number; readonly endMs: number }> {
    const { samples } = this.thread;
    const momentOf = ({ atMs }: KernelSample): number => atMs - startedMs;
    for (let place = Math.max(0, lastUpTo(samples, momentOf, fromMs)); place < samples.length; place++) {
      const sample = samples[place] as KernelSample;
      const next = samples[place + 1];
      const beginMs = Math.max(fromMs, momentOf(sample));
      if (beginMs >= toMs) return;
      const endMs = Math.min(toMs, next === undefined ? momentOf(sample) : momentOf(next));
      if (endMs > beginMs) yield { sample, beginMs, endMs };
    }
  }
}

/** What the kernel counted of a thread over the recording; `undefined` where it counted less than twice. */
export function useOfThread({ kernel, startedMs }: Trace, thread: KernelThread): Counts | undefined {
  if (kernel === undefined) return undefined;
  // Not from `countsOf`, which leaves out threads that record.
  const counts = new ThreadCounts(thread, kernel, startedMs);
  return counts.isKnown ? counts.used(counts.fromMs, counts.toMs) : undefined;
}

function pointOf(
  { cpuMs, coreWaitMs, atMs }: KernelSample,
  startedMs: number,
): (Counts & { atMs: number }) | undefined {
  // Where waits for a core are not counted there are none that could be told.
  return cpuMs === undefined ? undefined : { atMs: atMs - startedMs, cpuMs, waitMs: coreWaitMs ?? 0 };
}

function firstReadingMs({ threads }: KernelFacts): number {
  return threads.reduce((first, { samples }) => Math.min(first, samples[0]?.atMs ?? Infinity), Infinity);
}

const counted = new WeakMap<KernelFacts, ReadonlyMap<number, ThreadCounts>>();

/** The counts of all threads but those that record, by number; made once for a trace. */
export function countsOf({ kernel, startedMs }: Trace): ReadonlyMap<number, ThreadCounts> {
  if (kernel === undefined) return new Map();
  let counts = counted.get(kernel);
  if (counts === undefined) {
    const ours = kernel.threads.filter(({ kind }) => kind !== "observer");
    counts = new Map(ours.map((thread) => [thread.tid, new ThreadCounts(thread, kernel, startedMs)]));
    counted.set(kernel, counts);
  }
  return counts;
}

/** Whether the kernel told how long threads waited for cores. */
export function hasCoreWaits({ kernel }: Trace): boolean {
  return kernel?.threads.some(({ samples }) => samples.some(({ coreWaitMs }) => coreWaitMs !== undefined)) ?? false;
}

/**
 * Cores over a range of time.
 *
 * @param accepts - which threads count; all by default
 * @returns `undefined` where nobody read the threads
 */
export function coreUse(
  trace: Trace,
  fromMs: number,
  toMs: number,
  accepts?: (thread: KernelThread) => boolean,
): readonly CoreUse[] | undefined {
  const all = [...countsOf(trace).values()].filter(({ isKnown }) => isKnown);
  const threads = accepts === undefined ? all : all.filter(({ thread }) => accepts(thread));
  if (all.length === 0 || trace.kernel === undefined) return undefined;
  // Before the first and after the last reading nothing is known.
  const begin = Math.max(
    fromMs,
    all.reduce((first, counts) => Math.min(first, counts.fromMs), Infinity),
  );
  const end = Math.min(
    toMs,
    all.reduce((last, counts) => Math.max(last, counts.toMs), -Infinity),
  );
  if (end <= begin) return [];
  const leastMs = Math.max(LEAST_READINGS_A_STRETCH * trace.kernel.sampleEveryMs, (end - begin) / MOST_STRETCHES);
  const count = Math.max(1, Math.floor((end - begin) / leastMs));
  const lengthMs = (end - begin) / count;
  const cores = trace.usage.cores ?? Infinity;
  return Array.from({ length: count }, (_, index) => {
    const beginMs = begin + index * lengthMs;
    const endMs = beginMs + lengthMs;
    let cpuMs = 0;
    let waitMs = 0;
    for (const thread of threads) {
      const used = thread.used(beginMs, endMs);
      cpuMs += used.cpuMs;
      waitMs += used.waitMs;
    }
    const demand = (cpuMs + waitMs) / lengthMs;
    const parallelism = cpuMs / lengthMs;
    const takenByOthers = Math.max(0, Math.min(demand, cores) - parallelism);
    return { beginMs, endMs, demand, parallelism, takenByOthers };
  });
}

/** Threads that run the program's own code, in contrast to those of the platform. */
export function runsProgram({ kind }: KernelThread): boolean {
  return kind !== "engine" && kind !== "io" && kind !== "observer";
}
