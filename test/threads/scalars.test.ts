/** Values that stand in a record as they are. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { heap } from "#skein/shared/heap";
import { CALL_VALUES, Line } from "#skein/threads/line";
import { readScalar, readScalars, writeScalar, writeScalars } from "#skein/threads/scalars";

const line = Line.make(heap());
const record = line.call(5) + CALL_VALUES;

const scalar = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constantFrom(null, undefined, -0, Number.NaN, Infinity, 2 ** 31, -(2 ** 31), ""),
  fc.string({ maxLength: 7, unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) }),
);

describe("scalars", () => {
  it("arrive as they were, five at most", () => {
    fc.assert(
      fc.property(fc.array(scalar, { maxLength: 5 }), (values) => {
        const tags = writeScalars(line, record, values);
        assert.notEqual(tags, -1);
        const read = readScalars(line, record, tags);
        assert.equal(read.length, values.length);
        for (const [i, value] of values.entries()) assert.ok(Object.is(read[i], value), String(value));
      }),
    );
  });

  it("arrive alone, too", () => {
    fc.assert(
      fc.property(scalar, (value) => {
        const tags = writeScalar(line, record, value);
        assert.ok(Object.is(readScalar(line, record, tags), value));
      }),
    );
  });

  for (const [what, values] of [
    ["a sixth", [1, 2, 3, 4, 5, 6]],
    ["an object", [{}]],
    ["a text of eight characters", ["12345678"]],
    ["a character beyond Latin-1", ["ж"]],
    ["a bigint", [1n]],
    ["a symbol", [Symbol("no")]],
    ["a function", [() => 1]],
  ] as const) {
    it(`are not ${what}`, () => assert.equal(writeScalars(line, record, values), -1));
  }
});
