/** Channels: typed queues between jobs of one thread. How they work: `channel-core.ts`. */
import { MisuseError } from "../core/errors.js";
import { type Cancel, cancelNodeOf, describeKind } from "./cancel.js";
import { ChannelCore, type ChannelStatistics, type Overflow } from "./channel-core.js";
import { type CanReceive, type CanSend, type Receiver, ReceiverEnd, type Sender, SenderEnd } from "./channel-ends.js";

export type { ChannelStatistics, Overflow } from "./channel-core.js";

/**
 * How a channel is made, where a capacity alone does not say it.
 *
 * @since 0.1.0
 */
export interface ChannelOptions<T = unknown> {
  /**
   * Values that may stand in the buffer: 0 hands over directly, Infinity never makes
   * a sender wait. If omitted 0, or 1 where the overflow is dropped.
   */
  readonly capacity?: number;
  /**
   * What a send does when the buffer is full: `"wait"`, the default; `"drop-newest"`
   * keeps what is in the buffer (a *dropping* channel); `"drop-oldest"` keeps what
   * came last (a *sliding* channel, and with a capacity of 1 a *conflated* one).
   */
  readonly overflow?: Overflow;
  /**
   * Called with each value that was accepted but that nobody will receive: because
   * it was dropped, or was in the buffer when the last receiving end was closed or
   * the channel cancelled. For values that hold something that must be released.
   * Must not send to the channel. What it throws is reported as a warning.
   */
  readonly onUndelivered?: (value: T) => void;
  /** How dumps, recordings and errors name the channel. */
  readonly name?: string;
}

/**
 * A typed queue between jobs of one thread, first in, first out.
 *
 * Use it to pass values from jobs that make them to jobs that use them: a bounded
 * channel slows the makers down to the users' pace. To give each value to several
 * users use a broadcast, to tell them the latest state a watch, for a single
 * answer a oneshot.
 *
 * It can be used as it is, or through ends that close it when the last of them is
 * closed: `sender()`, `receiver()`.
 *
 * **Fairness** Waiting senders and waiting receivers are each served in order of
 * arrival. A newcomer never overtakes them.
 *
 * **Threads** One thread only.
 *
 * @since 0.1.0
 */
export interface Channel<T> extends CanSend<T>, CanReceive<T> {
  readonly name: string;
  readonly capacity: number;
  /** Values in the buffer now. */
  readonly length: number;
  readonly isClosed: boolean;

  /**
   * Closes the channel. Values in the buffer can still be received; then receivers
   * end. Sends that wait fail with `SKEIN_CLOSED`. Closing again does nothing.
   */
  close(): void;

  /**
   * Closes the channel from the receiving side: as `close`, and the values in the
   * buffer go to `onUndelivered`. Cancelling again does nothing.
   */
  cancel(): void;

  /** A new sending end. When as many were closed as were made, the channel closes. */
  sender(): Sender<T>;

  /** A new receiving end. When as many were closed as were made, the channel is cancelled. */
  receiver(): Receiver<T>;

  statistics(): ChannelStatistics;
}

/**
 * Makes a channel.
 *
 * **Cost** A rendezvous between two jobs takes two promise jobs.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT`.
 *
 * @param options - the capacity, or more; a rendezvous if omitted
 * @param cancel - the scope, or signal, that cancels each wait on this channel for
 *   which none is given. A channel that lives in a scope should be given it here.
 *
 * @example
 * ```ts
 * await scope(async (s) => {
 *   const numbers = channel<number>(2, s);
 *   s.spawn(async () => {
 *     for (const number of [1, 2, 3]) await numbers.send(number);
 *     numbers.close();
 *   });
 *   for await (const number of numbers) console.log(number);
 * });
 * ```
 *
 * @example Several senders: the channel closes with the last of them.
 * ```ts
 * await scope(async (s) => {
 *   const words = channel<string>(0, s);
 *   {
 *     using first = words.sender();
 *     for (const word of ["one", "two"]) {
 *       const own = first.clone();
 *       s.spawn(() => own.send(word).finally(() => own.close()));
 *     }
 *   }
 *   for await (const word of words) console.log(word);
 * });
 * ```
 *
 * @since 0.1.0
 */
export function channel<T>(options: number | ChannelOptions<T> = 0, cancel?: Cancel): Channel<T> {
  const given = typeof options === "number" ? { capacity: options } : options;
  if (typeof given !== "object" || given === null) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `expected a capacity or options, but ${describeKind(options)} came`,
    );
  }
  const { overflow = "wait", onUndelivered, name = "channel" }: ChannelOptions<T> = given;
  const { capacity = overflow === "wait" ? 0 : 1 } = given;
  if (overflow !== "wait" && overflow !== "drop-newest" && overflow !== "drop-oldest") {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `a channel's overflow must be "wait", "drop-newest" or "drop-oldest", but ${describeKind(overflow)} came`,
    );
  }
  requireCapacity("a channel", capacity, overflow === "wait" ? 0 : 1);
  if (onUndelivered !== undefined && typeof onUndelivered !== "function") {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `onUndelivered must be a function, but ${describeKind(onUndelivered)} came`,
    );
  }
  return new DirectChannel<T>({
    kind: "channel",
    capacity,
    name,
    overflow,
    onUndelivered,
    cancel: cancelNodeOf(cancel),
  });
}

class DirectChannel<T> extends ChannelCore<T> implements Channel<T> {
  sender(): Sender<T> {
    return new SenderEnd(this);
  }

  receiver(): Receiver<T> {
    return new ReceiverEnd(this);
  }
}

/** Refuses what is no number of places. */
export function requireCapacity(whose: string, capacity: unknown, least: number): void {
  if (capacity === Infinity) return;
  if (typeof capacity === "number" && Number.isSafeInteger(capacity) && capacity >= least) return;
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `${whose}'s capacity must be a whole number from ${least} on, or Infinity, but ${describeKind(capacity)} came`,
  );
}
