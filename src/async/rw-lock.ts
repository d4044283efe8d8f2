/**
 * Reader-writer locks: many readers or one writer.
 *
 * Invariants
 * - Never both a writer and a reader hold the lock.
 * - One queue for both kinds, in order of arrival. The oldest wait can't be let in
 *   yet; every change that could alter that (a release, a downgrade, the oldest
 *   leaving unclaimed) lets in, in the same turn, all that now can be. So a reader
 *   that comes after a waiting writer waits behind it (law 35), and a writer
 *   behind the readers that came before it.
 */
import { MisuseError } from "../core/errors.js";
import { probe, ProbedResource, ProbeResource } from "../core/probe.js";
import { type Cancel, cancelNodeOf, type CancelNode } from "./cancel.js";
import { Blocks, type Guard, HeldGuard, requireFunction, requireOptions } from "./guard.js";
import type { Scope } from "./scope.js";
import { SELECTABLE, type Selectable } from "./select.js";
import { WaitQueue } from "./wait-queue.js";

/** Counters of a reader-writer lock at one moment. */
export interface RwLockStatistics {
  /** Readers that hold it. */
  readonly readers: number;
  /** True if a writer holds it. */
  readonly isWriting: boolean;
  /** Callers, of both kinds, that wait. */
  readonly waiting: number;
}

/** How a reader-writer lock is made. */
export interface RwLockOptions {
  /** How dumps, recordings and errors name the lock. */
  readonly name?: string;
}

/** A reader-writer lock held for reading, until it is released. */
export type ReadGuard = Guard;

/** A reader-writer lock held for writing, until it is released. */
export interface WriteGuard extends Guard {
  /**
   * Goes on as a reader: this guard is released and the result holds the lock for
   * reading, with no writer in between. Readers that wait next are let in.
   *
   * **Throws** `SKEIN_NOT_HELD` if this guard was released.
   */
  downgrade(): ReadGuard;
}

/**
 * Lets many jobs of one thread read something, or one change it.
 *
 * Use it where readers await while they read, and reads are long or many. Where
 * they are short a mutex does the same and is simpler.
 *
 * There is no upgrade from reading to writing: two readers that both wanted it
 * would wait for each other. Release, take the lock for writing, and look again
 * at what was read.
 *
 * **Fairness** First come, first served, readers and writers alike; a reader that
 * comes after a waiting writer waits behind it. Readers that wait next to each
 * other are let in together.
 *
 * **Nested use** Inside a block of `withRead`, under the block's scope, reading
 * again is granted at once, even if a writer waits: it waits for the block in any
 * case. Writing inside a block of either kind, and reading inside one of
 * `withWrite`, fails with `SKEIN_ALREADY_HELD`, for it would wait for ever.
 *
 * **Threads** One thread only.
 *
 * @since 0.1.0
 */
export interface RwLock {
  readonly name: string;

  /** Takes the lock for reading if no writer holds it and nobody waits, else gives `undefined`. Never waits and never throws. */
  tryRead(): ReadGuard | undefined;
  /** Takes the lock for writing if nobody holds it, else gives `undefined`. Never waits and never throws. */
  tryWrite(): WriteGuard | undefined;

  /**
   * Takes the lock for reading, waiting for it.
   *
   * **Cancels** A cancelled caller holds nothing and has left the queue.
   *
   * **Throws** `SKEIN_CANCELLED`; `SKEIN_ALREADY_HELD`, see nested use.
   */
  read(cancel?: Cancel): Promise<ReadGuard>;
  /** Takes the lock for writing, waiting for it; otherwise as `read`. Readers behind a cancelled writer go on. */
  write(cancel?: Cancel): Promise<WriteGuard>;

  /**
   * Runs `fn` while holding the lock for reading. A function that declares a
   * parameter is given a scope of its own, and the lock is released when that has
   * ended.
   *
   * **Cancels** While it waits: `fn` never runs. Then: `fn`'s scope.
   *
   * **Throws** what `fn` throws; what `read` throws.
   */
  withRead<Result>(fn: (scope: Scope) => Result, cancel?: Cancel): Promise<Awaited<Result>>;
  /** Runs `fn` while holding the lock for writing; otherwise as `withRead`. */
  withWrite<Result>(fn: (scope: Scope) => Result, cancel?: Cancel): Promise<Awaited<Result>>;

  /** The taking of the lock for reading as a case of `select`. */
  reading(): Selectable<ReadGuard>;
  /** The taking of the lock for writing as a case of `select`. */
  writing(): Selectable<WriteGuard>;

  statistics(): RwLockStatistics;
}

/**
 * Makes a reader-writer lock.
 *
 * **Cost** Handing it over takes two promise jobs for each caller let in.
 *
 * @example
 * ```ts
 * const lock = rwLock();
 * const prices = new Map([["tea", 3]]);
 * {
 *   using writing = await lock.write();
 *   prices.set("tea", 4);
 *   using reading = writing.downgrade();
 *   console.log(prices.get("tea"), reading.isHeld);
 * }
 * console.log(await lock.withRead(() => prices.size));
 * ```
 *
 * @since 0.1.0
 */
export function rwLock(options: RwLockOptions = {}): RwLock {
  requireOptions("rwLock", options);
  return new FifoRwLock(options.name ?? "rwLock");
}

class FifoRwLock implements RwLock {
  readonly name: string;
  #readers = 0;
  #isWriting = false;
  readonly #waiting: WaitQueue<Reader | Writer, "read" | "write">;
  readonly #resource: ProbedResource;
  readonly #readBlocks = new Blocks();
  readonly #writeBlocks = new Blocks();

  constructor(name: string) {
    this.name = name;
    this.#resource = new ProbedResource(ProbeResource.rwLock, name);
    this.#waiting = new WaitQueue(`rwLock "${name}"`, () => this.handOver(), this.#resource);
  }

  tryRead(): ReadGuard | undefined {
    return this.#waiting.size > 0 || this.#isWriting ? undefined : this.#admitReader();
  }

  tryWrite(): WriteGuard | undefined {
    return this.#waiting.size > 0 || this.#isWriting || this.#readers > 0 ? undefined : this.#admitWriter();
  }

  async read(cancel?: Cancel): Promise<ReadGuard> {
    const node = cancelNodeOf(cancel);
    node?.checkpoint();
    // A block that reads goes on reading until all inside it has ended, and every
    // waiting writer waits for that already.
    const guard = this.#readBlocks.around(node).length > 0 ? this.#admitReader() : this.tryRead();
    if (guard !== undefined) return guard;
    this.#requireNotAround(this.#writeBlocks, node, "reading", "writing");
    return this.#waiting.wait(node, "read");
  }

  async write(cancel?: Cancel): Promise<WriteGuard> {
    const node = cancelNodeOf(cancel);
    node?.checkpoint();
    const guard = this.tryWrite();
    if (guard !== undefined) return guard;
    this.#requireNotAround(this.#readBlocks, node, "writing", "reading");
    this.#requireNotAround(this.#writeBlocks, node, "writing", "writing");
    return this.#waiting.wait(node, "write") as Promise<Writer>;
  }

  async withRead<Result>(fn: (scope: Scope) => Result, cancel?: Cancel): Promise<Awaited<Result>> {
    requireFunction("withRead", fn);
    const guard = await this.read(cancel);
    return this.#readBlocks.run(guard, `read of ${this.name}`, fn, cancel, this.#resource);
  }

  async withWrite<Result>(fn: (scope: Scope) => Result, cancel?: Cancel): Promise<Awaited<Result>> {
    requireFunction("withWrite", fn);
    const guard = await this.write(cancel);
    return this.#writeBlocks.run(guard, `write of ${this.name}`, fn, cancel, this.#resource);
  }

  reading(): Selectable<ReadGuard> {
    return this.#selectable(() => this.tryRead(), "read");
  }

  writing(): Selectable<WriteGuard> {
    return this.#selectable(() => this.tryWrite(), "write") as Selectable<WriteGuard>;
  }

  statistics(): RwLockStatistics {
    return { readers: this.#readers, isWriting: this.#isWriting, waiting: this.#waiting.size };
  }

  readerLeaves(holder: number): void {
    this.#readers--;
    probe.ring?.released(this.#resource, holder);
    this.handOver();
  }

  writerLeaves(holder: number): void {
    this.#isWriting = false;
    probe.ring?.released(this.#resource, holder);
    this.handOver();
  }

  downgraded(holder: number): ReadGuard {
    this.#isWriting = false;
    probe.ring?.released(this.#resource, holder);
    const guard = this.#admitReader(holder);
    this.handOver();
    return guard;
  }

  /** Lets in, in order of arrival, all that can be let in. */
  handOver(): void {
    for (let oldest = this.#waiting.oldest; oldest !== undefined; oldest = this.#waiting.oldest) {
      if (this.#isWriting || (oldest.payload === "write" && this.#readers > 0)) return;
      this.#waiting.claim();
      // Admitted before it settles: to settle a case of `select` makes others
      // leave, and that comes back to here.
      oldest.resolve(oldest.payload === "read" ? this.#admitReader(oldest.subject) : this.#admitWriter(oldest.subject));
    }
  }

  #admitReader(holder: number = probe.ring?.running ?? 0): Reader {
    this.#readers++;
    probe.ring?.acquired(this.#resource, holder);
    return new Reader(this, holder);
  }

  #admitWriter(holder: number = probe.ring?.running ?? 0): Writer {
    this.#isWriting = true;
    probe.ring?.acquired(this.#resource, holder);
    return new Writer(this, holder);
  }

  #selectable(attempt: () => Guard | undefined, kind: "read" | "write"): Selectable<Guard> {
    return {
      [SELECTABLE]: {
        attempt: () => {
          const value = attempt();
          return value === undefined ? undefined : { value };
        },
        park: (won, failed) => this.#waiting.park(kind, won, failed),
      },
    };
  }

  #requireNotAround(blocks: Blocks, node: CancelNode | undefined, wanted: string, held: string): void {
    const block = blocks.around(node)[0];
    if (block === undefined) return;
    const remedy =
      held === "reading"
        ? "A lock can't be upgraded: end the reading first, take the lock for writing, and look again at what was read"
        : "Lock once, outside, and call code that expects the lock to be held";
    throw new MisuseError(
      "SKEIN_ALREADY_HELD",
      `${(node as CancelNode).kindName} takes rwLock "${this.name}" for ${wanted} inside ${block.node.kindName}, which holds it for ${held} until all inside it has ended: that would wait for ever. ${remedy}`,
    );
  }
}

class Reader extends HeldGuard {
  readonly #lock: FifoRwLock;
  readonly #holder: number;

  constructor(lock: FifoRwLock, holder: number) {
    super();
    this.#lock = lock;
    this.#holder = holder;
  }

  protected override giveBack(): void {
    this.#lock.readerLeaves(this.#holder);
  }
}

class Writer extends HeldGuard implements WriteGuard {
  readonly #lock: FifoRwLock;
  readonly #holder: number;

  constructor(lock: FifoRwLock, holder: number) {
    super();
    this.#lock = lock;
    this.#holder = holder;
  }

  downgrade(): ReadGuard {
    if (!this.isHeld) {
      throw new MisuseError(
        "SKEIN_NOT_HELD",
        `downgrade expected a guard that holds rwLock "${this.#lock.name}" for writing, but this one was released: take the lock for reading instead`,
      );
    }
    this.isHeld = false;
    return this.#lock.downgraded(this.#holder);
  }

  protected override giveBack(): void {
    this.#lock.writerLeaves(this.#holder);
  }
}
