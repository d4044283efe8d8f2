/**
 * The stage that splits a flow by key.
 *
 * Invariants
 * - An item stands in its group's channel before the next is taken, so each group
 *   keeps the order of the flow and holds `buffer` items at most.
 * - When what is above has ended, or the stage was cancelled or failed, every
 *   group's channel is closed; in the latter cases those who read it fail too: a
 *   group cut short never looks complete.
 */
import { ClosedError, MisuseError } from "../../core/errors.js";
import { CancelListener } from "../cancel.js";
import { type Channel, channel } from "../channel.js";
import type { TaskScope } from "../scope.js";
import { runOf } from "./source.js";
import { type ItemFunction, requireCount, requireFunction, type Run, stageName, whenReady } from "./stage.js";

/**
 * How `groupBy` holds its groups.
 *
 * @since 0.1.0
 */
export interface GroupByOptions {
  /** Items of a group that may wait to be read: 16 if omitted. A full group holds up the whole flow. */
  readonly buffer?: number;
  /** How many keys there may be; one more fails the flow. No limit if omitted. */
  readonly maxGroups?: number;
}

export function groupBy<T, K, G>(
  up: Run<T>,
  key: ItemFunction<T, K>,
  { buffer = 16, maxGroups = Infinity }: GroupByOptions,
  makeGroup: (run: Run<T>, key: K) => G,
): Run<G> {
  requireFunction("groupBy", key);
  requireCount("buffer", buffer, 1, true);
  requireCount("maxGroups", maxGroups, 1, true);
  const name = stageName("groupBy", key);
  return async (scope, emit) => {
    const inner = scope.open({ name });
    const groups = new Map<K, Channel<T>>();
    const closeAll = (): void => {
      for (const items of groups.values()) items.close();
    };

    const put = (itemKey: K, item: T): Promise<void> | undefined => {
      const known = groups.get(itemKey);
      if (known !== undefined) return known.trySend(item) ? undefined : putWhenRoom(known, item, inner);
      if (groups.size >= maxGroups) {
        throw new MisuseError(
          "SKEIN_INVALID_ARGUMENT",
          `groupBy allows ${maxGroups} groups, and the key ${String(itemKey)} would be one more. Raise maxGroups, or group by something with fewer values`,
        );
      }
      const items = channel<T>({ capacity: buffer, name: `group ${String(itemKey)}` });
      groups.set(itemKey, items);
      items.trySend(item); // the capacity is 1 at least
      return emit(makeGroup(runGroup(items, inner), itemKey));
    };

    await inner.run(async () => {
      if (!inner.isCancelled) inner.listen(new Groups(closeAll));
      await up(inner, (item) => whenReady(inner, name, key(item, inner), (itemKey) => put(itemKey, item)));
      closeAll();
    });
  };
}

async function putWhenRoom<T>(items: Channel<T>, item: T, inner: TaskScope): Promise<void> {
  try {
    await items.send(item, inner);
  } catch (error) {
    // Nobody reads the group any more: its items go nowhere.
    if (!(error instanceof ClosedError && items.isClosed)) throw error;
  }
}

function runGroup<T>(items: Channel<T>, stage: TaskScope): Run<T> {
  const read = runOf<T>(items);
  return async (scope, emit) => {
    try {
      await read(scope, emit);
    } finally {
      // Also if it was left early: what waits for room in it must not wait on.
      items.close();
    }
    if (!stage.isCancelled) return;
    // The very failure that ended the stage, so that a scope that gets it from
    // both sides has one error.
    throw stage.origin === stage ? stage.reason : stage.makeError();
  };
}

class Groups extends CancelListener {
  readonly #closeAll: () => void;

  constructor(closeAll: () => void) {
    super();
    this.#closeAll = closeAll;
  }

  override onCancel(): void {
    this.#closeAll();
  }
}
