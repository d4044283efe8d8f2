/**
 * What a participant does: takes parts and runs the loop of their kind over them. The
 * caller does so itself, and threads of a pool that run the task `helpCaller`.
 */
import { nowMs } from "#clock";

import type { Task } from "../async/executor.js";
import { probe, ProbeKind } from "../core/probe.js";
import { threadIndex } from "../core/thread.js";
import type { SharedArray } from "../shared/array.js";
import { heap, type Life } from "../shared/heap.js";
import { encodeThrown, type EncodedValue } from "../threads/error-codec.js";
import { Patience } from "../threads/patience.js";
import { ownTask } from "../threads/task.js";
import { askingPool, type StandBy } from "../threads/wanted.js";
import type { ItemCallback } from "./loops.js";
import { giveBack } from "./given-back.js";
import { type FunctionName, functionsOf, type Missing, missingHere } from "./function-names.js";
import { type LoopKind, loopOf } from "./part-loops.js";
import { type Left, MOST_SLOTS, NONE, Shares } from "./shares.js";
import { copyOf, Heard, type Made } from "./told.js";
import { nameOfPart, Traced } from "./traced.js";

/** So long a helper works before it looks whether other calls wait for its thread. */
const STINT_MS = 4;
/** So long it stays for one call after another; then, if none is under way, its event loop has its turn. */
const STAY_MS = 50;

/** What an Int32 has room for, some half an hour. */
const MOST_US = 2 ** 31 - 1;

/** One that was woken looks for so long for the call that it was woken for: that takes less to get ready. */
const WOKEN_MS = 1;

/** Looks for the next call between two at the clock. */
const LOOKS_BETWEEN_CLOCKS = 64;

/** What there is to do, as it is told to other threads. */
export interface Work {
  /** Of the call. */
  readonly name: string;
  readonly loop: LoopKind;
  readonly functions: readonly FunctionName[];
  /** What the loop works on; plain data and shared objects. */
  readonly data: readonly unknown[];
  /** Part p has the items from `first + p * partItems` on, the last one up to `end`. */
  readonly first: number;
  readonly end: number;
  readonly partItems: number;
  /** Whether what is behind a part that gives something need not be done. */
  readonly isSearch: boolean;
}

/** Does items `from` to `to`, and gives what the caller wants to know of them: a new list of what its blocks gave, a value, or `undefined`. */
export type PartLoop = (from: number, to: number) => unknown;

/** Made of what is no number: a list that engines know to be of doubles would make doubles of what it is given. */
const range: unknown[] = [undefined, undefined];

/**
 * Calls a loop in a way that no engine builds into its caller. Loops are made to be compiled
 * each by itself: built into code that takes parts they were measured to run 2 to 8 times as
 * long, on threads that know a single one (November 2026).
 */
export function callLoop(loop: PartLoop, from: number, to: number): unknown {
  range[0] = asWhole(from);
  range[1] = asWhole(to);
  return Reflect.apply(loop, undefined, range);
}

/**
 * A whole number as an engine has those that it computes with in few steps, where it is one of
 * them. One that was a double, read from an array of such or made by a division, makes a double
 * of all that a loop counts with, each index too: sums took twice as long (November 2026).
 */
function asWhole(number: number): number {
  const small = number | 0;
  return small === number ? small : number;
}

/** What one participant gives back. */
export interface PartsDone {
  readonly participant: number;
  readonly thread: number;
  readonly ms: number;
  /** What the loop gave, each after its first item. */
  readonly values: readonly (readonly [from: number, value: unknown])[];
  /** The code threw, in this part. */
  readonly thrown?: { readonly part: number; readonly error: EncodedValue };
  /** It could not begin. */
  readonly missing?: Missing;
}

/** Takes part in a call. */
export class Participant {
  readonly shares: Shares;
  readonly number: number;
  readonly #work: Work;
  readonly #loop: PartLoop;
  readonly #values: [number, unknown][] = [];
  /** Where the last part ended that gave something. */
  #keptTo = -1;
  #thrown: { readonly part: number; readonly error: unknown } | undefined = undefined;
  #traced: Traced | undefined = undefined;
  #ms = 0;

  constructor(shares: Shares, number: number, work: Work, loop: PartLoop) {
    this.shares = shares;
    this.number = number;
    this.#work = work;
    this.#loop = loop;
  }

  /** Does parts until none is left, or until a moment. @returns true if none is left */
  run(untilMs: number): boolean {
    this.#traced ??= Traced.begin(nameOfPart(this.#work.name, this.number));
    this.#traced?.enter();
    const isOver = this.#take(untilMs);
    this.#traced?.leave(isOver);
    // If there turns out to be more, that is shown by itself.
    if (isOver) this.#traced = undefined;
    return isOver;
  }

  #take(untilMs: number): boolean {
    const { first, end, partItems, isSearch } = this.#work;
    const beganMs = nowMs();
    for (let part = this.shares.next(); part !== NONE; part = this.shares.next()) {
      const from = first + part * partItems;
      try {
        const to = Math.min(end, from + partItems);
        const value = callLoop(this.#loop, from, to);
        if (value !== undefined) {
          this.#keep(from, to, value);
          if (isSearch) this.shares.needNoMoreThan(part);
        }
      } catch (error) {
        if (this.#thrown === undefined || part < this.#thrown.part) this.#thrown = { part, error };
        this.shares.needNoMoreThan(part);
      }
      if (untilMs !== Infinity && nowMs() >= untilMs) {
        this.#ms += nowMs() - beganMs;
        return false;
      }
    }
    this.#ms += nowMs() - beganMs;
    return true;
  }

  /** Lists of parts side by side become one: few long lists cross to another thread in half the time. */
  #keep(from: number, to: number, value: unknown): void {
    const last = this.#values.at(-1);
    const isNext = last !== undefined && from === this.#keptTo && Array.isArray(value) && Array.isArray(last[1]);
    if (isNext) for (const one of value as unknown[]) (last[1] as unknown[]).push(one);
    else this.#values.push([from, value]);
    this.#keptTo = to;
  }

  /** What was thrown here, as it is. */
  get thrown(): { readonly part: number; readonly error: unknown } | undefined {
    return this.#thrown;
  }

  /** It does no more. */
  leave(): void {
    this.#traced?.end();
    this.#traced = undefined;
  }

  done(): PartsDone {
    const { part, error } = this.#thrown ?? { part: 0, error: undefined };
    return {
      participant: this.number,
      thread: threadIndex,
      ms: this.#ms,
      values: this.#values,
      ...(this.#thrown !== undefined && { thrown: { part, error: encodeThrown(error) } }),
    };
  }
}

/**
 * On a thread of a pool: takes part in what a caller does now, if that has not been closed
 * meanwhile; and then in what follows, if that comes soon and nothing else waits for this
 * thread. Later it is woken for it. To be called again would take as long as many a call.
 */
export const helpCaller: Task<[cells: SharedArray<"int32">, participant: number], void> = ownTask(
  import.meta,
  function helpCalls(cells, participant) {
    const helper = helperOf(cells);
    // One that came for nothing may have come in another's place.
    if (helper.helpAs(participant)) askingPool()?.standBy(helper);
  },
);

/**
 * The same of one call, of which it is told at once: what there is to do can't be told in
 * shared memory, as it has a `SharedArrayBuffer` in it, or what else only messages bring.
 */
export const helpCallerOnce: Task<[cells: SharedArray<"int32">, participant: number, call: number, work: Work], void> =
  ownTask(import.meta, function helpOneCall(cells, participant, call, work) {
    const shares = new Shares(cells.values, participant);
    const { life } = heap();
    if (shares.call !== call || !shares.enter(life)) return;
    if (shares.call === call) {
      help(shares, cells, participant, work, () => loopOn(work));
      return;
    }
    // Another call has begun right now, and it has taken somebody's place: who knows of that may come yet.
    shares.stepOut();
  });

/** A helper stays for what mostly comes within so many wake-ups, some 1.5 ms: a program works a little itself between two calls. */
const WAKES_OF_A_HELPER = 25;
const patience = new Patience(WAKES_OF_A_HELPER);
/** When this thread was last done with a call. */
let doneMs = 0;

/** This thread's, of late. */
const helpers: Helper[] = [];
const MOST_HELPERS = 8;

function helperOf(cells: SharedArray<"int32">): Helper {
  const known = helpers.find((helper) => helper.cells === cells);
  if (known !== undefined) return known;
  const helper = new Helper(cells);
  helpers.unshift(helper);
  if (helpers.length > MOST_HELPERS) helpers.pop();
  return helper;
}

/** This thread as a participant of the calls that one memory serves. */
class Helper implements StandBy {
  readonly cells: SharedArray<"int32">;
  readonly #life: Life = heap().life;
  readonly #heard = new Heard<PartLoop | Missing>(loopOn, isLoop);
  readonly #slots = new Float64Array(MOST_SLOTS);
  /** What it was last, or is, and sleeps as. */
  #participant = 1;
  #shares: Shares;
  #isAsleep = false;

  constructor(cells: SharedArray<"int32">) {
    this.cells = cells;
    this.#shares = new Shares(cells.values, this.#participant);
  }

  #become(participant: number): void {
    if (participant === this.#participant) return;
    this.#participant = participant;
    this.#shares = new Shares(this.cells.values, participant);
  }

  /** Takes part as that one, in one call after another. @returns whether it did, and could again */
  helpAs(participant: number): boolean {
    this.#become(participant);
    return this.#help();
  }

  // While the thread sleeps

  /** As what it was last; or as another, if somebody else is expected in that place. */
  sleeps(): void {
    const { mostHelpers } = this.#shares;
    this.#isAsleep = this.#shares.fallAsleep(this.#life);
    for (let other = 1; !this.#isAsleep && other <= mostHelpers; other++) {
      this.#become(other);
      this.#isAsleep = this.#shares.fallAsleep(this.#life);
    }
  }

  awakes(): boolean {
    const wasWanted = this.#isAsleep && this.#shares.awake(this.#life);
    this.#isAsleep = false;
    return wasWanted;
  }

  run(): void {
    const { ring } = probe;
    if (ring !== undefined) ring.write(ProbeKind.mark, 0, 0, ring.text("woken for a parallel call"));
    // Callers wake before they have said what there is to do: until then it looks.
    this.#looksUntil(nowMs() + WOKEN_MS);
    try {
      this.#help();
    } catch {
      // The caller knows, by how it has left.
    }
  }

  // Awake

  #help(): boolean {
    const shares = this.#shares;
    const life = this.#life;
    const untilMs = nowMs() + STAY_MS;
    let hasHelped = false;
    do {
      shares.takeInvitation();
      if (!shares.enter(life)) return hasHelped;
      patience.ended(nowMs() - doneMs);
      const { span, told } = shares;
      const slots = this.#slots.subarray(0, shares.copySlots(this.#slots));
      const known = this.#heard.of(told, slots);
      const made = known ?? this.#hear(told, slots);
      if (made === undefined) {
        // Another thread may do better.
        shares.giveUp(life);
        return hasHelped;
      }
      const gaveWay =
        (known !== undefined || shares.comeBack(life)) &&
        help(shares, this.cells, this.#participant, { ...made.told, ...span }, () => made.loop);
      doneMs = nowMs();
      if (!isLoop(made.loop)) return false;
      hasHelped = true;
      if (gaveWay) return true;
      // Its own event loop has its turn; who calls next wakes it.
    } while (doneMs < untilMs && this.#stays());
    return hasHelped;
  }

  /** Steps back, and makes the loop of what there is to do, of which it takes a copy if it has none. @returns `undefined` if it can't be made */
  #hear(told: number, slots: Float64Array): Made<PartLoop | Missing> | undefined {
    const shares = this.#shares;
    if (this.#heard.has(told)) {
      shares.stepBack(this.#life);
      return this.#heard.again(told, slots);
    }
    let bytes: Uint8Array | undefined;
    try {
      bytes = copyOf(shares.work);
    } catch {
      // There is no memory for it.
    }
    shares.stepBack(this.#life);
    return bytes === undefined ? undefined : this.#heard.read(told, bytes, slots);
  }

  /** Stays until the next call is there, or for a while. @returns false if it was no use to stay at all */
  #stays(): boolean {
    const { budgetMs } = patience;
    if (askingPool()?.mayLook() !== true || budgetMs === 0) return false;
    this.#shares.expectNext(this.#life);
    if (this.#looksUntil(doneMs + budgetMs)) {
      const { ring } = probe;
      if (ring !== undefined) ring.write(ProbeKind.mark, 0, 0, ring.text("stayed for the next parallel call"));
    }
    // Who has said that it is there looks once more, after it has said that it is not.
    return true;
  }

  /** @returns whether the line is open */
  #looksUntil(untilMs: number): boolean {
    const asking = askingPool();
    do {
      for (let look = 0; look < LOOKS_BETWEEN_CLOCKS; look++) if (this.#shares.isOpen) return true;
    } while (nowMs() < untilMs && asking?.mayLook() === true);
    return false;
  }
}

/** Does parts of one call, and leaves. @returns whether it gave way to other calls, so that there may be parts left */
function help(
  shares: Shares,
  cells: SharedArray<"int32">,
  participant: number,
  work: Work,
  loop: () => PartLoop | Missing,
): boolean {
  let left: Left | undefined;
  try {
    const { done, gaveWay } = takePartsHere(shares, participant, work, loop());
    const result = giveBack(cells.offset, done, shares.callerSlot);
    left = { thread: threadIndex, us: Math.min(MOST_US, Math.round(done.ms * 1000)), gaveWay, result };
    return gaveWay;
  } finally {
    // Whatever happened: the caller would wait for it for ever.
    if (left === undefined) shares.leaveWithout();
    else shares.leave(left);
  }
}

/** The loop of what there is to do, on this thread. */
function loopOn(work: Pick<Work, "loop" | "functions" | "data">): PartLoop | Missing {
  const functions = functionsOf(work.functions);
  const lacking = functions.indexOf(undefined);
  if (lacking === -1) return loopOf(work.loop, functions as ItemCallback[], work.data);
  return missingHere(work.functions[lacking] as FunctionName);
}

function isLoop(made: PartLoop | Missing): made is PartLoop {
  return typeof made === "function";
}

/** Until none is left, or other calls wait for this thread. */
function takePartsHere(
  shares: Shares,
  participant: number,
  work: Work,
  loop: PartLoop | Missing,
): { readonly done: PartsDone; readonly gaveWay: boolean } {
  if (!isLoop(loop)) {
    return { done: { participant, thread: threadIndex, ms: 0, values: [], missing: loop }, gaveWay: false };
  }
  const one = new Participant(shares, participant, work, loop);
  while (!one.run(nowMs() + STINT_MS)) {
    // What is left of its range others take over.
    if (askingPool()?.hasCalls() !== true) continue;
    one.leave();
    return { done: one.done(), gaveWay: true };
  }
  return { done: one.done(), gaveWay: false };
}
