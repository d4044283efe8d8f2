import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { failureOf } from "./failure.js";
import type { Counting } from "./fixtures/counting.js";
import { hammer } from "./hammer.js";
import { Handshake } from "./handshake.js";

const counting = new URL("./fixtures/counting.js", import.meta.url);

describe("the hammer", () => {
  it("runs the function on each thread, and gives the results in order of the threads", async () => {
    const data: Counting = { memory: new SharedArrayBuffer(8), rounds: 50_000 };
    const results = await hammer<{ index: number }>(counting, 3, data);
    assert.deepEqual(
      results.map(({ index }) => index),
      [0, 1, 2],
    );
    assert.deepEqual([...new Int32Array(data.memory)], [150_000, 3]);
  });

  it("fails as the first thread does that fails", async () => {
    const data: Counting = { memory: new SharedArrayBuffer(8), rounds: 1, failing: 1 };
    const error = await failureOf(hammer(counting, 2, data));
    assert.equal((error as Error).message, "thread 1");
  });

  it("fails if its module can't be loaded, or has no such function", async () => {
    const nowhere = new URL("./fixtures/nowhere.js", import.meta.url);
    assert.match(String(await failureOf(hammer(nowhere, 1, undefined))), /Cannot find module/);
    const other = new URL("./follow.js", import.meta.url);
    assert.match(String(await failureOf(hammer(other, 1, undefined))), /hit is not a function/);
  });
});

describe("a handshake", () => {
  it("is waited for until there have been as many arrivals, and not at all after", async () => {
    const mine = new Handshake();
    const theirs = new Handshake(mine.memory);
    const seen: string[] = [];
    const waiting = mine.waitFor(2).then(() => seen.push("two"));
    theirs.arrive();
    await mine.waitFor(1);
    seen.push("one");
    theirs.arrive();
    await waiting;
    assert.deepEqual(seen, ["one", "two"]);
    assert.equal(mine.step, 2);
    mine.waitForSync(2);
  });
});
