import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { scope, threads } from "skein";
import { Latch, Mutex } from "skein/shared";

import { takeBoth } from "./fixtures/deadlock-tasks.js";

describe("threads that block each other", () => {
  it("are told so, by the names of what they wait for, and go on", { timeout: 20_000 }, async () => {
    const pool = threads({ size: 2, name: "crossing" });
    using left = new Mutex({ name: "left" });
    using right = new Mutex({ name: "right" });
    using haveFirst = new Latch({ count: 2 });
    const outcomes = await scope(
      async (s) => {
        const jobs = [
          s.spawn(takeBoth, [left, right, haveFirst], { on: pool }),
          s.spawn(takeBoth, [right, left, haveFirst], { on: pool }),
        ];
        return Promise.allSettled(jobs);
      },
      { supervise: () => undefined },
    );
    const errors = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as Error] : []));
    // The one that looks first finds the circle and opens it; the other may look at
    // the same moment.
    assert.ok(errors.length >= 1);
    for (const error of errors) {
      assert.equal((error as { code?: string }).code, "SKEIN_DEADLOCK");
      assert.match(error.message, /thread \d+ waits for "left", which thread \d+ holds/);
      assert.match(error.message, /thread \d+ waits for "right", which thread \d+ holds/);
    }
    assert.equal(left.statistics().isLocked, false);
    assert.equal(right.statistics().isLocked, false);
    await pool.close();
  });
});
