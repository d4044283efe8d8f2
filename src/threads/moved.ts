import { describeKind } from "../async/cancel.js";
import { MisuseError } from "../core/errors.js";
import { workerMarker } from "../core/thread.js";

const MOVED: unique symbol = Symbol.for("skein.moved") as never;

/** A result with objects in it that are to be moved. */
export interface Moved {
  readonly [MOVED]: true;
  readonly value: unknown;
  readonly transfer: readonly object[];
}

/**
 * The result of a task, with what is in it to be moved to the caller instead of
 * copied: buffers, ports, streams. To be returned by the task itself.
 *
 * Called on the thread that asked, it gives the value as it is.
 *
 * **Cost** None for the move. But once a thread has moved a buffer away V8 checks each access
 * to typed arrays there: simple loops take twice as long (bench `moved-buffers`).
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT` if `transfer` is no array.
 *
 * @example
 * ```ts
 * export const decode = task(function decode(file: Uint8Array) {
 *   const pixels = new Uint8Array(4 * file.length);
 *   return moved(pixels, [pixels.buffer]);
 * });
 * ```
 *
 * @since 0.1.0
 */
export function moved<Value>(value: Value, transfer: readonly object[]): Value {
  if (!Array.isArray(transfer)) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `moved expected what to move in an array, but ${describeKind(transfer)} came: moved(pixels, [pixels.buffer])`,
    );
  }
  if (workerMarker === undefined) return value;
  const result: Moved = { [MOVED]: true, value, transfer };
  return result as never;
}

export function isMoved(value: unknown): value is Moved {
  try {
    return typeof value === "object" && value !== null && MOVED in value;
  } catch {
    return false; // a proxy that refuses to be looked at
  }
}
