/** What a thread records with: whose code runs, what is held, and where waits begin. */
import { load, store, type SharedCells } from "#atomics";

import { type AwaitHooks, startAwaitHooks } from "./await-hooks.js";
import { callerOf, callersOf } from "./own-frames.js";
import { ProbeKind, type ProbeKindValue, type ProbeOutcomeValue } from "./probe-kinds.js";
import { type ProbedResource } from "./probed-resource.js";
import { ThreadProfile } from "./host-thread-profile.js";
import {
  capacityOf,
  DEEP,
  FLOATS_A_RECORD,
  HEAD,
  HEADER_BYTES,
  INTS_A_RECORD,
  MOST_TEXT,
  NOTES,
  NO_ROOM,
  RECORD_BYTES,
  roomFor,
  TEXT_BYTES,
  textsOf,
  TIME_ORIGIN,
} from "./ring-memory.js";

const encoder = new TextEncoder();

/** The hook: `ring` is set while somebody records this thread. */
export const probe: { ring: ProbeRing | undefined } = { ring: undefined };

/** Places of waits that are noted in one go, and how many more after each millisecond: 2 % of the time at most. */
const MOST_PLACES = 100;
const PLACES_A_MS = 5; // a place takes some 4 µs (November 2026)

/** Code that goes on for less is not told of: it leaves off where it began, as most of our own does. */
const LEAST_STEP_MS = 0.002; // as long as telling of it takes, with its reading

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
 *
 * While DEEP says so, and the platform can, it hears of every time that code goes on, and
 * of when it gives the thread back (`await-hooks.ts`). Then it needs no such guesses.
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
  /** How often each lock is held on this thread, by its identity; those that are not held are not there. */
  readonly #held = new Map<number, number>();
  /** Places that may still be noted, when it was last counted. */
  #placesLeft = MOST_PLACES;
  #placeMs = 0;
  /** As of the last start of code: whether to note what takes long to note. */
  #notes: number = NOTES.none;
  #awaits: AwaitHooks | undefined = undefined;
  #profile: ThreadProfile | undefined = undefined;
  /** What the platform took for running code before each of those in `#around`. */
  readonly #contexts: (number | undefined)[] = [];
  /** The platform's number of the code that goes on now, if that is the step that is open; else 0. */
  #run = 0;
  /** When that went on, while it is not told of yet; else 0. */
  #untoldMs = 0;

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
    if (this.#untoldMs !== 0) this.#tellRun();
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

  /** Something worth a look: who observes the program may keep what led to it. */
  mark(what: string): void {
    this.write(ProbeKind.mark, this.running, 0, this.text(what));
  }

  /** Whether to note where jobs are spawned. */
  get notesSpawning(): boolean {
    return this.#cells[DEEP] !== NOTES.none;
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
  started(subject: number, isInside: boolean, atMs?: number): void {
    this.noteDeep();
    // Not by default of the parameter: the switch takes milliseconds.
    const timeMs = atMs ?? performance.now();
    if (!isInside) {
      // Asked first: to set the length of an array takes longer than all else here.
      if (this.#around.length > 0) this.#around.length = 0;
      if (this.#contexts.length > 0) this.#contexts.length = 0;
      this.#endResumed(timeMs);
      this.running = 0;
    }
    this.writeAt(timeMs, ProbeKind.jobStart, subject);
    this.#around.push(this.running);
    this.running = subject;
    if (this.#awaits === undefined) return;
    this.#contexts.push(this.#awaits.current());
    this.#awaits.enter(subject);
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
    if (this.running !== subject || this.#around.length === 0) return;
    this.running = this.#around.pop() as number;
    this.#awaits?.enter(this.#contexts.pop());
    if (this.running === 0) this.#profile?.stepEnded(performance.now());
  }

  /** What tells by itself when the code goes on that runs now: the platform, if it told already when that was begun. */
  get teller(): object | undefined {
    return this.#awaits?.current() === undefined ? undefined : this.#awaits;
  }

  /**
   * Code goes on that was suspended. A `jobSuspend` of it, or a `jobStop`, follows before
   * anything else starts or goes on that is not inside it.
   *
   * @param teller - what was to tell of it, as of when it was suspended
   */
  resumed(subject: number, teller?: object): void {
    if (teller !== undefined && teller === this.#awaits) return;
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
    if (this.#untoldMs === 0 || timeMs - this.#untoldMs >= LEAST_STEP_MS) {
      this.writeAt(timeMs, ProbeKind.jobSuspend, this.running);
    }
    this.#nobodyRuns();
  }

  #nobodyRuns(): void {
    this.running = 0;
    this.#isResumed = false;
    this.#run = 0;
    this.#untoldMs = 0;
    this.#profile?.stepEnded(performance.now());
  }

  // Every time that code goes on, by the platform

  /** Begins or ends what takes long to note, if that was switched. */
  noteDeep(): void {
    if (this.#cells[DEEP] !== this.#notes) this.#switchDeep();
  }

  #switchDeep(): void {
    this.#notes = this.#cells[DEEP] as number;
    this.close();
    if (this.#notes !== NOTES.all) return;
    this.#awaits = startAwaitHooks(this);
    this.#profile = ThreadProfile.start();
  }

  /** Nobody records with it any more. */
  close(): void {
    this.#awaits?.stop();
    this.#awaits = undefined;
    this.#contexts.length = 0;
    this.#profile?.stop();
    this.#profile = undefined;
  }

  /** Tells of what the thread's profile has until now. */
  takeProfile(): void {
    this.#profile?.take();
  }

  /** Code of `subject` goes on. Told of when it has run for a while, or something happens in it. */
  goesOn(run: number, subject: number | undefined): void {
    // Inside code that has started another one's is called, as by what an emitter runs.
    if (this.#around.length > 0) return;
    const timeMs = performance.now();
    this.#endResumed(timeMs);
    if (subject === undefined) return;
    this.running = subject;
    this.#isResumed = true;
    this.#step++;
    this.#run = run;
    this.#untoldMs = timeMs;
  }

  /** Code that went on gives the thread back, unless other code was told of meanwhile. */
  givesBack(run: number): void {
    if (this.#run === run && run !== 0) this.#endResumed(performance.now());
  }

  #tellRun(): void {
    const timeMs = this.#untoldMs;
    this.#untoldMs = 0;
    this.writeAt(timeMs, ProbeKind.jobResume, this.running);
  }

  /** Where a job was spawned, as the stack of an error has it. */
  spawnedAt(job: number, site: Error): void {
    const lines = callersOf(site);
    if (lines !== "") this.write(ProbeKind.spawnedAt, job, 0, this.text(lines));
  }

  // Locks and channels

  acquired(resource: ProbedResource, holder: number): void {
    const id = resource.toldTo(this);
    this.write(ProbeKind.acquired, id, holder);
    this.#held.set(id, (this.#held.get(id) ?? 0) + 1);
  }

  released(resource: ProbedResource, holder: number): void {
    const id = resource.toldTo(this);
    this.write(ProbeKind.released, id, holder);
    const left = (this.#held.get(id) ?? 1) - 1;
    if (left > 0) this.#held.set(id, left);
    else this.#held.delete(id);
  }

  /** What was just acquired is held until all inside a scope has ended. */
  heldInBlock(resource: ProbedResource, scope: number): void {
    this.write(ProbeKind.heldInBlock, resource.toldTo(this), scope);
  }

  /** A channel is filled differently. */
  level(resource: ProbedResource, count: number): void {
    this.write(ProbeKind.channelLevel, resource.toldTo(this), 0, count);
  }

  /** What the wait of a number is for; a job by its identity. */
  waitsOn(wait: number, what: ProbedResource | number): void {
    const id = typeof what === "number" ? what : what.toldTo(this);
    this.write(ProbeKind.waitOn, wait, id);
    // Only a wait beside something that is held can be part of a deadlock.
    if (this.#held.size > (this.#held.has(id) ? 1 : 0)) this.#notePlace(wait);
  }

  /** Notes where the program waits: a stack takes microseconds, so not of each wait where there are very many. */
  #notePlace(wait: number): void {
    const timeMs = performance.now();
    this.#placesLeft = Math.min(MOST_PLACES, this.#placesLeft + (timeMs - this.#placeMs) * PLACES_A_MS);
    this.#placeMs = timeMs;
    if (this.#placesLeft < 1) return;
    this.#placesLeft--;
    const line = callerOf(new Error("waits here"));
    if (line !== undefined) this.writeAt(timeMs, ProbeKind.waitAt, wait, 0, this.text(line));
  }
}

function afterMicrotasks(count: number, action: () => void): void {
  queueMicrotask(count === 1 ? action : () => afterMicrotasks(count - 1, action));
}
