/**
 * What threads that have ended leave behind is put in order here: object by object,
 * then the payloads that were in their hands, then their slots and chunks.
 *
 * It must not wait for long. It runs where ends are told, often the only thread that
 * could tell of the end of another, which may have stopped inside the very object
 * that is to be entered. So an object that can't be entered soon is left for later,
 * and all threads that have ended are worked on in turn, until nothing is left; what
 * an ended thread holds itself can always be had without entering.
 */
import { setAlarm } from "#clock";

import { describeKind } from "../async/cancel.js";
import { MisuseError } from "../core/errors.js";
import { reportToOwner } from "../core/report.js";
import { objectOf } from "./crossing.js";
import { type Heap, heap, type Life, type LiveBlock, usesHeap } from "./heap.js";
import { Kind } from "./kinds.js";
import { containerOf, freePayload, holderOf } from "./payload.js";
import { forgetWatchesOf } from "./order-table.js";
import { onLongWait } from "./waiting.js";
import { withdrawAllOf } from "./wait-table.js";

/** Kinds of which no thread holds anything. */
const HELD_BY_NOBODY: ReadonlySet<number> = new Set([
  Kind.struct,
  Kind.structArray,
  Kind.array,
  Kind.counter,
  Kind.text,
  Kind.bytes,
]);

/** Passes over what is left before the thread goes on, and comes back to it later. */
const MOST_PASSES = 20;
const LATER_MS = 2;

/** A thread that has ended, and what is still to do for it. */
interface Recovery {
  readonly slot: number;
  readonly wasBusy: boolean;
  /** Objects not yet in order. */
  objects: readonly LiveBlock[];
  /** Payloads in its hands. */
  readonly payloads: readonly number[];
  /** Being worked on, further out in the stack. */
  isActive: boolean;
}

const recoveries = new Set<Recovery>();

/**
 * Says that a thread which you started yourself has ended: what it held is handed
 * on, its memory is taken over. Pools do this for their threads.
 *
 * Call it when the thread's `exit` event has come, whatever ended it.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT` for what is no thread's id.
 *
 * @param threadId - the `threadId` that its `Worker` had while it ran
 *
 * @example
 * ```ts
 * const worker = new Worker(new URL("data:text/javascript,"));
 * const { threadId } = worker;
 * worker.on("exit", () => sharedThreadEnded(threadId));
 * ```
 *
 * @since 0.1.0
 */
export function sharedThreadEnded(threadId: number): void {
  if (!Number.isSafeInteger(threadId) || threadId < 1) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `sharedThreadEnded expected the threadId that a Worker had while it ran, but ` +
        `${typeof threadId === "number" ? threadId : describeKind(threadId)} came: a Worker that has ended has none any more, so keep it when you start one`,
    );
  }
  poolThreadEnded(-threadId, true);
}

/** As `sharedThreadEnded`, of a thread with that `threadIndex`, and whether a job ran on it. */
export function poolThreadEnded(index: number, wasBusy: boolean): void {
  // Without a heap here there is nothing that anybody here has shared.
  if (!usesHeap()) return;
  begin(heap(), heap().threadsOf(index), wasBusy);
  recover();
}

// A thread that blocks hears of no events, and whom it waits for may have ended.
onLongWait(() => {
  begin(heap(), heap().endedThreads(), true);
  recover();
});

function begin(inHeap: Heap, lives: readonly Life[], wasBusy: boolean): void {
  for (const life of lives) {
    if (life.slot === inHeap.slot || !inHeap.threadEnded(life)) continue;
    const objects: LiveBlock[] = [];
    const payloads: number[] = [];
    for (const block of inHeap.liveBlocks()) {
      if (block.kind !== Kind.payload) {
        if (!HELD_BY_NOBODY.has(block.kind)) objects.push(block);
      } else if (holderOf(inHeap, block.offset) === life.slot) {
        payloads.push(block.offset);
      }
    }
    recoveries.add({ slot: life.slot, wasBusy, objects, payloads, isActive: false });
  }
}

function recover(): void {
  const inHeap = heap();
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    for (const recovery of recoveries) {
      if (recovery.isActive) continue;
      recovery.isActive = true;
      try {
        if (proceed(inHeap, recovery)) recoveries.delete(recovery);
      } finally {
        recovery.isActive = false;
      }
    }
    if (![...recoveries].some(({ isActive }) => !isActive)) return;
    // What could not be entered may be held by one whose end nobody has told yet.
    begin(inHeap, inHeap.endedThreads(), true);
  }
  setAlarm(recover, LATER_MS);
}

/** @returns whether all is in order */
function proceed(inHeap: Heap, recovery: Recovery): boolean {
  const { slot, wasBusy, payloads } = recovery;
  recovery.objects = recovery.objects.filter((block) => {
    try {
      // It may have been disposed of, and its memory given to another.
      if (inHeap.locate(block.handle) === undefined) return false;
      return objectOf(inHeap, block)?.threadEnded(slot, wasBusy) === false;
    } catch (error) {
      // One object that is not what it should be must not keep the others back.
      reportToOwner("a shared object could not be put in order after a thread had ended", error);
      return false;
    }
  });
  if (recovery.objects.length > 0) return false;
  freeLoose(inHeap, slot, payloads);
  withdrawAllOf(inHeap, slot);
  forgetWatchesOf(inHeap, slot);
  inHeap.threadIsOver(slot);
  return true;
}

function freeLoose(inHeap: Heap, slot: number, payloads: readonly number[]): void {
  const byContainer = new Map<number, number[]>();
  for (const payload of payloads) {
    const container = containerOf(inHeap, payload);
    const others = byContainer.get(container);
    if (others === undefined) byContainer.set(container, [payload]);
    else others.push(payload);
  }
  for (const [container, those] of byContainer) {
    // Some are for no object.
    const block = container === 0 ? undefined : inHeap.blockAt(container);
    const object = block === undefined ? undefined : objectOf(inHeap, block);
    if (object !== undefined) object.freeLoose(slot, those);
    else for (const payload of those) freePayload(inHeap, payload, slot);
  }
}
