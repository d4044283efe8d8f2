import { describeKind } from "../async/cancel.js";
import { deferred } from "../core/deferred.js";
import { MisuseError } from "../core/errors.js";
import { settled } from "./quiescence.js";

/** Waits for the turn of `position`; see `sequencer`. */
export type Sequencer = (position: number) => Promise<void>;

/**
 * Makes a function whose calls go on in the order of their numbers, from 0 on,
 * each after everything that the one before set going has come to rest.
 *
 * Use it in tests to fix how jobs interleave. Each number is passed once; which
 * job passes it, and when it gets there, does not matter.
 *
 * **Waits** for the number's turn; for ever, if a lower number never comes.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT` for a number that was given before, or that
 * is no whole number from 0 on.
 *
 * @example
 * ```ts
 * const seq = sequencer();
 * const seen: string[] = [];
 * await scope(async (s) => {
 *   s.spawn(async () => {
 *     await seq(0);
 *     seen.push("first");
 *     await seq(2);
 *     seen.push("third");
 *   });
 *   await seq(1);
 *   seen.push("second");
 * });
 * console.log(seen.join()); // first,second,third
 * ```
 *
 * @since 0.1.0
 */
export function sequencer(): Sequencer {
  const arrived = new Map<number, () => void>();
  let next = 0;
  let isMoving = false;

  const move = async (): Promise<void> => {
    isMoving = true;
    for (let pass = arrived.get(next); pass !== undefined; pass = arrived.get(next)) {
      arrived.delete(next++);
      pass();
      await settled();
    }
    isMoving = false;
  };

  return async (position) => {
    if (!Number.isSafeInteger(position) || position < 0) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `a sequencer expected a whole number from 0 on, but ${describeKind(position)} came`,
      );
    }
    if (position < next || arrived.has(position)) {
      throw new MisuseError("SKEIN_INVALID_ARGUMENT", `a sequencer was given the number ${position} twice`);
    }
    const { promise, resolve } = deferred<void>();
    arrived.set(position, resolve);
    if (!isMoving) void move();
    return promise;
  };
}
