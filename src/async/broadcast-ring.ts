/**
 * The ring behind a broadcast.
 *
 * The values that somebody has yet to receive stand once in a ring that all share;
 * a subscription is a position in it. Positions count the values published since
 * the broadcast was made, so they never shrink.
 *
 * Invariants
 * - The ring holds the values from position `#first` on. Each knows how many
 *   subscriptions have yet to take it, and the ones nobody needs any more have left:
 *   those who need a value need all behind it, so they leave from the front.
 * - Never both: a waiting publisher and a free place in the ring; never both: a
 *   waiting receiver and a value that its subscription has yet to take.
 * - A subscription's position falls behind `#first` only by overflow, and before
 *   it takes another value it says by how much: what it took and what it was told
 *   it missed are all that was published after it subscribed (law 25).
 */
import { ClosedError, MisuseError } from "../core/errors.js";
import type { Broadcast, BroadcastStatistics, Subscription, SubscriptionStatistics } from "./broadcast.js";
import { type Cancel, cancelNodeOf, type CancelNode } from "./cancel.js";
import { RingBuffer } from "./ring-buffer.js";
import { SELECTABLE, type Selectable } from "./select.js";
import { SelectableIterator } from "./selectable-iterator.js";
import { WaitQueue } from "./wait-queue.js";

/**
 * What a slow subscriber receives in place of the values that it missed.
 *
 * @since 0.1.0
 */
export class Lagged {
  /** How many values it missed, all of them older than the next that it receives. */
  readonly missed: number;

  constructor(missed: number) {
    this.missed = missed;
  }
}

/** A published value. */
interface Entry<T> {
  readonly value: T;
  /** Subscriptions that have yet to take it. */
  remaining: number;
}

export class RingBroadcast<T> implements Broadcast<T, T | Lagged> {
  readonly name: string;
  readonly capacity: number;
  readonly cancel: CancelNode | undefined;
  readonly #drops: boolean;
  readonly #ring = new RingBuffer<Entry<T>>();
  readonly #subscriptions = new Set<RingSubscription<T>>();
  readonly #publishing: WaitQueue<void, T>;
  /** The position of the oldest value in the ring. */
  #first = 0;
  #published = 0;
  #isAdmitting = false;
  isClosed = false;

  constructor(capacity: number, drops: boolean, name: string, cancel: CancelNode | undefined) {
    this.capacity = capacity;
    this.name = name;
    this.cancel = cancel;
    this.#drops = drops;
    this.#publishing = new WaitQueue(`publish to broadcast "${name}"`);
  }

  tryPublish(value: T): boolean {
    if (this.isClosed) return false;
    if (this.#ring.length >= this.capacity) {
      if (!this.#drops) return false;
      this.#ring.shift();
      this.#first++;
    }
    this.#append(value);
    return true;
  }

  async publish(value: T, cancel?: Cancel): Promise<void> {
    const node = cancelNodeOf(cancel) ?? this.cancel;
    node?.checkpoint();
    if (this.tryPublish(value)) return;
    if (this.isClosed) throw this.closedError();
    await this.#publishing.wait(node, value);
  }

  publishing(value: T): Selectable<undefined> {
    return {
      [SELECTABLE]: {
        attempt: () => {
          if (this.tryPublish(value)) return { value: undefined };
          if (this.isClosed) throw this.closedError();
          return undefined;
        },
        park: (won, failed) => this.#publishing.park(value, () => won(undefined), failed),
      },
    };
  }

  subscribe(): Subscription<T | Lagged> {
    const subscription = new RingSubscription(this, this.#first + this.#ring.length);
    this.#subscriptions.add(subscription);
    return subscription;
  }

  /** There is a place in the ring. */
  #append(value: T): void {
    this.#published++;
    if (this.#subscriptions.size === 0) return;
    this.#ring.push({ value, remaining: this.#subscriptions.size });
    for (const subscription of this.#subscriptions) subscription.deliver();
  }

  /** Positions that a subscription at `position` has yet to take, and how many of them are gone. */
  behind(position: number): { readonly length: number; readonly missed: number } {
    const missed = Math.max(0, this.#first - position);
    return { missed, length: this.#first + this.#ring.length - position - missed };
  }

  /** Takes the value at `position`, which is in the ring, for one subscription. */
  takeAt(position: number): T {
    const entry = this.#ring.at(position - this.#first);
    entry.remaining--;
    this.#letGo();
    return entry.value;
  }

  /** A subscription at `position` wants nothing more. */
  leave(subscription: RingSubscription<T>, position: number): void {
    if (!this.#subscriptions.delete(subscription)) return;
    for (let i = Math.max(0, position - this.#first); i < this.#ring.length; i++) this.#ring.at(i).remaining--;
    this.#letGo();
  }

  /** Lets go of the values that nobody needs any more, and admits publishers to their places. */
  #letGo(): void {
    while (this.#ring.length > 0 && this.#ring.at(0).remaining === 0) {
      this.#ring.shift();
      this.#first++;
    }
    // Appending below delivers, and that comes back to here: the loop around it goes on.
    if (this.#isAdmitting) return;
    this.#isAdmitting = true;
    while (this.#ring.length < this.capacity) {
      const publisher = this.#publishing.claim();
      if (publisher === undefined) break;
      // First, because its `select` may also receive from here: settled, it has
      // taken that case back before the value is delivered (law 29).
      publisher.resolve();
      this.#append(publisher.payload);
    }
    this.#isAdmitting = false;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (let publisher = this.#publishing.claim(); publisher !== undefined; publisher = this.#publishing.claim()) {
      publisher.reject(this.closedError());
    }
    for (const subscription of this.#subscriptions) subscription.endWaits();
  }

  closedError(): ClosedError {
    return new ClosedError(`broadcast "${this.name}" is closed`);
  }

  statistics(): BroadcastStatistics {
    return {
      length: this.#ring.length,
      capacity: this.capacity,
      subscribers: this.#subscriptions.size,
      published: this.#published,
      waitingPublishers: this.#publishing.size,
      isClosed: this.isClosed,
    };
  }
}

class RingSubscription<T> implements Subscription<T | Lagged> {
  readonly #source: RingBroadcast<T>;
  readonly #receiving: WaitQueue<T | Lagged>;
  /** The next position to take; behind the ring if values were missed. */
  #position: number;
  #received = 0;
  /** Missed and told. */
  #missed = 0;
  #isClosed = false;

  constructor(source: RingBroadcast<T>, position: number) {
    this.#source = source;
    this.#position = position;
    this.#receiving = new WaitQueue(`receive from broadcast "${source.name}"`);
  }

  get isClosed(): boolean {
    return this.#isClosed || this.#source.isClosed;
  }

  tryReceive(): { readonly value: T | Lagged } | undefined {
    if (this.#isClosed) return undefined;
    const { length, missed } = this.#source.behind(this.#position);
    if (missed > 0) {
      this.#position += missed;
      this.#missed += missed;
      return { value: new Lagged(missed) };
    }
    if (length === 0) return undefined;
    this.#received++;
    return { value: this.#source.takeAt(this.#position++) };
  }

  /** A value was published: hands it to whoever waits longest, if anybody does. */
  deliver(): void {
    const waiter = this.#receiving.claim();
    const taken = waiter && this.tryReceive();
    if (taken !== undefined) waiter?.resolve(taken.value);
  }

  async receive(cancel?: Cancel): Promise<T | Lagged> {
    this.#requireOpen("receive");
    const node = cancelNodeOf(cancel) ?? this.#source.cancel;
    node?.checkpoint();
    const taken = this.tryReceive();
    if (taken !== undefined) return taken.value;
    if (this.isClosed) throw this.#closedError();
    return this.#receiving.wait(node, undefined);
  }

  receiving(): Selectable<IteratorResult<T | Lagged, undefined>> {
    this.#requireOpen("receiving");
    return {
      [SELECTABLE]: {
        attempt: () => {
          const taken = this.tryReceive();
          if (taken !== undefined) return { value: { done: false, value: taken.value } };
          return this.isClosed ? { value: { done: true, value: undefined } } : undefined;
        },
        park: (won) =>
          this.#receiving.park(
            undefined,
            (value) => won({ done: false, value }),
            () => won({ done: true, value: undefined }),
          ),
      },
    };
  }

  values(cancel?: Cancel): AsyncIterableIterator<T | Lagged> {
    const node = cancelNodeOf(cancel) ?? this.#source.cancel;
    return new SelectableIterator(`receive from broadcast "${this.#source.name}"`, this.receiving(), node);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T | Lagged> {
    return this.values();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.endWaits();
    this.#source.leave(this, this.#position);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Nothing more will come for those who wait. */
  endWaits(): void {
    for (let waiter = this.#receiving.claim(); waiter !== undefined; waiter = this.#receiving.claim()) {
      waiter.reject(this.#closedError());
    }
  }

  statistics(): SubscriptionStatistics {
    const { length, missed } = this.#isClosed ? { length: 0, missed: 0 } : this.#source.behind(this.#position);
    return {
      length,
      received: this.#received,
      missed: this.#missed + missed,
      waitingReceivers: this.#receiving.size,
    };
  }

  #closedError(): ClosedError {
    if (!this.#isClosed) return this.#source.closedError();
    return new ClosedError(`this subscription to broadcast "${this.#source.name}" was closed`);
  }

  #requireOpen(verb: string): void {
    if (!this.#isClosed) return;
    throw new MisuseError(
      "SKEIN_END_CLOSED",
      `${verb} was called on a subscription to broadcast "${this.#source.name}" that had been closed; subscribe again to go on`,
    );
  }
}
