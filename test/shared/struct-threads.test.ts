import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { liveSharedObjects, Mutex, sharedStruct } from "skein/shared";

import { hammer, hammerWithStops } from "../support/hammer.js";
import { COUNTERS, ROW, type StructHits } from "./fixtures/struct-hits.js";

const hits = new URL("./fixtures/struct-hits.js", import.meta.url);

describe("structs on several threads at once", () => {
  for (const threadCount of [2, 4, 8]) {
    it(`count to a million, by ${threadCount} threads`, async () => {
      const each = 1_000_000 / threadCount;
      using counters = sharedStruct(COUNTERS, { name: "Counters" }).array(3);
      const data: StructHits = { kind: "add", counters, each };
      await hammer<number>(hits, threadCount, data);
      const steps = (every: number): number => threadCount * Math.ceil(each / every);
      const indexes = (threadCount * (threadCount - 1)) / 2;
      assert.deepEqual(counters.get(1), {
        first: 0,
        hits: 1_000_000,
        wide: 4n * BigInt(steps(4)),
        small: -steps(16) & 255,
        last: indexes * Math.ceil(each / 64),
      });
      // Nobody wrote beside the record.
      const empty = { first: 0, hits: 0, wide: 0n, small: 0, last: 0 };
      assert.deepEqual([counters.get(0), counters.get(2)], [empty, empty]);
    });
  }

  it("show whole records to those who hold the mutex", async () => {
    using row = new (sharedStruct(ROW, { name: "Row" }))({ label: "row 0" });
    using mutex = new Mutex();
    const rounds = 20_000;
    await hammer<number>(hits, 4, { kind: "guarded", row, mutex, rounds } satisfies StructHits);
    assert.deepEqual(row.toRecord(), { a: rounds, b: rounds, label: `row ${rounds}` });
  });

  it("can be looked at while threads that make them are stopped anywhere", async () => {
    using counters = new (sharedStruct(COUNTERS, { name: "Counters" }))();
    const rounds = 10_000;
    await hammerWithStops(hits, 4, { kind: "make", counters, rounds } satisfies StructHits, {
      count: 8,
      progress: () => counters.hits,
      every: 500,
      end: rounds,
    });
    for (const { kind, name } of liveSharedObjects()) if (name === "Pair") assert.match(kind, /^struct/);
  });
});
