/**
 * What a caller tells its helpers: in a payload of its call's memory, as `encodeValue` has it.
 *
 * Programs do the same again and again, by a few calls in turns. So what was told has a number and
 * is told again by that alone: the caller compares, encodes nothing, and helpers remember what they have
 * made of a number. What differs each time, as the array for the results, is told beside it (`slots.ts`);
 * helpers make a loop anew where it does. What it names is the same where its number is: no two shared
 * objects ever have the same handle.
 */
import type { AnyTask } from "../async/executor.js";
import { heap } from "../shared/heap.js";
import { arrival, SharedObject } from "../shared/object.js";
import { bytesOfPayload, freePayload, makePayload } from "../shared/payload.js";
import { decodeValue, encodeValue } from "../shared/value-codec.js";
import { nameOf } from "./function-names.js";
import type { Work } from "./part.js";
import { fillSlots, isSameButSlots, withSlots } from "./slots.js";

/** Where a payload is, and how many bytes of it count. */
export interface Payload {
  readonly payload: number;
  readonly byteLength: number;
}

/** What there is to do, whichever items it is done with. */
export type Told = Omit<Work, "first" | "end" | "partItems">;

/** The same as the caller has it. */
export interface ToTell extends Omit<Told, "functions"> {
  readonly functions: readonly AnyTask[];
}

/** What is in a payload. */
interface Written extends Told {
  /** Whether there are slots in its data. */
  readonly isSlotted: boolean;
}

/** How helpers are told it. */
export interface ToldBy {
  /** The same for the same, but for what is in slots. */
  readonly number: number;
  readonly payload: Payload;
  /** What is in slots. */
  readonly slots: readonly number[];
}

interface Telling extends Omit<ToldBy, "slots"> {
  /** With slots, but for what is not told again. */
  readonly toTell: ToTell;
}

const NO_SLOTS: readonly number[] = [];

/** So many are told again by their number; each is compared with what there is to tell. */
const MOST_REMEMBERED = 8;
const MOST_FRESH = 4;
/** Helpers remember as many, at least, as may come again. */
const MOST_HEARD = 2 * (MOST_REMEMBERED + MOST_FRESH);
/** Those that are no longer than this. */
const MOST_BYTES = 4096;

/** Of one memory, by the caller, while nobody is there. */
export class Tellings {
  /** The memory's offset. */
  readonly #container: number;
  /** Told more than once, the last one first. */
  readonly #remembered: Telling[] = [];
  /** Told once: these may never come again. The last one first, too. */
  readonly #fresh: Telling[] = [];
  /** Told once, and not to be told again. */
  #unlike: Telling | undefined = undefined;
  #lastNumber = 0;

  constructor(container: number) {
    this.#container = container;
  }

  /** How helpers are told; `undefined` if there is something in it that only messages bring. */
  of(toTell: ToTell): ToldBy | undefined {
    this.forgetUnlike();
    const slots: number[] = [];
    const telling = takeSame(this.#remembered, toTell, slots) ?? takeSame(this.#fresh, toTell, slots);
    if (telling === undefined) return this.#add(toTell);
    keep(this.#remembered, telling, MOST_REMEMBERED);
    return { number: telling.number, payload: telling.payload, slots };
  }

  #add(toTell: ToTell): ToldBy | undefined {
    const isKept = isUnchanging(toTell);
    const slotted = isKept ? { ...toTell, data: withSlots(toTell.data) } : toTell;
    let bytes: Uint8Array;
    try {
      const { name, loop, functions, data, isSearch } = slotted;
      const told: Written = { name, loop, functions: functions.map(nameOf), data, isSearch, isSlotted: isKept };
      bytes = encodeValue(told);
    } catch {
      return undefined;
    }
    const payload = { payload: makePayload(heap(), this.#container, bytes), byteLength: bytes.length };
    this.#lastNumber = (this.#lastNumber + 1) | 0;
    const telling = { number: this.#lastNumber, toTell: slotted, payload };
    if (!isKept) {
      this.#unlike = telling;
      return { number: telling.number, payload, slots: NO_SLOTS };
    }
    const slots: number[] = [];
    isSameButSlots(slotted.data, toTell.data, slots);
    if (bytes.length > MOST_BYTES) this.#unlike = telling;
    else keep(this.#fresh, telling, MOST_FRESH);
    return { number: telling.number, payload, slots };
  }

  /** The call is over: what can't be told again is not kept, however large it is. */
  forgetUnlike(): void {
    if (this.#unlike !== undefined) free(this.#unlike);
    this.#unlike = undefined;
  }

  /** Nobody will be told anything any more. */
  end(): void {
    this.forgetUnlike();
    for (const telling of [...this.#remembered.splice(0), ...this.#fresh.splice(0)]) free(telling);
  }
}

/** Takes out the one that is the same, and puts into `slots` what is in those. */
function takeSame(tellings: Telling[], toTell: ToTell, slots: number[]): Telling | undefined {
  for (let i = 0; i < tellings.length; i++) {
    const telling = tellings[i] as Telling;
    slots.length = 0;
    if (!isSame(telling.toTell, toTell, slots)) continue;
    tellings.splice(i, 1);
    return telling;
  }
  return undefined;
}

/** Puts one in front, and forgets the last if there are too many. */
function keep(tellings: Telling[], telling: Telling, most: number): void {
  tellings.unshift(telling);
  const last = tellings.length > most ? tellings.pop() : undefined;
  if (last !== undefined) free(last);
}

function free({ payload: { payload } }: Telling): void {
  const own = heap();
  freePayload(own, payload, own.slot);
}

/** Whether two have the same bytes, but for what is in the slots of the first. */
function isSame(one: ToTell, other: ToTell, slots: number[]): boolean {
  return (
    one.loop === other.loop &&
    one.isSearch === other.isSearch &&
    isSameList(one.functions, other.functions) &&
    isSameButSlots(one.data, other.data, slots) &&
    one.name === other.name
  );
}

function isSameList(one: readonly unknown[], other: readonly unknown[]): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}

/** Where the identity stands in the data of a fold. */
const FOLDED_INTO = 1;

/** Whether calls can't have changed anything of it. Each has copies of its own of what is no shared object. */
function isUnchanging({ loop, data }: Pick<Told, "loop" | "data">): boolean {
  const isOne = (value: unknown): boolean =>
    typeof value !== "object" || value === null || value instanceof SharedObject;
  // Lists are the algorithms' own, but for one that a program folds into.
  const isLent = (at: number): boolean => loop === "fold" && at === FOLDED_INTO;
  return data.every((value, at) => isOne(value) || (!isLent(at) && Array.isArray(value) && value.every(isOne)));
}

/** What a helper has made of what it was told. */
export interface Made<Loop> {
  readonly told: Told;
  readonly loop: Loop;
}

interface Known<Loop> {
  readonly written: Written;
  /** What was last in slots, and what was made with that. */
  readonly slots: Float64Array;
  readonly made: Made<Loop>;
}

/** The same of one memory, by a helper. */
export class Heard<Loop> {
  readonly #known = new Map<number, Known<Loop>>();
  readonly #make: (told: Told) => Loop;
  readonly #isKept: (loop: Loop) => boolean;

  /**
   * @param make - makes a loop of what is told
   * @param isKept - whether that is good for later calls too
   */
  constructor(make: (told: Told) => Loop, isKept: (loop: Loop) => boolean) {
    this.#make = make;
    this.#isKept = isKept;
  }

  /** What it has made of that number before, with the same in slots. */
  of(number: number, slots: Float64Array): Made<Loop> | undefined {
    const known = this.#known.get(number);
    if (known === undefined || !isSameIn(known.slots, slots)) return undefined;
    // The last one is forgotten last.
    this.#known.delete(number);
    this.#known.set(number, known);
    return known.made;
  }

  /** Whether it knows that number, be it with other things in slots. */
  has(number: number): boolean {
    return this.#known.has(number);
  }

  /**
   * Makes a loop of that number with other things in slots.
   *
   * @returns `undefined` if an array has been disposed of meanwhile
   */
  again(number: number, slots: Float64Array): Made<Loop> | undefined {
    const known = this.#known.get(number) as Known<Loop>;
    this.#known.delete(number);
    const made = this.#madeOf(known.written, slots);
    if (made !== undefined) this.#keep(number, known.written, slots, made);
    return made;
  }

  /** Reads bytes that are its own. @returns `undefined` if it can't be read, or as `again` */
  read(number: number, bytes: Uint8Array, slots: Float64Array): Made<Loop> | undefined {
    let written: Written;
    try {
      written = decodeValue(bytes, arrival as never) as Written;
    } catch {
      return undefined;
    }
    const made = this.#madeOf(written, slots);
    if (made !== undefined && written.isSlotted) this.#keep(number, written, slots, made);
    return made;
  }

  #madeOf(written: Written, slots: Float64Array): Made<Loop> | undefined {
    try {
      const told = written.isSlotted ? { ...written, data: fillSlots(written.data, slots) } : written;
      return { told, loop: this.#make(told) };
    } catch {
      return undefined;
    }
  }

  #keep(number: number, written: Written, slots: Float64Array, made: Made<Loop>): void {
    if (!this.#isKept(made.loop)) return;
    this.#known.set(number, { written, slots: slots.slice(), made });
    if (this.#known.size > MOST_HEARD) this.#known.delete(this.#known.keys().next().value as number);
  }
}

function isSameIn(one: Float64Array, other: Float64Array): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (!Object.is(one[i], other[i])) return false;
  return true;
}

/** A copy of what is told. By one who is here: the caller, if it lives, frees it later. */
export function copyOf({ payload, byteLength }: Payload): Uint8Array {
  return bytesOfPayload(heap(), payload, byteLength).slice();
}
