/** Broadcasts: each value published goes to every subscriber. How they work: `broadcast-ring.ts`. */
import { MisuseError } from "../core/errors.js";
import { type Lagged, RingBroadcast } from "./broadcast-ring.js";
import { type Cancel, cancelNodeOf, describeKind } from "./cancel.js";
import type { CanReceive } from "./channel-ends.js";
import { requireCapacity } from "./channel.js";
import type { Selectable } from "./select.js";

export { Lagged } from "./broadcast-ring.js";

/**
 * How a broadcast is made.
 *
 * @since 0.1.0
 */
export interface BroadcastOptions {
  /** How far, in values, the slowest subscriber may be behind: a whole number from 1 on, or Infinity. */
  readonly capacity: number;
  /**
   * What happens when a subscriber is as far behind as that: `"wait"`, the default,
   * makes publishers wait for it; `"drop"` has it miss the oldest value.
   */
  readonly onLag?: "wait" | "drop";
  /** How dumps, recordings and errors name the broadcast. */
  readonly name?: string;
}

/** Counters of a broadcast at one moment. */
export interface BroadcastStatistics {
  /** Values that somebody has yet to receive. */
  readonly length: number;
  readonly capacity: number;
  readonly subscribers: number;
  /** Values published since it was made. */
  readonly published: number;
  readonly waitingPublishers: number;
  readonly isClosed: boolean;
}

/** Counters of a subscription at one moment; what was published for it is the sum of the first three. */
export interface SubscriptionStatistics {
  /** Values that it has yet to receive. */
  readonly length: number;
  /** Values received. */
  readonly received: number;
  /** Values missed, told or not. */
  readonly missed: number;
  readonly waitingReceivers: number;
}

/**
 * Gives each value published to all that have subscribed, in the order of
 * publishing.
 *
 * Use it for events that several jobs follow. Where only the latest state matters
 * a watch is better; where each value is for one of several jobs, a channel.
 *
 * **Fairness** Publishers that wait are served in order of arrival.
 *
 * **Threads** One thread only.
 *
 * @since 0.1.0
 */
export interface Broadcast<T, Received = T> {
  readonly name: string;
  readonly capacity: number;
  readonly isClosed: boolean;

  /**
   * Publishes a value, waiting until no subscriber is too far behind. With nobody
   * subscribed it goes nowhere. Under `onLag: "drop"` it never waits.
   *
   * **Cancels** Nobody receives the value.
   *
   * **Throws** `SKEIN_CLOSED` if it is closed, also while the call waits: then too
   * nobody receives the value. `SKEIN_CANCELLED`.
   */
  publish(value: T, cancel?: Cancel): Promise<void>;

  /** Publishes without waiting. False if a subscriber is too far behind, or it is closed; never throws. */
  tryPublish(value: T): boolean;

  /** The publishing of `value` as a case of `select`. */
  publishing(value: T): Selectable<undefined>;

  /** A subscription to what is published from now on. Close it, or nothing may ever be published again. */
  subscribe(): Subscription<Received>;

  /**
   * Closes it: subscribers receive what was published and then end. Publishers that
   * wait fail with `SKEIN_CLOSED`. Closing again does nothing.
   */
  close(): void;

  statistics(): BroadcastStatistics;
}

/**
 * What one subscriber receives of a broadcast.
 *
 * @since 0.1.0
 */
export interface Subscription<Received> extends CanReceive<Received>, Disposable {
  /** Ends the subscription. Receives that wait fail with `SKEIN_CLOSED`, loops end. Doing it again does nothing. */
  close(): void;
  statistics(): SubscriptionStatistics;
}

/**
 * Makes a broadcast.
 *
 * By default publishers go at the pace of the slowest subscriber. With
 * `onLag: "drop"` they never wait, and a subscriber that was too slow receives a
 * `Lagged` in place of what it missed.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT`.
 *
 * **Cost** A value is stored once, however many have subscribed.
 *
 * @param options - the capacity, or more
 * @param cancel - the scope, or signal, that cancels each wait for which none is given
 *
 * @example
 * ```ts
 * const prices = broadcast<number>({ capacity: 2, onLag: "drop" });
 * using slow = prices.subscribe();
 * for (const price of [10, 11, 12, 13]) await prices.publish(price);
 * prices.close();
 * for await (const price of slow) {
 *   console.log(price instanceof Lagged ? `missed ${price.missed}` : price); // missed 2, 12, 13
 * }
 * ```
 *
 * @since 0.1.0
 */
export function broadcast<T>(
  options: BroadcastOptions & { readonly onLag: "drop" },
  cancel?: Cancel,
): Broadcast<T, T | Lagged>;
export function broadcast<T>(
  options: number | (BroadcastOptions & { readonly onLag?: "wait" }),
  cancel?: Cancel,
): Broadcast<T>;
export function broadcast<T>(options: number | BroadcastOptions, cancel?: Cancel): Broadcast<T, T | Lagged> {
  const given = typeof options === "number" ? { capacity: options } : options;
  if (typeof given !== "object" || given === null) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `expected a capacity or options, but ${describeKind(options)} came`,
    );
  }
  const { capacity, onLag = "wait", name = "broadcast" }: BroadcastOptions = given;
  requireCapacity("a broadcast", capacity, 1);
  if (onLag !== "wait" && onLag !== "drop") {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `a broadcast's onLag must be "wait" or "drop", but ${describeKind(onLag)} came`,
    );
  }
  return new RingBroadcast<T>(capacity, onLag === "drop", name, cancelNodeOf(cancel));
}
