import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { RowsInUse } from "../../inspector/src/analysis/packing.js";

const spans = fc
  .array(fc.record({ begin: fc.integer({ min: 0, max: 100 }), length: fc.integer({ min: 0, max: 30 }) }), {
    maxLength: 80,
  })
  .map((drawn) => drawn.toSorted((a, b) => a.begin - b.begin));

describe("packing spans onto rows", () => {
  it("puts each onto the lowest row that is free, as looking at all of them does", () => {
    fc.assert(
      fc.property(spans, (drawn) => {
        const rows = new RowsInUse(2);
        const freeFrom: number[] = [];
        for (const { begin, length } of drawn) {
          const free = freeFrom.findIndex((moment) => moment <= begin);
          const expected = free === -1 ? freeFrom.length : free;
          freeFrom[expected] = begin + length;
          assert.equal(rows.take(begin, begin + length), expected);
        }
        assert.equal(rows.count, freeFrom.length);
      }),
    );
  });

  it("puts a block onto neighbouring rows, all of them free", () => {
    fc.assert(
      fc.property(
        spans,
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 80, maxLength: 80 }),
        (drawn, heights) => {
          const rows = new RowsInUse(2);
          const freeFrom: number[] = [];
          drawn.forEach(({ begin, length }, index) => {
            const height = heights[index] ?? 1;
            const row = rows.takeBlock(height, begin, begin + length);
            for (let at = row; at < row + height; at++) {
              assert.ok((freeFrom[at] ?? -Infinity) <= begin);
              freeFrom[at] = begin + length;
            }
          });
          assert.equal(rows.count, freeFrom.length);
        },
      ),
    );
  });
});
