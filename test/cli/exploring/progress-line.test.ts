import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { lineOf } from "#skein/cli/exploring/progress-line";

const PARTS = [
  { text: "a program with quite a name", rank: 0 },
  { text: "1,234,567 schedules", rank: 1 },
  { text: "12,345/s", rank: 2 },
  { text: "pct depth 3", rank: 4 },
  { text: "longest 123", rank: 5 },
  { text: "9.5 s left", rank: 3 },
];

describe("the line that shows a search", () => {
  it("has all parts in their order, where there is room", () => {
    assert.equal(
      lineOf(PARTS, 120),
      "a program with quite a name  1,234,567 schedules  12,345/s  pct depth 3  longest 123  9.5 s left",
    );
  });

  for (const width of [90, 60, 40, 20, 5]) {
    it(`leaves out what matters least in ${width} columns`, () => {
      const line = lineOf(PARTS, width);
      assert.ok(line.length <= width, line);
      assert.match(line, /^a /);
      assert.ok(!line.includes("longest"));
    });
  }

  it("still says how many schedules and how fast in 60 columns", () => {
    assert.equal(lineOf(PARTS, 60), "a program with quite a name  1,234,567 schedules  12,345/s");
  });
});
