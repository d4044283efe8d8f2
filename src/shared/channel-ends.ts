/**
 * Ends of a shared channel: who has them, on which thread, and when the last is gone.
 *
 * Layout: for each side a table in the channel's cells, a word for each end
 *   bits 0 to 8   slot of the thread that has the end, 0 if the word is free
 *   bits 9 to 31  generation: one more with each end that the word stands for
 *
 * Each word is changed by one exchange from what it was: an end is opened, moved to
 * another thread, and closed, by whoever comes first, once. After it has closed one,
 * a thread looks whether any is left, and closes the channel if not; whoever learns
 * of a thread's end closes that one's ends and looks again, so a thread stopped
 * between the two leaves no channel open for ever.
 */
import { compareExchange, load, type SharedCells } from "#atomics";

import { type Cancel, cancelNodeOf } from "../async/cancel.js";
import type { CanReceive, CanSend } from "../async/channel-ends.js";
import { SELECTABLE, select, type Selectable } from "../async/select.js";
import { SelectableIterator } from "../async/selectable-iterator.js";
import { ClosedError, MisuseError } from "../core/errors.js";
import { MOST_ENDS } from "./channel-ring.js";
import { ADDRESS, type Address, CROSSING } from "./object.js";

const SLOT_BITS = 9;
const SLOT_MASK: number = (1 << SLOT_BITS) - 1;

/** The ends of one side. */
export class EndTable {
  readonly #cells: SharedCells;
  readonly #first: number;

  constructor(cells: SharedCells, first: number) {
    this.#cells = cells;
    this.#first = first;
  }

  /** Opens an end for the thread of that slot. @returns its number; `undefined` if there are too many */
  open(slot: number): number | undefined {
    for (let index = 0; index < MOST_ENDS; index++) {
      const word = load(this.#cells, this.#first + index);
      if ((word & SLOT_MASK) !== 0) continue;
      // The generation wraps; nobody keeps a closed end for so long.
      const opened = (((word >>> SLOT_BITS) + 1) << SLOT_BITS) | slot;
      if (compareExchange(this.#cells, this.#first + index, word, opened) === word) {
        return (opened >>> SLOT_BITS) * MOST_ENDS + index;
      }
    }
    return undefined;
  }

  isOpen(end: number): boolean {
    return this.#wordOf(end) !== undefined;
  }

  /** Gives an end to the thread of that slot. False if it is closed. */
  move(end: number, slot: number): boolean {
    for (let word = this.#wordOf(end); word !== undefined; word = this.#wordOf(end)) {
      const moved = (word & ~SLOT_MASK) | slot;
      if (compareExchange(this.#cells, this.#indexOf(end), word, moved) === word) return true;
    }
    return false;
  }

  /** Closes an end. @returns whether it was open and was the last */
  close(end: number): boolean {
    for (let word = this.#wordOf(end); word !== undefined; word = this.#wordOf(end)) {
      if (compareExchange(this.#cells, this.#indexOf(end), word, word & ~SLOT_MASK) === word) {
        return this.areAllClosed();
      }
    }
    return false;
  }

  /** The thread of that slot has ended: closes its ends. @returns whether there were any ever, and none is open */
  threadEnded(slot: number): boolean {
    for (let index = this.#first; index < this.#first + MOST_ENDS; index++) {
      const word = load(this.#cells, index);
      if ((word & SLOT_MASK) === slot) compareExchange(this.#cells, index, word, word & ~SLOT_MASK);
    }
    return this.areAllClosed();
  }

  /** Whether there were ends, and all of them have been closed. */
  areAllClosed(): boolean {
    let wereAny = false;
    for (let index = this.#first; index < this.#first + MOST_ENDS; index++) {
      const word = load(this.#cells, index);
      if ((word & SLOT_MASK) !== 0) return false;
      wereAny ||= word !== 0;
    }
    return wereAny;
  }

  /** How many are open. */
  get size(): number {
    let open = 0;
    for (let index = this.#first; index < this.#first + MOST_ENDS; index++) {
      if ((load(this.#cells, index) & SLOT_MASK) !== 0) open++;
    }
    return open;
  }

  #indexOf(end: number): number {
    return this.#first + (end % MOST_ENDS);
  }

  /** The word of an end that is open. */
  #wordOf(end: number): number | undefined {
    const word = load(this.#cells, this.#indexOf(end));
    const isSame = word >>> SLOT_BITS === Math.floor(end / MOST_ENDS);
    return isSame && (word & SLOT_MASK) !== 0 ? word : undefined;
  }
}

/** What an end needs of its channel. */
export interface EndOwner {
  readonly name: string;
  /** The address of the end of that number; what crosses leaves the side, if it is for one thread. */
  leaveEnd(end: number): Address;
  closeEnd(end: number): void;
  isEndOpen(end: number): boolean;
  cloneEnd(end: number): SharedEnd;
}

/** What both kinds of ends share. */
abstract class SharedEnd implements Disposable {
  readonly #owner: EndOwner;
  readonly #end: number;
  /** Told when this thread closes the end: what waits through it. */
  readonly #waiting = new Set<() => void>();

  constructor(owner: EndOwner, end: number) {
    this.#owner = owner;
    this.#end = end;
    Object.defineProperty(this, ADDRESS, CROSSING);
  }

  /** True until it is closed, by whichever thread, or its thread has ended. */
  protected get isOpen(): boolean {
    return this.#owner.isEndOpen(this.#end);
  }

  /** Closes this end. What waits through it on this thread ends. Doing it again does nothing. */
  close(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    // First: a receive that stayed would take a value that nobody gets.
    for (const end of waiting) end();
    this.#owner.closeEnd(this.#end);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  protected cloned(): SharedEnd {
    this.requireOpen("clone");
    return this.#owner.cloneEnd(this.#end);
  }

  protected requireOpen(verb: string): void {
    if (this.isOpen) return;
    throw new MisuseError(
      "SKEIN_END_CLOSED",
      `${verb} was called on an end of shared channel "${this.#owner.name}" that had been closed; ` +
        "close an end when its owner has done its last, and give each job a clone of its own",
    );
  }

  protected closedError(): ClosedError {
    return new ClosedError(`this end of shared channel "${this.#owner.name}" was closed`);
  }

  /**
   * `inner` as it is through this end.
   *
   * @param ended - the outcome once the end is closed; may throw
   */
  protected through<T>(inner: Selectable<T>[typeof SELECTABLE], ended: () => T): Selectable<T> {
    return {
      [SELECTABLE]: {
        attempt: () => (this.isOpen ? inner.attempt() : { value: ended() }),
        park: (won, failed) => {
          const forget = (): void => void this.#waiting.delete(end);
          const parked = inner.park(
            (value) => {
              forget();
              won(value);
            },
            (error) => {
              forget();
              failed(error);
            },
          );
          const end = (): void => {
            parked.leave();
            parked.left?.();
            try {
              won(ended());
            } catch (error) {
              failed(error);
            }
          };
          this.#waiting.add(end);
          return {
            leave: () => {
              forget();
              parked.leave();
            },
            left: () => parked.left?.(),
          };
        },
      },
    };
  }

  /** @internal What a copy of it says. */
  leave(): Address {
    return this.#owner.leaveEnd(this.#end);
  }
}

export type { SharedEnd };

/**
 * A sending end of a shared channel; the last one to be closed closes the channel.
 *
 * An end belongs to the thread that has it. Passed to a task it moves there, and is
 * closed there; if that thread ends, its ends are closed.
 *
 * @since 0.1.0
 */
export class SharedSender<T> extends SharedEnd implements CanSend<T> {
  readonly #channel: EndOwner & CanSend<T> & { sendSync(value: T, cancel?: Cancel): void };

  /** @internal */
  constructor(channel: EndOwner & CanSend<T> & { sendSync(value: T, cancel?: Cancel): void }, end: number) {
    super(channel, end);
    this.#channel = channel;
  }

  get isClosed(): boolean {
    return !this.isOpen || this.#channel.isClosed;
  }

  /** Another end of the same kind, to be closed on its own. Throws `SKEIN_END_CLOSED` if this one is closed. */
  clone(): SharedSender<T> {
    return this.cloned() as SharedSender<T>;
  }

  trySend(value: T): boolean {
    return this.isOpen && this.#channel.trySend(value);
  }

  async send(value: T, cancel?: Cancel): Promise<void> {
    await select({ sending: this.sending(value) }, cancel);
  }

  /** As `send`, blocking this thread. */
  sendSync(value: T, cancel?: Cancel): void {
    this.requireOpen("sendSync");
    this.#channel.sendSync(value, cancel);
  }

  sending(value: T): Selectable<undefined> {
    this.requireOpen("sending");
    return this.through(this.#channel.sending(value)[SELECTABLE], () => {
      throw this.closedError();
    });
  }
}

/**
 * A receiving end of a shared channel. When the last one is closed nothing more can
 * be sent, and what is there is dropped.
 *
 * Belongs to a thread as a `SharedSender` does.
 *
 * @since 0.1.0
 */
export class SharedReceiver<T> extends SharedEnd implements CanReceive<T> {
  readonly #channel: EndOwner & CanReceive<T> & { receiveSync(cancel?: Cancel): T };

  /** @internal */
  constructor(channel: EndOwner & CanReceive<T> & { receiveSync(cancel?: Cancel): T }, end: number) {
    super(channel, end);
    this.#channel = channel;
  }

  get isClosed(): boolean {
    return !this.isOpen || this.#channel.isClosed;
  }

  /** Another end of the same kind, to be closed on its own. Throws `SKEIN_END_CLOSED` if this one is closed. */
  clone(): SharedReceiver<T> {
    return this.cloned() as SharedReceiver<T>;
  }

  tryReceive(): { readonly value: T } | undefined {
    return this.isOpen ? this.#channel.tryReceive() : undefined;
  }

  async receive(cancel?: Cancel): Promise<T> {
    const { value } = await select({ receiving: this.receiving() }, cancel);
    if (value.done !== true) return value.value;
    throw this.isOpen ? new ClosedError(`shared channel "${this.#channel.name}" is closed`) : this.closedError();
  }

  /** As `receive`, blocking this thread. */
  receiveSync(cancel?: Cancel): T {
    this.requireOpen("receiveSync");
    return this.#channel.receiveSync(cancel);
  }

  receiving(): Selectable<IteratorResult<T, undefined>> {
    this.requireOpen("receiving");
    return this.through(this.#channel.receiving()[SELECTABLE], () => ({ done: true, value: undefined }));
  }

  values(cancel?: Cancel): AsyncIterableIterator<T> {
    const label = `value from shared channel "${this.#channel.name}"`;
    return new SelectableIterator(label, this.receiving(), cancelNodeOf(cancel));
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this.values();
  }
}
