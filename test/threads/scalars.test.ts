/** Values that stand in a record as they are. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { heap } from "#skein/shared/heap";
import { CALL_VALUES, Line } from "#skein/threads/line";
import { readScalar, readScalars, writeScalar, writeScalars } from "#skein/threads/scalars";

const line = Line.make(heap());
const record = line.call(5) + CALL_VALUES;

const plain = [
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constantFrom(null, undefined, -0, Number.NaN, Infinity, 2 ** 31, -(2 ** 31), ""),
];
const latin1 = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ maxLength, unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
const scalar = fc.oneof(...plain, latin1(7));

/** Places of eight bytes that a record needs for a value. */
const placesOf = (value: unknown): number => (typeof value === "string" ? Math.ceil((value.length + 1) / 8) : 1);

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

  it("arrive with longer texts, as far as there is room, and else do not come at all", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(...plain, latin1(30)), { maxLength: 6 }), (values) => {
        const tags = writeScalars(line, record, values);
        const places = values.reduce<number>((sum, value) => sum + placesOf(value), 0);
        const tooLong = values.some((value) => typeof value === "string" && value.length > 24);
        assert.equal(tags === -1, places > 5 || tooLong);
        if (tags === -1) return;
        const read = readScalars(line, record, tags);
        for (const [i, value] of values.entries()) assert.ok(Object.is(read[i], value), String(value));
      }),
      { numRuns: 1000 },
    );
  });

  it("leave what is behind the record alone", () => {
    const behind = line.call(6);
    for (const values of [
      [1, 2, 3, 4, 5],
      ["x".repeat(24), true],
      [1, "x".repeat(24)],
      ["a".repeat(15), "b".repeat(23)],
    ]) {
      line.cells.fill(-1, record, behind + 16);
      assert.notEqual(writeScalars(line, record, values), -1);
      assert.deepEqual(readScalars(line, record, writeScalars(line, record, values)), values);
      assert.ok(line.cells.subarray(record + 10, behind + 16).every((cell) => cell === -1));
    }
  });

  it("arrive alone, too", () => {
    fc.assert(
      fc.property(fc.oneof(...plain, latin1(24)), (value) => {
        const tags = writeScalar(line, record, value);
        assert.ok(Object.is(readScalar(line, record, tags), value));
      }),
    );
  });

  for (const [what, values] of [
    ["a sixth", [1, 2, 3, 4, 5, 6]],
    ["an object", [{}]],
    ["a text of 25 characters", ["1234567890123456789012345"]],
    ["two texts that have no room together", ["x".repeat(16), "x".repeat(16)]],
    ["a text that has no room beside others", [1, 2, 3, "12345678", 4]],
    ["a character beyond Latin-1", ["ж"]],
    ["a bigint", [1n]],
    ["a symbol", [Symbol("no")]],
    ["a function", [() => 1]],
  ] as const) {
    it(`are not ${what}`, () => assert.equal(writeScalars(line, record, values), -1));
  }
});
