/**
 * The hook through which every room reports what happens in it.
 *
 * Nobody listens by default: a report is then one load and one comparison,
 *
 *     probe.ring?.write(ProbeKind.jobStart, job.id);
 *
 * A recording (`trace`) puts a ring here, one per thread, and reads it.
 */
import { add, load, store, type SharedCells } from "#atomics";

import { GC_KINDS, type GcPause, watchGc } from "./gc-pauses.js";
import { startPulse, stopPulse } from "./pulse.js";
import { announceThread, nextIdentity, threadIndex, workerMarker } from "./thread.js";

/** What a record says; `subject`, `other` and `value` are as listed. */
export const ProbeKind = {
  /** A job exists: subject job, other its scope, value the text index of its name. */
  jobSpawn: 1,
  /** A job was handed to an executor: subject job. */
  jobQueue: 2,
  /** A job's code starts to run on this thread: subject job; the body's of a scope: subject scope. */
  jobStart: 3,
  /** A step gave the thread back without the code being done: subject as in `jobStart`. */
  jobSuspend: 4,
  /** A job's code ended on this thread: subject job. */
  jobStop: 5,
  /** A job settled: subject job, value one of `ProbeOutcome`. */
  jobEnd: 6,
  /** A scope opened: subject scope, other its parent or 0, value the text index of its name. */
  scopeOpen: 7,
  /** A scope ended: subject scope, value one of `ProbeOutcome`. */
  scopeEnd: 8,
  /** A scope was cancelled: subject scope. */
  cancel: 9,
  /** A wait began: subject its number, other the waiting scope or 0, value the text index of what for. */
  waitBegin: 10,
  /** A wait ended: subject its number, value one of `ProbeOutcome`. */
  waitEnd: 11,
  /** The code of a job, or of a scope's body, goes on after a wait on this thread: subject as in `jobStart`. */
  jobResume: 12,
  /** This thread has nothing to do and sleeps: subject its index. */
  threadPark: 20,
  /** It is awake again: subject its index. */
  threadUnpark: 21,
  /** This thread took a job from another's line: subject job or 0, other the index of that thread. */
  steal: 22,
  /** How many jobs wait in a pool's queue now: subject pool, value how many. */
  poolQueue: 23,
  /** A pool has a thread more: subject pool, other the thread's index, value the text index of the pool's name. */
  poolGrow: 24,
  /** A pool has a thread less: subject pool, other the thread's index. */
  poolShrink: 25,
  /**
   * An executor that decides has a task's calls run elsewhere from now on: subject the executor, other 0 for
   * here and 1 for threads, value the text index of the task and why.
   */
  placed: 26,
  /** A lock or channel exists: subject resource, other one of `ProbeResource`, value the text index of its name. */
  resourceMade: 30,
  /** It is held: subject resource, other the scope or job that holds it, or 0. */
  acquired: 31,
  /** It is held no more: subject resource, other as in `acquired`. */
  released: 32,
  /** A channel is filled differently: subject channel, value how many items are in it. */
  channelLevel: 33,
  /** What a wait is for: subject the wait's number, other the resource, or the job that is joined. */
  waitOn: 34,
  /**
   * The garbage collector held this thread up: subject what it collected, as a place in `GC_KINDS`, other for
   * how many milliseconds, value how many microseconds before this record that began.
   */
  gcPause: 40,
  /** Something worth a look, as a deadlock that was found: value the text index of what. */
  mark: 50,
} as const;

/** Kinds of resources. */
export const ProbeResource = {
  mutex: 1,
  semaphore: 2,
  rwLock: 3,
  condition: 4,
  barrier: 5,
  latch: 6,
  once: 7,
  event: 8,
  channel: 9,
} as const;

export const ProbeOutcome = { done: 0, failed: 1, cancelled: 2, abandoned: 3 } as const;

export type ProbeKindValue = (typeof ProbeKind)[keyof typeof ProbeKind];
export type ProbeOutcomeValue = (typeof ProbeOutcome)[keyof typeof ProbeOutcome];

// Layout of a ring: a header of 64 bytes, then records of 32 bytes each, then the texts
// that records refer to by their number, one behind the other: two bytes of length and
// as many of UTF-8. Texts are not overwritten: a text that finds no room is number 0.
//
// Header, as Int32 indexes:
/** Records written since the ring was made; the owner thread alone writes it. Wraps. */
const HEAD = 0;
/** Records it has room for, a power of two. Written once, by who makes the memory. */
const CAPACITY = 1;
/** Bytes of texts written; the owner thread alone writes it. */
const TEXT_BYTES = 4;
/** 1 if the thread is to note what takes long to note; whoever records writes it, at any time. */
const DEEP = 5;
// Header, as Float64 indexes:
/** The thread's time origin, so that times of several threads compare. Written once, before use. */
const TIME_ORIGIN = 1;
const HEADER_BYTES = 64;
// Record: Float64 time, subject, other; then Int32 kind, value.
const RECORD_BYTES = 32;
const FLOATS_A_RECORD = RECORD_BYTES / 8;
const INTS_A_RECORD = RECORD_BYTES / 4;

/** A record, as the reader gives it. */
export interface ProbeRecord {
  /** Milliseconds since the epoch, comparable between threads. */
  readonly timeMs: number;
  readonly kind: ProbeKindValue;
  readonly subject: number;
  readonly other: number;
  readonly value: number;
}

/** What stands for a text that found no room. */
const NO_ROOM = "(a name that found no room)";
/** Of a longer text the rest is left out. */
const MOST_TEXT = 500;
/** Names of some ten thousand jobs; pages are given to the process when they are written. */
const DEFAULT_TEXT_BYTES = 524_288;
/** The length of a text, and three bytes for each of its characters at most. */
const roomFor = (text: string): number => 2 + 3 * text.length;

/** Makes the memory for a ring of `capacity` records, a power of two. */
export function makeRingMemory(capacity: number, textBytes: number = DEFAULT_TEXT_BYTES): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(HEADER_BYTES + capacity * RECORD_BYTES + textBytes);
  new Int32Array(memory, 0, HEADER_BYTES / 4)[CAPACITY] = capacity;
  return memory;
}

/** Has the thread of a ring note what takes long to note, such as where jobs are spawned, or no more. */
export function setDeep(memory: SharedArrayBuffer, isDeep: boolean): void {
  store(new Int32Array(memory, 0, HEADER_BYTES / 4), DEEP, isDeep ? 1 : 0);
}

const capacityOf = (memory: SharedArrayBuffer): number =>
  new Int32Array(memory, 0, HEADER_BYTES / 4)[CAPACITY] as number;

function textsOf(memory: SharedArrayBuffer): Uint8Array<SharedArrayBuffer> {
  return new Uint8Array(memory, HEADER_BYTES + capacityOf(memory) * RECORD_BYTES);
}

/** Microtasks after its resuming a step is taken to be over. A value passes some on its way to the code that waits. */
const MICROTASKS_A_STEP = 3;

/**
 * Writes this thread's records; a full ring overwrites its oldest.
 *
 * Invariants: only the owner thread writes, and record number `n` (counted from
 * 0) stands at slot `n mod capacity` from the moment HEAD exceeds `n` until HEAD
 * reaches `n + capacity`.
 *
 * It also knows whose code runs, as far as our own primitives see it. Code starts,
 * nested as calls are, and says when it gives the thread back. Code that goes on after
 * a wait does not say when it gives the thread back again: it has, when some other code
 * starts or goes on that is not inside it, and after a few microtasks.
 */
export class ProbeRing {
  readonly #cells: SharedCells;
  readonly #floats: Float64Array<SharedArrayBuffer>;
  readonly #mask: number;
  readonly #texts = new Map<string, number>([[NO_ROOM, 0]]);
  readonly #textBytes: Uint8Array<SharedArrayBuffer>;
  readonly #onHalfFull: (() => void) | undefined;
  readonly #halfMask: number;
  #head: number;
  /** The job or scope whose code runs now; 0 if none does, or it is not known. */
  running = 0;
  /** Those inside whose steps it runs, the innermost last. */
  readonly #around: number[] = [];
  /** Whether what runs outside of all others goes on after a wait. */
  #isResumed = false;
  /** Counts resumed steps. */
  #step = 0;

  constructor(memory: SharedArrayBuffer, onHalfFull?: () => void) {
    const end = HEADER_BYTES + capacityOf(memory) * RECORD_BYTES;
    this.#cells = new Int32Array(memory, 0, end / 4);
    this.#floats = new Float64Array(memory, 0, end / 8);
    this.#textBytes = textsOf(memory);
    this.#mask = capacityOf(memory) - 1;
    this.#floats[TIME_ORIGIN] = performance.timeOrigin;
    this.#head = load(this.#cells, HEAD);
    this.#onHalfFull = onHalfFull;
    this.#halfMask = Math.max(1, capacityOf(memory) / 2) - 1;
  }

  write(kind: ProbeKindValue, subject: number, other = 0, value = 0): void {
    // The platform's own clock, not `#clock`: a recording shows what really
    // happened, under a virtual clock too.
    this.writeAt(performance.now(), kind, subject, other, value);
  }

  /** As `write`, for who has read the platform's clock just now. */
  writeAt(timeMs: number, kind: ProbeKindValue, subject: number, other = 0, value = 0): void {
    const slot = this.#head & this.#mask;
    const float = HEADER_BYTES / 8 + slot * FLOATS_A_RECORD;
    const int = HEADER_BYTES / 4 + slot * INTS_A_RECORD;
    this.#floats[float] = timeMs;
    this.#floats[float + 1] = subject;
    this.#floats[float + 2] = other;
    this.#cells[int + 6] = kind;
    this.#cells[int + 7] = value;
    this.#head = (this.#head + 1) | 0;
    // Publishes the five plain writes above. A reader that sees this head reads
    // the record whole; one that sees the old head does not look at the slot.
    store(this.#cells, HEAD, this.#head);
    if ((this.#head & this.#halfMask) === 0) this.#onHalfFull?.();
  }

  /** Whether to note what takes long to note. */
  get isDeep(): boolean {
    return this.#cells[DEEP] === 1;
  }

  /** The number by which records refer to `text`. */
  text(text: string): number {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    const shown = text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text;
    const at = this.#cells[TEXT_BYTES] as number;
    if (at + roomFor(shown) > this.#textBytes.length) return 0;
    const { written } = encoder.encodeInto(shown, this.#textBytes.subarray(at + 2));
    this.#textBytes[at] = written & 255;
    this.#textBytes[at + 1] = written >> 8;
    const index = this.#texts.size;
    this.#texts.set(text, index);
    // Before the record that refers to it, so that who sees that sees the text.
    store(this.#cells, TEXT_BYTES, at + 2 + written);
    return index;
  }

  // Whose code runs

  /**
   * Code of `subject` starts.
   *
   * @param isInside - whether other code called it, or the event loop did
   */
  started(subject: number, isInside: boolean, timeMs: number = performance.now()): void {
    if (!isInside) {
      this.#around.length = 0;
      this.#endResumed(timeMs);
      this.running = 0;
    }
    this.writeAt(timeMs, ProbeKind.jobStart, subject);
    this.#around.push(this.running);
    this.running = subject;
  }

  /** Code that had started gives the thread back. */
  suspended(subject: number): void {
    this.write(ProbeKind.jobSuspend, subject);
    this.#leave(subject);
  }

  /** The code is done: in its first step, or later. */
  stopped(subject: number, timeMs: number = performance.now()): void {
    this.writeAt(timeMs, ProbeKind.jobStop, subject);
    if (this.#around.length > 0) this.#leave(subject);
    else if (this.running === subject) this.#nobodyRuns();
  }

  /**
   * A job is over, or the body of a scope is.
   *
   * @param ranHere - whether its code has stopped by that, on this thread
   * @param outcome - of a job
   */
  ended(subject: number, ranHere: boolean, outcome: ProbeOutcomeValue | undefined): void {
    const timeMs = performance.now();
    if (ranHere) this.stopped(subject, timeMs);
    if (outcome !== undefined) this.writeAt(timeMs, ProbeKind.jobEnd, subject, 0, outcome);
  }

  #leave(subject: number): void {
    // It may have started before the ring was there.
    if (this.running === subject && this.#around.length > 0) this.running = this.#around.pop() as number;
  }

  /**
   * Code goes on that was suspended. A `jobSuspend` of it, or a `jobStop`, follows before
   * anything else starts or goes on that is not inside it.
   */
  resumed(subject: number): void {
    const timeMs = performance.now();
    this.#endResumed(timeMs);
    this.writeAt(timeMs, ProbeKind.jobResume, subject);
    this.running = subject;
    this.#isResumed = true;
    const step = ++this.#step;
    afterMicrotasks(MICROTASKS_A_STEP, () => {
      if (this.#step === step && probe.ring === this) this.#endResumed(performance.now());
    });
  }

  #endResumed(timeMs: number): void {
    if (!this.#isResumed || this.#around.length > 0) return;
    this.writeAt(timeMs, ProbeKind.jobSuspend, this.running);
    this.#nobodyRuns();
  }

  #nobodyRuns(): void {
    this.running = 0;
    this.#isResumed = false;
  }

  // Locks and channels

  acquired(resource: ProbedResource, holder: number): void {
    this.write(ProbeKind.acquired, resource.toldTo(this), holder);
  }

  released(resource: ProbedResource, holder: number): void {
    this.write(ProbeKind.released, resource.toldTo(this), holder);
  }

  /** A channel is filled differently. */
  level(resource: ProbedResource, count: number): void {
    this.write(ProbeKind.channelLevel, resource.toldTo(this), 0, count);
  }

  /** What the wait of a number is for; a job by its identity. */
  waitsOn(wait: number, what: ProbedResource | number): void {
    this.write(ProbeKind.waitOn, wait, typeof what === "number" ? what : what.toldTo(this));
  }
}

function afterMicrotasks(count: number, action: () => void): void {
  queueMicrotask(count === 1 ? action : () => afterMicrotasks(count - 1, action));
}

/** A lock or a channel, as recordings know it. */
export class ProbedResource {
  readonly #kind: number;
  readonly #name: string;
  #id: number;
  /** Where it was told what it is. */
  #told: ProbeRing | undefined = undefined;

  /** @param id - if it has one that other threads know too */
  constructor(kind: (typeof ProbeResource)[keyof typeof ProbeResource], name: string, id = 0) {
    this.#kind = kind;
    this.#name = name;
    this.#id = id;
  }

  /** Its identity; what it is, was told before. */
  toldTo(ring: ProbeRing): number {
    if (this.#told !== ring) {
      this.#told = ring;
      if (this.#id === 0) this.#id = nextIdentity();
      ring.write(ProbeKind.resourceMade, this.#id, this.#kind, ring.text(this.#name));
    }
    return this.#id;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Reads a ring that any thread writes, while it writes. */
export class ProbeRingReader {
  readonly #cells: SharedCells;
  readonly #floats: Float64Array<SharedArrayBuffer>;
  readonly #capacity: number;
  readonly #textBytes: Uint8Array<SharedArrayBuffer>;
  readonly #texts: string[] = [NO_ROOM];
  #textBytesRead = 0;
  #read = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#capacity = capacityOf(memory);
    const end = HEADER_BYTES + this.#capacity * RECORD_BYTES;
    this.#cells = new Int32Array(memory, 0, end / 4);
    this.#floats = new Float64Array(memory, 0, end / 8);
    this.#textBytes = textsOf(memory);
  }

  /** The texts that the records drained so far refer to, and perhaps more. The same array each time. */
  get texts(): readonly string[] {
    const end = load(this.#cells, TEXT_BYTES);
    while (this.#textBytesRead < end) {
      const at = this.#textBytesRead;
      const length = (this.#textBytes[at] as number) | ((this.#textBytes[at + 1] as number) << 8);
      // A copy, as decoders of browsers refuse shared memory.
      this.#texts.push(decoder.decode(this.#textBytes.slice(at + 2, at + 2 + length)));
      this.#textBytesRead = at + 2 + length;
    }
    return this.#texts;
  }

  /**
   * Appends the records written since the last call to `into`, oldest first.
   *
   * @returns how many records were overwritten before they could be read
   */
  drain(into: ProbeRecord[]): number {
    const head = load(this.#cells, HEAD);
    const origin = this.#floats[TIME_ORIGIN] ?? 0;
    let first = this.#read;
    if (((head - first) | 0) > this.#capacity) first = (head - this.#capacity) | 0;
    const start = into.length;
    for (let number = first; number !== head; number = (number + 1) | 0) {
      const slot = number & (this.#capacity - 1);
      const float = HEADER_BYTES / 8 + slot * FLOATS_A_RECORD;
      const int = HEADER_BYTES / 4 + slot * INTS_A_RECORD;
      into.push({
        timeMs: origin + (this.#floats[float] ?? 0),
        subject: this.#floats[float + 1] ?? 0,
        other: this.#floats[float + 2] ?? 0,
        kind: (this.#cells[int + 6] ?? 0) as ProbeKindValue,
        value: this.#cells[int + 7] ?? 0,
      });
    }
    // The writer may have lapped the copy above: while HEAD is h, it may be in
    // the middle of overwriting record h - capacity. So a copied record counts
    // only if its number exceeds h - capacity for an h read after the copy. A
    // plain load could be satisfied before the copy's reads; a read-modify-write
    // cannot pass them.
    const after = add(this.#cells, HEAD, 0);
    const oldestWhole = (after - this.#capacity + 1) | 0;
    const torn = Math.min(Math.max(0, (oldestWhole - first) | 0), into.length - start);
    into.splice(start, torn);
    const dropped = ((first - this.#read) | 0) + torn;
    this.#read = head;
    return dropped;
  }
}

/** The hook: `ring` is set while somebody records this thread. */
export const probe: { ring: ProbeRing | undefined } = { ring: undefined };

/** Puts a ring in place on this thread, or takes it away. */
export function attachProbeRing(memory: SharedArrayBuffer | undefined, onHalfFull?: () => void): void {
  probe.ring = memory === undefined ? undefined : new ProbeRing(memory, onHalfFull);
  if (memory === undefined) {
    stopGc?.();
    stopGc = undefined;
  } else {
    stopGc ??= watchGc(tellPause);
  }
}

let stopGc: (() => void) | undefined;

function tellPause({ kind, beginMs, durationMs }: GcPause): void {
  // The platform tells it later: how much later, stands in the record, in microseconds.
  const agoMs = performance.timeOrigin + performance.now() - beginMs;
  probe.ring?.write(ProbeKind.gcPause, GC_KINDS.indexOf(kind), durationMs, Math.round(agoMs * 1000));
}

// The thread that starts the program announces itself; threads of pools are
// announced by their pool, on the thread that owns it.
if (workerMarker === undefined) {
  announceThread({
    index: threadIndex,
    name: "main",
    attachRing: attachProbeRing,
    attachPulse: (memory) => {
      if (memory === undefined) stopPulse();
      else startPulse(memory);
    },
  });
}
