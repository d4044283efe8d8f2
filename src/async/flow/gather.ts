/** Stages that make one item out of several. */
import { nowMs } from "#clock";

import type { Scope } from "../scope.js";
import { after, select } from "../select.js";
import { requireCount, requireFunction, requireMs, type Run, stageName, whenReady } from "./stage.js";
import { timed } from "./time.js";

/**
 * How `batch` fills its batches.
 *
 * @since 0.1.0
 */
export interface BatchOptions {
  /** A batch leaves, full or not, when its first item has waited this long. No limit if omitted. */
  readonly maxWaitMs?: number;
}

export function scan<T, A>(
  up: Run<T>,
  fn: (state: A, item: T, scope: Scope) => A | PromiseLike<A>,
  initial: A,
): Run<A> {
  requireFunction("scan", fn);
  const name = stageName("scan", fn);
  return (scope, emit) => {
    let state = initial;
    return up(scope, (item) =>
      whenReady(scope, name, fn(state, item, scope), (next) => {
        state = next;
        return emit(next);
      }),
    );
  };
}

export function batch<T>(up: Run<T>, size: number, { maxWaitMs }: BatchOptions): Run<T[]> {
  requireCount("the size of a batch", size, 1, true);
  if (maxWaitMs !== undefined) requireMs("maxWaitMs", maxWaitMs);
  if (maxWaitMs !== undefined && maxWaitMs !== Infinity) return batchInTime(up, size, maxWaitMs);
  return async (scope, emit) => {
    let items: T[] = [];
    await up(scope, (item) => {
      items.push(item);
      if (items.length < size) return undefined;
      const full = items;
      items = [];
      return emit(full);
    });
    if (items.length > 0) await emit(items);
  };
}

function batchInTime<T>(up: Run<T>, size: number, maxWaitMs: number): Run<T[]> {
  return timed(up, "batch", async (items, inner, emit) => {
    let gathered: T[] = [];
    let dueMs = Infinity;
    for (;;) {
      const late = gathered.length === 0 ? null : after(Math.max(0, dueMs - nowMs()));
      const won = await select({ item: items.receiving(), late }, inner);
      if (won.case === "item" && !won.value.done) {
        if (gathered.length === 0) dueMs = nowMs() + maxWaitMs;
        gathered.push(won.value.value);
        // Asked besides the alarm, which can't win while items are always there.
        if (gathered.length < size && nowMs() < dueMs) continue;
      }
      if (gathered.length > 0) {
        const full = gathered;
        gathered = [];
        const waiting = emit(full);
        if (waiting !== undefined) await waiting;
      }
      if (won.case === "item" && won.value.done) return;
    }
  });
}

export function window<T>(up: Run<T>, size: number, step: number): Run<T[]> {
  requireCount("the size of a window", size, 1);
  requireCount("the step of a window", step, 1);
  return (scope, emit) => {
    const items: T[] = [];
    // Items still to be passed over before the next window, when steps are longer than windows.
    let gap = 0;
    return up(scope, (item) => {
      if (gap > 0) {
        gap--;
        return undefined;
      }
      items.push(item);
      if (items.length < size) return undefined;
      const full = items.slice();
      items.splice(0, step);
      gap = Math.max(0, step - size);
      return emit(full);
    });
  };
}
