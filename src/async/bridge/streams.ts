/** Flows from streams, and web streams from flows. Node streams from flows: `host-node-streams.ts`. */
import { MisuseError } from "../../core/errors.js";
import { type Cancel, describeKind } from "../cancel.js";
import { flow, type Flow } from "../flow/flow.js";
import type { FlowSource } from "../flow/source.js";
import { requireCount } from "../flow/stage.js";
import { isReadable, isWebReadable, type NodeReadable } from "../flow/stream-sources.js";

/**
 * A flow of what a web `ReadableStream` brings. `flow(stream)` is the same.
 *
 * The stream is locked while it is read, and can be read once. It is read only as
 * fast as items are asked for.
 *
 * **Cancels** The stream is cancelled at once, a pending read too.
 *
 * @example
 * ```ts
 * const stream = toWebStream([1, 2, 3]);
 * report(await fromWebStream<number>(stream).toArray());
 * ```
 *
 * @since 0.1.0
 */
export function fromWebStream<T>(stream: ReadableStream<T>, cancel?: Cancel): Flow<T> {
  if (typeof stream !== "object" || stream === null || !isWebReadable(stream)) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `fromWebStream expected a ReadableStream, but ${describeKind(stream)} came`,
    );
  }
  return flow<T>(stream, cancel);
}

/**
 * A flow of what a Node `Readable` brings. `flow(readable)` is the same.
 *
 * It is read only as fast as items are asked for, and can be read once.
 *
 * **Cancels** The stream is destroyed at once, with a read that is pending.
 *
 * **Throws** what the stream fails with; also if it was destroyed before its end.
 *
 * @example
 * ```ts
 * const { Readable } = await import("node:stream");
 * report(await fromReadable<string>(Readable.from(["a", "b"])).toArray());
 * ```
 *
 * @since 0.1.0
 */
export function fromReadable<T = Uint8Array>(stream: NodeReadable, cancel?: Cancel): Flow<T> {
  if (typeof stream !== "object" || stream === null || !isReadable(stream)) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `fromReadable expected a Node Readable, but ${describeKind(stream)} came`,
    );
  }
  return flow<T>(stream as AsyncIterable<T>, cancel);
}

/**
 * How a stream reads the flow that it is made from.
 *
 * @since 0.1.0
 */
export interface ToStreamOptions {
  /** Items that the stream may hold before they are read: 0 if omitted, so that reading starts the flow. */
  readonly highWaterMark?: number;
}

/**
 * A web `ReadableStream` of the items of a flow, or of anything that a flow can
 * read from.
 *
 * An item is asked for when the stream has room for it. Cancelling the stream ends
 * the consumption of the flow and waits for that; a failure of the flow errors the
 * stream.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT`.
 *
 * @param cancel - the scope, or signal, that cancels the consumption
 *
 * @example
 * ```ts
 * const stream = toWebStream(flow(["a", "b"]).map((text) => text.toUpperCase()));
 * for await (const text of stream) report(text);
 * ```
 *
 * @since 0.1.0
 */
export function toWebStream<T>(
  source: FlowSource<T>,
  options: ToStreamOptions = {},
  cancel?: Cancel,
): ReadableStream<T> {
  const { highWaterMark = 0 } = options;
  requireCount("highWaterMark", highWaterMark, 0, true);
  const items = flow(source).values(cancel);
  return new ReadableStream<T>(
    {
      async pull(controller) {
        const step = await items.next();
        if (step.done === true) controller.close();
        else controller.enqueue(step.value);
      },
      async cancel() {
        await items.return?.();
      },
    },
    { highWaterMark },
  );
}
