/**
 * Pulling from a flow that pushes: a hand-over without a buffer.
 *
 * Invariants
 * - Never both: somebody who asks and a giver that waits.
 * - The flow runs only while somebody asks: a giver goes on when the next item is
 *   asked for, not when the last was taken. So a flow that is pulled from reads
 *   nothing ahead by itself (law 39).
 */
import { CancelledError } from "../../core/errors.js";
import { type Cancel, type CancelNode } from "../cancel.js";
import { scope, type TaskScope } from "../scope.js";
import { WaitQueue } from "../wait-queue.js";
import type { Run } from "./stage.js";

class HandOver<T> {
  readonly #asking = new WaitQueue<IteratorResult<T, undefined>>("the next item of a flow");
  readonly #giving = new WaitQueue<void>("somebody to ask for the next item");
  #isOver = false;
  #failure: { readonly error: unknown } | undefined = undefined;

  /** For the one giver: hands `item` to the oldest who asks, then waits until somebody asks again. */
  give(item: T, node: CancelNode): Promise<void> | undefined {
    const asking = this.#asking.claim();
    if (asking === undefined) return this.#giveLater(item, node);
    asking.resolve({ done: false, value: item });
    return this.#asking.size > 0 ? undefined : this.#untilAsked(node);
  }

  // Whoever asked was cancelled before the item was there.
  async #giveLater(item: T, node: CancelNode): Promise<void> {
    await this.#untilAsked(node);
    await this.give(item, node);
  }

  async #untilAsked(node: CancelNode): Promise<void> {
    node.checkpoint();
    await this.#giving.wait(node, undefined);
  }

  /** Asks for the next item; the caller has passed a checkpoint of `node`. */
  ask(node: CancelNode | undefined): Promise<IteratorResult<T, undefined>> {
    if (this.#isOver) return this.#askAfterEnd();
    const asked = this.#asking.wait(node, undefined);
    this.#giving.claim()?.resolve();
    return asked;
  }

  async #askAfterEnd(): Promise<IteratorResult<T, undefined>> {
    const failure = this.takeFailure();
    if (failure !== undefined) throw failure.error;
    return { done: true, value: undefined };
  }

  /** No more items: whoever asks is at the end; the first of them, now or later, is told of the failure. */
  end(failure?: { readonly error: unknown }): void {
    this.#isOver = true;
    this.#failure = failure;
    for (let asking = this.#asking.claim(); asking !== undefined; asking = this.#asking.claim()) {
      const own = this.takeFailure();
      if (own !== undefined) asking.reject(own.error);
      else asking.resolve({ done: true, value: undefined });
    }
  }

  /** The failure, for the one who will tell it; afterwards it is told. */
  takeFailure(): { readonly error: unknown } | undefined {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure;
  }
}

/** Runs a flow as a job of `owner` and pulls from it. The job starts with the first pull. */
export class Puller<T> {
  readonly #handOver = new HandOver<T>();
  readonly #owner: TaskScope;
  readonly #run: Run<T>;
  readonly #name: string;
  #isStarted = false;

  constructor(owner: TaskScope, run: Run<T>, name: string) {
    this.#owner = owner;
    this.#run = run;
    this.#name = name;
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    this.#owner.checkpoint();
    if (!this.#isStarted) {
      this.#isStarted = true;
      this.#owner.spawn(() => this.#drive(), [], { name: this.#name });
    }
    return this.#handOver.ask(this.#owner);
  }

  // A failure is the owner's: it cancels those who ask.
  async #drive(): Promise<void> {
    await this.#run(this.#owner, (item) => this.#handOver.give(item, this.#owner));
    this.#handOver.end();
  }
}

/** One consumption of a flow by `for await`; it starts with the first `next()`. */
export class FlowIterator<T> implements AsyncIterableIterator<T> {
  readonly #handOver = new HandOver<T>();
  readonly #run: Run<T>;
  readonly #cancel: Cancel | undefined;
  #state: "new" | "running" | "over" = "new";
  #scope: TaskScope | undefined = undefined;
  #ended: Promise<void> | undefined = undefined;
  #isReturning = false;

  constructor(run: Run<T>, cancel: Cancel | undefined) {
    this.#run = run;
    this.#cancel = cancel;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const asked = this.#handOver.ask(undefined);
    // Afterwards, so that the flow finds somebody who asks.
    if (this.#state === "new") {
      this.#state = "running";
      this.#ended = this.#drive();
    }
    return asked;
  }

  // Never rejects: the outcome goes to whoever asks, after everything has ended.
  async #drive(): Promise<void> {
    try {
      await scope(
        async (own) => {
          this.#scope = own as TaskScope;
          await this.#run(this.#scope, (item) => this.#handOver.give(item, own as TaskScope));
        },
        { name: "flow" },
        this.#cancel,
      );
      this.#handOver.end();
    } catch (error) {
      // Whoever ended the consumption is not told that it was ended.
      const isReturned = this.#isReturning && CancelledError.originOf(error) === this.#scope;
      this.#handOver.end(isReturned ? undefined : { error });
    } finally {
      this.#state = "over";
    }
  }

  /** Ends the consumption: everything in it is cancelled and waited for, its sources closed. */
  async return(): Promise<IteratorResult<T, undefined>> {
    if (this.#state === "new") this.#handOver.end();
    this.#state = this.#state === "new" ? "over" : this.#state;
    this.#isReturning = this.#scope?.cancel("its consumer needs no more items") ?? false;
    await this.#ended;
    const failure = this.#handOver.takeFailure();
    // A cancellation from outside reaches the consumer by its own scope.
    if (failure !== undefined && this.#scope?.isOwnCancellation(failure.error) !== true) throw failure.error;
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
