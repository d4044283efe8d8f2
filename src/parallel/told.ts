/**
 * What a caller tells its helpers: in a payload of its call's memory, as `encodeValue` has it.
 *
 * Programs do the same with the same arrays again and again, by a few calls in turns. So what was
 * told has a number and is told again by that alone: the caller compares, encodes nothing, and
 * helpers remember what they have made of a number. What it names is the same then too: no two
 * shared objects ever have the same handle.
 */
import type { AnyTask } from "../async/executor.js";
import { heap } from "../shared/heap.js";
import { arrival, SharedObject } from "../shared/object.js";
import { bytesOfPayload, freePayload, makePayload } from "../shared/payload.js";
import { decodeValue, encodeValue } from "../shared/value-codec.js";
import { nameOf } from "./function-names.js";
import type { Work } from "./part.js";

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

interface Telling {
  readonly number: number;
  readonly toTell: ToTell;
  readonly payload: Payload;
}

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
  /** Told once: most of these never come again, as arrays are new each time. The last one first, too. */
  readonly #fresh: Telling[] = [];
  /** Told once, and not to be told again. */
  #unlike: Telling | undefined = undefined;
  #lastNumber = 0;

  constructor(container: number) {
    this.#container = container;
  }

  /** What helpers are told; `undefined` if there is something in it that only messages bring. */
  of(toTell: ToTell): Pick<Telling, "number" | "payload"> | undefined {
    this.forgetUnlike();
    const telling = takeSame(this.#remembered, toTell) ?? takeSame(this.#fresh, toTell);
    if (telling !== undefined) {
      keep(this.#remembered, telling, MOST_REMEMBERED);
      return telling;
    }
    return this.#add(toTell);
  }

  #add(toTell: ToTell): Telling | undefined {
    const { name, loop, functions, data, isSearch } = toTell;
    let bytes: Uint8Array;
    try {
      bytes = encodeValue({ name, loop, functions: functions.map(nameOf), data, isSearch } satisfies Told);
    } catch {
      return undefined;
    }
    const payload = { payload: makePayload(heap(), this.#container, bytes), byteLength: bytes.length };
    this.#lastNumber = (this.#lastNumber + 1) | 0;
    const number = this.#lastNumber;
    if (bytes.length > MOST_BYTES || !isUnchanging(toTell)) {
      this.#unlike = { number, toTell, payload };
      return this.#unlike;
    }
    // Lists as they are now: who calls may change them between two calls.
    const asNow = data.map((value) => (Array.isArray(value) ? [...(value as unknown[])] : value));
    const telling = { number, toTell: { ...toTell, data: asNow }, payload };
    keep(this.#fresh, telling, MOST_FRESH);
    return telling;
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

/** Takes out the one that is the same. */
function takeSame(tellings: Telling[], toTell: ToTell): Telling | undefined {
  for (let i = 0; i < tellings.length; i++) {
    const telling = tellings[i] as Telling;
    if (!isSame(telling.toTell, toTell)) continue;
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

/** Whether two have the same bytes. */
function isSame(one: ToTell, other: ToTell): boolean {
  return (
    one.loop === other.loop &&
    one.isSearch === other.isSearch &&
    isSameData(one.functions, other.functions) &&
    isSameData(one.data, other.data) &&
    one.name === other.name
  );
}

/** Whether two lists have the same in them, or lists of the same. */
function isSameData(one: readonly unknown[], other: readonly unknown[]): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) {
    const [a, b] = [one[i], other[i]];
    if (Array.isArray(a) ? !(Array.isArray(b) && isSameData(a, b)) : !Object.is(a, b)) return false;
  }
  return true;
}

/** Whether calls can't have changed anything of it. Each has copies of its own of what is no shared object. */
function isUnchanging({ loop, data }: Pick<Told, "loop" | "data">): boolean {
  const isOne = (value: unknown): boolean =>
    typeof value !== "object" || value === null || value instanceof SharedObject;
  // Lists are the algorithms' own, but for one that a program folds into.
  return data.every((value) => isOne(value) || (loop !== "fold" && Array.isArray(value) && value.every(isOne)));
}

/** What a helper has made of what it was told. */
export interface Made<Loop> {
  readonly told: Told;
  readonly loop: Loop;
}

/** The same of one memory, by a helper. */
export class Heard<Loop> {
  readonly #known = new Map<number, Made<Loop>>();

  /** What it has made of that number before. */
  of(number: number): Made<Loop> | undefined {
    const made = this.#known.get(number);
    if (made === undefined) return undefined;
    // The last one is forgotten last.
    this.#known.delete(number);
    this.#known.set(number, made);
    return made;
  }

  /**
   * Reads bytes that are its own.
   *
   * @param make - makes a loop of it
   * @param isKept - whether that is good for later calls too
   * @returns `undefined` if it can't be read: an array has been disposed of meanwhile
   */
  read(
    number: number,
    bytes: Uint8Array,
    make: (told: Told) => Loop,
    isKept: (loop: Loop) => boolean,
  ): Made<Loop> | undefined {
    let made: Made<Loop>;
    try {
      const told = decodeValue(bytes, arrival as never) as Told;
      made = { told, loop: make(told) };
    } catch {
      return undefined;
    }
    if (isKept(made.loop) && isUnchanging(made.told)) {
      this.#known.set(number, made);
      if (this.#known.size > MOST_HEARD) this.#known.delete(this.#known.keys().next().value as number);
    }
    return made;
  }
}

/** A copy of what is told. By one who is here: the caller, if it lives, frees it later. */
export function copyOf({ payload, byteLength }: Payload): Uint8Array {
  return bytesOfPayload(heap(), payload, byteLength).slice();
}
