/**
 * The search for threads that wait for each other.
 *
 * A thread that blocks says for which object; an object with an owner says which
 * thread that is. Who follows these from itself, and comes back to itself, will
 * never be woken. What is read of others changes meanwhile, so a circle counts only
 * if it is found twice: nobody in a real one moves.
 */
import { type Heap } from "./heap.js";

/** An object that one thread can hold. */
export interface Owned {
  readonly name: string;
  readonly offset: number;
  /** Slot of the thread that holds it, 0 if none does. */
  readonly ownerSlot: number;
}

/** Gives the object at an offset if one thread can hold it. */
type OwnedAt = (offset: number) => Owned | undefined;

/** In words, the circle that this thread closes by waiting for `wanted`; `undefined` if there is none. */
export function describeCycle(inHeap: Heap, wanted: Owned, ownedAt: OwnedAt): string | undefined {
  const first = cycleFrom(inHeap, wanted, ownedAt);
  if (first === undefined || cycleFrom(inHeap, wanted, ownedAt)?.join() !== first.join()) return undefined;
  return `threads wait for each other and none can go on: ${first.join("; ")}. Take locks in the same order everywhere`;
}

function cycleFrom(inHeap: Heap, wanted: Owned, ownedAt: OwnedAt): string[] | undefined {
  const steps: string[] = [];
  const seen = new Set<number>();
  let waiting = inHeap.slot;
  for (let object: Owned | undefined = wanted; object !== undefined;) {
    const owner: number = object.ownerSlot;
    if (owner === 0 || seen.has(owner)) return undefined;
    seen.add(owner);
    const name = (slot: number): string => `thread ${inHeap.threadIndexOf(slot)}`;
    steps.push(`${name(waiting)} waits for "${object.name}", which ${name(owner)} holds`);
    if (owner === inHeap.slot) return steps;
    waiting = owner;
    object = ownedAt(inHeap.waitsFor(owner));
  }
  return undefined;
}
