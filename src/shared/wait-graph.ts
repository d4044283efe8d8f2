/**
 * The search for waits that can't end because each waits for the next: of threads
 * that sleep, and of jobs inside blocks.
 *
 * A wait is one of
 *   a sleep     a thread is in a `Sync` verb. Until it wakes it runs nothing, so
 *               whatever it holds, and whatever its jobs hold, it keeps (`sleep.ts`)
 *   a job's     a job waits inside a block, which can't end before (`wait-table.ts`)
 * Wait `v` keeps wait `w` up if the object that `w` is for
 *   - is held by the sleeping thread of `v`, by so much that what `w` wants does not
 *     fit beside it (`room` of `SharedObject`),
 *   - or by the block of `v`, by so much;
 *   - or grants nothing to anybody before the sleeping thread of `v`, which insists.
 * Each of these alone is enough: `w` can't be granted while it is so. So waits that
 * keep each other up in a circle can end only if one of them gives up.
 *
 * Why a circle that was found is real. The look goes through memory that changes
 * meanwhile, so what it puts together may never have been so at one moment. It is
 * therefore looked at again, in this order:
 *   1  the search: has read all the waits
 *   2  that each keeps up the one before it
 *   3  that all the waits are still the same ones: by their numbers, so one that
 *      ended and began anew is another
 * All through 2, then, every wait of the circle lasted. So none of the threads ran
 * that sleep, and no block was closed: who held something at one moment of 2 held it
 * throughout. And since it was held, no wait of the circle was granted: two holds
 * that don't fit beside each other are never there at once. So at each moment of 2
 * each wait kept up the one before it.
 *
 * What this rests on: the lock of a block is released by the block. Code that calls
 * `unlock` for it releases it before; if that is what would have opened a circle,
 * the alarm was false. And a thread that was stopped by force while it slept, and
 * has not been put in order yet, is taken to sleep on.
 *
 * A wait with a deadline may give up and go on. A circle with such a wait in it is
 * reported to who asks, but nobody is refused anything for its sake.
 */
import { addDumpSection } from "../async/dump.js";
import { suspectDeadlock } from "../core/deadlock.js";
import { type DeadlockError } from "../core/errors.js";
import { type Heap, heap, usesHeap } from "./heap.js";
import { Kind, NAMES, objectAt } from "./object.js";
import { type Sleep, sleepOf } from "./sleep.js";
import { isPublished, publishedWaits, type PublishedWait } from "./wait-table.js";

type Wait = Sleep | PublishedWait;

/** One wait of a circle, and what keeps it up. */
interface Link {
  readonly wait: Wait;
  readonly keeper: Wait;
  readonly object: { readonly name: string; readonly kind: number };
  /** Whether the keeper holds nothing but is to be granted something first. */
  readonly isBefore: boolean;
}

/** A wait in a circle of waits that keep each other up. */
export interface DeadlockStep {
  /** `threadIndex` of the thread that waits, or whose job does. */
  readonly thread: number;
  /** Whether that thread is blocked; else one of its jobs waits. */
  readonly isBlocked: boolean;
  /** The object that is waited for. */
  readonly kind: string;
  readonly name: string;
  /** `threadIndex` of the thread that holds it, or whose job does. */
  readonly heldBy: number;
}

/** Waits that keep each other up. */
export interface Deadlock {
  /** Each waits for what the next one holds, the last for what the first holds. */
  readonly steps: readonly DeadlockStep[];
  /** Whether one of the waits has a deadline, and may give up when that has come. */
  readonly mayEnd: boolean;
  /** All of it in words. */
  readonly text: string;
}

/** Looks in which somebody moved, before the search gives up: others move all the time where nothing is wrong. */
const MOST_LOOKS = 4;

/**
 * The circles of threads and jobs that wait for each other now, on all threads of
 * the process: for each wait that is in a circle, at least one of those it is in.
 *
 * Use it when a program hangs, or to look from time to time. Waits for shared
 * mutexes, reader-writer locks and semaphores count: of threads blocked in a `Sync`
 * verb, and of jobs inside a block (`withLock`, `withRead`, `withWrite`, `with`)
 * whose function takes a scope, under that scope. A job that holds a plain guard may
 * be helped by any other, which could release it; so its waits don't count.
 *
 * Locks that threads share refuse a wait that closes a circle by themselves, with
 * `SKEIN_DEADLOCK`: a job's at once, a blocked thread's after a second. So what this
 * shows is about to be refused, or has a deadline.
 *
 * **Threads** Any.
 *
 * **Cost** In proportion to the threads and the waits of jobs inside blocks.
 *
 * @example
 * ```ts
 * console.log(findDeadlocks().map((deadlock) => deadlock.text)); // []
 * ```
 *
 * @since 0.1.0
 */
export function findDeadlocks(): readonly Deadlock[] {
  if (!usesHeap()) return [];
  const inHeap = heap();
  const found: Deadlock[] = [];
  const seen = new Set<string>();
  for (const wait of allWaits(inHeap)) {
    if (seen.has(keyOf(wait))) continue;
    const circle = circleThrough(inHeap, wait, undefined, true);
    if (circle === undefined) continue;
    for (const link of circle) seen.add(keyOf(link.wait));
    found.push({
      steps: circle.map(({ wait: waiting, keeper, object }) => ({
        thread: inHeap.threadIndexOf(waiting.slot),
        isBlocked: !("entry" in waiting),
        kind: NAMES[object.kind] as string,
        name: object.name,
        heldBy: inHeap.threadIndexOf(keeper.slot),
      })),
      mayEnd: circle.some((link) => link.wait.mayLeave),
      text: describe(inHeap, circle),
    });
  }
  return found;
}

/**
 * A suspicion if this thread, which waits in a `Sync` verb and is awake only to look,
 * can't be granted what it wants.
 */
export function deadlockOfThread(inHeap: Heap, wanted: number, amount: number): (() => DeadlockError) | undefined {
  // It never is in the heap's table as this; nobody can tell two of them apart, nor
  // need to: this thread does nothing else meanwhile.
  const own: Sleep = { slot: inHeap.slot, number: 0, wanted, amount, mayLeave: false };
  return suspicionOf(inHeap, circleThrough(inHeap, own, own, false));
}

/** A suspicion if a wait of a job of this thread, which is published, can't be granted. */
export function deadlockOfJob(inHeap: Heap, number: number): (() => DeadlockError) | undefined {
  const own = publishedWaits(inHeap).filter((wait) => wait.slot === inHeap.slot && wait.number === number);
  for (const wait of own) {
    const circle = wait.mayLeave ? undefined : circleThrough(inHeap, wait, undefined, false);
    if (circle !== undefined) return suspicionOf(inHeap, circle);
  }
  return undefined;
}

function suspicionOf(inHeap: Heap, circle: readonly Link[] | undefined): (() => DeadlockError) | undefined {
  if (circle === undefined) return undefined;
  const text = describe(inHeap, circle);
  return suspectDeadlock(
    `threads wait for each other and none can go on: ${text}. Take locks in the same order everywhere`,
  );
}

/** A shared object that somebody holds or that a blocked thread waits for. */
export interface SharedLockState {
  readonly kind: string;
  readonly name: string;
  /** `threadIndex` of each thread that holds it, or whose jobs do. */
  readonly holders: readonly number[];
  /** `threadIndex` of each thread that is blocked waiting for it. */
  readonly blocked: readonly number[];
}

/**
 * What shared objects are held now, or have blocked threads waiting for them, on
 * all threads of the process: for dumps.
 *
 * Each line was true at some moment of the look; not all need have been true at one.
 *
 * **Threads** Any.
 *
 * **Cost** In proportion to the heap.
 *
 * @since 0.1.0
 */
export function sharedLocks(): readonly SharedLockState[] {
  if (!usesHeap()) return [];
  const inHeap = heap();
  const sleeps = sleepsIn(inHeap);
  const states: SharedLockState[] = [];
  for (const { offset, kind } of inHeap.liveBlocks()) {
    const blocked = sleeps.filter((sleep) => sleep.wanted === offset);
    const object = objectAt(inHeap, offset);
    const holds = object?.holds() ?? [];
    if (object === undefined || holds.length + blocked.length === 0) continue;
    states.push({
      kind: NAMES[kind] as string,
      name: object.name,
      holders: holds.map((hold) => inHeap.threadIndexOf(hold.slot)),
      blocked: blocked.map((sleep) => inHeap.threadIndexOf(sleep.slot)),
    });
  }
  return states;
}

function sleepsIn(inHeap: Heap): Sleep[] {
  return inHeap.slots().flatMap((slot) => sleepOf(inHeap, slot) ?? []);
}

function allWaits(inHeap: Heap): readonly Wait[] {
  return [...sleepsIn(inHeap), ...publishedWaits(inHeap)];
}

/** Entries of one job's wait have one key. */
function keyOf(wait: Wait): string {
  return `${"entry" in wait ? "job" : "thread"} ${wait.slot} ${wait.number}`;
}

/**
 * The shortest circle from `start` back to it, looked at twice.
 *
 * @param own - the wait of this thread, which is awake to look
 * @param withDeadlines - whether waits that may give up by themselves count
 */
function circleThrough(
  inHeap: Heap,
  start: Wait,
  own: Sleep | undefined,
  withDeadlines: boolean,
): readonly Link[] | undefined {
  for (let look = 0; look < MOST_LOOKS; look++) {
    const circle = searchCircle(inHeap, start, own, withDeadlines);
    if (circle === undefined) return undefined;
    // In this order: see above.
    const isKept = circle.every((link) =>
      linksFrom(inHeap, link.wait, own).some(
        (now) => keyOf(now.keeper) === keyOf(link.keeper) && entryOf(now.keeper) === entryOf(link.keeper),
      ),
    );
    if (isKept && circle.every(({ keeper }) => keeper === own || lasts(inHeap, keeper))) return circle;
  }
  return undefined;
}

function entryOf(wait: Wait): number {
  return "entry" in wait ? wait.entry : 0;
}

/** Whether a wait that was read has not ended since. */
function lasts(inHeap: Heap, wait: Wait): boolean {
  return "entry" in wait ? isPublished(inHeap, wait) : sleepOf(inHeap, wait.slot)?.number === wait.number;
}

function searchCircle(
  inHeap: Heap,
  start: Wait,
  own: Sleep | undefined,
  withDeadlines: boolean,
): readonly Link[] | undefined {
  const end = keyOf(start);
  /** For each wait that was come by, the link that led to it. */
  const came = new Map<string, Link>();
  const next: Wait[] = [start];
  for (let wait = next.shift(); wait !== undefined; wait = next.shift()) {
    for (const link of linksFrom(inHeap, wait, own)) {
      const key = keyOf(link.keeper);
      if (came.has(key) || (link.keeper.mayLeave && !withDeadlines)) continue;
      came.set(key, link);
      if (key === end) return wayTo(end, came);
      next.push(link.keeper);
    }
  }
  return undefined;
}

/** The links of the circle that ends at a wait, beginning with that wait's. */
function wayTo(end: string, came: ReadonlyMap<string, Link>): readonly Link[] {
  const circle: Link[] = [];
  for (let key = end; ;) {
    const link = came.get(key) as Link;
    circle.unshift(link);
    key = keyOf(link.wait);
    if (key === end) return circle;
  }
}

/** What keeps a wait up. */
function linksFrom(inHeap: Heap, wait: Wait, own: Sleep | undefined): Link[] {
  if (wait.amount === 0) return [];
  const object = objectAt(inHeap, wait.wanted);
  const kind = inHeap.blockAt(wait.wanted)?.kind;
  if (object === undefined || kind === undefined) return [];
  const links: Link[] = [];
  const add = (keeper: Wait | undefined, isBefore = false): void => {
    if (keeper !== undefined) links.push({ wait, keeper, object: { name: object.name, kind }, isBefore });
  };
  const sleepIn = (slot: number): Sleep | undefined => (slot === own?.slot ? own : sleepOf(inHeap, slot));
  const holds = object.holds();
  for (const { slot, amount } of holds) if (amount + wait.amount > object.room) add(sleepIn(slot));
  const { insisting } = object;
  // A thread does not wait for itself so.
  if (insisting !== 0 && insisting !== wait.slot) add(sleepIn(insisting), true);
  for (const job of publishedWaits(inHeap)) {
    if (job.held !== wait.wanted || job.heldAmount + wait.amount <= object.room) continue;
    // Unless somebody has unlocked it under its block.
    if (holds.some(({ slot }) => slot === job.slot)) add(job);
  }
  return links;
}

function describe(inHeap: Heap, circle: readonly Link[]): string {
  return circle
    .map(({ wait, keeper, object, isBefore }) => {
      const what = object.kind === Kind.rwLock ? (wait.amount === 1 ? "to read " : "to write ") : "for ";
      const how = isBefore
        ? `before which ${nameOf(inHeap, keeper)} is to have it`
        : `which ${nameOf(inHeap, keeper)} holds`;
      return `${nameOf(inHeap, wait)} waits ${what}"${object.name}", ${how}`;
    })
    .join("; ");
}

function nameOf(inHeap: Heap, wait: Wait): string {
  return `${"entry" in wait ? "a job of " : ""}thread ${inHeap.threadIndexOf(wait.slot)}`;
}

addDumpSection(() => {
  const lines: string[] = [];
  for (const { kind, name, holders, blocked } of sharedLocks()) {
    const facts = [`${kind} ${JSON.stringify(name)}`];
    if (holders.length > 0) facts.push(`held by ${threadsIn(holders)}`);
    if (blocked.length > 0) facts.push(`${threadsIn(blocked)} blocked for it`);
    lines.push(facts.join(" · "));
  }
  for (const { text } of findDeadlocks()) lines.push(`deadlock: ${text}`);
  return lines.length === 0 ? lines : ["shared between threads", ...lines];
});

function threadsIn(indexes: readonly number[]): string {
  return `${indexes.length === 1 ? "thread" : "threads"} ${indexes.join(", ")}`;
}
