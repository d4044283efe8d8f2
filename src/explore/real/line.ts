/**
 * The memory by which real threads take turns, one step at a time, in the order of a
 * schedule.
 *
 * Who is at work holds the token, and hands it on: it looks into the schedule whose the
 * next step is; if that is its own it goes on without a word to others. So a switch
 * costs one `notify`, and each thread sleeps in a slot of its own: a common word would
 * wake all of them.
 *
 * Layout, in Int32 words
 *   0..31     the header, see below
 *   then 16   for each role: its slot, what it stands before, how far it is
 *   then      the schedule: of each step the thread and the kind; the choices
 * and behind these, in 64-bit floats: of each step the place, what it gave, the time; of
 * each role the place that it stands before; and two texts of each role.
 *
 * Ownership
 * - The header and the schedule are written by the coordinator, between runs only.
 * - STEP, CHOICE, CHANCE, TAKEN are the holder's: the notify that hands the token on
 *   comes after them, and publishes them.
 * - A role's own words and texts are written by it; read by others when the run is over,
 *   or, what a thread has returned, when it has ended.
 *
 * No hand-over is lost: a slot is set before it is notified, and whoever waits looks at
 * the slot (`exchange`) before each sleep, which ends at once when the slot is set.
 *
 * A role that has nothing to do in a run sleeps in its slot, too: the token that it gets
 * first is for its first step, and it enters the run by that. So that one which a run has
 * left behind is not taken for this, the token is the number of the run. A run is over
 * when somebody has said so (OVER) and all who entered have left.
 */
import * as real from "../../shared/atomics.js";
import type { SharedCells } from "../../shared/atomics.js";
import { fromBytes, toBytes } from "./host-workers.js";
import { allowAlways } from "../without-condition.js";

/** The number of the run, from 1. */
const RUN = 0;
/** How the run ended: an `Over`, and above it, from bit 8 on, whose doing it was. Changed once, from 0. */
const OVER = 1;
/** The next step of the schedule. */
const STEP = 2;
/** The next choice. */
const CHOICE = 3;
/** State of what is drawn at random. */
const CHANCE = 4;
/** Blocks of shared memory taken so far. */
const TAKEN = 5;
/** Roles that have entered the run, and that have left it. */
const ENTERED = 6;
const LEFT = 7;
const STEPS = 8;

const HEADER_WORDS = 32;
const ROLE_WORDS = 16;

// Of a role.
/** The number of the run: the token is yours. Set by whoever hands it on, taken away by the role. */
const SLOT = 0;
const PENDING_KIND = 1;
const HAS_ENDED = 2;
/** Whether it has entered the run, and has steps left. */
const IS_INSIDE = 3;
/** Lengths of its texts in bytes. */
const RESULT_BYTES = 4;
const REMARK_BYTES = 5;

/** Room for what a thread returns, and for what a role has to say, each. */
const MOST_TEXT_BYTES = 16 * 1024;

/** How a run on real threads ended. */
export const Over = {
  no: 0,
  /** Each step has been taken, and whoever took the last has nothing left to do. */
  ended: 1,
  /** A body has thrown. */
  threw: 2,
  /** Each step has been taken, and somebody stands before another. */
  stood: 3,
  /** Something else was done than the schedule has. */
  differs: 4,
} as const;

export type OverValue = (typeof Over)[keyof typeof Over];

/** What is to happen, step by step. */
export interface Plan {
  readonly threads: readonly number[];
  readonly kinds: readonly number[];
  readonly places: readonly number[];
  readonly values: readonly unknown[];
  readonly timesMs: readonly number[];
  readonly stepCount: number;
  readonly choices: readonly number[];
  readonly chance: number;
}

export interface LineMemory {
  readonly buffer: SharedArrayBuffer;
  readonly roles: number;
  readonly mostSteps: number;
}

export class Line {
  readonly memory: LineMemory;
  readonly #words: SharedCells;
  readonly #threads: Int32Array;
  readonly #kinds: Int32Array;
  readonly #choices: Int32Array;
  readonly #places: Float64Array;
  readonly #values: Float64Array;
  readonly #times: Float64Array;
  readonly #pendingPlaces: Float64Array;
  readonly #texts: Uint8Array;

  constructor(memory: LineMemory) {
    const { buffer, roles, mostSteps } = memory;
    this.memory = memory;
    this.#words = new Int32Array(buffer, 0, HEADER_WORDS + ROLE_WORDS * roles);
    allowAlways(this.#words);
    let at = this.#words.byteLength;
    const ints = (): Int32Array => new Int32Array(buffer, (at += 4 * mostSteps) - 4 * mostSteps, mostSteps);
    this.#threads = ints();
    this.#kinds = ints();
    this.#choices = ints();
    at = 8 * Math.ceil(at / 8);
    const floats = (count: number): Float64Array => new Float64Array(buffer, (at += 8 * count) - 8 * count, count);
    this.#places = floats(mostSteps);
    this.#values = floats(mostSteps);
    this.#times = floats(mostSteps);
    this.#pendingPlaces = floats(roles);
    this.#texts = new Uint8Array(buffer, at, 2 * MOST_TEXT_BYTES * roles);
  }

  static make(roles: number, mostSteps: number): Line {
    const bytes = 4 * (HEADER_WORDS + ROLE_WORDS * roles + 3 * mostSteps) + 8 + 8 * (3 * mostSteps + roles);
    const buffer = new SharedArrayBuffer(bytes + 2 * MOST_TEXT_BYTES * roles);
    return new Line({ buffer, roles, mostSteps });
  }

  // The coordinator's side

  /** Begins a run. No role is in one. */
  begin(plan: Plan): void {
    const { stepCount } = plan;
    for (let step = 0; step < stepCount; step++) {
      this.#threads[step] = plan.threads[step] as number;
      this.#kinds[step] = plan.kinds[step] as number;
      this.#places[step] = plan.places[step] as number;
      this.#values[step] = asNumber(plan.values[step]);
      this.#times[step] = plan.timesMs[step] ?? 0;
    }
    for (let choice = 0; choice < plan.choices.length; choice++) this.#choices[choice] = plan.choices[choice] as number;
    this.#words[CHANCE] = plan.chance;
    this.#words[STEPS] = stepCount;
    for (const word of [OVER, STEP, CHOICE, TAKEN, ENTERED, LEFT]) this.#words[word] = 0;
    this.#words.fill(0, HEADER_WORDS);
    real.add(this.#words, RUN, 1);
    // Publishes all of it.
    this.#handTo(0);
  }

  /** Waits until the run is over. @returns false if it is not after that time */
  isOver(mostMs: number): boolean {
    for (;;) {
      const left = real.load(this.#words, LEFT);
      if (this.#isOver(left)) return true;
      if (real.wait(this.#words, LEFT, left, mostMs) === "timed-out") return false;
    }
  }

  /** Who says that the run is over is in it, so has not left yet. */
  #isOver(left: number): boolean {
    return real.load(this.#words, OVER) !== Over.no && left === real.load(this.#words, ENTERED);
  }

  get over(): { readonly how: number; readonly role: number; readonly step: number } {
    const over = real.load(this.#words, OVER);
    return { how: over & 255, role: over >>> 8, step: real.load(this.#words, STEP) };
  }

  /** What a role stands before, if it has not ended. */
  pendingOf(role: number): { readonly kind: number; readonly place: number; readonly hasEnded: boolean } {
    return {
      kind: this.#wordOf(role, PENDING_KIND),
      place: this.#pendingPlaces[role] as number,
      hasEnded: this.#wordOf(role, HAS_ENDED) === 1,
    };
  }

  // The roles' side

  /** Sleeps until the token of a run after that one comes, and enters it. @returns its number */
  enter(role: number, last: number): number {
    for (;;) {
      const run = this.#takeToken(role);
      if (run > last) {
        this.#setWordOf(role, IS_INSIDE, 1);
        real.add(this.#words, ENTERED, 1);
        return run;
      }
    }
  }

  /** The schedule, for who runs a part of it by itself. */
  get schedule(): { readonly threads: readonly number[]; readonly choices: readonly number[] } {
    const steps = this.#words[STEPS] as number;
    return { threads: [...this.#threads.subarray(0, steps)], choices: [...this.#choices.subarray(0, steps)] };
  }

  /**
   * Comes before a step of the role that has the token: waits until it is its turn again,
   * if another's comes first.
   *
   * @returns the number of the step; -1 if the run is over
   */
  awaitTurn(role: number, kind: number, place: number): number {
    this.#setWordOf(role, PENDING_KIND, kind);
    this.#pendingPlaces[role] = place;
    if (real.load(this.#words, OVER) !== Over.no) return -1;
    const next = this.#next;
    if (next === -1) return this.end(Over.stood, role);
    if (next !== role) {
      this.#handTo(next);
      this.#takeToken(role);
      if (real.load(this.#words, OVER) !== Over.no) return -1;
    }
    return this.#checked(role, kind, place);
  }

  #checked(role: number, kind: number, place: number): number {
    const step = this.#words[STEP] as number;
    if (this.#kinds[step] === kind && this.#places[step] === place) return step;
    this.remark(role, { kind, place });
    return this.end(Over.differs, role);
  }

  timeOf(step: number): number {
    return this.#times[step] as number;
  }

  valueOf(step: number): number {
    return this.#values[step] as number;
  }

  /** A role has taken its step. @returns false if that gave something else than it should: then the run is over */
  taken(role: number, value: unknown): boolean {
    const step = this.#words[STEP] as number;
    const gave = asNumber(value);
    if (!Object.is(gave, this.#values[step])) {
      this.remark(role, { gave: String(value) });
      this.end(Over.differs, role);
      return false;
    }
    this.#words[STEP] = step + 1;
    return true;
  }

  /** A role has nothing left to do, and hands the token on. */
  ended(role: number): void {
    this.#setWordOf(role, HAS_ENDED, 1);
    this.#setWordOf(role, IS_INSIDE, 0);
    const next = this.#next;
    if (next === -1) this.end(Over.ended, role);
    else if (next === role) this.end(Over.differs, role);
    else this.#handTo(next);
  }

  /** The run is over, unless it is already: who stands before a step learns of it. @returns -1 */
  end(how: OverValue, role: number): -1 {
    if (real.compareExchange(this.#words, OVER, Over.no, how | (role << 8)) !== Over.no) return -1;
    for (let other = 0; other < this.memory.roles; other++) {
      if (other !== role && this.#wordOf(other, IS_INSIDE) === 1) this.#handTo(other);
    }
    return -1;
  }

  /** A role has left the run. The last wakes the coordinator: nobody else has anything to tell it. */
  leave(): void {
    if (this.#isOver(real.add(this.#words, LEFT, 1) + 1)) real.notify(this.#words, LEFT);
  }

  choose(): number {
    const at = this.#words[CHOICE] as number;
    this.#words[CHOICE] = at + 1;
    return this.#choices[at] as number;
  }

  takeBlock(): number {
    const at = this.#words[TAKEN] as number;
    this.#words[TAKEN] = at + 1;
    return at;
  }

  get chance(): number {
    return this.#words[CHANCE] as number;
  }

  set chance(state: number) {
    this.#words[CHANCE] = state;
  }

  // Texts

  /** Leaves what the role's body has returned. */
  putResult(role: number, result: unknown): void {
    if (result === undefined) return;
    const bytes = toBytes(result);
    if (bytes === undefined || bytes.length > MOST_TEXT_BYTES) this.remark(role, { hasLostResult: true });
    else this.#put(role, RESULT_BYTES, 0, bytes);
  }

  resultOf(role: number): unknown {
    const bytes = this.#take(role, RESULT_BYTES, 0);
    return bytes.length === 0 ? undefined : fromBytes(bytes);
  }

  /** Leaves what the role has to say of the run; once more adds to it. What is too long is not said. */
  remark(role: number, remark: object): void {
    const bytes = new TextEncoder().encode(JSON.stringify({ ...this.remarkOf(role), ...remark }));
    if (bytes.length <= MOST_TEXT_BYTES) this.#put(role, REMARK_BYTES, MOST_TEXT_BYTES, bytes);
  }

  remarkOf(role: number): object {
    const bytes = this.#take(role, REMARK_BYTES, MOST_TEXT_BYTES);
    return bytes.length === 0 ? {} : (JSON.parse(new TextDecoder().decode(bytes)) as object);
  }

  #put(role: number, lengthAt: number, from: number, bytes: Uint8Array): void {
    this.#texts.set(bytes, 2 * MOST_TEXT_BYTES * role + from);
    this.#setWordOf(role, lengthAt, bytes.length);
  }

  /** A copy, as shared memory is not decoded everywhere. */
  #take(role: number, lengthAt: number, from: number): Uint8Array {
    const begin = 2 * MOST_TEXT_BYTES * role + from;
    return Uint8Array.from(this.#texts.subarray(begin, begin + this.#wordOf(role, lengthAt)));
  }

  // The token

  /** Whose the next step is; -1 if there is none. */
  get #next(): number {
    const step = this.#words[STEP] as number;
    return step < (this.#words[STEPS] as number) ? (this.#threads[step] as number) : -1;
  }

  #handTo(role: number): void {
    const slot = HEADER_WORDS + ROLE_WORDS * role + SLOT;
    real.store(this.#words, slot, this.#words[RUN] as number);
    real.notify(this.#words, slot);
  }

  /** @returns the number of the run that it is of */
  #takeToken(role: number): number {
    const slot = HEADER_WORDS + ROLE_WORDS * role + SLOT;
    for (;;) {
      const run = real.exchange(this.#words, slot, 0);
      if (run !== 0) return run;
      real.wait(this.#words, slot, 0);
    }
  }

  #wordOf(role: number, word: number): number {
    return this.#words[HEADER_WORDS + ROLE_WORDS * role + word] as number;
  }

  #setWordOf(role: number, word: number, value: number): void {
    this.#words[HEADER_WORDS + ROLE_WORDS * role + word] = value;
  }
}

/** What a step gave, as one number: what is no number counts as alike. */
function asNumber(value: unknown): number {
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : NaN;
}
