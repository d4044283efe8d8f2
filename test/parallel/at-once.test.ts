/** Calls that are done here at once: they give what others do, and refuse what others refuse. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { CancelledError } from "skein";
import { parallel } from "skein/parallel";
import { liveSharedObjects, SharedArray } from "skein/shared";
import { isAtOnce } from "#skein/parallel/at-once";
import { Cost, costOf } from "#skein/parallel/costs";

import { add, counting, faulty, larger, refusing, slower, taking, tripled } from "./fixtures/at-once-tasks.js";
import { withSeams } from "./settings.js";

/** More than are measured before it is known what they take. */
const MANY = 100;

/** One of whose items it is known what they take. */
function known(itemUs: number, items: number): Cost {
  const cost = new Cost();
  for (let call = 0; call < 10; call++) {
    cost.isDue();
    cost.took(items, itemUs * items);
  }
  return cost;
}

const TYPES = [Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array];
const SMALL = Array.from({ length: 300 }, (_, i) => i % 100);

/** How many of so many calls are done at once; the others are measured. */
function times(cost: Cost, items: number, calls: number, copiedBytes = 0): number {
  let done = 0;
  for (let call = 0; call < calls; call++) {
    if (isAtOnce(cost, items, undefined, copiedBytes)) done++;
    else cost.isDue();
  }
  return done;
}

describe("whether a call is done at once", () => {
  it("is so where little is to do, but that one of sixteen is measured", () => {
    assert.equal(times(known(0.001, 20_000), 1000, 160), 150);
  });

  it("is not so where nothing is known, or only of few", () => {
    assert.equal(times(new Cost(), 1, 20), 0);
    // Of a microsecond's work nothing can be told about one of 60.
    assert.equal(times(known(0.001, 1000), 60_000, 15), 0);
  });

  it("is not so where it is worth sharing out, or somebody asks what calls do", async () => {
    const cost = known(0.001, 1_000_000);
    assert.equal(times(cost, 10_000_000, 5), 0);
    assert.ok(times(cost, 1000, 5) > 0);
    await parallel.explain(() => assert.equal(times(cost, 1000, 5), 0));
    await withSeams({ itemsBefore: 0 }, async () => assert.equal(times(cost, 1000, 5), 0));
  });

  it("is so where to copy takes longer than the call, unless it needs turns in between", () => {
    const cost = known(0.001, 1_000_000);
    assert.equal(times(cost, 1_000_000, 160, 16_000_000), 150);
    // Copied in no time, as far as that goes.
    assert.equal(times(cost, 1_000_000, 160, 16_000), 0);
    assert.equal(times(cost, 10_000_000, 160, 160_000_000), 0);
  });
});

describe("a call that is done at once", () => {
  const typed = Float64Array.from({ length: 1000 }, (_, i) => (i % 7) - 0.3);
  const shared = SharedArray.from("float64", typed);
  const whole = SharedArray.from("int32", typed.map(Math.round));

  it("gives what the first one gave", async () => {
    const monoid = { identity: -Infinity, combine: larger };
    const sums = { identity: 0.5, combine: add };
    const ways: readonly (() => number | Promise<number>)[] = [
      () => parallel.reduceSync(typed, monoid),
      () => parallel.reduceSync(shared, sums),
      () => parallel.reduce(typed, sums),
      () => parallel.reduceSync([...typed], sums),
      () => parallel.sumSync(typed),
      () => parallel.sumSync(shared),
      () => parallel.sumSync(whole),
      () => parallel.sum(shared),
      () => parallel.dotSync(shared, shared),
      () => parallel.dotSync(typed, shared),
      () => parallel.dot(whole, whole),
    ];
    for (const [number, way] of ways.entries()) {
      // Prepared, as somebody asks.
      const { result } = await parallel.explain(async () => way());
      for (let call = 0; call < MANY; call++) assert.ok(Object.is(await way(), result), `way ${number}`);
    }
  });

  it("is that: most calls prepare nothing", (context) => {
    const monoid = { identity: 0, combine: add };
    const ways: readonly (readonly [args: number, way: () => unknown])[] = [
      [6, () => parallel.reduceSync(typed, monoid)],
      [5, () => parallel.mapSync(typed, tripled)],
    ];
    for (const [args, way] of ways) {
      for (let call = 0; call < MANY; call++) way();
      // All is given to the loop itself, and not a range to what was prepared.
      const apply = context.mock.method(Reflect, "apply");
      for (let call = 0; call < MANY; call++) way();
      const atOnce = apply.mock.calls.filter((one) => one.arguments[2].length === args).length;
      apply.mock.restore();
      assert.ok(atOnce > MANY * 0.8, `${atOnce} of ${MANY}`);
    }
  });

  it("that makes an array makes one of the same kind and type", async () => {
    const ways: readonly (() => unknown)[] = [
      () => parallel.mapSync(typed, tripled),
      () => parallel.mapSync(shared, tripled),
      () => parallel.mapSync([...typed], tripled),
      () => parallel.mapSync(whole, tripled, { type: "float32" }),
      () => parallel.mapSync(new Uint8Array([1, 100]), tripled),
      () => parallel.mapSync([], tripled),
      async () => parallel.map(shared, tripled),
      async () => parallel.map(typed, tripled),
    ];
    const plain = (made: unknown): unknown => {
      if (!(made instanceof SharedArray)) return made;
      const copy: unknown = made.copy();
      made.dispose();
      return [made.type, copy];
    };
    for (const [number, way] of ways.entries()) {
      const expected = plain((await parallel.explain(async () => way())).result);
      for (let call = 0; call < MANY; call++) assert.deepEqual(plain(await way()), expected, `way ${number}`);
    }
  });

  it("that makes an array gives back its memory if it fails", () => {
    const arrays = (): number => liveSharedObjects().length;
    const numbers = SharedArray.from("float64", [1, 2, 3]);
    const before = arrays();
    for (let call = 0; call < MANY; call++) parallel.mapSync(numbers, refusing).dispose();
    numbers.values[1] = -1;
    for (let call = 0; call < MANY; call++) assert.throws(() => parallel.mapSync(numbers, refusing), /refused/);
    assert.equal(arrays(), before);
    numbers.dispose();
  });

  it("knows all types of numbers, none, and those that are unlike others", () => {
    const inputs = [
      ...TYPES.map((Type) => new Type(SMALL)),
      new Float64Array(),
      new Float32Array(),
      Float64Array.of(-0),
      Float64Array.of(-0, -0, -0),
      Float64Array.of(1, Number.NaN, 2),
      Float64Array.of(Infinity, -Infinity),
      Float64Array.of(5e-324, 5e-324),
    ];
    const sums = { identity: 0, combine: add };
    for (const [number, input] of inputs.entries()) {
      const isSummed = (sum: number): boolean =>
        Object.is(sum, input.length < 9 ? [...input].reduce((a, b) => a + b, 0) : [...input].reduce((a, b) => a + b));
      for (let call = 0; call < MANY; call++) {
        assert.ok(isSummed(parallel.sumSync(input)), `sum of input ${number}`);
        assert.ok(isSummed(parallel.reduceSync(input, sums)), `reduce of input ${number}`);
      }
    }
  });

  it("that takes far longer than is known is measured, and so are others then", () => {
    const monoid = { identity: 0, combine: slower };
    const few = new Float64Array(20_000);
    for (let call = 0; call < MANY; call++) assert.equal(parallel.reduceSync(few, monoid), 0);
    const cost = costOf("fold", slower);
    const before = cost.itemUs as number;
    // Of so many that two looks at the clock are little, and helpers too much.
    const dear = new Float64Array(Math.round(70 / before)).fill(1);
    for (let call = 0; call < 3; call++) parallel.reduceSync(dear, monoid);
    assert.ok((cost.itemUs as number) > 4 * before, `${before} µs, then ${cost.itemUs}`);
  });

  it("costs what its map does, if it has one, and not what others with its combine do", async () => {
    const monoid = { identity: 0, combine: add };
    for (let call = 0; call < MANY; call++) parallel.reduceSync(typed, monoid);
    const before = costOf("fold", add).itemUs as number;
    parallel.reduceSync(typed, monoid, { map: taking });
    assert.ok((costOf("fold mapped", taking).itemUs as number) > 10 * before);
    assert.ok((costOf("fold", add).itemUs as number) < 10 * before);
  });

  it("counts among those that were done here", () => {
    for (let call = 0; call < MANY; call++) parallel.sumSync(shared);
    const before = parallel.statistics();
    for (let call = 0; call < MANY; call++) parallel.sumSync(shared);
    assert.equal(parallel.statistics().callsHere - before.callsHere, MANY);
  });

  it("refuses what others refuse", async () => {
    const monoid = { identity: 0, combine: add };
    for (let call = 0; call < MANY; call++) parallel.reduceSync(typed, monoid);
    const refused = { code: "SKEIN_INVALID_ARGUMENT" };
    assert.throws(() => parallel.reduceSync(typed, monoid, { on: 5 as never }), refused);
    assert.throws(() => parallel.reduceSync(typed, monoid, { name: 5 as never }), refused);
    assert.throws(() => parallel.reduceSync(typed, monoid, null as never), refused);
    assert.throws(() => parallel.reduceSync(typed, { combine: add } as never), refused);
    assert.throws(() => parallel.sumSync(typed, { on: {} as never }), refused);
    assert.throws(() => parallel.dotSync(shared, shared, 3 as never), refused);
    assert.throws(() => parallel.dotSync(shared, whole), refused);
    const signal = AbortSignal.abort();
    await assert.rejects(parallel.reduce(typed, monoid, {}, signal), CancelledError);
    await assert.rejects(parallel.sum(shared, {}, signal), CancelledError);
  });

  it("throws what a callback throws, and is as good as before then", () => {
    const monoid = { identity: 0, combine: faulty };
    for (let call = 0; call < MANY; call++) assert.equal(parallel.reduceSync(typed, monoid), typed.length);
    const wrong = typed.slice();
    wrong[500] = Number.NaN;
    for (let call = 0; call < MANY; call++)
      assert.throws(() => parallel.reduceSync(wrong, monoid), /item is no number/);
    assert.equal(parallel.reduceSync(typed, monoid), typed.length);
  });

  it("may be made by a callback of another", () => {
    const monoid = { identity: 0, combine: counting };
    // Once an item, once for the halves of each of eight blocks, and once for each block.
    const calls = 40 + 8 + 8;
    for (let call = 0; call < MANY; call++) assert.equal(parallel.reduceSync(new Float64Array(40), monoid), calls);
  });
});
