/**
 * What the three seams (`#atomics`, `#clock`, `#random`) report to when the
 * program runs under the import condition `explore`.
 *
 * Without a listener the seams do what they do in production. With one, each
 * operation is announced before it happens: the point at which a controlled
 * scheduler decides who goes on.
 */

/** An operation that is about to happen. */
export interface SeamOperation {
  readonly seam: "atomics" | "clock" | "random";
  readonly name: string;
  /** For atomics: the index of the cell. */
  readonly index?: number;
}

let listener: ((operation: SeamOperation) => void) | undefined;

/** Hears of every operation of this thread from now on; `undefined` ends that. */
export function listenToSeams(next: ((operation: SeamOperation) => void) | undefined): void {
  listener = next;
}

/** Whether anybody listens: what would be announced need not be made if not. */
export function isHeard(): boolean {
  return listener !== undefined;
}

export function announce(operation: SeamOperation): void {
  listener?.(operation);
}
