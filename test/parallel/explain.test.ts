import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { parallel } from "skein/parallel";

import { affine, isNever } from "./fixtures/tasks.js";
import { inSetting, poolOf, SIZES, withSeams } from "./settings.js";

const numbers = Float64Array.from({ length: 5000 }, (_, i) => i);

describe("parallel.explain", () => {
  it("tells that few items stayed on this thread, and why", async () => {
    const mapPair = async (): Promise<number[]> => parallel.map([1, 2], affine, { name: "a pair" });
    const { result, calls } = await withSeams({ itemsBefore: 2 }, async () => parallel.explain(mapPair));
    assert.deepEqual(result, [3, 5]);
    assert.equal(calls.length, 1);
    const [call] = calls;
    assert.deepEqual(
      { call: call?.call, items: call?.items, place: call?.place, participants: call?.participants, ms: call?.ms },
      { call: "a pair", items: 2, place: "here", participants: [], ms: 0 },
    );
    assert.match(call?.why ?? "", /^2 items of .* µs are .* µs; threads are worth it from \d+ µs$/);
  });

  for (const size of SIZES) {
    for (const isSync of [false, true]) {
      it(`tells who did how much: ${size} helpers of a caller held back, ${isSync ? "blocking" : "awaited"}`, async () => {
        await poolOf(size);
        const setting = { size, itemsBefore: 100, isHeldBack: true, isSync };
        const { calls } = await parallel.explain(async () =>
          inSetting(
            setting,
            async (on) => parallel.find(numbers, isNever, { on }),
            (on) => parallel.findSync(numbers, isNever, { on }),
          ),
        );
        const [call] = calls;
        assert.equal(call?.place, "threads");
        assert.equal(call.itemsBefore, 100);
        const parts = call.participants.reduce((sum, one) => sum + one.parts, 0);
        assert.equal(parts, Math.ceil(4900 / call.partItems));
        assert.ok(
          call.spanMs > 0 && call.participants.every(({ ms }) => call.spanMs * parts >= ms),
          "as long as a part",
        );
        const own = call.participants.find(({ thread }) => thread === 0);
        // Its first part, and what a thief had in its hands when the others left.
        assert.ok(own !== undefined && own.parts < parts, JSON.stringify(call));
        assert.ok(
          call.participants.every(({ thread, parts: done, steals }) => thread === 0 || done === 0 || steals > 0),
        );
      });
    }
  }

  it("tells nothing of calls that began before", async () => {
    const on = await poolOf(2);
    const before = withSeams({ itemsBefore: 0 }, async () => parallel.find(numbers, isNever, { on }));
    const { calls } = await parallel.explain(async () => before);
    assert.deepEqual(calls, []);
  });

  it("gives what fails to its caller", async () => {
    await assert.rejects(
      parallel.explain(async () => parallel.map("no numbers" as never, affine)),
      { code: "SKEIN_INVALID_ARGUMENT" },
    );
    const { calls } = await parallel.explain(() => parallel.mapSync([1], affine));
    assert.equal(calls.length, 1);
  });

  it("is counted by statistics", async () => {
    const before = parallel.statistics();
    const setting = { size: 2, itemsBefore: 0, isHeldBack: true, isSync: true };
    parallel.mapSync([1, 2], affine);
    await inSetting(
      setting,
      async () => assert.fail(),
      (on) => parallel.findSync(numbers, isNever, { on }),
    );
    const after = parallel.statistics();
    assert.equal(after.callsHere - before.callsHere, 1);
    assert.equal(after.callsShared - before.callsShared, 1);
    assert.ok(after.parts - before.parts >= 12);
    assert.ok(after.steals > before.steals);
  });
});
