/**
 * The helpers of a call in its promise's form: each is a job of the pool. One that finds
 * calls waiting behind it gives way to those, and a job in its place waits behind them in
 * turn: so a long call takes no more of a pool than others leave it.
 */
import { setAlarm } from "#clock";

import type { Job } from "../async/job.js";
import type { Scope } from "../async/scope.js";
import type { SharedArray } from "../shared/array.js";
import type { ThreadPool } from "../threads/thread-pool.js";
import { type PartsDone, takeParts, type Work } from "./part.js";
import type { Shares } from "./shares.js";
import { nameOfPart } from "./traced.js";

/** The part of a call that helpers have to do with. */
export interface Helped {
  readonly cells: SharedArray<"int32">;
  readonly work: Work;
  readonly shares: Shares;
  readonly isClosed: boolean;
  collect(done: PartsDone | undefined): void;
}

/** So long nobody need be there before it is taken that nobody comes. */
const PATIENCE_MS = 20;

export class HelperJobs {
  readonly #scope: Scope;
  readonly #pool: ThreadPool;
  readonly #helped: Helped;
  /** By participant. */
  readonly #jobs = new Map<number, Job<PartsDone | undefined>>();
  readonly #ends = new Map<number, Promise<void>>();

  constructor(inScope: Scope, pool: ThreadPool, helped: Helped) {
    this.#scope = inScope;
    this.#pool = pool;
    this.#helped = helped;
  }

  /** Calls participants 1 to `count`. */
  call(count: number): void {
    if (this.#helped.isClosed || this.#scope.isCancelled) return;
    for (let participant = 1; participant <= count; participant++) {
      this.#helped.shares.open(participant);
      const end = this.#help(participant);
      // A job that fails is told by its scope.
      end.catch(() => undefined);
      this.#ends.set(participant, end);
    }
  }

  /** What a call fails with whose scope failed with this, and is over: one error also where several helpers failed. */
  async failureOf(failure: unknown): Promise<unknown> {
    if (!(failure instanceof AggregateError)) return failure;
    // The scope heard of them first.
    const ends = await Promise.allSettled(this.#ends.values());
    const failures = new Set(ends.map((end) => (end.status === "rejected" ? (end.reason as unknown) : undefined)));
    return failure.errors.every((one) => failures.has(one)) ? failure.errors[0] : failure;
  }

  async #help(participant: number): Promise<void> {
    const { cells, work, shares } = this.#helped;
    for (;;) {
      const job = this.#scope.spawn(takeParts, [cells, participant, work], {
        on: this.#pool,
        name: nameOfPart(work.name, participant),
      });
      this.#jobs.set(participant, job);
      const done = await job;
      this.#helped.collect(done);
      // It is closed before it is over, and then nobody comes any more.
      if (done?.gaveWay !== true || this.#helped.isClosed || this.#scope.isCancelled) return;
      shares.open(participant);
    }
  }

  /** Settles when all have come and gone, or nobody is there for a while, as the pool has other things to do. */
  async ended(): Promise<void> {
    const ends = Promise.all(this.#ends.values());
    for (;;) {
      let stopAlarm = (): void => undefined;
      const patience = new Promise<undefined>((resolve) => {
        stopAlarm = setAlarm(() => resolve(undefined), PATIENCE_MS);
      });
      let isOver: boolean;
      try {
        isOver = (await Promise.race([ends, patience])) !== undefined;
      } finally {
        stopAlarm();
      }
      if (isOver || !this.#helped.shares.hasPresent) return;
    }
  }

  /** The call is closed: it is too late for those that have not come. Who comes right now leaves at once. */
  async close(): Promise<void> {
    for (const [participant, end] of this.#ends) {
      if (this.#helped.shares.hasCome(participant)) await end;
      else this.#jobs.get(participant)?.cancel();
    }
  }
}
