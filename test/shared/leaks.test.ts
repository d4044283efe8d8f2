/** The watch on shared objects that nobody disposes of. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { liveSharedObjects, Mutex, SharedArray, SharedCounter, watchSharedLeaks } from "skein/shared";

import { warningsDuring } from "../support/warnings.js";

describe("the watch on leaks", () => {
  it("tells what was made meanwhile, lives, and where that was made; and warns of it at its end", () => {
    using before = new Mutex({ name: "before" });
    let forgotten: SharedCounter | undefined;
    const told = warningsDuring(() => {
      using watch = watchSharedLeaks();
      assert.deepEqual(watch.leaks(), []);
      const kept = new SharedArray({ type: "uint8", length: 100_000, name: "kept" });
      forgotten = new SharedCounter({ name: "forgotten" });
      assert.deepEqual(
        watch.leaks().map(({ kind, name }) => `${kind} ${name}`),
        ["array kept", "counter forgotten"],
      );
      assert.ok((watch.leaks()[0]?.byteLength ?? 0) >= 100_000);
      kept.dispose();
      const [leak] = watch.leaks();
      assert.match(leak?.where ?? "", /^at .*leaks\.test\.ts:\d+/);
      assert.ok(!leak?.where.includes("/src/shared/"), leak?.where);
    });
    assert.equal(told.length, 1);
    assert.match(told[0] ?? "", /shared counter "forgotten" was not disposed of: \d+ bytes, made\nat .*leaks\.test/);
    assert.ok(!before.isDisposed);
    assert.ok(liveSharedObjects().some(({ name }) => name === "forgotten"));
    forgotten?.dispose();
  });

  it("may be begun twice, and ended twice", () => {
    const told = warningsDuring(() => {
      const outer = watchSharedLeaks();
      const inner = watchSharedLeaks();
      using _ = new Mutex({ name: "mine" });
      assert.equal(inner.leaks().length, 1);
      inner[Symbol.dispose]();
      inner[Symbol.dispose]();
      assert.match(outer.leaks()[0]?.where ?? "", /leaks\.test/);
      const later = new Mutex({ name: "later" });
      assert.match(outer.leaks().find(({ name }) => name === "later")?.where ?? "", /leaks\.test/);
      later.dispose();
      outer[Symbol.dispose]();
      assert.equal(new Mutex({ name: "unwatched" }).dispose(), undefined);
    });
    // Each watch found the first mutex alive when it ended.
    assert.deepEqual(
      told.map((one) => /"(\w+)"/.exec(one)?.[1]),
      ["mine", "mine"],
    );
  });
});
