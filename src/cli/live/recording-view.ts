/**
 * A program that tells of itself: its recording, as it comes part by part. Rates are
 * counted as records come; what stands out is looked for in the last seconds of it.
 */
import { availableParallelism } from "node:os";

import { nowMs } from "#clock";

import { TraceFileError } from "../../core/errors.js";
import { buildTimeline, decodeTrace, findFindings, type KernelSample, type KernelThread } from "../../trace/index.js";
import { isHeadOfFile, readTraceFile, type TraceFile } from "../../trace/trace-file.js";
import type { LiveView } from "./display.js";
import { type JobRates, JobCounts } from "./job-counts.js";
import { coresUsed, threadRow } from "./kernel-rows.js";
import { recordingSources } from "./recording-sources.js";
import type { LiveFinding, LiveState, LiveThread, LiveWork } from "./state.js";

/** Of the recording, for findings. */
const KEPT_MS = 15_000;
const KEPT_BYTES = 4 * 2 ** 20;
/** Findings are looked for as often as that takes no more than this share of the time. */
const FINDINGS_SHARE = 0.1;
/** A thread of which nothing was read for so long has ended. */
const GONE_AFTER_MS = 3000;
/** Readings of a thread that are kept for its rates. */
const READINGS_MS = 3000;

interface KeptPart {
  readonly bytes: Uint8Array;
  readonly atMs: number;
}

/** One thread, as the latest parts have it. */
interface KnownThread {
  thread: KernelThread;
  samples: KernelSample[];
  /** The last reading that a table was made of. */
  shownMs: number;
}

export interface Looked {
  readonly pid: number;
  readonly title: string;
  /** The kernel's number of the thread by which we look, which is none of the program's. */
  readonly server?: number | undefined;
}

export class RecordingView implements LiveView {
  readonly sampleEveryMs: number = 200;
  readonly #looked: Looked;
  readonly #ended: () => string | undefined;
  readonly #stop: () => void;
  readonly #beganMs = nowMs();
  #head: Uint8Array[] = [];
  #arrived: Uint8Array[] = [];
  readonly #kept: KeptPart[] = [];
  #keptBytes = 0;
  readonly #counts = new JobCounts();
  readonly #threads = new Map<number, KnownThread>();
  /** By thread, then by name. */
  readonly #gauges = new Map<number, Map<string, number>>();
  #lastMs = this.#beganMs;
  #findings: readonly LiveFinding[] = [];
  #nextFindingsMs = 0;
  /** Why the recording can't be read, as that of another version. */
  #problem: LiveFinding | undefined = undefined;

  /**
   * @param ended - how the program has ended, if it has; see `LiveView`
   * @param stop - called when nobody looks any more
   */
  constructor(looked: Looked, ended: () => string | undefined, stop: () => void = () => undefined) {
    this.#looked = looked;
    this.#ended = ended;
    this.#stop = stop;
  }

  /** Takes a part of the recording, in their order. */
  push(part: Uint8Array): void {
    if (isHeadOfFile(part)) {
      this.#head = this.#head.length === 0 ? [part] : [this.#head[0] as Uint8Array, part];
      return;
    }
    this.#arrived.push(part);
    this.#kept.push({ bytes: part, atMs: nowMs() });
    this.#keptBytes += part.byteLength;
    let tooMany = 0;
    while (tooMany < this.#kept.length - 1 && this.#keptBytes > KEPT_BYTES) {
      this.#keptBytes -= (this.#kept[tooMany++] as KeptPart).bytes.byteLength;
    }
    this.#kept.splice(0, tooMany);
  }

  /** Parts were left out, as we were too slow. */
  leaveOut(count: number): void {
    this.#counts.lose(count);
  }

  get ended(): string | undefined {
    return this.#ended();
  }

  sample(): void {
    // The program's own observer reads; what it has read arrives by itself.
  }

  close(): void {
    this.#stop();
  }

  state(): LiveState {
    const atMs = nowMs();
    this.#read();
    const rates = this.#counts.round(atMs - this.#lastMs);
    this.#lastMs = atMs;
    const rows = this.#rows();
    if (atMs >= this.#nextFindingsMs && this.#problem === undefined) this.#find(atMs);
    const { pid, title } = this.#looked;
    return {
      pid,
      title,
      atMs,
      elapsedMs: atMs - this.#beganMs,
      totals: totalsOf(rows, rates),
      threads: rows,
      tasks: rates.tasks,
      work: this.#work(),
      findings: this.#problem === undefined ? this.#findings : [this.#problem, ...this.#findings],
      sources: recordingSources(rows, rates),
      ended: this.#ended(),
    };
  }

  /** Reads what has arrived. */
  #read(): void {
    if (this.#head.length < 2 || this.#arrived.length === 0) return;
    const bytes = Buffer.concat([...this.#head, ...this.#arrived]);
    this.#arrived = [];
    let file: TraceFile;
    try {
      file = readTraceFile(bytes);
    } catch (error) {
      this.#problem = describeProblem(error);
      return;
    }
    for (const part of file.parts) this.#counts.add(part);
    this.#readThreads(file);
    for (const { thread, name, value } of file.gauges) {
      let known = this.#gauges.get(thread);
      if (known === undefined) this.#gauges.set(thread, (known = new Map<string, number>()));
      known.set(name, value);
    }
  }

  #readThreads(file: TraceFile): void {
    for (const thread of file.kernelThreads) {
      const known = this.#threads.get(thread.tid);
      const lastMs = known?.samples.at(-1)?.atMs ?? -Infinity;
      const fresh = thread.samples.filter(({ atMs }) => atMs > lastMs);
      const samples = [...(known?.samples ?? []), ...fresh];
      const fromMs = (samples.at(-1)?.atMs ?? 0) - READINGS_MS;
      // One before those stays, so that the whole time is spanned.
      const first = Math.max(0, samples.findIndex(({ atMs }) => atMs >= fromMs) - 1);
      this.#threads.set(thread.tid, {
        thread,
        samples: samples.slice(first),
        shownMs: known?.shownMs ?? -Infinity,
      });
    }
    const latestMs = Math.max(...[...this.#threads.values()].map(({ samples }) => samples.at(-1)?.atMs ?? 0));
    for (const [tid, { samples }] of this.#threads) {
      if ((samples.at(-1)?.atMs ?? 0) < latestMs - GONE_AFTER_MS) this.#threads.delete(tid);
    }
  }

  #rows(): LiveThread[] {
    return [...this.#threads.values()].map((known) => {
      const { thread, samples } = known;
      const toMs = samples.at(-1)?.atMs ?? 0;
      // Since the last table, but of half a second at least, as readings come in portions of that.
      const lengthMs = Math.min(READINGS_MS, Math.max(500, toMs - known.shownMs));
      known.shownMs = toMs;
      const loopDelayMs = thread.index === undefined ? undefined : this.#gauges.get(thread.index)?.get("loop-delay");
      const isServer = thread.tid === this.#looked.server;
      const shown: KernelThread = isServer ? { ...thread, name: "skein inspector", kind: "observer" } : thread;
      return threadRow({ ...shown, samples }, { toMs, lengthMs }, { loopDelayMs });
    });
  }

  #work(): readonly LiveWork[] | undefined {
    const counts = new Map<string, number>();
    for (const gauges of this.#gauges.values()) {
      for (const [name, value] of gauges) {
        const kind = /^work:(.+)$/.exec(name)?.[1];
        if (kind !== undefined && value > 0) counts.set(kind, (counts.get(kind) ?? 0) + value);
      }
    }
    if (counts.size === 0) return undefined;
    return [...counts].map(([name, count]) => ({ name, count })).toSorted((a, b) => b.count - a.count);
  }

  #find(atMs: number): void {
    const oldest = this.#kept.findIndex((part) => part.atMs >= atMs - KEPT_MS);
    for (const { bytes } of this.#kept.splice(0, Math.max(0, oldest))) this.#keptBytes -= bytes.byteLength;
    if (this.#head.length < 2 || this.#kept.length === 0) return;
    const trace = decodeTrace(Buffer.concat([...this.#head, ...this.#kept.map(({ bytes }) => bytes)]));
    const found = findFindings(trace, buildTimeline(trace));
    this.#findings = found.map(({ severity, text }) => ({ severity, text }));
    const tookMs = nowMs() - atMs;
    this.#nextFindingsMs = atMs + tookMs / FINDINGS_SHARE;
  }
}

function describeProblem(error: unknown): LiveFinding {
  // Whatever else went wrong is our mistake.
  if (!(error instanceof TraceFileError)) throw error;
  const { message } = error;
  return {
    severity: "problem",
    text: {
      en: `What the program tells can't be read: ${message}`,
      ru: `То, что рассказывает программа, нельзя прочитать: ${message}`,
    },
  };
}

function totalsOf(rows: readonly LiveThread[], rates: JobRates): LiveState["totals"] {
  const { inFlight, queued, stealRate, wakeRate } = rates;
  return { ...coresUsed(rows), cores: availableParallelism(), inFlight, queued, stealRate, wakeRate };
}
