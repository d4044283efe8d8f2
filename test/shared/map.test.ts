/** Shared maps: against a Map, misuse, memory, and on real threads. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { heap } from "#skein/shared/heap";
import { scope, threads } from "skein";
import { Latch, SharedMap, type SharedMapKey } from "skein/shared";

import { codeOf } from "../support/failure.js";
import { hammer, hammerWithStops } from "../support/hammer.js";
import { DONE, type MapHits, WRONG } from "./fixtures/map-hits.js";
import { countWords } from "./fixtures/map-tasks.js";

const hits = new URL("./fixtures/map-hits.js", import.meta.url);

const keys = fc.oneof(
  fc.constantFrom<SharedMapKey>("a", "b", "", "ä", "\u{1f600}", "\ud800", 0, -0, 1, NaN, Infinity, 0.1, "0", "1"),
  fc.string({ maxLength: 5 }),
  fc.integer(),
);

describe("a shared map", () => {
  for (const type of ["value", "float64"] as const) {
    it(`does what a Map does, of type ${type}`, () => {
      const values = type === "value" ? fc.jsonValue() : fc.double();
      const steps = fc.array(
        fc.oneof(
          { weight: 4, arbitrary: fc.record({ set: keys, value: values }) },
          fc.record({ setIfAbsent: keys, value: values }),
          fc.record({ delete: keys }),
          fc.record({ update: keys, value: values }),
          { weight: 1, arbitrary: fc.record({ clear: fc.constant(true) }) },
        ),
        { maxLength: 120 },
      );
      fc.assert(
        fc.property(steps, (all) => {
          const before = heap().statistics().usedBytes;
          const shared = new SharedMap({ type: type as "value" });
          const model = new Map<SharedMapKey, unknown>();
          for (const step of all) {
            if ("set" in step) {
              shared.set(step.set, step.value);
              model.set(step.set, step.value);
            } else if ("setIfAbsent" in step) {
              const isAbsent = !model.has(step.setIfAbsent);
              assert.equal(shared.setIfAbsent(step.setIfAbsent, step.value), isAbsent);
              if (isAbsent) model.set(step.setIfAbsent, step.value);
            } else if ("delete" in step) {
              assert.equal(shared.delete(step.delete), model.delete(step.delete));
            } else if ("update" in step) {
              const change = (old: unknown): unknown => (old === undefined ? step.value : undefined);
              const next = change(model.get(step.update));
              assert.deepEqual(shared.update(step.update, change), next);
              if (next === undefined) model.delete(step.update);
              else model.set(step.update, next);
            } else {
              shared.clear();
              model.clear();
            }
            assert.equal(shared.size, model.size);
          }
          for (const [key, value] of model) {
            assert.ok(shared.has(key));
            assert.deepEqual(shared.get(key), value);
          }
          assert.deepEqual(new Map(shared), model);
          assert.deepEqual(new Set(shared.keys()), new Set(model.keys()));
          assert.equal([...shared.values()].length, model.size);
          shared.dispose();
          assert.equal(heap().statistics().usedBytes, before);
        }),
        { numRuns: 150 },
      );
    });
  }

  it("grows, and keeps every entry", () => {
    using shared = new SharedMap({ type: "int32" });
    const count = 20_000;
    for (let i = 0; i < count; i++) shared.set(i % 2 === 0 ? i : `key ${i}`, i);
    assert.equal(shared.size, count);
    assert.ok(shared.statistics().buckets >= count);
    for (let i = 0; i < count; i++) assert.equal(shared.get(i % 2 === 0 ? i : `key ${i}`), i);
    for (let i = 0; i < count; i += 2) assert.ok(shared.delete(i));
    assert.equal(shared.size, count / 2);
  });

  it("gives copies, and shared objects as themselves", () => {
    using shared = new SharedMap<{ list: number[]; latch?: Latch }>({ name: "copies" });
    using latch = new Latch({ count: 1 });
    const value = { list: [1], latch };
    shared.set("a", value);
    value.list.push(2);
    assert.deepEqual(shared.get("a")?.list, [1]);
    assert.equal(shared.get("a")?.latch, latch);
    shared.get("a")?.list.push(3);
    assert.deepEqual(shared.get("a")?.list, [1]);
  });

  it("keeps long keys and values of all types", () => {
    using texts = new SharedMap({ type: "string" });
    using bytes = new SharedMap({ type: "bytes" });
    for (const length of [0, 1, 7, 8, 9, 1000, 100_000]) {
      const key = "k".repeat(length);
      texts.set(key, `ä${key}`);
      bytes.set(`ж${key}`, new Uint8Array(length).fill(length));
      assert.equal(texts.get(key), `ä${key}`);
      assert.deepEqual(bytes.get(`ж${key}`), new Uint8Array(length).fill(length));
    }
    assert.equal(texts.size, 7);
    assert.ok([...bytes.keys()].every((key) => typeof key === "string" && key.startsWith("ж")));
  });

  it("refuses wrong use", async () => {
    using shared = new SharedMap({ type: "int32" });
    for (const key of [undefined, null, {}, true, 1n, Symbol("s")]) {
      assert.equal(await codeOf(() => shared.get(key as never)), "SKEIN_INVALID_ARGUMENT");
      assert.equal(await codeOf(() => shared.set(key as never, 1)), "SKEIN_INVALID_ARGUMENT");
    }
    for (const value of [0.5, "1", undefined, 2 ** 31]) {
      assert.equal(await codeOf(() => shared.set("a", value as never)), "SKEIN_INVALID_ARGUMENT");
    }
    assert.equal(shared.size, 0);
    assert.equal(await codeOf(() => shared.update("a", undefined as never)), "SKEIN_INVALID_ARGUMENT");
    assert.equal(await codeOf(() => new SharedMap({ type: "text" as never })), "SKEIN_INVALID_ARGUMENT");
    assert.equal(await codeOf(() => new SharedMap(1 as never)), "SKEIN_INVALID_ARGUMENT");
    const thrown = new RangeError("thrown");
    assert.throws(
      () =>
        shared.update("a", () => {
          throw thrown;
        }),
      thrown,
    );
    // What `change` does with the map itself counts.
    assert.equal(
      shared.update("a", (now) => {
        if (now === undefined) shared.set("a", 5);
        return (now ?? 0) + 1;
      }),
      6,
    );
    const gone = new SharedMap();
    gone.dispose();
    assert.equal(await codeOf(() => gone.get("a")), "SKEIN_DISPOSED");
    assert.equal(await codeOf(() => [...gone]), "SKEIN_DISPOSED");
  });

  it("passes to tasks", async () => {
    const pool = threads({ size: 2, name: "words" });
    using counts = new SharedMap({ type: "int32" });
    await scope(async (s) => {
      const texts = ["one two three", "two three", "three"];
      for (const text of texts) s.spawn(countWords, [counts, text], { on: pool });
    });
    assert.deepEqual(
      [...counts].toSorted((a, b) => a[1] - b[1]),
      [
        ["one", 1],
        ["two", 2],
        ["three", 3],
      ],
    );
    await pool.close();
  });

  for (const threadCount of [2, 4, 8]) {
    it(`loses no change of ${threadCount} threads`, async () => {
      using counts = new SharedMap({ type: "int32" });
      using values = new SharedMap<{ count: number; text: string }>();
      const memory = new SharedArrayBuffer(64);
      const cells = new Int32Array(memory);
      const rounds = 1_000_000;
      const data: MapHits = { counts, values, memory, rounds };
      await hammer<number>(hits, threadCount, data);
      assert.equal(cells[WRONG], 0);
      let sum = 0;
      for (const count of counts.values()) sum += count;
      for (const { count } of values.values()) sum += count;
      assert.equal(sum, cells[DONE]);
      assert.ok(sum >= rounds);
    });
  }

  it("stays whole, and leaks nothing, while threads are stopped anywhere", async () => {
    const before = heap().statistics().usedBytes;
    const counts = new SharedMap({ type: "int32" });
    const values = new SharedMap<{ count: number; text: string }>();
    const memory = new SharedArrayBuffer(64);
    const cells = new Int32Array(memory);
    const rounds = 400_000;
    const data: MapHits = { counts, values, memory, rounds };
    const progress = (): number => Atomics.load(cells, DONE);
    await hammerWithStops(hits, 4, data, { count: 24, progress, every: 5000, end: rounds });
    assert.equal(cells[WRONG], 0);
    let sum = 0;
    for (const count of counts.values()) sum += count;
    for (const { count } of values.values()) sum += count;
    // A stopped thread may have made a change, and not have said so.
    assert.ok(sum >= progress() && sum <= progress() + 24, `${sum} of ${progress()}`);
    assert.equal(counts.size, [...counts.keys()].length);
    counts.dispose();
    values.dispose();
    assert.equal(heap().statistics().usedBytes, before);
  });
});
