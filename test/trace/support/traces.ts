/** Traces made by hand: a few words per record. */
import type {
  KernelFacts,
  KernelSample,
  KernelThread,
  KernelThreadKind,
  ProbeRecord,
  ProcessUsage,
  RecordGap,
  ThreadState,
  ThreadTrace,
  Trace,
} from "skein/trace";
import { ProbeKind, ProbeOutcome, ProbeResource } from "#skein/core/probe";

/** When all traces made here begin. */
export const START_MS = 1_700_000_000_000;

export const NO_USAGE: ProcessUsage = { cpuMs: undefined, coreWaitMs: undefined, cores: undefined };

/** An identity made on a thread. */
export function idOn(thread: number, number: number): number {
  return thread * 2 ** 40 + number;
}

/** Writes the records of one thread; times are milliseconds since the beginning. */
export class ThreadScript {
  readonly texts: string[] = [];
  readonly records: ProbeRecord[] = [];
  readonly gaps: RecordGap[] = [];
  readonly index: number;

  constructor(index = 0) {
    this.index = index;
  }

  add(atMs: number, kind: keyof typeof ProbeKind, subject: number, other = 0, value = 0): this {
    this.records.push({ timeMs: START_MS + atMs, kind: ProbeKind[kind], subject, other, value });
    return this;
  }

  text(text: string): number {
    const known = this.texts.indexOf(text);
    return known === -1 ? this.texts.push(text) - 1 : known;
  }

  spawn(atMs: number, job: number, name: string, scope = 0): this {
    return this.add(atMs, "jobSpawn", job, scope, this.text(name));
  }

  queue(atMs: number, job: number): this {
    return this.add(atMs, "jobQueue", job);
  }

  start(atMs: number, subject: number): this {
    return this.add(atMs, "jobStart", subject);
  }

  resume(atMs: number, subject: number): this {
    return this.add(atMs, "jobResume", subject);
  }

  suspend(atMs: number, subject: number): this {
    return this.add(atMs, "jobSuspend", subject);
  }

  stop(atMs: number, subject: number): this {
    return this.add(atMs, "jobStop", subject);
  }

  end(atMs: number, job: number, outcome: keyof typeof ProbeOutcome = "done"): this {
    return this.add(atMs, "jobEnd", job, 0, ProbeOutcome[outcome]);
  }

  open(atMs: number, scope: number, name: string, parent = 0): this {
    return this.add(atMs, "scopeOpen", scope, parent, this.text(name));
  }

  close(atMs: number, scope: number, outcome: keyof typeof ProbeOutcome = "done"): this {
    return this.add(atMs, "scopeEnd", scope, 0, ProbeOutcome[outcome]);
  }

  wait(atMs: number, wait: number, name: string, scope = 0): this {
    return this.add(atMs, "waitBegin", wait, scope, this.text(name));
  }

  wake(atMs: number, wait: number, outcome: keyof typeof ProbeOutcome = "done"): this {
    return this.add(atMs, "waitEnd", wait, 0, ProbeOutcome[outcome]);
  }

  cancel(atMs: number, scope: number): this {
    return this.add(atMs, "cancel", scope);
  }

  make(atMs: number, resource: number, kind: keyof typeof ProbeResource, name: string): this {
    return this.add(atMs, "resourceMade", resource, ProbeResource[kind], this.text(name));
  }

  acquire(atMs: number, resource: number, holder = 0): this {
    return this.add(atMs, "acquired", resource, holder);
  }

  release(atMs: number, resource: number, holder = 0): this {
    return this.add(atMs, "released", resource, holder);
  }

  /** What was just acquired is held until a scope has ended. */
  block(atMs: number, resource: number, scope: number): this {
    return this.add(atMs, "heldInBlock", resource, scope);
  }

  /** Where a wait began, as a line of a stack. */
  at(atMs: number, wait: number, line: string): this {
    return this.add(atMs, "waitAt", wait, 0, this.text(line));
  }

  /** A wait for a lock, channel or job. */
  waitFor(atMs: number, wait: number, target: number, name: string, scope = 0): this {
    return this.wait(atMs, wait, name, scope).add(atMs, "waitOn", wait, target);
  }

  level(atMs: number, channel: number, value: number): this {
    return this.add(atMs, "channelLevel", channel, 0, value);
  }

  /** Here so many records are missing. */
  drop(dropped: number): this {
    this.gaps.push({ at: this.records.length, dropped });
    return this;
  }

  toThread(durationMs: number, name = this.index === 0 ? "main" : `worker-${this.index}`): ThreadTrace {
    return {
      index: this.index,
      name,
      fromMs: START_MS,
      toMs: START_MS + durationMs,
      hasEnded: false,
      texts: this.texts,
      records: this.records,
      gaps: this.gaps,
    };
  }
}

export function traceOf(
  durationMs: number,
  threads: readonly ThreadScript[],
  usage: Partial<ProcessUsage> = {},
): Trace {
  return {
    startedMs: START_MS,
    stoppedMs: START_MS + durationMs,
    threads: threads.map((thread) => thread.toThread(durationMs)),
    usage: { ...NO_USAGE, ...usage },
    kernel: undefined,
    stalls: [],
    profiles: [],
    capabilities: [],
  };
}

/** A thread of the system, read every 20 ms: its counts grow as it is told what it does. */
export class ThreadReadings {
  readonly #samples: KernelSample[] = [];
  #cpuMs = 5;
  #waitMs = 1;
  #atMs = 0;
  readonly tid: number;
  readonly index: number | undefined;
  readonly kind: KernelThreadKind;

  constructor(tid: number, kind: KernelThreadKind, index?: number) {
    this.tid = tid;
    this.kind = kind;
    this.index = index;
    this.#read("io", 0);
  }

  #read(state: ThreadState, core: number): void {
    this.#samples.push({
      atMs: START_MS + this.#atMs,
      cpuMs: this.#cpuMs,
      coreWaitMs: this.#waitMs,
      state,
      core,
      voluntarySwitches: undefined,
      involuntarySwitches: undefined,
    });
  }

  /** For so long, on a core for a share of it, ready for another; asleep for the rest. */
  spend(
    forMs: number,
    runs: number,
    ready = 0,
    state: ThreadState = runs + ready > 0 ? "running" : "io",
    core = 0,
  ): this {
    const last = this.#samples.pop();
    // What a reading says holds until the next.
    if (last !== undefined) this.#samples.push({ ...last, state, core });
    for (const untilMs = this.#atMs + forMs; this.#atMs < untilMs;) {
      const stepMs = Math.min(20, untilMs - this.#atMs);
      this.#atMs += stepMs;
      this.#cpuMs += stepMs * runs;
      this.#waitMs += stepMs * ready;
      this.#read(state, core);
    }
    return this;
  }

  toThread(): KernelThread {
    return { tid: this.tid, index: this.index, name: `thread-${this.tid}`, kind: this.kind, samples: this.#samples };
  }
}

export function readings(...threads: readonly ThreadReadings[]): KernelFacts {
  return { sampleEveryMs: 20, threads: threads.map((thread) => thread.toThread()), coreRuns: undefined };
}
