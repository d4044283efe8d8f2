/**
 * The queue in front of a limited thing, for everything in this room.
 *
 * Its owner says what is limited, in one function, `admit`: it takes what the
 * request needs and says yes, or takes nothing and says no.
 *
 * Invariants
 * - Requests wait by priority, the greater first, and among equals in order of
 *   arrival. Nobody passes the first one: a small request may not starve a large
 *   one (law 32), nor a newcomer one that waits (law 31).
 * - Whenever no operation runs, the first one that waits can't be admitted. So
 *   whatever gives something back calls `turn`, and a first request that leaves
 *   unadmitted makes way for those behind it.
 * - No level is empty, so nothing of a request that is over stays behind (law 40).
 */
import type { CancelNode } from "../async/cancel.js";
import { suspend, type Waiter } from "../async/wait-queue.js";
import { List } from "../core/list.js";

/** What a request must say of itself. */
export interface GateRequest {
  /** Written by the gate alone once the request waits. */
  priority: number;
}

/** The requests of one priority that wait. */
interface Level<Request> {
  readonly priority: number;
  readonly waiting: List<Waiter<void, Request>>;
}

export class Gate<Request extends GateRequest = GateRequest> {
  readonly #label: string;
  readonly #admit: (request: Request) => boolean;
  readonly #onLeave: (() => void) | undefined;
  /** Greatest priority first. */
  readonly #levels: Level<Request>[] = [];
  #size = 0;
  /** A cancelled request is out of its list already. One function for all waits, of which there may be many. */
  readonly #left = ({ payload }: Waiter<void, Request>): void => {
    this.#taken(this.#levels[this.#place(payload.priority)] as Level<Request>);
    // It may have been the first, too large for what is free, with smaller ones behind it.
    this.turn();
    this.#onLeave?.();
  };

  /**
   * @param label - what is waited for, as dumps and recordings name it
   * @param admit - takes what the request needs if it may go on now; must not call back into the gate
   * @param onLeave - called after a cancelled request has left
   */
  constructor(label: string, admit: (request: Request) => boolean, onLeave?: () => void) {
    this.#label = label;
    this.#admit = admit;
    this.#onLeave = onLeave;
  }

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /**
   * Waits until the request is admitted; one that can be is before this returns.
   *
   * **Cancels** The request leaves at once; nothing was taken for it.
   */
  async enter(request: Request, node: CancelNode | undefined): Promise<void> {
    node?.checkpoint();
    if (!this.mustWait(request.priority) && this.#admit(request)) return;
    const { waiter, promise } = suspend<void, Request>(this.#label, node, request, this.#left);
    this.#put(waiter);
    await promise;
  }

  /** True if a request of this priority would stand behind another. */
  mustWait(priority: number): boolean {
    const first = this.#levels[0];
    return first !== undefined && first.priority >= priority;
  }

  /** Admits, in order, all that can go on now. */
  turn(): void {
    for (let level = this.#levels[0]; level !== undefined; level = this.#levels[0]) {
      const first = level.waiting.first as Waiter<void, Request>;
      if (!this.#admit(first.payload)) return;
      first.unlink();
      this.#taken(level);
      first.resolve();
    }
  }

  /** Ends every wait with an error of its own. @returns how many there were */
  clear(makeError: () => unknown): number {
    let count = 0;
    for (let level = this.#levels[0]; level !== undefined; level = this.#levels[0]) {
      const first = level.waiting.shift() as Waiter<void, Request>;
      this.#taken(level);
      first.reject(makeError());
      count++;
    }
    return count;
  }

  /** Gives the requests that `chosen` accepts another priority: behind those that have it already. @returns how many */
  move(chosen: (request: Request) => boolean, priority: number): number {
    const moved = this.#waiters().filter((waiter) => chosen(waiter.payload));
    for (const waiter of moved) {
      waiter.unlink();
      this.#taken(this.#levels[this.#place(waiter.payload.priority)] as Level<Request>);
      waiter.payload.priority = priority;
      this.#put(waiter);
    }
    // The order changed, so another request may be first now.
    this.turn();
    return moved.length;
  }

  /** The requests that wait now, in order. */
  requests(): Request[] {
    return this.#waiters().map((waiter) => waiter.payload);
  }

  #waiters(): Waiter<void, Request>[] {
    return this.#levels.flatMap((level) => level.waiting.toArray());
  }

  #put(waiter: Waiter<void, Request>): void {
    const { priority } = waiter.payload;
    const place = this.#place(priority);
    let level = this.#levels[place];
    if (level?.priority !== priority) {
      level = { priority, waiting: new List() };
      this.#levels.splice(place, 0, level);
    }
    level.waiting.push(waiter);
    this.#size++;
  }

  #taken(level: Level<Request>): void {
    this.#size--;
    if (level.waiting.size === 0) this.#levels.splice(this.#place(level.priority), 1);
  }

  /** Where the level of this priority is, or would be. */
  #place(priority: number): number {
    let low = 0;
    let high = this.#levels.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#levels[middle] as Level<Request>).priority > priority) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
