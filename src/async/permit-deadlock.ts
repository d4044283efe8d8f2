/**
 * Tells whether requests for permits wait for each other for ever.
 *
 * The judgement is optimistic, so that there is no false alarm: every permit that
 * might come back is taken to come back, and every request that might give up, to
 * do so. Not coming back are only the permits of blocks that can't end before a
 * request inside them is granted (see `guard.ts`).
 *
 * So requests are struck out in the order in which the queue would grant them. A
 * block inside which none is left will end and give its permits back. If one
 * can't be struck out, then neither can those behind it, nor can the blocks end
 * that these stand in: only a cancellation could end that.
 */
import type { CancelNode } from "./cancel.js";
import type { Block } from "./guard.js";
import { TaskScope } from "./scope.js";

/** What a request says of itself while it waits. */
export interface PermitRequest {
  readonly count: number;
  /** Blocks that wait for it. */
  readonly around: readonly Block[];
  /** True if it may leave without being granted and without its block being cancelled. */
  readonly mayLeave: boolean;
}

/** Describes a request under `node` inside the blocks `around`. */
export function permitRequest(count: number, node: CancelNode | undefined, around: readonly Block[]): PermitRequest {
  const deadlineMs = node?.deadlineMs ?? Infinity;
  // A deadline set inside a block means: try for so long, then go on without.
  const waitingFor = around.filter((block) => block.node.deadlineMs <= deadlineMs);
  const isSignal = node !== undefined && !(node instanceof TaskScope);
  const isInTime = deadlineMs !== Infinity && waitingFor.length === 0;
  return { count, around: waitingFor, mayLeave: isSignal || isInTime };
}

/**
 * True if `requests`, in the order in which they are granted, can't all be.
 *
 * @param available - permits that are free or may be released
 */
export function isDeadlock(requests: Iterable<PermitRequest>, available: number): boolean {
  const struck = new Map<Block, number>();
  let obtainable = available;
  for (const request of requests) {
    if (!request.mayLeave && request.count > obtainable) return true;
    for (const block of request.around) {
      const before = struck.get(block) ?? 0;
      struck.set(block, before + 1);
      if (before + 1 === block.waiting && block.isOpen) obtainable++;
    }
  }
  return false;
}
