/** What a search says that it covered. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { coverageOf } from "#skein/explore/coverage";
import { type Exploration, explore } from "skein/explore";

const FACTS = {
  completeBy: undefined,
  strategy: "auto",
  schedules: 1,
  whole: undefined,
  isBoundedAlone: false,
  escapes: [],
  isInexact: false,
};
/** Two lines of a terminal. */
const TWO_LINES = 2 * 80;

describe("the coverage of a search", () => {
  it("is told in two lines, however much there is to tell", () => {
    const { text } = coverageOf({
      ...FACTS,
      schedules: 12_345_678,
      whole: { preemptions: 3, schedules: 123_456 },
      escapes: [5, 3, 2, 3].map((depth) => ({ depth, probability: 0.000_012 * depth })),
    });
    assert.ok(text.length <= TWO_LINES, `${text.length}: ${text}`);
    assert.match(text, /^sampled: 12345678 schedules by auto, with all 123456 with at most 3 preemptions; /);
    assert.match(text, /; chances to miss a bug: at most 0.000024 at depth 2, 0.000036 at depth 3$/);
  });

  it("names no probability that says nothing, and no bound that was not reached", () => {
    const { text } = coverageOf({ ...FACTS, escapes: [{ depth: 2, probability: 0.999 }] });
    assert.equal(text, "sampled: 1 schedule by auto");
  });

  it("is that of all members of the portfolio together", async () => {
    const program = async (t: Exploration): Promise<void> => {
      const x = t.cell("x");
      for (const name of ["a", "b", "c"]) t.thread(name, () => Array.from({ length: 6 }, () => x.add(1)));
      await t.join();
    };
    const { coverage } = await explore({ schedules: 700 }, program);
    assert.equal(coverage.kind, "sampled");
    assert.match(coverage.text, /^sampled: 700 schedules by auto, with all \d+ without preemption/);
    assert.equal(coverage.preemptions, 0);
  });
});
