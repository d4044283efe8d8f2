/**
 * What a caller tells its helpers, in a payload of its call's memory.
 *
 * Layout of the payload's bytes
 *   0   Float64: first item of the first part
 *   8   Float64: the one behind the last
 *   16  Float64: items of a part
 *   24  the rest of the work, as `encodeValue` has it
 *
 * The rest is the same for calls that do the same with the same arrays, as programs do again
 * and again. So a helper remembers what it has made of it, and compares bytes. What they name
 * is the same then too: no two shared objects ever have the same handle.
 */
import { heap } from "../shared/heap.js";
import { viewsOf } from "../shared/memory-views.js";
import { arrival, SharedObject } from "../shared/object.js";
import { bytesOfPayload, makePayload, PAYLOAD_HEADER_BYTES } from "../shared/payload.js";
import { decodeValue, encodeValue } from "../shared/value-codec.js";
import type { Work } from "./part.js";

/** Where a payload is, and how many bytes of it count. */
export interface Payload {
  readonly payload: number;
  readonly byteLength: number;
}

type Rest = Omit<Work, "first" | "end" | "partItems">;

const SPAN_ITEMS = 3;
const SPAN_BYTES = 8 * SPAN_ITEMS;

/** What this thread told last. */
let lastTold: { readonly rest: Rest; readonly all: Uint8Array; readonly span: Float64Array } | undefined;

/**
 * The bytes of what there is to do, good until this is called again; `undefined` if there is
 * something in it that only messages bring.
 */
export function bytesOfWork({ first, end, partItems, ...rest }: Work): Uint8Array | undefined {
  let told = lastTold;
  if (told === undefined || !isSameWork(told.rest, rest)) {
    let bytes: Uint8Array;
    try {
      bytes = encodeValue(rest satisfies Rest);
    } catch {
      return undefined;
    }
    const all = new Uint8Array(SPAN_BYTES + bytes.length);
    all.set(bytes, SPAN_BYTES);
    // Lists as they are now: who calls may change them between two calls.
    const data = rest.data.map((value) => (Array.isArray(value) ? [...(value as unknown[])] : value));
    told = { rest: { ...rest, data }, all, span: new Float64Array(all.buffer, 0, SPAN_ITEMS) };
    lastTold = isUnchanging(rest) ? told : undefined;
  }
  const { all, span } = told;
  span[0] = first;
  span[1] = end;
  span[2] = partItems;
  return all;
}

/** Whether two have the same bytes. */
function isSameWork(one: Rest, other: Rest): boolean {
  return (
    one.name === other.name &&
    one.loop === other.loop &&
    one.isSearch === other.isSearch &&
    one.functions.length === other.functions.length &&
    one.functions.every(
      ({ module, key }, i) => module === other.functions[i]?.module && key === other.functions[i].key,
    ) &&
    isSameData(one.data, other.data)
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

/** Puts these bytes where helpers see them, for the memory of a call at that offset. */
export function tell(container: number, bytes: Uint8Array): Payload {
  return { payload: makePayload(heap(), container, bytes), byteLength: bytes.length };
}

/** What was told, as a helper has it once the payload may be gone. */
export interface Copied {
  readonly span: Pick<Work, "first" | "end" | "partItems">;
  readonly rest: Uint8Array;
}

/** Copies what is told; nobody frees it meanwhile. */
export function copyOf({ payload, byteLength }: Payload): Copied {
  const own = heap();
  const bytes = bytesOfPayload(own, payload, byteLength);
  const at = (payload + PAYLOAD_HEADER_BYTES) / 8;
  const { float64 } = viewsOf(own);
  const [first, end, partItems] = [float64[at] as number, float64[at + 1] as number, float64[at + 2] as number];
  return { span: { first, end, partItems }, rest: bytes.slice(SPAN_BYTES) };
}

interface Read<Made> {
  readonly rest: Rest;
  readonly made: Made;
}

/** What this thread was told last, and made of it. */
let last: (Read<unknown> & { readonly bytes: Uint8Array }) | undefined;

/**
 * What there is to do, and what `make` makes of it.
 *
 * @param isKept - whether what it made is good for later calls too
 * @returns `undefined` if it can't be read: an array has been disposed of meanwhile
 */
export function readWork<Made>(
  { span, rest: bytes }: Copied,
  make: (rest: Rest) => Made,
  isKept: (made: Made) => boolean,
): { readonly work: Work; readonly made: Made } | undefined {
  let read: Read<Made>;
  if (last !== undefined && areSame(last.bytes, bytes)) {
    read = last as Read<Made> & { readonly bytes: Uint8Array };
  } else {
    try {
      const rest = decodeValue(bytes, arrival as never) as Rest;
      read = { rest, made: make(rest) };
    } catch {
      return undefined;
    }
    last = isKept(read.made) && isUnchanging(read.rest) ? { ...read, bytes } : undefined;
  }
  return { work: { ...read.rest, ...span }, made: read.made };
}

/** Whether calls can't have changed anything of it. Each has copies of its own of what is no shared object. */
function isUnchanging({ loop, data }: Rest): boolean {
  const isOne = (value: unknown): boolean =>
    typeof value !== "object" || value === null || value instanceof SharedObject;
  // Lists are the algorithms' own, but for one that a program folds into.
  return data.every((value) => isOne(value) || (loop !== "fold" && Array.isArray(value) && value.every(isOne)));
}

function areSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}
