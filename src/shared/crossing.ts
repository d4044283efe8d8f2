/**
 * Shared objects coming from other threads, and the sight of all of them at once:
 * what has to know every kind there is.
 */
import { MisuseError } from "../core/errors.js";
import { SharedArray } from "./array.js";
import { Barrier } from "./barrier.js";
import { SharedChannel } from "./channel.js";
import { Condition } from "./condition.js";
import { SharedDeque } from "./deque.js";
import { Event, Latch } from "./event.js";
import { SharedCounter } from "./counter.js";
import { type Handle, type Heap, heap, joinHeap, offsetOf, usesHeap } from "./heap.js";
import { SharedMap } from "./map.js";
import { Mutex } from "./mutex.js";
import {
  ADDRESS,
  type Address,
  attached,
  findObjectsBy,
  isMade,
  Kind,
  nameAt,
  NAMES,
  type Place,
  setArrival,
  SharedObject,
} from "./object.js";
import { Once } from "./once.js";
import { SharedRing } from "./ring.js";
import { RwLock } from "./rw-lock.js";
import { Semaphore } from "./semaphore.js";
import { SharedText } from "./text.js";
import { SharedVector } from "./vector.js";
import { attachStruct, SharedStructArray } from "./struct.js";

/** How an object that exists is looked at from this thread. */
const ATTACH: { readonly [kind: number]: (place: Place) => SharedObject } = {
  [Kind.mutex]: (place) => new Mutex(place),
  [Kind.semaphore]: (place) => new Semaphore(place),
  [Kind.rwLock]: (place) => new RwLock(place),
  [Kind.condition]: (place) => new Condition(place),
  [Kind.barrier]: (place) => new Barrier(place),
  [Kind.latch]: (place) => new Latch(place),
  [Kind.once]: (place) => new Once(place),
  [Kind.event]: (place) => new Event(place),
  [Kind.channel]: (place) => new SharedChannel(place as never),
  [Kind.map]: (place) => new SharedMap(place as never),
  [Kind.array]: (place) => new SharedArray(place),
  [Kind.counter]: (place) => new SharedCounter(place),
  [Kind.text]: (place) => new SharedText(place),
  [Kind.deque]: (place) => new SharedDeque(place),
  [Kind.ring]: (place) => new SharedRing(place),
  [Kind.vector]: (place) => new SharedVector(place),
  [Kind.struct]: attachStruct,
  [Kind.structArray]: (place) => new SharedStructArray(place),
};

/** The object at an address, the same one whenever this thread meets it. */
function arrive({ kind, handle, memory, end }: Address): object {
  if (end !== undefined) {
    const channel = arrive({ kind: Kind.channel, handle, ...(memory === undefined ? {} : { memory }) });
    return (channel as SharedChannel).endArrived(end, kind === Kind.sender);
  }
  const inHeap = memory === undefined ? heap() : joinHeap(memory);
  const attach = ATTACH[kind];
  const object = attach === undefined ? undefined : attached(inHeap, handle, attach);
  if (object !== undefined) return object;
  throw new MisuseError(
    "SKEIN_DISPOSED",
    attach === undefined
      ? `a shared object of an unknown kind (${String(kind)}) came: both threads must use the same version of skein`
      : `a ${NAMES[kind]} came that has been disposed of: dispose of a shared object only when no thread will use it any more`,
  );
}
setArrival(arrive, adopt);

/** Bound on what is searched: deeper values come from nobody's hand. */
const DEEPEST = 2000;

/**
 * Puts shared objects where their addresses stand in a value that came from
 * another thread, at any depth of arrays, plain objects, maps and sets.
 *
 * Threads of a pool do this by themselves. Use it on a thread that you started
 * yourself, with what its `message` event gave.
 *
 * **Throws** `SKEIN_DISPOSED` if an object is no longer there.
 *
 * @since 0.1.0
 */
export function adopt<Value>(value: Value): Value {
  const seen = new Map<object, unknown>();
  const replaced = (inner: unknown, depth: number): unknown => {
    if (typeof inner !== "object" || inner === null || depth > DEEPEST) return inner;
    if (seen.has(inner)) return seen.get(inner);
    const address = (inner as { readonly [ADDRESS]?: Address })[ADDRESS];
    if (typeof address === "object") {
      const object = inner instanceof SharedObject ? inner : arrive(address);
      seen.set(inner, object);
      return object;
    }
    seen.set(inner, inner);
    if (inner instanceof Map) {
      const entries = [...inner].map(([key, one]) => [replaced(key, depth + 1), replaced(one, depth + 1)] as const);
      inner.clear();
      for (const [key, one] of entries) inner.set(key, one);
    } else if (inner instanceof Set) {
      const members = Array.from(inner, (one: unknown) => replaced(one, depth + 1));
      inner.clear();
      for (const one of members) inner.add(one);
    } else if (Array.isArray(inner) || isPlain(inner)) {
      for (const [key, one] of Object.entries(inner)) {
        const now = replaced(one, depth + 1);
        if (now !== one) (inner as Record<string, unknown>)[key] = now;
      }
    }
    return inner;
  };
  return replaced(value, 0) as Value;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || value instanceof Error;
}

// What lives

/** A shared object that lives. */
export interface LiveSharedObject {
  readonly kind: string;
  readonly name: string;
  readonly byteLength: number;
}

/**
 * The shared objects that live now, on whichever thread they were made: at the end
 * of a program, those that nobody disposed of.
 *
 * @since 0.1.0
 */
export function liveSharedObjects(): readonly LiveSharedObject[] {
  return usesHeap() ? livingObjects(heap()).map(({ kind, name, byteLength }) => ({ kind, name, byteLength })) : [];
}

/** The same, each with what names it as long as it lives. */
export function livingObjects(inHeap: Heap): (LiveSharedObject & { readonly handle: Handle })[] {
  const live: (LiveSharedObject & { readonly handle: Handle })[] = [];
  for (const { kind, offset, byteLength, handle } of inHeap.liveBlocks()) {
    // Not asked of the object: another thread may dispose of it meanwhile, and then
    // there is none to be made.
    if (ATTACH[kind] === undefined || !isMade(inHeap, offset)) continue;
    live.push({ kind: NAMES[kind] as string, name: nameAt(inHeap, offset), byteLength, handle });
  }
  return live;
}

/** This thread's object for a block that lives, if it is one and has been made. */
export function objectOf(
  inHeap: Heap,
  { handle, kind }: { readonly handle: Handle; readonly kind: number },
): SharedObject | undefined {
  const attach = ATTACH[kind];
  if (attach === undefined || !isMade(inHeap, offsetOf(handle))) return undefined;
  return attached(inHeap, handle, attach);
}

findObjectsBy((inHeap, offset) => {
  const block = inHeap.blockAt(offset);
  return block === undefined ? undefined : objectOf(inHeap, block);
});
