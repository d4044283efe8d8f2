/** Throttling: runs at a distance from each other. How it works: `call-window.ts`. */
import { type PutOff, putOff, requireRun, requireWindow } from "./call-window.js";
import type { Cancel } from "./cancel.js";

/** How a throttled function behaves. */
export interface ThrottleOptions {
  /** Run at a call that comes when none has run for the time; true by default. */
  readonly leading?: boolean;
  /** Run at the end of the time for the calls that came in it, with the latest arguments; true by default. */
  readonly trailing?: boolean;
  /** How errors and dumps name it. */
  readonly name?: string;
}

/**
 * Gives a function that begins to run `fn` at most once in `everyMs`.
 *
 * Use it where the latest call matters, but something has to happen meanwhile: to
 * show progress. To wait until calls stop coming use `debounce`; to bound how often
 * something is called without dropping calls, `rateLimit`.
 *
 * A call gives the result of the run that stands for it: the next one; with
 * `trailing` off, the last one. A run may begin while another one goes on.
 *
 * **Cancels** What is put off is discarded, and its calls fail; what has begun goes
 * on. A scope that ends uncancelled has what is put off begin at once, and ends
 * after it.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT`.
 *
 * @example
 * ```ts
 * const show = throttle((percent: number) => console.log(`${percent} %`), 5);
 * void show(1); // 1 %
 * void show(2);
 * await show(3); // 3 %
 * ```
 *
 * @since 0.1.0
 */
export function throttle<Args extends readonly unknown[], Result>(
  fn: (...args: Args) => Result,
  everyMs: number,
  options: ThrottleOptions = {},
  cancel?: Cancel,
): PutOff<Args, Awaited<Result>> {
  requireWindow("throttle", fn, everyMs, options);
  const { leading = true, trailing = true, name } = options;
  requireRun("throttle", leading, trailing);
  const called = name ?? (fn.name === "" ? "throttle" : `throttled ${fn.name}`);
  return putOff(fn, { name: called, lengthMs: everyMs, leading, trailing, extendsForMs: undefined }, cancel);
}
