/**
 * Work under way that this thread's event loop does not show, such as jobs on
 * other threads. Whoever hands such work out counts it here.
 *
 * Only a virtual clock asks: it must not move time while something goes on that
 * takes real time.
 */
import { InternalError } from "./errors.js";

let count = 0;

/** A piece of work was handed out; `endOutsideWork` must follow, however it ends. */
export function beginOutsideWork(): void {
  count++;
}

/** A piece of work handed out has ended, and its outcome is here. */
export function endOutsideWork(): void {
  // A count below zero would cancel out another's work, and let time jump over it.
  if (count === 0) throw new InternalError("outside work ended that had not begun");
  count--;
}

/** Pieces of work that are under way. */
export function outsideWorkCount(): number {
  return count;
}
