/** Node streams from flows: the one file of this room that needs Node, and no index imports it. */
import { Readable } from "node:stream";

import { MisuseError } from "../../core/errors.js";
import type { Cancel } from "../cancel.js";
import { flow } from "../flow/flow.js";
import type { FlowSource } from "../flow/source.js";
import { requireCount } from "../flow/stage.js";

/**
 * How a Node stream reads the flow that it is made from.
 *
 * @since 0.1.0
 */
export interface ToReadableOptions {
  /** Any value may be an item: true if omitted. `false`: a stream of bytes, whose items are buffers and strings. */
  readonly objectMode?: boolean;
  /** How much the stream holds before it is read; Node's own default if omitted. */
  readonly highWaterMark?: number;
}

/**
 * A Node `Readable` of the items of a flow, or of anything that a flow can read
 * from.
 *
 * The flow starts when the stream is first read from, and goes on while the stream
 * has room. Destroying the stream ends the consumption of the flow, and its
 * `close` comes after that; a failure of the flow destroys the stream with it.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT`; through the stream also if an item is `null`
 * or `undefined`, which such a stream can't carry.
 *
 * @param cancel - the scope, or signal, that cancels the consumption
 *
 * @example
 * ```ts
 * const { toReadable } = await import("skein/node");
 * for await (const line of toReadable(flow([1, 2]).map((n) => `${n}\n`))) report(line);
 * ```
 *
 * @since 0.1.0
 */
export function toReadable(source: FlowSource<unknown>, options: ToReadableOptions = {}, cancel?: Cancel): Readable {
  const { objectMode = true, highWaterMark } = options;
  if (highWaterMark !== undefined) requireCount("highWaterMark", highWaterMark, 0);
  const items = flow(source).values(cancel);

  const readOne = async (stream: Readable): Promise<void> => {
    try {
      const step = await items.next();
      // Node asks again only after a push, so one read is under way at most.
      if (step.done === true) stream.push(null);
      else stream.push(requireItem(step.value));
    } catch (error) {
      stream.destroy(error as Error);
    }
  };
  const close = async (error: Error | null, closed: (error: Error | null) => void): Promise<void> => {
    let failure = error;
    try {
      await items.return?.();
    } catch (closeError) {
      failure ??= closeError as Error;
    }
    closed(failure);
  };

  return new Readable({
    objectMode,
    ...(highWaterMark !== undefined && { highWaterMark }),
    read() {
      void readOne(this);
    },
    destroy(error, done) {
      void close(error, done);
    },
  });
}

function requireItem(item: unknown): unknown {
  if (item !== null && item !== undefined) return item;
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `a Node stream can't carry ${String(item)}: map or filter such items before toReadable`,
  );
}
