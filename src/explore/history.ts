/**
 * Whether a history of calls is linearizable (Herlihy and Wing, 1990): the search of
 * Wing and Gong (1993). Histories are short, so states of the model are made anew
 * instead of being copied.
 */

export interface Operation {
  readonly name: string;
  readonly values: readonly unknown[];
}

/** A call that has ended. */
export interface Call extends Operation {
  readonly result: unknown;
  readonly hasThrown: boolean;
  /** When it began and ended, in steps of the run. */
  readonly began: number;
  readonly ended: number;
  readonly text: string;
}

type Model = Readonly<Record<string, (...values: readonly unknown[]) => unknown>>;

/** @param threads - the calls of each thread, in its order */
export function explains(threads: readonly (readonly Call[])[], makeModel: () => object): boolean {
  const next = threads.map(() => 0);
  const order: Call[] = [];
  const search = (): boolean => {
    if (next.every((at, thread) => at === threads[thread]?.length)) return true;
    // One that ended before another began has to come before it.
    let firstEnd = Infinity;
    for (let thread = 0; thread < threads.length; thread++) {
      firstEnd = Math.min(firstEnd, threads[thread]?.[next[thread] as number]?.ended ?? Infinity);
    }
    for (let thread = 0; thread < threads.length; thread++) {
      const call = threads[thread]?.[next[thread] as number];
      if (call === undefined || call.began > firstEnd) continue;
      order.push(call);
      next[thread] = (next[thread] as number) + 1;
      if (fits(order, makeModel) && search()) return true;
      order.pop();
      next[thread] = (next[thread] as number) - 1;
    }
    return false;
  };
  return search();
}

/** Whether the model, called in that order, gives for the last what it gave. */
function fits(order: readonly Call[], makeModel: () => object): boolean {
  const model = makeModel() as Model;
  let result: unknown;
  let hasThrown = false;
  for (const { name, values } of order) {
    hasThrown = false;
    try {
      result = model[name]?.(...values);
    } catch (error) {
      hasThrown = true;
      result = error instanceof Error ? `${error.name}: ${error.message}` : error;
    }
  }
  const last = order.at(-1);
  return last === undefined || (last.hasThrown === hasThrown && isSame(last.result, result));
}

function isSame(one: unknown, other: unknown): boolean {
  return Object.is(one, other) || (typeof one === "object" && JSON.stringify(one) === JSON.stringify(other));
}
