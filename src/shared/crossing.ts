/**
 * Shared objects coming from other threads, and the sight of all of them at once:
 * what has to know every kind there is.
 */
import { MisuseError } from "../core/errors.js";
import { SharedChannel } from "./channel.js";
import { Condition } from "./condition.js";
import { Event, Latch } from "./event.js";
import { type Heap, heap, joinHeap, type LiveBlock, usesHeap } from "./heap.js";
import { Mutex } from "./mutex.js";
import { ADDRESS, type Address, findObjectsBy, isMade, Kind, knownAt, NAMES, Place, SharedObject } from "./object.js";
import { forgetWatchesOf } from "./order-table.js";
import { RwLock } from "./rw-lock.js";
import { Semaphore } from "./semaphore.js";
import { withdrawAllOf } from "./wait-table.js";

/** How an object that exists is looked at from this thread. */
const ATTACH: { readonly [kind: number]: (place: Place) => SharedObject } = {
  [Kind.mutex]: (place) => new Mutex(place),
  [Kind.semaphore]: (place) => new Semaphore(place),
  [Kind.rwLock]: (place) => new RwLock(place),
  [Kind.condition]: (place) => new Condition(place),
  [Kind.latch]: (place) => new Latch(place),
  [Kind.event]: (place) => new Event(place),
  [Kind.channel]: (place) => new SharedChannel(place),
};

/** The object at an address, the same one whenever this thread meets it. */
function arrive({ kind, handle, memory }: Address): SharedObject {
  const inHeap = memory === undefined ? heap() : joinHeap(memory);
  const offset = inHeap.locate(handle);
  const attach = ATTACH[kind];
  if (offset === undefined || attach === undefined) {
    throw new MisuseError(
      "SKEIN_DISPOSED",
      attach === undefined
        ? `a shared object of an unknown kind (${String(kind)}) came: both threads must use the same version of skein`
        : `a ${NAMES[kind]} came that has been disposed of: dispose of a shared object only when no thread will use it any more`,
    );
  }
  return knownAt(offset) ?? attach(new Place(inHeap, offset));
}

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

// Threads that end, and what lives

/**
 * Says that a thread which you started yourself has ended: what it held is handed
 * on, its memory is taken over. Pools do this for their threads.
 *
 * Call it when the thread's `exit` event has come, whatever ended it.
 *
 * @param threadId - the `threadId` that its `Worker` had while it ran
 *
 * @example
 * ```ts
 * const worker = new Worker(new URL("data:text/javascript,"));
 * const { threadId } = worker;
 * worker.on("exit", () => sharedThreadEnded(threadId));
 * ```
 *
 * @since 0.1.0
 */
export function sharedThreadEnded(threadId: number): void {
  poolThreadEnded(-threadId);
}

/** As `sharedThreadEnded`, of a thread with that `threadIndex`. */
export function poolThreadEnded(index: number): void {
  // Without a heap here there is nothing that anybody here has shared.
  if (!usesHeap()) return;
  const inHeap = heap();
  for (const slot of inHeap.slotsOfThread(index)) {
    if (slot === inHeap.slot) continue;
    const recover = (block: LiveBlock): void => objectOf(inHeap, block)?.threadEnded(slot);
    inHeap.threadEnded(slot, recover, () => {
      withdrawAllOf(inHeap, slot);
      forgetWatchesOf(inHeap, slot);
    });
  }
}

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
  if (!usesHeap()) return [];
  const inHeap = heap();
  const live: LiveSharedObject[] = [];
  for (const block of inHeap.liveBlocks()) {
    const object = objectOf(inHeap, block);
    if (object !== undefined)
      live.push({ kind: NAMES[block.kind] as string, name: object.name, byteLength: block.byteLength });
  }
  return live;
}

function objectOf(inHeap: Heap, { offset, kind }: Pick<LiveBlock, "offset" | "kind">): SharedObject | undefined {
  const attach = ATTACH[kind];
  if (attach === undefined || !isMade(inHeap, offset)) return undefined;
  return knownAt(offset) ?? attach(new Place(inHeap, offset));
}

findObjectsBy((inHeap, offset) => {
  const kind = inHeap.kindAt(offset);
  return kind === undefined ? undefined : objectOf(inHeap, { offset, kind });
});
