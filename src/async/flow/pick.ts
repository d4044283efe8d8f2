/** Stages that let some items through and others not. */
import {
  type Emit,
  endingEarly,
  type ItemFunction,
  requireCount,
  requireFunction,
  type Run,
  stageName,
  whenReady,
} from "./stage.js";

export function filter<T>(up: Run<T>, test: ItemFunction<T, unknown>): Run<T> {
  requireFunction("filter", test);
  const name = stageName("filter", test);
  return (scope, emit) =>
    up(scope, (item) => whenReady(scope, name, test(item, scope), (passes) => (passes ? emit(item) : undefined)));
}

export function tap<T>(up: Run<T>, look: ItemFunction<T, unknown>): Run<T> {
  requireFunction("tap", look);
  const name = stageName("tap", look);
  return (scope, emit) => up(scope, (item) => whenReady(scope, name, look(item, scope), () => emit(item)));
}

export function take<T>(up: Run<T>, count: number): Run<T> {
  requireCount("take", count, 0, true);
  return async (scope, emit) => {
    // Of no items nothing above is started.
    if (count === 0) return;
    await endingEarly(scope, "take", async (inner, finish) => {
      let taken = 0;
      await up(inner, (item) => {
        if (++taken < count) return emit(item);
        return after(emit(item), finish);
      });
    });
  };
}

export function takeWhile<T>(up: Run<T>, test: ItemFunction<T, unknown>): Run<T> {
  requireFunction("takeWhile", test);
  const name = stageName("takeWhile", test);
  return (scope, emit) =>
    endingEarly(scope, name, async (inner, finish) => {
      await up(inner, (item) =>
        whenReady(inner, name, test(item, inner), (goesOn) => (goesOn ? emit(item) : after(undefined, finish))),
      );
    });
}

/** Calls `andThen` once `waiting` is over, now if there is nothing to wait for. */
function after(waiting: Promise<void> | undefined, andThen: () => void): Promise<void> | undefined {
  if (waiting !== undefined) return waiting.then(andThen);
  andThen();
  return undefined;
}

export function drop<T>(up: Run<T>, count: number): Run<T> {
  requireCount("drop", count, 0, true);
  return (scope, emit) => {
    let dropped = 0;
    return up(scope, (item) => {
      if (dropped >= count) return emit(item);
      dropped++;
      return undefined;
    });
  };
}

export function distinct<T>(up: Run<T>, key: ItemFunction<T, unknown> | undefined): Run<T> {
  if (key !== undefined) requireFunction("distinct", key);
  const name = stageName("distinct", key);
  return (scope, emit) => {
    const seen = new Set<unknown>();
    const passNew = (item: T, itemKey: unknown): ReturnType<Emit<T>> => {
      if (seen.has(itemKey)) return undefined;
      seen.add(itemKey);
      return emit(item);
    };
    if (key === undefined) return up(scope, (item) => passNew(item, item));
    return up(scope, (item) => whenReady(scope, name, key(item, scope), (itemKey) => passNew(item, itemKey)));
  };
}
