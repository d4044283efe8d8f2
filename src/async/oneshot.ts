/**
 * Oneshots: one value from one sender to one receiver.
 *
 * A channel with one place and no second use: sending closes it, so that the
 * receiver finds the value, or the end. On top of the channel stand two facts, each
 * said once: a value was sent, a value was received.
 */
import { MisuseError } from "../core/errors.js";
import { type Cancel, cancelNodeOf } from "./cancel.js";
import { ChannelCore } from "./channel-core.js";
import { requireOptions } from "./guard.js";
import { SELECTABLE, type Selectable } from "./select.js";

/**
 * How a oneshot is made.
 *
 * @since 0.1.0
 */
export interface OneshotOptions<T = unknown> {
  /** Called with a value that was sent, but that nobody will receive because the receiver cancelled. */
  readonly onUndelivered?: (value: T) => void;
  /** How dumps, recordings and errors name the oneshot. */
  readonly name?: string;
}

/** What a oneshot has come to. */
export interface OneshotStatistics {
  readonly isSent: boolean;
  readonly isReceived: boolean;
  /** True if the receiver waits. */
  readonly isWaiting: boolean;
  readonly isClosed: boolean;
}

/**
 * Carries one value from one job to another.
 *
 * Use it for the answer to a request that goes through a channel: the request
 * carries the oneshot. For the result of a job await the job.
 *
 * **Threads** One thread only.
 *
 * @since 0.1.0
 */
export interface Oneshot<T> {
  readonly name: string;
  /** True once no value can be sent any more; one that was sent can still be received. */
  readonly isClosed: boolean;

  /**
   * Sends the value; never waits.
   *
   * **Throws** `SKEIN_ONESHOT_USED` if one was sent before; `SKEIN_CLOSED` if it was
   * closed, or its receiver cancelled.
   */
  send(value: T): void;

  /** Sends the value. False if one was sent before, or it was closed or cancelled; never throws. */
  trySend(value: T): boolean;

  /**
   * Waits for the value.
   *
   * **Cancels** The value is not taken: it can be received later.
   *
   * **Throws** `SKEIN_CLOSED` if no value will come; `SKEIN_CANCELLED`;
   * `SKEIN_ONESHOT_USED` if the value was received before, or another receive waits.
   */
  receive(cancel?: Cancel): Promise<T>;

  /** The value in an object, if it was sent and not received yet; never waits, never throws. */
  tryReceive(): { readonly value: T } | undefined;

  /**
   * The receiving of the value as a case of `select`: `done` if no value will come.
   * Where `receive` throws `SKEIN_ONESHOT_USED`, the case does.
   */
  receiving(): Selectable<IteratorResult<T, undefined>>;

  /** The sender gives up: no value will come. After sending, and a second time, it does nothing. */
  close(): void;

  /** The receiver gives up: sending fails from now on, and a value that was sent goes to `onUndelivered`. */
  cancel(): void;

  statistics(): OneshotStatistics;
}

/**
 * Makes a oneshot.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT`.
 *
 * @param cancel - the scope, or signal, that cancels the wait if none is given to it
 *
 * @example
 * ```ts
 * await scope(async (s) => {
 *   const requests = channel<{ square: number; answer: Oneshot<number> }>(0, s);
 *   s.spawn(async () => {
 *     for await (const { square, answer } of requests) answer.send(square * square);
 *   });
 *   const answer = oneshot<number>();
 *   await requests.send({ square: 7, answer });
 *   console.log(await answer.receive(s)); // 49
 *   requests.close();
 * });
 * ```
 *
 * @since 0.1.0
 */
export function oneshot<T>(options: OneshotOptions<T> = {}, cancel?: Cancel): Oneshot<T> {
  requireOptions("oneshot", options);
  return new ChannelOneshot<T>(options, cancel);
}

class ChannelOneshot<T> implements Oneshot<T> {
  readonly name: string;
  readonly #core: ChannelCore<T>;
  #isSent = false;

  constructor({ name = "oneshot", onUndelivered }: OneshotOptions<T>, cancel: Cancel | undefined) {
    this.name = name;
    this.#core = new ChannelCore<T>({
      kind: "oneshot",
      capacity: 1,
      name,
      overflow: "wait",
      onUndelivered,
      cancel: cancelNodeOf(cancel),
    });
  }

  get isClosed(): boolean {
    return this.#core.isClosed;
  }

  get #isReceived(): boolean {
    return this.#core.statistics().received > 0;
  }

  trySend(value: T): boolean {
    if (!this.#core.trySend(value)) return false;
    this.#isSent = true;
    this.#core.close();
    return true;
  }

  send(value: T): void {
    if (this.trySend(value)) return;
    if (!this.#isSent) throw this.#core.closedError();
    throw new MisuseError(
      "SKEIN_ONESHOT_USED",
      `a second value was sent to oneshot "${this.name}", which carries one; use a channel for more`,
    );
  }

  tryReceive(): { readonly value: T } | undefined {
    return this.#core.tryReceive();
  }

  receive(cancel?: Cancel): Promise<T> {
    try {
      this.#requireUnused();
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#core.receive(cancel);
  }

  receiving(): Selectable<IteratorResult<T, undefined>> {
    const { attempt, park } = this.#core.receiving()[SELECTABLE];
    return {
      [SELECTABLE]: {
        attempt: () => {
          this.#requireUnused();
          return attempt();
        },
        park,
      },
    };
  }

  close(): void {
    this.#core.close();
  }

  cancel(): void {
    this.#core.cancel();
  }

  statistics(): OneshotStatistics {
    return {
      isSent: this.#isSent,
      isReceived: this.#isReceived,
      isWaiting: this.#core.statistics().waitingReceivers > 0,
      isClosed: this.isClosed,
    };
  }

  #requireUnused(): void {
    const isWaiting = this.#core.statistics().waitingReceivers > 0;
    if (!isWaiting && !this.#isReceived) return;
    throw new MisuseError(
      "SKEIN_ONESHOT_USED",
      `the value of oneshot "${this.name}" ${isWaiting ? "is being waited for" : "was received"} already, and it carries one; ` +
        "to give a value to several jobs use a watch or a latch",
    );
  }
}
