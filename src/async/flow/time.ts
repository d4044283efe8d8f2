/** Stages that depend on when an item comes. */
import { nowMs } from "#clock";

import { channel, type Channel } from "../channel.js";
import type { TaskScope } from "../scope.js";
import { after, select } from "../select.js";
import { type Emit, requireMs, type Run } from "./stage.js";

/**
 * A stage that must be able to act while no item comes: what is above runs as a
 * job and hands its items over, so that the stage can wait for either. It reads
 * one item ahead: the one that waits to be taken over.
 */
export function timed<T, R>(
  up: Run<T>,
  name: string,
  body: (items: Channel<T>, inner: TaskScope, emit: Emit<R>) => Promise<void>,
): Run<R> {
  return async (scope, emit) => {
    const inner = scope.open({ name });
    const items = channel<T>({ capacity: 0, name: `items of ${name}` });
    const drive = async (): Promise<void> => {
      await up(inner, (item) => items.send(item, inner));
      items.close();
    };
    await inner.run(async () => {
      inner.spawn(drive, [], { name: `source of ${name}` });
      await body(items, inner, emit);
    });
  };
}

export function throttle<T>(up: Run<T>, ms: number): Run<T> {
  requireMs("throttle", ms);
  return (scope, emit) => {
    let openMs = -Infinity;
    return up(scope, (item) => {
      const now = nowMs();
      if (now < openMs) return undefined;
      openMs = now + ms;
      return emit(item);
    });
  };
}

export function debounce<T>(up: Run<T>, ms: number): Run<T> {
  requireMs("debounce", ms);
  return timed(up, "debounce", async (items, inner, emit) => {
    let latest: { readonly item: T } | undefined;
    for (;;) {
      const quiet = latest === undefined ? null : after(ms);
      const won = await select({ item: items.receiving(), quiet }, inner);
      if (won.case === "item" && !won.value.done) {
        latest = { item: won.value.value };
        continue;
      }
      if (latest !== undefined) {
        const { item } = latest;
        latest = undefined;
        const waiting = emit(item);
        if (waiting !== undefined) await waiting;
      }
      if (won.case === "item" && won.value.done) return;
    }
  });
}
