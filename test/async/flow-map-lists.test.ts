/** Items that go to an executor in lists: how long these get, and that nothing else differs. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type AnyTask, type Executor, type ListResult, type ListTask, type RunOptions } from "#skein/async/executor";
import { flow } from "#skein/async/flow/flow";
import { CancelledError, scope, sleep, task } from "skein";
import { mapConcurrent } from "skein/async";
import { taskOfLists } from "#skein/threads/lists";
import { withVirtualClock } from "skein/testing";
import * as fc from "fast-check";

import { failureOf } from "../support/failure.js";

export const triple = task(function triple(item: number): number {
  if (item === 13) throw new Error("unlucky");
  return item * 3;
});

/** Runs jobs here, lists for some time; gives of a list as much as it is told to, at least the first. */
class ListExecutor implements Executor {
  readonly name = "lists";
  readonly jobsAtOnce = 1;
  /** Items of each list, 0 for a job of its own. */
  readonly jobs: number[] = [];
  readonly #ms: (items: number) => number;
  readonly #gives: (items: number) => number;

  constructor(ms: (items: number) => number = () => 0, gives = (items: number): number => items) {
    this.#ms = ms;
    this.#gives = gives;
  }

  ofLists(given: AnyTask): ListTask | undefined {
    return taskOfLists(given);
  }

  async run<Result>(work: AnyTask, args: readonly unknown[], options: RunOptions): Promise<Result> {
    options.onStart();
    const call = work as unknown as (...args: readonly unknown[]) => unknown;
    const [items] = args;
    if (!Array.isArray(items)) {
      this.jobs.push(0);
      return call(...args) as Result;
    }
    this.jobs.push(items.length);
    const ms = this.#ms(items.length);
    await sleep(ms, options.cancel);
    const { values } = call(items.slice(0, Math.max(1, this.#gives(items.length)))) as ListResult;
    return { values, ms } as Result;
  }
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 100);
const triples = (items: readonly number[]): number[] => items.map((item) => item * 3);

describe("map on an executor that takes lists", () => {
  it("sends one item a job at first, twice as many after quick ones, up to half of what may be worked on", () =>
    withVirtualClock(async () => {
      const on = new ListExecutor();
      const items = numbers(400);
      assert.deepEqual(await mapConcurrent(items, triple, { on, concurrency: 32 }), triples(items));
      assert.equal(on.jobs[0], 1);
      assert.deepEqual([...new Set(on.jobs)].slice(0, 5), [1, 2, 4, 8, 16]);
      assert.equal(Math.max(...on.jobs), 16);
      assert.ok(on.jobs.length < 60, `${on.jobs.length} jobs`);
    }));

  it("sends items alone where each takes long", () =>
    withVirtualClock(async () => {
      const on = new ListExecutor((items) => items * 5);
      const items = numbers(20);
      assert.deepEqual(await mapConcurrent(items, triple, { on, concurrency: 8 }), triples(items));
      assert.deepEqual(
        on.jobs,
        Array.from({ length: 20 }, () => 1),
      );
    }));

  it("makes lists shorter again when the items get longer", () =>
    withVirtualClock(async () => {
      let isLong = false;
      const on = new ListExecutor((items) => (isLong ? items * 5 : 0));
      const source = function* items(): Generator<number> {
        for (const item of numbers(200)) {
          if (item === 200) isLong = true;
          yield item;
        }
      };
      assert.deepEqual(await mapConcurrent(source, triple, { on, concurrency: 16 }), triples(numbers(200)));
      assert.equal(Math.max(...on.jobs), 8);
      assert.deepEqual(on.jobs.slice(-5), [1, 1, 1, 1, 1]);
    }));

  it("does not hold an item back for others to come", () =>
    withVirtualClock(async () => {
      const on = new ListExecutor(() => 1);
      const source = async function* items(): AsyncGenerator<number> {
        for (const item of [1, 2, 3]) {
          yield item;
          await sleep(10);
        }
      };
      const seen: number[] = [];
      for await (const value of flow(source).map(triple, { on, concurrency: 8 })) seen.push(value);
      assert.deepEqual(seen, [3, 6, 9]);
      assert.deepEqual(on.jobs, [1, 1, 1]);
    }));

  it("has no more items in hand than it is told, those that gather included (law 39)", () =>
    withVirtualClock(async () => {
      for (const [concurrency, buffer] of [
        [4, 0],
        [16, 8],
      ] as const) {
        let taken = 0;
        const source = function* items(): Generator<number> {
          for (const item of numbers(100)) {
            taken++;
            yield item;
          }
        };
        const on = new ListExecutor(() => 1);
        let used = 0;
        await flow(source)
          .map(triple, { on, concurrency, buffer })
          .forEach(async () => {
            assert.ok(taken - used <= concurrency + buffer + 1, `${taken} taken, ${used} used`);
            await sleep(3);
            used++;
          });
        assert.equal(used, 100);
      }
    }));

  it("gives every result once, in order if that is asked, whatever a list leaves and however long jobs take", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 100, max: 200 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 5 }),
        fc.infiniteStream(fc.constantFrom(0, 0, 1, 3)),
        async (items, concurrency, ordered, gives, times) => {
          await withVirtualClock(async () => {
            const on = new ListExecutor(
              () => times.next().value as number,
              () => gives,
            );
            const got = await flow(items).map(triple, { on, concurrency, ordered }).toArray();
            const sorted = (list: readonly number[]): number[] => [...list].sort((a, b) => a - b);
            if (ordered) assert.deepEqual(got, triples(items));
            else assert.deepEqual(sorted(got), sorted(triples(items)));
          });
        },
      ),
      { numRuns: 200 },
    ));

  it("ends with the failure of one item, and waits for the others", () =>
    withVirtualClock(async () => {
      const on = new ListExecutor(() => 0);
      const items = [...numbers(40), 13, ...numbers(40)];
      const error = await failureOf(mapConcurrent(items, triple, { on, concurrency: 16 }));
      assert.equal((error as Error).message, "unlucky");
    }));

  it("is cancelled with its scope", () =>
    withVirtualClock(async () => {
      const on = new ListExecutor(() => 10);
      const error = await failureOf(
        scope(async (s) => {
          s.spawn(async () => {
            await sleep(25);
            s.cancel();
          });
          await mapConcurrent(numbers(1000), triple, { on, concurrency: 16 }, s);
        }),
      );
      assert.ok(error instanceof CancelledError);
      assert.ok(on.jobs.length < 40, `${on.jobs.length} jobs`);
    }));

  it("sends what lists can't carry alone: functions and signals", () =>
    withVirtualClock(async () => {
      const on = new ListExecutor();
      const items = [...Array.from({ length: 20 }, () => 1), () => 2, new AbortController().signal, 3];
      const kinds = await mapConcurrent(items, kindOf, { on, concurrency: 16 });
      assert.deepEqual(kinds.slice(-3), ["function", "object", "number"]);
      assert.deepEqual(on.jobs.slice(-3), [0, 0, 1], "0: no list");
    }));
});

export const kindOf = task(function kindOf(item: unknown): string {
  return typeof item;
});
