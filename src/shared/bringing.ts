/**
 * Brings along what knows every kind of shared object, which is most of this room, when
 * it is needed: a thread whose jobs get no such object starts without.
 */
import { knowsKinds } from "./object.js";

/**
 * Settles when shared objects can arrive here; `undefined` if they can.
 *
 * All of the room, not only the kinds: who holds what, and what a thread leaves behind
 * that ends, is looked after by files that no object knows.
 */
export function kindsToCome(): Promise<unknown> | undefined {
  return knowsKinds() ? undefined : import("./index.js");
}
