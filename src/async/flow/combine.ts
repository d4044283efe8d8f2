/** Stages that bring several flows together: one after another, side by side, or item by item. */
import { channel } from "../channel.js";
import type { Scope } from "../scope.js";
import { Gate } from "./gate.js";
import { Puller } from "./hand-over.js";
import { type FlowSource, receiveOrEnd, runOf } from "./source.js";
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

/**
 * How `flatMap` runs the flows that its function makes.
 *
 * @since 0.1.0
 */
export interface FlatMapOptions {
  /** How many of them run at once: 1 if omitted, one after the other. Infinity for no limit. */
  readonly concurrency?: number;
  /** How dumps, recordings and errors name the stage. */
  readonly name?: string;
}

export function concat<T>(runs: readonly Run<T>[]): Run<T> {
  return async (scope, emit) => {
    for (const run of runs) await run(scope, emit);
  };
}

export function flatMap<T, R>(up: Run<T>, fn: ItemFunction<T, FlowSource<R>>, options: FlatMapOptions): Run<R> {
  requireFunction("flatMap", fn);
  const { concurrency = 1 } = options;
  requireCount("concurrency", concurrency, 1, true);
  const name = stageName("flatMap", fn, options.name);
  if (concurrency > 1) return sideBySide(up, async (item, scope) => runOf(await fn(item, scope)), concurrency, name);
  return (scope, emit) =>
    up(scope, (item) => whenReady(scope, name, fn(item, scope), (made) => runOf(made)(scope, emit)));
}

export function merge<T>(sources: readonly Run<T>[]): Run<T> {
  const all: Run<Run<T>> = async (_scope, emit) => {
    for (const source of sources) await emit(source);
  };
  return sideBySide(all, (run) => run, Infinity, "merge");
}

/** Runs what `open` makes of each item, at most `limit` of them at once. */
function sideBySide<T, R>(
  up: Run<T>,
  open: (item: T, scope: Scope) => Run<R> | PromiseLike<Run<R>>,
  limit: number,
  name: string,
): Run<R> {
  return async (scope, emit) => {
    const inner = scope.open({ name });
    let running = 0;
    const gate = new Gate(`room in ${name}`);
    // A hand-over without a buffer: each of the flows has one item ready at most.
    // It is needed because below items come one at a time.
    const items = channel<R>({ capacity: 0, name: `items of ${name}` });
    const send: Emit<R> = (item) => items.send(item, inner);

    const handOn = async (): Promise<void> => {
      for (let next = await receiveOrEnd(items, inner); next !== undefined; next = await receiveOrEnd(items, inner)) {
        const waiting = emit(next.value);
        if (waiting !== undefined) await waiting;
      }
    };

    await inner.run(async () => {
      inner.spawn(handOn, [], { name: `hand over of ${name}` });
      await up(inner, (item) => {
        running++;
        const runOne = async (): Promise<void> => {
          const run = await open(item, inner);
          await run(inner, send);
          running--;
          gate.check();
        };
        inner.spawn(runOne, [], { name });
        return gate.until(() => running < limit, inner);
      });
      await gate.until(() => running === 0, inner);
      items.close();
    });
  };
}

export function zip(runs: readonly Run<unknown>[]): Run<unknown[]> {
  return (scope, emit) =>
    endingEarly(scope, "zip", async (inner, finish) => {
      const pullers = runs.map((run, index) => new Puller(inner, run, `zip source ${index}`));
      const pull = async (puller: Puller<unknown>): Promise<unknown> => {
        const step = await puller.next();
        if (step.done !== true) return step.value;
        // At once, though others may still be asked: they are not needed any more.
        finish();
        throw inner.makeError();
      };
      for (;;) {
        const waiting = emit(await Promise.all(pullers.map(pull)));
        if (waiting !== undefined) await waiting;
      }
    });
}
