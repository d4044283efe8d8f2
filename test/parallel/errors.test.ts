import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";

import fc from "fast-check";
import { type MisuseError, threads, TransferError, WorkerLostError } from "skein";
import { parallel } from "skein/parallel";
import { heap } from "#skein/shared/heap";
import { poolThreadEnded } from "#skein/shared/recovery";
import { SharedArray } from "skein/shared";

import {
  either,
  exitAllThreads,
  exitThread,
  foundOrRefused,
  misused,
  refuse,
  refuseItem,
  refuseOrder,
  refuseSecond,
  type RefusedError,
  unsendable,
  useUpMemory,
  visitor,
} from "./fixtures/fault-tasks.js";
import { add, whereabouts } from "./fixtures/tasks.js";
import { anySetting, EACH_SETTING, importAll, inSetting, poolOf, type Setting, withSeams } from "./settings.js";

const RUNS = { numRuns: 150 };
const anyIndexes = fc.uniqueArray(fc.nat(300), { minLength: 1, maxLength: 5 });

afterEach(() => {
  visitor.visit = undefined;
});

/** What a call failed with. */
async function failureOf(call: () => Promise<unknown>): Promise<RefusedError> {
  try {
    await call();
  } catch (error) {
    return error as RefusedError;
  }
  return assert.fail("it did not fail");
}

describe("callbacks that throw", () => {
  it("fail the call with the error of the least index, after all before it were called, each once", async () => {
    await fc.assert(
      fc.asyncProperty(anyIndexes, anySetting, async (refused, setting) => {
        const counts = new SharedArray({ type: "int32", length: 301 });
        const args: [typeof counts, number[]] = [counts, refused];
        const error = await failureOf(async () =>
          inSetting<unknown>(
            setting,
            async (on) => parallel.for(0, 301, refuse, { on, args }),
            (on) => parallel.forSync(0, 301, refuse, { on, args }),
          ),
        );
        const least = Math.min(...refused);
        assert.equal(error.at, least);
        assert.equal(error.name, "RefusedError");
        const done = [...counts.values];
        assert.deepEqual(
          done.slice(0, least + 1),
          Array.from({ length: least + 1 }, () => 1),
        );
        assert.ok(done.every((count) => count <= 1));
        // Nothing of the call goes on: whoever helped does other jobs now, and calls nothing more.
        const on = await poolOf(Math.max(1, setting.size));
        await Promise.all(Array.from({ length: on.size }, async () => on.run(whereabouts, [])));
        assert.deepEqual([...counts.values], done);
        counts.dispose();
      }),
      RUNS,
    );
  });

  it("fail every algorithm", async () => {
    const numbers = Float64Array.from({ length: 20_000 }, (_, i) => (i > 0 && i % 1000 === 0 ? -i : i));
    const few = numbers.subarray(0, 2100);
    const sum = { identity: 0, combine: refuseSecond };
    const added = { identity: 0, combine: add };
    for (const setting of EACH_SETTING) {
      const failures: readonly (readonly [string, (on: Pool) => Promise<unknown>, (on: Pool) => unknown, number?])[] = [
        ["map", async (on) => parallel.map(few, refuseItem, { on }), (on) => parallel.mapSync(few, refuseItem, { on })],
        [
          "filter",
          async (on) => parallel.filter(few, refuseItem, { on }),
          (on) => parallel.filterSync(few, refuseItem, { on }),
        ],
        ["reduce", async (on) => parallel.reduce(few, sum, { on }), (on) => parallel.reduceSync(few, sum, { on })],
        [
          "reduce with map",
          async (on) => parallel.reduce(few, added, { on, map: refuseItem }),
          (on) => parallel.reduceSync(few, added, { on, map: refuseItem }),
        ],
        ["scan", async (on) => parallel.scan(few, sum, { on }), (on) => parallel.scanSync(few, sum, { on })],
        [
          "groupBy",
          async (on) => parallel.groupBy(few, { on, key: refuseItem }),
          (on) => parallel.groupBySync(few, { on, key: refuseItem }),
        ],
      ];
      for (const [name, form, syncForm] of failures) {
        const error = await failureOf(async () => inSetting<unknown>(setting, form, syncForm));
        assert.equal(error.at, -1000, `${name} ${JSON.stringify(setting)}`);
      }
      for (const compared of [few, numbers]) {
        for (const [form, syncForm] of [
          [parallel.sort, parallel.sortSync],
          [parallel.argsort, parallel.argsortSync],
        ] as const) {
          const error = await failureOf(async () =>
            inSetting<unknown>(
              setting,
              async (on) => form(compared, { on, compare: refuseOrder }),
              (on) => syncForm(compared, { on, compare: refuseOrder }),
            ),
          );
          assert.equal(error.name, "RefusedError");
        }
      }
    }
  });

  it("arrive from other threads as their own class, with their own properties, and say where they were thrown", async () => {
    for (const isSync of [false, true]) {
      const setting: Setting = { size: 2, itemsBefore: 0, isHeldBack: true, isSync };
      const numbers = Array.from({ length: 201 }, (_, i) => (i === 100 ? -5 : 1));
      const refused = await failureOf(async () =>
        inSetting<unknown>(
          setting,
          async (on) => parallel.map(numbers, refuseItem, { on }),
          (on) => parallel.mapSync(numbers, refuseItem, { on }),
        ),
      );
      assert.deepEqual([refused.name, refused.message, refused.at], ["RefusedError", "refused -5", -5]);
      assert.match(refused.stack ?? "", /refuseItem[^]*on thread \d+/);
      const misuse = await failureOf(async () =>
        inSetting<unknown>(
          setting,
          async (on) => parallel.map(numbers, misused, { on }),
          (on) => parallel.mapSync(numbers, misused, { on }),
        ),
      );
      assert.equal((misuse as unknown as MisuseError).code, "SKEIN_INVALID_ARGUMENT");
      assert.equal(misuse.message, "as the callback says");
    }
  });

  it("behind what is found don't count, before it they do", async () => {
    const numbers = new Uint8Array(301);
    await fc.assert(
      fc.asyncProperty(anyIndexes, anyIndexes, anySetting, async (found, refused, setting) => {
        const args: [number[], number[]] = [found, refused];
        const call = async (): Promise<number> =>
          inSetting(
            setting,
            async (on) => parallel.find(numbers, foundOrRefused, { on, args }),
            (on) => parallel.findSync(numbers, foundOrRefused, { on, args }),
          );
        const [firstFound, firstRefused] = [Math.min(...found), Math.min(...refused)];
        if (firstFound < firstRefused) assert.equal(await call(), firstFound);
        else assert.equal((await failureOf(call)).at, firstRefused);
      }),
      RUNS,
    );
  });
});

type Pool = Awaited<ReturnType<typeof poolOf>>;

describe("a thread that is lost in a call", () => {
  for (const isSync of [false, true]) {
    it(`fails it, and the next one works: ${isSync ? "blocking" : "awaited"}`, async () => {
      const on = threads({ size: 2, minSize: 2, name: "lost" });
      for (let round = 0; round < 3; round++) {
        const gate = new SharedArray({ type: "int32", length: 4 });
        const args: [typeof gate] = [gate];
        await importAll(on);
        const error = await failureOf(async () =>
          withSeams({ itemsBefore: 0 }, async () =>
            isSync
              ? parallel.forSync(0, 1000, exitThread, { on, args })
              : parallel.for(0, 1000, exitThread, { on, args }),
          ),
        );
        assert.ok(error instanceof WorkerLostError, String(error));
        assert.equal(error.code, "SKEIN_WORKER_LOST");
        const numbers = Float64Array.from({ length: 1000 }, (_, i) => i);
        const sum = await withSeams({ itemsBefore: 0 }, async () =>
          isSync
            ? parallel.reduceSync(numbers, { identity: 0, combine: add }, { on })
            : parallel.reduce(numbers, { identity: 0, combine: add }, { on }),
        );
        assert.equal(sum, 499_500);
        gate.dispose();
      }
      await on.close();
    });
  }
});

describe("several threads that are lost in a call", () => {
  it("fail it with one error", async () => {
    const on = threads({ size: 2, name: "lost" });
    await importAll(on);
    const gate = new SharedArray({ type: "int32", length: 4 });
    const error = await failureOf(async () =>
      withSeams({ itemsBefore: 0 }, async () => parallel.for(0, 1000, exitAllThreads, { on, args: [gate] })),
    );
    assert.ok(error instanceof WorkerLostError, String(error));
    gate.dispose();
    await on.close();
  });
});

describe("a thread that is lost in a blocking call", () => {
  it("is missed although others have put in order meanwhile what it left", async () => {
    // Only there a blocked thread sees that another has ended.
    if (process.platform !== "linux") return;
    const on = threads({ size: 1, name: "lost" });
    await importAll(on);
    const gate = new SharedArray({ type: "int32", length: 4 });
    visitor.visit = () => {
      visitor.visit = undefined;
      let ended = heap().endedThreads();
      while (ended.length === 0) ended = heap().endedThreads();
      for (const { slot } of ended) poolThreadEnded(heap().threadIndexOf(slot), true);
    };
    const error = await failureOf(async () =>
      withSeams({ itemsBefore: 0 }, async () => parallel.forSync(0, 1000, exitThread, { on, args: [gate] })),
    );
    assert.equal((error as unknown as WorkerLostError).code, "SKEIN_WORKER_LOST");
    gate.dispose();
    await on.close();
  });
});

describe("results for which there is no shared memory left", () => {
  it("fail a blocking call, and are not missing from its result", async () => {
    const monoid = { identity: 0, combine: add };
    const setting: Setting = { size: 2, itemsBefore: 0, isHeldBack: true, isSync: true };
    const reduce = async (map: typeof useUpMemory): Promise<number> =>
      inSetting(
        setting,
        async () => assert.fail("it blocks"),
        (on) => parallel.reduceSync(new Uint8Array(100).fill(1), monoid, { on, map }),
      );
    const error = await failureOf(async () => reduce(useUpMemory));
    assert.equal((error as unknown as MisuseError).code, "SKEIN_OUT_OF_SHARED_MEMORY");
    assert.match(error.message, /no shared memory left in which a helper of reduce add could give back what it did/);
    assert.equal(await reduce(refuseItem), 100);
  });
});

describe("results that can't be sent to the caller", () => {
  for (const isSync of [false, true]) {
    it(`fail the call: ${isSync ? "blocking" : "awaited"}`, async () => {
      const numbers = new Uint8Array(100);
      const monoid = { identity: undefined as unknown, combine: either };
      const error = await failureOf(async () =>
        inSetting<unknown>(
          { size: 4, itemsBefore: 0, isHeldBack: true, isSync },
          async (on) => parallel.reduce(numbers, monoid, { on, map: unsendable }),
          (on) => parallel.reduceSync(numbers, monoid, { on, map: unsendable }),
        ),
      );
      assert.ok(error instanceof TransferError, String(error));
    });
  }
});
