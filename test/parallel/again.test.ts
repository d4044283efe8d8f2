/** Calls one after another: helpers stay for the next, and remember what they were told. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { parallel } from "skein/parallel";
import { threads } from "skein";
import { SharedArray, watchSharedLeaks } from "skein/shared";
import type { Shares } from "#skein/parallel/shares";

import { markOfRequest, requests } from "./fixtures/carried-context.js";
import { counted, identical, isAtLeast } from "./fixtures/tasks.js";
import { importAll, letOthersWork, poolOf, withSeams } from "./settings.js";

const HELD_BACK = { itemsBefore: 0, beforeOwnPart: letOthersWork };
/** More than a line of a pool has records for outcomes. */
const MANY = 3000;
const HANGS_MS = 20_000;

const nobodyWrites = new Int32Array(new SharedArrayBuffer(4));

describe("blocking calls one after another", () => {
  it("have helpers, though the event loop has no turn", { timeout: 120_000 }, async () => {
    const on = await poolOf(1);
    const numbers = SharedArray.from("float64", [1, 2, 3, 4]);
    let call = 0;
    const waitForHelp = (shares: Shares): void => {
      for (let waitedMs = 0; !shares.hasGone(1); waitedMs++) {
        assert.ok(waitedMs < HANGS_MS, `nobody came to call ${call}`);
        Atomics.wait(nobodyWrites, 0, 0, 1);
      }
    };
    const before = parallel.statistics();
    await withSeams({ itemsBefore: 0, beforeOwnPart: waitForHelp }, async () => {
      for (; call < MANY; call++) parallel.mapSync(numbers, identical, { on }).dispose();
    });
    const { helpersCalled, helpersThere } = parallel.statistics();
    assert.equal(helpersCalled + helpersThere - before.helpersCalled - before.helpersThere, MANY);
    numbers.dispose();
  });

  it("leave nothing that counts as a leak", async () => {
    const on = threads({ size: 1, name: "leaks" });
    await importAll(on);
    using watch = watchSharedLeaks();
    await withSeams(HELD_BACK, async () => {
      assert.deepEqual(parallel.mapSync([1, 2, 3], identical, { on }), [1, 2, 3]);
    });
    assert.deepEqual(watch.leaks(), []);
    await on.close();
  });

  it("are told of arguments that have changed in place since", async () => {
    const on = await poolOf(2);
    const numbers = Float64Array.from({ length: 100 }, (_, i) => i);
    const args: [least: number] = [0];
    await withSeams(HELD_BACK, async () => {
      for (const least of [10, 20, 20, 30]) {
        args[0] = least;
        assert.deepEqual(parallel.filterSync(numbers, isAtLeast, { on, args }), numbers.slice(least));
      }
    });
  });

  it("give helpers copies of their own, whatever calls before did to theirs", async () => {
    const on = await poolOf(1);
    const numbers = new Float64Array(100);
    await withSeams(HELD_BACK, async () => {
      for (let call = 0; call < 5; call++) {
        const counts = parallel.mapSync(numbers, counted, { on, args: [{ calls: 0 }] });
        assert.ok(counts.every((count) => count <= numbers.length));
      }
    });
  });

  it("work on the arrays that they are given, where others lay before", async () => {
    const on = await poolOf(1);
    await withSeams(HELD_BACK, async () => {
      for (const type of ["float64", "int32", "float64", "uint8"] as const) {
        const numbers = SharedArray.from(
          type,
          Array.from({ length: 64 }, (_, i) => i),
        );
        const same = parallel.mapSync(numbers, identical, { on });
        assert.deepEqual(same.copy(), numbers.copy());
        same.dispose();
        numbers.dispose();
      }
    });
  });
});

describe("awaited calls one after another", () => {
  const numbers = Float64Array.from({ length: 64 }, (_, i) => i);

  it("have the helpers that stayed, or others that are called", { timeout: 120_000 }, async () => {
    const on = await poolOf(1);
    const before = parallel.statistics();
    await withSeams(HELD_BACK, async () => {
      for (let call = 0; call < 100; call++) assert.deepEqual(await parallel.map(numbers, identical, { on }), numbers);
    });
    const { helpersCalled, helpersThere, callsShared } = parallel.statistics();
    assert.equal(callsShared - before.callsShared, 100);
    assert.equal(helpersCalled + helpersThere - before.helpersCalled - before.helpersThere, 100);
  });

  it("leave the event loop its turns, though each is over at once", { timeout: 60_000 }, async () => {
    const on = await poolOf(1);
    const turn = { hasCome: false };
    setImmediate(() => (turn.hasCome = true));
    // That no turn ever comes fails by the limit of time.
    await withSeams({ itemsBefore: 0 }, async () => {
      while (!turn.hasCome) await parallel.map(numbers, identical, { on });
    });
  });

  it("work on what they were given when they were called, whatever becomes of it", async () => {
    const on = await poolOf(1);
    await withSeams(HELD_BACK, async () => {
      for (let call = 0; call < 10; call++) {
        const given = numbers.slice();
        const called = parallel.map(given, identical, { on });
        given.fill(-1);
        assert.deepEqual(await called, numbers);
      }
    });
  });

  it("have helpers each in the context that the program carries to them", async () => {
    const on = await poolOf(1);
    await withSeams(HELD_BACK, async () => {
      // Other calls before and after, whose helpers might stay.
      for (const request of [undefined, "a", "b", undefined, "c", "c"]) {
        const marks = await requests.run(request as string, async () => parallel.map(numbers, markOfRequest, { on }));
        const expected = request?.charCodeAt(0) ?? 0;
        assert.deepEqual(new Set(marks), new Set([expected]), `of ${request}`);
      }
    });
  });

  it("have memory of their own where they are under way at a time", async () => {
    const on = await poolOf(2);
    await withSeams({ itemsBefore: 0 }, async () => {
      for (let round = 0; round < 20; round++) {
        const all = await Promise.all(Array.from({ length: 5 }, async () => parallel.map(numbers, identical, { on })));
        for (const one of all) assert.deepEqual(one, numbers);
      }
    });
  });
});
