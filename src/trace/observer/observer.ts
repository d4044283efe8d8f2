/**
 * Observing a program from a thread of its own: recordings that lose nothing while the
 * program's threads are blocked, a flight recorder of the last minute, stalls with their
 * stacks, and what the kernel knows of each thread.
 *
 * States: observing at one of the levels -> stopped. Levels change what threads report,
 * not who collects it.
 */
import { load, store, type SharedCells, wait } from "#atomics";
import { holdProcess } from "#clock";

import { MisuseError } from "../../core/errors.js";
import { makeRingMemory, probe, setNotes } from "../../core/probe.js";
import { makePulseMemory } from "../../core/pulse.js";
import { onThread, runningThreads, type ThreadRecord, workerMarker } from "../../core/thread.js";
import type { Capability, Gauge } from "../kernel-facts.js";
import { decodeTrace } from "../trace-file.js";
import type { Trace } from "../trace.js";
import { type ForeignPlaces, makeForeignPlaces } from "./foreign-threads.js";
import { type ObserverWorker, startObserverWorker } from "./host-worker.js";
import type { Answer, Asked, FromObserver, ToObserver, Wrote } from "./messages.js";
import { LEVELS, type ObserverLevel } from "./observer-level.js";
import { type ObserverOptions, requireLevel, requireOptions } from "./options.js";
import { watchTriggers } from "./triggers.js";

/**
 * An observation under way.
 *
 * @since 0.1.0
 */
export interface Observer {
  readonly level: ObserverLevel;
  /** Which sources of facts there are; known a second after the start, for which no process waits. */
  readonly capabilities: Promise<readonly Capability[]>;
  setLevel(level: ObserverLevel): void;
  /** What is kept now, as a trace. Blocks this thread for it, some milliseconds. */
  trace(): Trace;
  /** The same, as the bytes of a `.skein` file. */
  file(): Uint8Array;
  /** Has the observer write what is kept into a file. */
  snapshot(path: string): Promise<void>;
  /** Sends what is kept and then each segment that is recorded into a `MessagePort`; "ended" is the last message. */
  feed(port: object): void;
  /** Ends it, and gives what is kept. Called again, it gives the same. */
  stop(): Trace;
  /** The same, as the bytes of a `.skein` file. */
  stopToFile(): Uint8Array;
}

const DEFAULT_KEPT_BYTES = 64 * 2 ** 20;
const DEFAULT_RING_CAPACITY = 65_536;
const DEFAULT_COLLECT_EVERY_MS = 50;
const DEFAULT_STALL_MS = 100;
/** On a thread of a pool jobs may compute: that is what it is there for. */
const POOL_STALLS = 10;
/** An observer that gives no answer for so long is not there any more. */
const MOST_ANSWER_MS = 10_000;

let underWay: ThreadObserver | undefined;

class ThreadObserver implements Observer {
  level: ObserverLevel = "off";
  readonly capabilities: Promise<readonly Capability[]>;
  readonly #worker: ObserverWorker;
  readonly #options: Required<Pick<ObserverOptions, "ringCapacity" | "stallMs">> & ObserverOptions;
  readonly #answered: SharedCells = new Int32Array(new SharedArrayBuffer(4));
  readonly #threads = new Map<ThreadRecord, () => void>();
  /** Of the threads that report; those of threads that have ended are let go with the others. */
  readonly #rings = new Set<SharedArrayBuffer>();
  readonly #writing = new Map<number, { readonly resolve: () => void; readonly reject: (error: Error) => void }>();
  readonly #stopListening: () => void;
  readonly #stopTriggers: () => void;
  /** Of snapshots that were told of, how many. */
  #wrote = 0;
  #tellCapabilities: (known: readonly Capability[]) => void = () => undefined;
  #lastNumber = 0;
  #hasEnded: string | undefined = undefined;
  #file: Uint8Array | undefined = undefined;
  #trace: Trace | undefined = undefined;

  constructor(options: ObserverOptions) {
    this.#options = {
      ...options,
      ringCapacity: 2 ** Math.ceil(Math.log2(options.ringCapacity ?? DEFAULT_RING_CAPACITY)),
      stallMs: options.stallMs ?? DEFAULT_STALL_MS,
    };
    this.capabilities = new Promise((resolve) => (this.#tellCapabilities = resolve));
    this.#stopTriggers = this.#watchTriggers();
    const worker = startObserverWorker(
      import.meta.resolve("#observer"),
      {
        startedMs: epochMs(),
        collectEveryMs: options.collectEveryMs ?? DEFAULT_COLLECT_EVERY_MS,
        keptMs: options.keptMs ?? Infinity,
        keptBytes: options.keptBytes ?? DEFAULT_KEPT_BYTES,
        answered: this.#answered.buffer,
        snapshotFolder: options.snapshotFolder,
      },
      (message) => this.#received(message as FromObserver),
      (why) => this.#ended(why),
    );
    if (typeof worker === "string") {
      this.#stopTriggers();
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `a program can't be observed here, as ${worker}: use startRecording(), which needs no thread`,
      );
    }
    this.#worker = worker;
    for (const thread of runningThreads()) this.#add(thread);
    this.#stopListening = onThread((thread) => this.#add(thread));
    this.setLevel(options.level ?? "normal");
  }

  #post(message: ToObserver, transfer?: readonly unknown[]): void {
    this.#worker.post(message, transfer);
  }

  #received(message: FromObserver): void {
    if (message.kind === "capabilities") {
      this.#tellCapabilities(message.capabilities);
      return;
    }
    this.#told(message);
  }

  #told({ place, number, path, problem }: Wrote): void {
    if (place <= this.#wrote) return;
    this.#wrote = place;
    const writing = this.#writing.get(number);
    this.#writing.delete(number);
    if (writing === undefined) this.#options.onSnapshot?.(path, problem);
    else if (problem === undefined) writing.resolve();
    else writing.reject(new Error(`the snapshot could not be written to ${path}: ${problem}`));
  }

  #ended(why: string): void {
    this.#hasEnded ??= why;
    for (const { reject } of this.#writing.values()) reject(this.#isGone());
    this.#writing.clear();
  }

  #add(thread: ThreadRecord): void {
    const { index, name } = thread;
    const kind = index === 0 ? "loop" : "pool";
    this.#post({ kind: "thread", thread: { index, name, kind }, atMs: epochMs() });
    this.#threads.set(thread, () => this.#post({ kind: "ended", index, atMs: epochMs() }));
    if (this.#reports("light")) this.#attachPulse(thread, true);
    if (this.#reports("normal")) this.#attachRing(thread, true);
  }

  #reports(level: ObserverLevel): boolean {
    return LEVELS.indexOf(this.level) >= LEVELS.indexOf(level);
  }

  adopt(places: ForeignPlaces): void {
    this.#post({ kind: "foreign", places });
  }

  noteGauges(gauges: readonly Gauge[]): void {
    if (this.#file === undefined) this.#post({ kind: "gauges", gauges });
  }

  setLevel(level: ObserverLevel): void {
    requireLevel(level);
    if (this.#file !== undefined) return;
    const before = { pulse: this.#reports("light"), ring: this.#reports("normal"), lanes: this.#reports("deep") };
    this.level = level;
    const after = { pulse: this.#reports("light"), ring: this.#reports("normal"), lanes: this.#reports("deep") };
    for (const thread of runningThreads()) {
      if (before.pulse !== after.pulse) this.#attachPulse(thread, after.pulse);
      if (before.ring !== after.ring) this.#attachRing(thread, after.ring);
    }
    if (before.lanes !== after.lanes) for (const ring of this.#rings) setNotes(ring, after.lanes ? "all" : "none");
    // Threads of pools note it when their next job starts.
    probe.ring?.noteDeep();
    if (before.lanes !== after.lanes) this.#post({ kind: "coreLanes", isOn: after.lanes });
  }

  #attachPulse(thread: ThreadRecord, isOn: boolean): void {
    const { stallMs } = this.#options;
    const limitMs = thread.index === 0 ? stallMs : POOL_STALLS * stallMs;
    const pulse = isOn ? makePulseMemory({ limitMs }) : undefined;
    thread.attachPulse(pulse);
    this.#post({ kind: "pulse", index: thread.index, pulse });
  }

  #attachRing(thread: ThreadRecord, isOn: boolean): void {
    const ring = isOn ? makeRingMemory(this.#options.ringCapacity) : undefined;
    if (!isOn) this.#rings.clear();
    if (ring !== undefined) {
      this.#rings.add(ring);
      setNotes(ring, this.#reports("deep") ? "all" : "none");
    }
    // The observer first, which then sees the ring from its first record on.
    this.#post({ kind: "ring", index: thread.index, ring });
    thread.attachRing(ring, () => this.#post({ kind: "collect" }));
  }

  #watchTriggers(): () => void {
    const { snapshotFolder, snapshotSignal } = this.#options;
    const write = (path: string): void => this.#write(path, this.#number());
    const settle = (): void => {
      try {
        this.#ask("nothing");
      } catch {
        // An observer that is gone changes nothing in how the program ends.
      }
    };
    return watchTriggers(
      { folder: snapshotFolder, signal: snapshotSignal },
      {
        write,
        settle,
        writeNow: (path) => {
          write(path);
          // The observer answers in order.
          settle();
        },
      },
    );
  }

  #write(path: string, number: number): void {
    probe.ring?.takeProfile();
    this.#post({ kind: "write", path, number });
  }

  #number(): number {
    this.#lastNumber++;
    return this.#lastNumber;
  }

  trace(): Trace {
    return this.#trace ?? decodeTrace(this.file());
  }

  file(): Uint8Array {
    return this.#file ?? (this.#ask("file") as Uint8Array);
  }

  /** Asks for the file, or for an answer only, and blocks until it is there. */
  #ask(what: Asked): Uint8Array | undefined {
    this.#tellEnded();
    // What this thread has sampled until now: the others tell when their steps end.
    if (what !== "nothing") probe.ring?.takeProfile();
    const number = this.#number();
    this.#post({ kind: "give", what, number });
    const giveUpMs = epochMs() + MOST_ANSWER_MS;
    // No wake-up is lost: the observer posts the answer, stores the number and notifies;
    // whoever has read another number before waits for that to change.
    for (let seen = load(this.#answered, 0); seen !== number; seen = load(this.#answered, 0)) {
      const leftMs = giveUpMs - epochMs();
      if (leftMs <= 0 || this.#hasEnded !== undefined) throw this.#isGone();
      wait(this.#answered, 0, seen, leftMs);
    }
    for (let answer = this.#worker.receiveNow(); answer !== undefined; answer = this.#worker.receiveNow()) {
      const { file, number: answers, wrote } = answer as Answer;
      for (const one of wrote) this.#told(one);
      if (answers === number) return file;
    }
    throw this.#isGone();
  }

  #isGone(): Error {
    return new Error(
      `the thread that observes the program does not answer${this.#hasEnded === undefined ? "" : `: ${this.#hasEnded}`}`,
    );
  }

  /** Of threads that have ended since, the observer is told now. */
  #tellEnded(): void {
    for (const [thread, tell] of this.#threads) {
      if (runningThreads().has(thread)) continue;
      this.#threads.delete(thread);
      tell();
    }
  }

  async snapshot(path: string): Promise<void> {
    this.#tellEnded();
    const number = this.#number();
    const release = holdProcess();
    try {
      await new Promise<void>((resolve, reject) => {
        this.#writing.set(number, { resolve, reject });
        this.#write(path, number);
      });
    } finally {
      release();
    }
  }

  feed(port: object): void {
    this.#post({ kind: "feed", port }, [port]);
  }

  stop(): Trace {
    this.#trace ??= decodeTrace(this.stopToFile());
    return this.#trace;
  }

  stopToFile(): Uint8Array {
    if (this.#file !== undefined) return this.#file;
    this.#stopListening();
    this.#stopTriggers();
    this.#file = this.#ask("end") as Uint8Array;
    for (const thread of runningThreads()) {
      thread.attachRing(undefined);
      thread.attachPulse(undefined);
    }
    store(this.#answered, 0, 0);
    this.level = "off";
    underWay = undefined;
    return this.#file;
  }
}

/**
 * Observes the program from a thread of its own until it is stopped.
 *
 * Where a recording of a part of a program is wanted, `record` is shorter. This is for
 * whole programs and for servers: it loses nothing while the event loop is blocked, and
 * says where it was blocked; with `keptMs` it keeps the last minute and no more.
 *
 * **Threads** Only the thread that started the program. One observation at a time, and
 * no recording beside it.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT`, also where threads can't be started.
 *
 * **Cost** A thread with some 10 MB, and 1 to 2 % of a core for its readings; each
 * record as in `startRecording` (bench `tracing`).
 *
 * @example
 * ```ts
 * const observer = observe({ keptMs: 60_000, snapshotFolder: "snapshots" });
 * await program();
 * const { stalls } = observer.stop();
 * report(stalls.map(({ stack }) => stack?.[0]?.name));
 * ```
 *
 * @since 0.1.0
 */
export function observe(options: ObserverOptions = {}): Observer {
  if (workerMarker !== undefined) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `observe() was called on thread "${workerMarker.name}", but only the thread that started the program can: it observes all of them`,
    );
  }
  requireOptions(options);
  if (underWay !== undefined) {
    throw new MisuseError("SKEIN_INVALID_ARGUMENT", "the program is observed already: stop that first");
  }
  underWay = new ThreadObserver(options);
  return underWay;
}

/**
 * Has the observation under way follow threads that are none of ours.
 *
 * @returns the memory by which they tell that they are there; see `enterForeignThread`
 */
export function observeForeignThreads(): ForeignPlaces | undefined {
  if (underWay === undefined) return undefined;
  const places = makeForeignPlaces(POOL_STALLS * DEFAULT_STALL_MS);
  underWay.adopt(places);
  return places;
}

/** Adds figures to the observation under way, if there is one. */
export function noteGauges(gauges: readonly Gauge[]): void {
  underWay?.noteGauges(gauges);
}

// The clock of the records.
function epochMs(): number {
  return performance.timeOrigin + performance.now();
}
