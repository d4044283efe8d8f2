/** Debouncing: one run after a rush of calls. How it works: `call-window.ts`. */
import { MisuseError } from "../core/errors.js";
import { type PutOff, putOff, requireLength, requireRun, requireWindow } from "./call-window.js";
import type { Cancel } from "./cancel.js";

/** How a debounced function behaves. */
export interface DebounceOptions {
  /** Run at the first call of a rush; false by default. */
  readonly leading?: boolean;
  /** Run when the rush is over, with the latest arguments; true by default. */
  readonly trailing?: boolean;
  /** Run after so many milliseconds although calls go on coming; never by default. */
  readonly maxWaitMs?: number;
  /** How errors and dumps name it. */
  readonly name?: string;
}

/**
 * Gives a function that runs `fn` once when its calls have stopped coming for
 * `quietMs`.
 *
 * Use it where only the last of a rush of calls matters: to save what is being
 * typed, to lay out after resizing. To run at a steady pace meanwhile use
 * `throttle`; to bound how often something is called without dropping calls,
 * `rateLimit`.
 *
 * A call gives the result of the run that stands for it: the next one; with
 * `trailing` off, that at the beginning of the rush. A run may begin while another
 * one goes on.
 *
 * **Cancels** What is put off is discarded, and its calls fail; what has begun goes
 * on. A scope that ends uncancelled has what is put off begin at once, and ends
 * after it.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT`.
 *
 * @param quietMs - how long no call must come; each call begins it anew
 *
 * @example
 * ```ts
 * const save = debounce((text: string) => console.log("saved", text), 5);
 * void save("a");
 * void save("ab");
 * await save("abc"); // saved abc
 * ```
 *
 * @since 0.1.0
 */
export function debounce<Args extends readonly unknown[], Result>(
  fn: (...args: Args) => Result,
  quietMs: number,
  options: DebounceOptions = {},
  cancel?: Cancel,
): PutOff<Args, Awaited<Result>> {
  requireWindow("debounce", fn, quietMs, options);
  const { leading = false, trailing = true, maxWaitMs, name } = options;
  requireRun("debounce", leading, trailing);
  if (maxWaitMs !== undefined) requireLength("debounce's maxWaitMs", maxWaitMs);
  if (maxWaitMs !== undefined && maxWaitMs < quietMs) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `debounce expected a maxWaitMs that is no shorter than its ${quietMs} ms, but ${maxWaitMs} came`,
    );
  }
  const called = name ?? (fn.name === "" ? "debounce" : `debounced ${fn.name}`);
  return putOff(
    fn,
    { name: called, lengthMs: quietMs, leading, trailing, extendsForMs: maxWaitMs ?? Infinity },
    cancel,
  );
}
