/** Real threads at the structures of this room, and an order that explains what each of them saw. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { Operation } from "../support/linearizability.js";
import { ENDED } from "../support/models.js";
import { disturbedHistories, undisturbedHistories } from "./fixtures/explained-histories.js";
import { SUBJECTS } from "./fixtures/linearizability-subjects.js";

/** Operations that overlap with the one that began before them, on another thread. */
function overlapsIn(history: readonly Operation[]): number {
  const byBegin = history.toSorted((a, b) => a.begin - b.begin);
  return byBegin.filter(({ begin }, i) => i > 0 && begin <= (byBegin[i - 1] as Operation).end).length;
}

for (const name of Object.keys(SUBJECTS)) {
  describe(`what threads see of ${name}`, () => {
    for (const threads of [2, 4]) {
      it(`has an order that explains it, with ${threads} of them`, async () => {
        const histories = await undisturbedHistories(name, { threads, rounds: 150, calls: 30, seed: threads });
        // Else they would have worked one after another, and shown nothing.
        const all = histories.reduce((sum, history) => sum + history.length, 0);
        const overlaps = histories.reduce((sum, history) => sum + overlapsIn(history), 0);
        assert.ok(overlaps > 0, `none of ${all} operations overlap`);
      });
    }

    it("has an order that explains it, while threads are stopped anywhere", async () => {
      const histories = await disturbedHistories(name, { threads: 4, rounds: 24, calls: 30, seed: 7 }, 6);
      assert.ok(histories.flat().some(({ op }) => op === ENDED));
    });
  });
}
