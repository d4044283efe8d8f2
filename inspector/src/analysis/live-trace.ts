/**
 * A recording under way, put together from its parts as they come. Of a long one the
 * last minute is kept, as far as it is not too large to be analysed again and again.
 */
import type { KernelFacts, ProcessUsage, ThreadTrace, Trace } from "skein/trace";

import { decodeTrace, endIn, isHeadOfFile, type RecordingEnd } from "./trace.js";

/** What a chart shows, and a bit more, so that its beginning is whole. */
const KEPT_MS = 75_000;
/** Some 300,000 records, which are analysed in about a second. */
const KEPT_BYTES = 4 * 2 ** 20;

export class LiveTrace {
  /** What a file begins with, and its first segment, of which a later one takes the place. */
  #head: Uint8Array[] = [];
  readonly #segments: { readonly bytes: Uint8Array; readonly cameMs: number }[] = [];
  #bytes = 0;
  #hasGivenUp = false;
  /** What the process had used by then: the last such thing that was given up. */
  #usedBefore: RecordingEnd | undefined = undefined;
  readonly #keptBytes: number;
  readonly #keptMs: number;

  constructor(keptBytes: number = KEPT_BYTES, keptMs: number = KEPT_MS) {
    this.#keptBytes = keptBytes;
    this.#keptMs = keptMs;
  }

  /** @param nowMs - of any clock that goes on */
  add(part: Uint8Array, nowMs: number): void {
    if (isHeadOfFile(part)) {
      this.#head = [this.#head[0] ?? part, part].slice(0, this.#head.length + 1);
      return;
    }
    this.#segments.push({ bytes: part, cameMs: nowMs });
    this.#bytes += part.length;
    while (this.#segments.length > 1 && this.#mustGo(nowMs)) {
      const { bytes } = this.#segments.shift() as { readonly bytes: Uint8Array };
      this.#bytes -= bytes.length;
      this.#hasGivenUp = true;
      this.#usedBefore = endIn(bytes) ?? this.#usedBefore;
    }
  }

  #mustGo(nowMs: number): boolean {
    return this.#bytes > this.#keptBytes || (this.#segments[0]?.cameMs ?? nowMs) < nowMs - this.#keptMs;
  }

  /** As it is now; `undefined` before anything was recorded. */
  trace(): Trace | undefined {
    if (this.#head.length < 2) return undefined;
    const parts = [...this.#head, ...this.#segments.map(({ bytes }) => bytes)];
    const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    const trace = decodeTrace(bytes);
    return this.#hasGivenUp ? fromFirstRecord(trace, this.#usedBefore) : trace;
  }
}

/** The same trace, as if it had begun with the first that is still known of it. */
function fromFirstRecord(trace: Trace, before: RecordingEnd | undefined): Trace {
  const firsts = trace.threads.flatMap(({ records }) => records[0]?.timeMs ?? []);
  const samples = trace.kernel?.threads.flatMap((thread) => thread.samples[0]?.atMs ?? []) ?? [];
  const firstMs = Math.min(trace.stoppedMs, ...firsts, ...samples);
  // What was used is known as of then.
  const startedMs = Math.max(firstMs, Math.min(before?.stoppedMs ?? 0, trace.stoppedMs));
  if (startedMs <= trace.startedMs) return trace;
  return {
    ...trace,
    startedMs,
    usage: usedSince(trace.usage, before?.usage),
    threads: trace.threads.map((thread): ThreadTrace => ({ ...thread, fromMs: Math.max(thread.fromMs, startedMs) })),
    kernel: trace.kernel === undefined ? undefined : since(trace.kernel, startedMs),
    stalls: trace.stalls.filter(({ endMs }) => endMs > startedMs),
  };
}

function usedSince(now: ProcessUsage, before: ProcessUsage | undefined): ProcessUsage {
  const differ = (a: number | undefined, b: number | undefined): number | undefined =>
    a === undefined || b === undefined ? undefined : a - b;
  return {
    cpuMs: differ(now.cpuMs, before?.cpuMs),
    coreWaitMs: differ(now.coreWaitMs, before?.coreWaitMs),
    cores: now.cores,
  };
}

function since({ coreRuns, ...kernel }: KernelFacts, startedMs: number): KernelFacts {
  return { ...kernel, coreRuns: coreRuns?.filter(({ endMs }) => endMs > startedMs) };
}
