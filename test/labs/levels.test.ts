import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import type { Lane } from "#skein/labs/lab";
import { medianRunMs, shareAtLevel, timeAtLevels, turnsTaken } from "#skein/labs/levels";

import { lanesAtOnce, lanesInTurns } from "./support/measurements.js";

function lane(...runs: [number, number][]): Lane {
  return { name: "lane", runs };
}

describe("time at levels", () => {
  it("counts what overlaps, and the gaps between", () => {
    // 0..10 one, 10..15 two, 15..20 one, 20..30 none, 30..31 one
    assert.deepEqual(timeAtLevels([lane([0, 15], [30, 31]), lane([10, 20])]), [10, 16, 5]);
  });

  it("is nothing where nobody ran", () => {
    assert.deepEqual(timeAtLevels([lane(), lane()]), []);
    assert.equal(shareAtLevel([], 2), 0);
  });

  it("does not call handing over an overlap", () => {
    assert.equal(shareAtLevel([lane([0, 10]), lane([10, 20])], 2), 0);
  });

  it("is the whole time where all run at once", () => {
    assert.equal(shareAtLevel(lanesAtOnce(3), 3), 1);
    assert.equal(shareAtLevel(lanesInTurns(3), 2), 0);
  });

  it("divides the sum of all runs, whatever they are", () => {
    const run = fc
      .tuple(fc.nat(1000), fc.nat(1000))
      .map(([begin, length]): [number, number] => [begin, begin + length]);
    fc.assert(
      fc.property(fc.array(fc.array(run)), (lanes) => {
        const times = timeAtLevels(lanes.map((runs) => lane(...runs)));
        const weighted = times.reduce((sum, time, level) => sum + time * level, 0);
        const ran = lanes.flat().reduce((sum, [begin, end]) => sum + end - begin, 0);
        assert.equal(weighted, ran);
      }),
    );
  });
});

describe("turns", () => {
  it("are counted where another lane goes on than before", () => {
    assert.equal(turnsTaken([lane([0, 1], [2, 3], [3, 4]), lane([1, 2])]), 2);
    assert.equal(turnsTaken(lanesInTurns(4, 4, 5)), 19);
    assert.equal(turnsTaken([lane([0, 1], [1, 2])]), 0);
  });

  it("have a middle length, if there are any", () => {
    assert.equal(medianRunMs([lane([0, 1], [2, 5]), lane([10, 30])]), 3);
    assert.equal(medianRunMs([]), undefined);
  });
});
