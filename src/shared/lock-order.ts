/**
 * The watch on the order in which locks are taken: finds deadlocks that did not
 * happen this time.
 *
 * While somebody watches, each taking of lock B by a thread that holds lock A is
 * noted, once for the two, as the order A, B (`order-table.ts`). If B comes before A
 * already, through any number of other orders, two threads that take these ways at
 * the same time can come to wait for each other for ever.
 *
 * Which order counts
 * - B is taken by a `Sync` verb, which may block the thread: then any lock counts as
 *   A that this thread holds by a `Sync` verb, by a try, or by a block (`withLock`
 *   and the like), whichever of its jobs took it; while the thread is blocked, none
 *   of them can release it.
 * - B is taken by a verb that suspends a job: then the locks count whose blocks are
 *   open around the scope given to the verb. Which other locks the job holds can't
 *   be told, and those of other jobs don't wait for it.
 * - Nothing is noted of a try, which does not wait; and of a semaphore only if it has
 *   one permit: of more, one being held keeps nobody up.
 *
 * So the locks that are held for this are a list of this thread's guards, and the
 * open blocks (`held.ts`). The list is cleared of guards that were released when the
 * next one comes: releasing costs nothing then, watched or not.
 */
import { type CancelNode } from "../async/cancel.js";
import { callersOf } from "../core/own-frames.js";
import { reportToOwner } from "../core/report.js";
import { type Handle, type Heap, heap, usesHeap } from "./heap.js";
import { heldAround, type LockHold } from "./held.js";
import { objectAt, type SharedObject } from "./object.js";
import {
  beginWatch,
  endWatch,
  type LockOrderStatistics,
  lockOrderStatistics,
  type Order,
  originOf,
  readOrders,
  watchEpoch,
  WATCHES,
  writeOrder,
} from "./order-table.js";

/** One lock was taken while another was held. */
export interface LockOrderStep {
  /** Name of the lock that was held. */
  readonly first: string;
  /** Name of the lock that was taken then. */
  readonly second: string;
  /** `threadIndex` of the thread that was the first to do so. */
  readonly thread: number;
  /** Where it did, as a stack has it, cut at about 480 bytes; empty if that is not known. */
  readonly where: string;
}

/** Orders that contradict each other. */
export interface LockOrderInversion {
  /** Each begins with the lock that the one before ends with, the first with the last one's. */
  readonly steps: readonly LockOrderStep[];
  /** All of it in words. */
  readonly text: string;
}

/** A watch on the order in which locks are taken. */
export interface LockOrderWatch extends Disposable {
  /** Ends the watch. What was noted stays, for `lockOrderInversions`, until another begins. */
  stop(): void;
  statistics(): LockOrderStatistics;
}

/**
 * Begins to note the order in which shared locks are taken, on all threads of the
 * process, and warns of orders that contradict each other: a deadlock that waits for
 * its moment, found although nothing hangs.
 *
 * Use it in tests and when looking for the reason of a hang. It can't tell that two
 * ways never come together, for instance because a third lock is always taken before.
 *
 * A lock that is taken by a `Sync` verb counts as taken after all that its thread
 * holds by `Sync` verbs, tries and blocks (`withLock`, `withRead`, `withWrite`,
 * `with`); one that a job awaits, as taken after the locks of the blocks around the
 * scope that it passes. Guards that a job awaited (`lock`, `read`, `write`,
 * `acquire`) don't count as held, as nobody knows which job holds them. Nor do
 * semaphores with more than one permit.
 *
 * The watch goes on until each one that was begun is stopped, or the thread that
 * began it has ended.
 *
 * **Threads** Any.
 *
 * **Throws** `SKEIN_OUT_OF_SHARED_MEMORY`: the first watch takes half a mebibyte.
 *
 * **Cost** Without a watch one load for each taking. With one, a look at what the
 * thread holds, some microseconds, and about a millisecond for each order that is new
 * (Node 20, 1000 orders noted).
 *
 * @example
 * ```ts
 * using watch = watchLockOrder();
 * const [left, right] = [new Mutex({ name: "left" }), new Mutex({ name: "right" })];
 * left.withLockSync(() => right.withLockSync(() => undefined));
 * console.log(watch.statistics().orders, lockOrderInversions().length); // 1 0
 * ```
 *
 * @since 0.1.0
 */
export function watchLockOrder(): LockOrderWatch {
  const inHeap = heap();
  beginWatch(inHeap);
  let isOver = false;
  const stop = (): void => {
    if (!isOver) endWatch(inHeap);
    isOver = true;
  };
  return {
    stop,
    [Symbol.dispose]: stop,
    statistics: () => lockOrderStatistics(inHeap),
  };
}

/**
 * The contradictions among the orders in which locks were taken while a watch went
 * on, on all threads: for each order that contradicts others, the shortest circle
 * that it is in.
 *
 * **Threads** Any.
 *
 * **Cost** In proportion to the orders noted, and for each of them that is in a
 * circle once more.
 *
 * @since 0.1.0
 */
export function lockOrderInversions(): readonly LockOrderInversion[] {
  if (!usesHeap()) return [];
  const inHeap = heap();
  const after = graphOf(readOrders(inHeap));
  const found = new Map<string, LockOrderInversion>();
  for (const orders of after.values()) {
    for (const order of orders.values()) {
      const circle = circleThrough(order, after);
      if (circle === undefined) continue;
      // The same circle is found by each of its orders.
      const key = circle
        .map(({ number }) => number)
        .toSorted((a, b) => a - b)
        .join();
      if (!found.has(key)) found.set(key, inversionOf(inHeap, circle));
    }
  }
  return [...found.values()];
}

/** For each lock the orders that begin with it, by the lock that was taken then. */
type Graph = ReadonlyMap<Handle, ReadonlyMap<Handle, Order>>;

function graphOf(orders: readonly Order[]): Graph {
  const after = new Map<Handle, Map<Handle, Order>>();
  for (const order of orders) {
    const of = after.get(order.first) ?? new Map<Handle, Order>();
    of.set(order.second, order);
    after.set(order.first, of);
  }
  return after;
}

/** The shortest way back from the end of an order to its begin, behind that order. */
function circleThrough(order: Order, after: Graph): Order[] | undefined {
  const came = new Map<Handle, Order>([[order.second, order]]);
  for (const lock of came.keys()) {
    for (const next of after.get(lock)?.values() ?? []) {
      if (came.has(next.second)) continue;
      // Visited too, in this order: `keys` goes on to what is added.
      came.set(next.second, next);
      if (next.second !== order.first) continue;
      const circle: Order[] = [];
      for (let step = next; step !== order; step = came.get(step.first) as Order) circle.unshift(step);
      return [order, ...circle];
    }
  }
  return undefined;
}

function inversionOf(inHeap: Heap, circle: readonly Order[]): LockOrderInversion {
  const nameOf = (lock: Handle): string => {
    const offset = inHeap.locate(lock);
    return (offset === undefined ? undefined : objectAt(inHeap, offset)?.name) ?? "(disposed of)";
  };
  const steps = circle.map((order) => ({
    first: nameOf(order.first),
    second: nameOf(order.second),
    ...originOf(inHeap, order),
  }));
  const told = steps.map(({ first, second, thread }) => `thread ${thread} took "${second}" while it held "${first}"`);
  return {
    steps,
    text: `locks are taken in orders that contradict each other: ${told.join("; ")}. Threads that do so at the same time wait for each other for ever. Take locks in the same order everywhere`,
  };
}

// Noting

/** Guards that this thread took while watched and may hold still. */
let held: LockHold[] = [];

/** What this thread has noted, for each lock held those taken then; good for one epoch. */
let noted = new Map<Handle, Set<Handle>>();
let notedCount = 0;
let notedEpoch = 0;

/** Locks come and go; this many are kept in mind before all is looked up in the table again. */
const MOST_NOTED = 10_000;

let hasWarnedOfLoss = false;

/** Whether anybody watches: a plain load, as it is asked for each taking of a lock. */
function isWatched(inHeap: Heap): boolean {
  return inHeap.cells[WATCHES] !== 0;
}

/** A `Sync` verb has taken a lock. */
export function tookBlocking<Held extends LockHold>(inHeap: Heap, guard: Held): Held {
  if (isWatched(inHeap)) {
    noteBlocking(inHeap, guard.lock);
    keep(guard);
  }
  return guard;
}

/** A try has taken a lock, or a block begins to hold it. */
export function holdBegins<Held extends LockHold>(inHeap: Heap, guard: Held): Held {
  if (isWatched(inHeap)) keep(guard);
  return guard;
}

function keep(guard: LockHold): void {
  held = held.filter((one) => one.isHeld && one !== guard);
  held.push(guard);
}

/** This thread is about to block for a lock. */
export function blocksFor(inHeap: Heap, lock: SharedObject): void {
  if (isWatched(inHeap)) noteBlocking(inHeap, lock);
}

/** A job of this thread asks for a lock, and will wait for it without blocking. */
export function asksFor(inHeap: Heap, lock: SharedObject, node: CancelNode | undefined): void {
  if (!isWatched(inHeap)) return;
  for (const { hold } of heldAround(node)) note(inHeap, hold, lock);
}

function noteBlocking(inHeap: Heap, lock: SharedObject): void {
  for (const one of held) if (one.isHeld) note(inHeap, one, lock);
}

function note(inHeap: Heap, { lock: first, isOrdered }: LockHold, second: SharedObject): void {
  if (first === second || !isOrdered || first.isDisposed) return;
  const epoch = watchEpoch(inHeap);
  if (notedEpoch !== epoch || notedCount >= MOST_NOTED) {
    noted = new Map();
    notedCount = 0;
    notedEpoch = epoch;
  }
  const after = noted.get(first.handle) ?? new Set<Handle>();
  if (after.has(second.handle)) return;
  after.add(second.handle);
  noted.set(first.handle, after);
  notedCount++;
  const stack = new Error("taken here");
  const order = { first: first.handle, second: second.handle };
  const thread = inHeap.threadIndexOf(inHeap.slot);
  const outcome = writeOrder(inHeap, order, () => ({ thread, where: callersOf(stack) }));
  if (outcome === "new") warnOfInversion(inHeap, order, stack);
  if (outcome === "lost" && !hasWarnedOfLoss) {
    hasWarnedOfLoss = true;
    reportToOwner("the watch on the order of locks has no room for more orders, so it may miss contradictions", stack);
  }
}

/** The two threads whose orders contradict each other both look after they have written: one of them sees both. */
function warnOfInversion(inHeap: Heap, { first, second }: Pick<Order, "first" | "second">, stack: Error): void {
  const after = graphOf(readOrders(inHeap));
  const order = after.get(first)?.get(second);
  const circle = order === undefined ? undefined : circleThrough(order, after);
  if (circle !== undefined) reportToOwner(inversionOf(inHeap, circle).text, stack);
}
