/**
 * Instances of shared objects for threads under exploration.
 *
 * In a program a shared object is one JavaScript object on each thread, which keeps
 * what that thread knows: whether it holds the lock, which slot it has. Here all
 * threads are given the same one, by closures. So each verb of it first finds the
 * instance of the thread that runs, and makes it at the first use; a thread that is
 * called anew has new ones.
 */
import { MisuseError } from "../core/errors.js";
import { SharedArray } from "../shared/array.js";
import { Barrier } from "../shared/barrier.js";
import { SharedChannel } from "../shared/channel.js";
import { Condition } from "../shared/condition.js";
import { SharedCounter } from "../shared/counter.js";
import { SharedDeque } from "../shared/deque.js";
import { Event, Latch } from "../shared/event.js";
import type { Handle, Heap } from "../shared/heap.js";
import { SharedMap } from "../shared/map.js";
import { Mutex } from "../shared/mutex.js";
import { lookThroughViews, Place, SharedObject } from "../shared/object.js";
import { Once } from "../shared/once.js";
import { SharedRing } from "../shared/ring.js";
import { RwLock } from "../shared/rw-lock.js";
import { Semaphore } from "../shared/semaphore.js";
import { SharedText } from "../shared/text.js";
import { SharedVector } from "../shared/vector.js";
import { SpinBudget } from "../shared/waiting.js";
import { controlled } from "./controlled.js";
import { exploreElements } from "./elements.js";
import { exploreRecordFields } from "./record-fields.js";
import { SharedMemory, useSharedMemory } from "./shared-memory.js";
import type { VirtualThread } from "./virtual-thread.js";

const CLASSES: readonly { readonly prototype: object }[] = [
  SharedArray,
  Barrier,
  SharedChannel,
  Condition,
  SharedCounter,
  SharedDeque,
  Event,
  Latch,
  SharedMap,
  Mutex,
  Once,
  SharedRing,
  RwLock,
  Semaphore,
  SharedText,
  SharedVector,
  SharedObject,
];

/** What a shared object shows to who knows it. */
interface Seen {
  readonly heap: Heap;
  readonly offset: number;
  readonly handle: Handle;
}

/** The instances of each thread, by the object that it was given and by place. */
const views: Map<object, object>[] = [];
const viewsAt: Map<number, object>[] = [];

let sharedMemory: SharedMemory | undefined;

/** Prepares the library's shared objects for exploration, once. */
export function exploreSharedObjects(): SharedMemory | undefined {
  if (sharedMemory !== undefined) return sharedMemory;
  const memory = new SharedMemory();
  sharedMemory = memory;
  useSharedMemory(memory);
  memory.onBegin = ({ index }: VirtualThread) => {
    (views[index] ??= new Map()).clear();
    (viewsAt[index] ??= new Map()).clear();
  };
  for (const prototype of prototypes()) findViewsIn(prototype);
  lookThroughViews({ of: (object) => viewOf(object, memory) as SharedObject });
  exploreRecordFields(memory);
  exploreElements(memory);
  // Spinning saves a sleep where threads run side by side; here it would only hide the
  // sleep, which is what can go wrong.
  const { get } = Object.getOwnPropertyDescriptor(SpinBudget.prototype, "spins") as { get(): number };
  Object.defineProperty(SpinBudget.prototype, "spins", {
    get(this: SpinBudget) {
      return controlled === undefined ? get.call(this) : 0;
    },
  });
  return memory;
}

/** Those of all classes, and of what they extend: verbs stand there, too. */
function prototypes(): Set<object> {
  const all = new Set<object>();
  for (const { prototype } of CLASSES) {
    for (let one = prototype; one !== Object.prototype; one = Object.getPrototypeOf(one) as object) all.add(one);
  }
  return all;
}

function findViewsIn(prototype: object): void {
  for (const key of Reflect.ownKeys(prototype)) {
    if (key === "constructor" || (prototype === SharedObject.prototype && NEEDED_BY_VIEWS.has(key))) continue;
    const property = Object.getOwnPropertyDescriptor(prototype, key) as PropertyDescriptor;
    if (property.configurable !== true) continue;
    const { value, get, set } = property as { value?: unknown; get?: () => unknown; set?: (value: unknown) => void };
    if (typeof value === "function") {
      const method = value as (...values: unknown[]) => unknown;
      property.value = function (this: object, ...values: unknown[]): unknown {
        return method.apply(viewOf(this), values);
      };
    }
    if (get !== undefined) {
      property.get = function (this: object): unknown {
        return get.call(viewOf(this));
      };
    }
    if (set !== undefined) {
      property.set = function (this: object, next: unknown): void {
        set.call(viewOf(this), next);
      };
    }
    Object.defineProperty(prototype, key, property);
  }
}

const NEEDED_BY_VIEWS: ReadonlySet<PropertyKey> = new Set(["heap", "offset", "cells", "name", "handle", "leave"]);

function viewOf(object: object, memory: SharedMemory = sharedMemory as SharedMemory): object {
  const thread = controlled?.current;
  if (thread === undefined || thread.index === 0 || memory.isQuiet) return object;
  const own = (views[thread.index] ??= new Map());
  const known = own.get(object);
  if (known !== undefined) return known;
  const { heap, offset, handle } = object as unknown as Seen;
  const here = memory.heapNow as Heap;
  if (heap === here) {
    own.set(object, object);
    return object;
  }
  if (!memory.isOwn(heap)) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `${object.constructor.name} was made outside of the function given to explore: make what threads share inside, so that each run has its own`,
    );
  }
  const made = memory.quietly(() => {
    const byPlace = viewsAt[thread.index]?.get(offset);
    if (byPlace !== undefined) return byPlace;
    return new (object.constructor as new (place: Place) => object)(new Place(here, handle));
  });
  own.set(object, made);
  own.set(made, made);
  (viewsAt[thread.index] ??= new Map()).set(offset, made);
  return made;
}
