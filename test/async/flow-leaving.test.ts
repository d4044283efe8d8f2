/** Random flows, cancelled and left at random places. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { cancelNodeOf } from "#skein/async/cancel";
import { flow, type Flow } from "#skein/async/flow/flow";
import { rootScopes } from "#skein/async/scope";
import { CancelledError, scope, sleep, TimeoutError } from "skein";
import { withVirtualClock } from "skein/testing";
import * as fc from "fast-check";

import { SOURCE_KINDS, TrackedSource } from "../support/tracked-source.js";

const FOREVER: readonly number[] = Array.from({ length: 10_000 }, (_, index) => index);

interface Shape {
  readonly text: string;
  readonly build: (items: Flow<number>, other: () => AsyncIterable<number> | Iterable<number>) => Flow<number>;
}

const shapes: readonly Shape[] = [
  { text: "map", build: (items) => items.map((item) => item + 1) },
  { text: "map async", build: (items) => items.map(async (item) => item + 1) },
  { text: "map 3", build: (items) => items.map(async (item) => item, { concurrency: 3 }) },
  {
    text: "map slow",
    build: (items) =>
      items.map(async (item, s) => sleep(item % 4, s).then(() => item), { concurrency: 2, buffer: 1, ordered: false }),
  },
  { text: "filter", build: (items) => items.filter((item) => item % 2 === 0) },
  { text: "flatMap", build: (items, other) => items.flatMap(() => flow(other).take(2)) },
  { text: "flatMap 2", build: (items, other) => items.flatMap(() => flow(other).take(2), { concurrency: 2 }) },
  { text: "merge", build: (items, other) => items.merge(other) },
  { text: "zip", build: (items, other) => items.zip<[number]>(other).map(([a, b]) => a + b) },
  { text: "concat", build: (items, other) => items.concat(other) },
  { text: "batch", build: (items) => items.batch(2, { maxWaitMs: 5 }).map((all) => all.length) },
  { text: "debounce", build: (items) => items.debounce(2) },
  { text: "throttle", build: (items) => items.throttle(2) },
  {
    text: "groupBy",
    build: (items) =>
      items.groupBy((item) => item % 2).flatMap((group) => group.map((item) => item), { concurrency: 2 }),
  },
  { text: "take", build: (items) => items.take(7) },
  { text: "takeWhile", build: (items) => items.takeWhile(async (item) => item < 9) },
  { text: "retry", build: (items) => items.retry({ delays: () => [1, 2] }) },
  {
    text: "fail",
    build: (items) =>
      items.tap((item) => {
        if (item === 6) throw new Error("six");
      }),
  },
];

describe("a random flow", () => {
  it("leaves nothing behind, wherever it is cancelled or left (laws 1, 10, 38 and 40)", async () => {
    const scenario = fc.record({
      kind: fc.constantFrom(...SOURCE_KINDS),
      otherKind: fc.constantFrom(...SOURCE_KINDS),
      length: fc.nat(12),
      failAt: fc.option(fc.nat(12), { nil: -1 }),
      chosen: fc.array(fc.constantFrom(...shapes), { maxLength: 4 }),
      steps: fc.nat(120),
      how: fc.constantFrom("signal", "scope", "deadline", "break", "throw", "return"),
    });
    await fc.assert(
      fc.asyncProperty(scenario, async ({ kind, otherKind, length, failAt, chosen, steps, how }) => {
        await withVirtualClock(async (clock) => {
          const source = new TrackedSource(kind, FOREVER.slice(0, length), failAt);
          const other = new TrackedSource(otherKind, FOREVER.slice(0, length));
          let built: Flow<number> = flow<number>(source.open);
          for (const shape of chosen) built = shape.build(built, other.open);
          const text = `${kind} ${otherKind} ${how} ${chosen.map((shape) => shape.text).join(" | ")}`;
          const { outcome, node } = leave(built, how, steps);
          const error = await outcome.then(
            () => undefined,
            (failure: unknown) => failure,
          );
          assert.ok(isExpected(error), `${text}: ${String(error)}`);
          assert.deepEqual([source.unclosed, other.unclosed], [0, 0], text);
          assert.equal(rootScopes().size, 0, text);
          await clock.advance(0);
          assert.equal(clock.pendingAlarms, 0, text);
          assert.deepEqual(node?.listeners() ?? [], [], text);
        });
      }),
      { numRuns: 200 },
    );
  });
});

/** True for one outcome, or several real failures: never a cancellation among failures (law 3), nothing stuck. */
function isExpected(error: unknown): boolean {
  if (error === undefined || error instanceof CancelledError || error instanceof TimeoutError) return true;
  const failures: unknown[] = error instanceof AggregateError ? error.errors : [error];
  return failures.every(
    (failure) => failure instanceof Error && /^(?:enough|six|item \d+ failed)$/.test(failure.message),
  );
}

/** Consumes a flow and leaves it after about so many promise jobs, or items. */
function leave(items: Flow<number>, how: string, steps: number) {
  const controller = new AbortController();
  const after = async (end: () => unknown): Promise<void> => {
    for (let step = 0; step < steps; step++) {
      // Now and then all that can run runs, and time goes on.
      await (step % 40 === 39 ? sleep(1) : undefined);
    }
    await end();
  };
  switch (how) {
    case "signal": {
      const outcome = items.toArray(controller.signal);
      return {
        outcome: Promise.allSettled([outcome, after(() => controller.abort())]).then(() => outcome),
        node: cancelNodeOf(controller.signal),
      };
    }
    case "scope": {
      const outcome = scope(async (s) => {
        s.spawn(() => items.run(s));
        await after(() => s.cancel());
      });
      return { outcome, node: undefined };
    }
    case "deadline":
      return { outcome: scope(async (s) => items.run(s), { timeoutMs: steps / 4 }), node: undefined };
    case "return": {
      const iterator = items.values(controller.signal);
      const first = iterator.next();
      const outcome = Promise.allSettled([first, after(() => iterator.return?.())]).then(() => undefined);
      return { outcome, node: cancelNodeOf(controller.signal) };
    }
    default: {
      let left = steps % 8;
      const consume = async (): Promise<void> => {
        // A flow that stays silent is ended by its deadline.
        await scope(
          async (s) => {
            for await (const item of items.values(s)) {
              if (left-- > 0 || item < 0) continue;
              if (how === "break") break;
              throw new Error("enough");
            }
          },
          { timeoutMs: 1000 },
        );
      };
      return { outcome: consume(), node: undefined };
    }
  }
}
