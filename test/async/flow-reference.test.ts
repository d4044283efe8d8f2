/** Random flows beside the methods of arrays. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { flow, type Flow } from "#skein/async/flow/flow";
import { rootScopes } from "#skein/async/scope";
import * as fc from "fast-check";

import { TrackedSource } from "../support/tracked-source.js";

/** A stage on a flow, and the same on an array. */
interface Stage {
  readonly text: string;
  readonly flow: (items: Flow<number>) => Flow<number>;
  readonly array: (items: readonly number[]) => readonly number[];
}

const sum = (items: readonly number[]): number => items.reduce((total, item) => total + item, 0);

function chunked(items: readonly number[], size: number, step: number, partial: boolean): number[][] {
  const chunks: number[][] = [];
  for (let start = 0; start < items.length; start += step) {
    const chunk = items.slice(start, start + size);
    if (partial || chunk.length === size) chunks.push(chunk);
  }
  return chunks;
}

function stage(text: string, onFlow: Stage["flow"], onArray: Stage["array"]): Stage {
  return { text, flow: onFlow, array: onArray };
}

const small = fc.integer({ min: 1, max: 4 });
const stages: fc.Arbitrary<Stage> = fc.oneof(
  fc
    .record({ n: small, concurrency: small, buffer: fc.nat(2), isAsync: fc.boolean() })
    .map(({ n, isAsync, ...options }) =>
      stage(
        `map(+${n}, ${JSON.stringify(options)}, ${isAsync})`,
        (items) => items.map((item) => (isAsync ? Promise.resolve(item + n) : item + n), options),
        (items) => items.map((item) => item + n),
      ),
    ),
  fc.tuple(small, fc.boolean()).map(([n, isAsync]) =>
    stage(
      `filter(%${n}, ${isAsync})`,
      (items) => items.filter((item) => (isAsync ? Promise.resolve(item % n === 0) : item % n === 0)),
      (items) => items.filter((item) => item % n === 0),
    ),
  ),
  fc.constantFrom<"array" | "generator" | "flow">("array", "generator", "flow").map((kind) =>
    stage(
      `flatMap(${kind})`,
      (items) =>
        items.flatMap((item) => {
          if (kind === "array") return [item, -item];
          if (kind === "flow")
            return flow([item])
              .map(async (inner) => inner)
              .concat([-item]);
          return (async function* twice() {
            yield item;
            yield -item;
          })();
        }),
      (items) => items.flatMap((item) => [item, -item]),
    ),
  ),
  fc.nat(5).map((n) =>
    stage(
      `take(${n})`,
      (items) => items.take(n),
      (items) => items.slice(0, n),
    ),
  ),
  fc.nat(5).map((n) =>
    stage(
      `drop(${n})`,
      (items) => items.drop(n),
      (items) => items.slice(n),
    ),
  ),
  fc.tuple(fc.nat(20), fc.boolean()).map(([n, isAsync]) =>
    stage(
      `takeWhile(<${n}, ${isAsync})`,
      (items) => items.takeWhile((item) => (isAsync ? Promise.resolve(item < n) : item < n)),
      (items) =>
        items.slice(
          0,
          items.findIndex((item) => item >= n) === -1 ? items.length : items.findIndex((item) => item >= n),
        ),
    ),
  ),
  fc.boolean().map((byKey) =>
    stage(
      `distinct(${byKey})`,
      (items) => (byKey ? items.distinct((item) => Math.abs(item)) : items.distinct()),
      (items) =>
        items.filter(
          (item, index) =>
            items.findIndex((other) => (byKey ? Math.abs(other) === Math.abs(item) : other === item)) === index,
        ),
    ),
  ),
  fc.constant(
    stage(
      "scan(+)",
      (items) => items.scan((total, item) => total + item, 0),
      (items) => items.map((_, index) => sum(items.slice(0, index + 1))),
    ),
  ),
  small.map((n) =>
    stage(
      `batch(${n})`,
      (items) => items.batch(n).map(sum),
      (items) => chunked(items, n, n, true).map(sum),
    ),
  ),
  fc.tuple(small, small).map(([size, step]) =>
    stage(
      `window(${size}, ${step})`,
      (items) => items.window(size, step).map(sum),
      (items) => chunked(items, size, step, false).map(sum),
    ),
  ),
  fc.array(fc.nat(9), { maxLength: 4 }).map((others) =>
    stage(
      `concat(${others.join()})`,
      (items) => items.concat(others),
      (items) => [...items, ...others],
    ),
  ),
  fc.array(fc.nat(9), { maxLength: 6 }).map((others) =>
    stage(
      `zip(${others.join()})`,
      (items) => items.zip<[number]>(others).map(([a, b]) => a * 10 + b),
      (items) => items.slice(0, others.length).map((item, index) => item * 10 + (others[index] as number)),
    ),
  ),
  fc.constant(
    stage(
      "tap",
      (items) => items.tap(async () => undefined),
      (items) => items,
    ),
  ),
  fc.constant(
    stage(
      "retry",
      (items) => items.retry({ delays: () => [] }),
      (items) => items,
    ),
  ),
);

const sourceKind = fc.constantFrom("sync", "generator", "async", "async generator") satisfies fc.Arbitrary<string>;

async function consumed(items: Flow<number>, how: string): Promise<number[]> {
  if (how === "toArray") return items.toArray();
  if (how === "reduce") return items.reduce<number[]>((all, item) => all.concat(item), []);
  const seen: number[] = [];
  if (how === "forEach") await items.forEach((item) => seen.push(item));
  else for await (const item of items) seen.push(item);
  return seen;
}

describe("random flows", () => {
  it("do with items what the methods of arrays do, and close every source", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(30), { maxLength: 12 }),
        fc.array(stages, { maxLength: 6 }),
        sourceKind,
        fc.constantFrom("toArray", "for await", "forEach", "reduce"),
        async (items, chosen, kind, how) => {
          const source = new TrackedSource(kind, items);
          let built: Flow<number> = flow<number>(source.open);
          let expected: readonly number[] = items;
          for (const { flow: onFlow, array } of chosen) {
            built = onFlow(built);
            expected = array(expected);
          }
          assert.deepEqual(await consumed(built, how), expected, chosen.map(({ text }) => text).join(" | "));
          assert.equal(source.unclosed, 0);
          assert.equal(rootScopes().size, 0);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("lose and double nothing where the order is open", async () => {
    const items = fc.array(fc.nat(30), { maxLength: 12 });
    const sorted = (all: readonly number[]): number[] => all.toSorted((a, b) => a - b);
    await fc.assert(
      fc.asyncProperty(items, items, small, fc.nat(2), sourceKind, async (first, second, concurrency, buffer, kind) => {
        const source = new TrackedSource(kind, second);
        const pause = async (count: number): Promise<void> => {
          for (let turn = 0; turn < count; turn++) await Promise.resolve();
        };
        const built = flow(first)
          .merge(source.open)
          .map(async (item) => pause(item % 5).then(() => item), { concurrency, buffer, ordered: false })
          .flatMap((item) => [item, item], { concurrency })
          .groupBy((item) => item % 3)
          .flatMap((group) => group.map((item) => item * 3 + group.key), { concurrency: Infinity });
        const expected = [...first, ...second].flatMap((item) => [item, item]).map((item) => item * 3 + (item % 3));
        assert.deepEqual(sorted(await built.toArray()), sorted(expected));
        assert.equal(source.unclosed, 0);
      }),
      { numRuns: 80 },
    );
  });
});
