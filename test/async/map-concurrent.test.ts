import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { CancelledError, channel, task, threads } from "skein";
import { mapConcurrent } from "#skein/async/map-concurrent";

export const twice = task("twice", (value: number) => value * 2);

describe("mapConcurrent", () => {
  it("gives the results in the order of the items, and never works on more than asked at once (law 39)", async () => {
    let running = 0;
    let most = 0;
    const results = await mapConcurrent(
      [3, 1, 2, 0],
      async (turns) => {
        most = Math.max(most, ++running);
        for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
        running--;
        return turns * 10;
      },
      { concurrency: 2 },
    );
    assert.deepEqual(results, [30, 10, 20, 0]);
    assert.equal(most, 2);
  });

  it("runs a task on threads", async () => {
    await using on = threads({ size: 1 });
    assert.deepEqual(await mapConcurrent([1, 2, 3], twice, { concurrency: 3, on }), [2, 4, 6]);
  });

  it("cancels the others at the first failure, and takes no further item", async () => {
    const taken: number[] = [];
    const source = function* () {
      for (let i = 0; ; i++) {
        taken.push(i);
        yield i;
      }
    };
    await assert.rejects(
      mapConcurrent(
        source(),
        async (i, s) => {
          if (i === 1) throw new Error("no");
          return channel<number>(0, s).receive();
        },
        { concurrency: 2 },
      ),
      { message: "no" },
    );
    assert.ok(taken.length <= 3, taken.join());
  });

  it("ends cancelled from outside", async () => {
    const controller = new AbortController();
    const mapping = mapConcurrent([1], (_, s) => channel<never>(0, s).receive(), { concurrency: 1 }, controller.signal);
    controller.abort("stop");
    await assert.rejects(mapping, CancelledError);
  });
});
