import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { array, atomic, type FieldType, type RecordSchema, text } from "skein/shared";
import { compiled } from "#skein/shared/compiling";
import { Heap } from "#skein/shared/heap";
import { type MemoryViews, viewsOf } from "#skein/shared/memory-views";
import { compiledCode, loopingCode } from "#skein/shared/record-code";
import { RecordLayout } from "#skein/shared/record-layout";

import { codeOf } from "../support/failure.js";

const HOSTILE = [
  '"];throw 1;//',
  "__proto__",
  "constructor",
  "toString",
  "`${1}`",
  "\u2028",
  "\ud800",
  "",
  "a b",
  "'",
  "0",
];

/** Whether this run forbids to compile text: see without-compiling.test.ts. */
const isForbidden = process.execArgv.includes("--disallow-code-generation-from-strings");

/** The layout's own code, and that without compiling, where the two differ. */
function codesOf(layout: RecordLayout): readonly ReturnType<typeof loopingCode>[] {
  const { fields, codes } = layout;
  const fast = compiledCode(fields, codes);
  assert.equal(fast === undefined, isForbidden);
  return [...(fast === undefined ? [] : [fast]), loopingCode(fields, codes)];
}

function views(byteLength: number): MemoryViews {
  const heap = new Heap(new SharedArrayBuffer(Math.ceil((2 ** 21 + byteLength) / 65_536) * 65_536));
  return viewsOf(heap);
}

/** Where the tests put their records: nothing of the heap is used there. */
const FIRST = 2 ** 20 + 512 * 1024;

interface Sample {
  readonly type: FieldType;
  readonly value: fc.Arbitrary<unknown>;
  readonly zero: unknown;
}

const NUMBERS = {
  int8: fc.integer({ min: -128, max: 127 }),
  uint8: fc.integer({ min: 0, max: 255 }),
  int16: fc.integer({ min: -32_768, max: 32_767 }),
  uint16: fc.integer({ min: 0, max: 65_535 }),
  int32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  uint32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  float32: fc.float(),
  float64: fc.double(),
};
const BIGINTS = {
  bigint64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  biguint64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
};
const ARRAYS = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  float32: Float32Array,
  float64: Float64Array,
  bigint64: BigInt64Array,
  biguint64: BigUint64Array,
};

const number = fc.constantFrom(...(Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]));
const bigint = fc.constantFrom(...(Object.keys(BIGINTS) as (keyof typeof BIGINTS)[]));

const sample: fc.Arbitrary<Sample> = fc.oneof(
  number.map((type) => ({ type, value: NUMBERS[type], zero: 0 })),
  bigint.map((type) => ({ type, value: BIGINTS[type], zero: 0n })),
  fc.constant({ type: "boolean" as const, value: fc.boolean(), zero: false }),
  number
    .filter((type) => !type.startsWith("float"))
    .map((type) => ({ type: atomic(type as "int8"), value: NUMBERS[type], zero: 0 })),
  bigint.map((type) => ({ type: atomic(type), value: BIGINTS[type], zero: 0n })),
  fc.integer({ min: 1, max: 60 }).map((room) => ({
    type: text(room),
    value: fc
      .string({ unit: "grapheme", maxLength: room })
      .filter((value) => !value.includes("\0") && Buffer.byteLength(value) <= room),
    zero: "",
  })),
  fc.tuple(number, fc.integer({ min: 1, max: 5 })).map(([type, length]) => ({
    type: array(type, length),
    value: fc.array(NUMBERS[type], { minLength: length, maxLength: length }).map((values) => new ARRAYS[type](values)),
    zero: new ARRAYS[type](length),
  })),
  fc.tuple(bigint, fc.integer({ min: 1, max: 5 })).map(([type, length]) => ({
    type: array(type, length),
    value: fc.array(BIGINTS[type], { minLength: length, maxLength: length }).map((values) => new ARRAYS[type](values)),
    zero: new ARRAYS[type](length),
  })),
);

interface Plan {
  readonly schema: RecordSchema;
  readonly zeros: Readonly<Record<string, unknown>>;
  readonly steps: readonly { readonly place: number; readonly isWhole: boolean; readonly record: object }[];
}

const PLACES = 3;

const plan: fc.Arbitrary<Plan> = fc
  .uniqueArray(fc.tuple(fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom(...HOSTILE)), sample), {
    selector: ([name]) => name,
    minLength: 1,
    maxLength: 8,
  })
  .chain((fields) =>
    fc.record({
      schema: fc.constant(Object.fromEntries(fields.map(([name, { type }]) => [name, type]))),
      zeros: fc.constant(Object.fromEntries(fields.map(([name, { zero }]) => [name, zero]))),
      steps: fc.array(
        fc.record({
          place: fc.nat(PLACES - 1),
          isWhole: fc.boolean(),
          record: fc
            .tuple(...fields.map(([name, { value }]) => fc.option(value.map((one) => [name, one] as const))))
            .map((entries) => Object.fromEntries(entries.filter((entry) => entry !== null))),
        }),
        { maxLength: 10 },
      ),
    }),
  );

describe("a record's layout", () => {
  it("has the fields in their order, each at a multiple of its size", () => {
    const layout = RecordLayout.of({
      x: "float64",
      y: "float64",
      mass: "float32",
      id: "bigint64",
      hits: atomic("int32"),
      isAlive: "boolean",
      name: text(16),
      trail: array("float32", 8),
    });
    assert.deepEqual(
      layout.fields.map(({ name, byteOffset, byteLength }) => [name, byteOffset, byteLength]),
      [
        ["x", 0, 8],
        ["y", 8, 8],
        ["mass", 16, 4],
        ["id", 24, 8],
        ["hits", 32, 4],
        ["isAlive", 36, 1],
        ["name", 37, 16],
        ["trail", 56, 32],
      ],
    );
    assert.equal(layout.byteLength, 88);
    const small = RecordLayout.of({
      a: "int8",
      b: "uint16",
      c: "int8",
      d: "uint32",
      e: array("int16", 3),
      f: "boolean",
    });
    assert.deepEqual(
      small.fields.map(({ byteOffset }) => byteOffset),
      [0, 2, 4, 8, 12, 18],
    );
    assert.equal(small.byteLength, 24);
    assert.equal(RecordLayout.of({ one: "int8" }).byteLength, 8);
  });

  it("is the same for the same fields, and for its text", () => {
    const first = RecordLayout.of({
      a: "float32",
      b: atomic("uint8"),
      c: text(3),
      d: array("biguint64", 2),
      e: "boolean",
    });
    assert.equal(
      RecordLayout.of({ a: "float32", b: atomic("uint8"), c: text(3), d: array("biguint64", 2), e: "boolean" }),
      first,
    );
    assert.equal(RecordLayout.parse(first.text), first);
    assert.equal(
      first.text,
      '[["a","float32"],["b","atomic uint8"],["c","text 3"],["d","biguint64 2"],["e","boolean"]]',
    );
    assert.notEqual(RecordLayout.of({ b: "float32", a: "boolean" }), RecordLayout.of({ a: "boolean", b: "float32" }));
    // Of another thread: not known here yet.
    const parsed = RecordLayout.parse('[["__proto__","int8"],["only here","text 7"]]');
    assert.deepEqual(
      parsed.fields.map(({ name, form, length }) => [name, form, length]),
      [
        ["__proto__", "plain", 1],
        ["only here", "text", 7],
      ],
    );
    assert.equal(
      parsed,
      RecordLayout.of(
        Object.fromEntries([
          ["__proto__", "int8"],
          ["only here", text(7)],
        ]),
      ),
    );
  });

  it("keeps what a list of plain objects keeps, compiled or not", () => {
    const memory = views(0);
    fc.assert(
      fc.property(plan, ({ schema, zeros, steps }) => {
        const layout = RecordLayout.of(schema);
        for (const code of codesOf(layout)) {
          // Left over from others: only what `write` says is 0 is 0.
          memory.uint8.fill(255, FIRST, FIRST + (PLACES + 1) * layout.byteLength);
          const model = Array.from({ length: PLACES }, () => ({ ...zeros }));
          const placeOf = (i: number): number => FIRST + i * layout.byteLength;
          for (let i = 0; i < PLACES; i++) code.write(memory, placeOf(i), {}, "record");
          for (const { place, isWhole, record } of steps) {
            if (isWhole) code.write(memory, placeOf(place), record, "record");
            else code.assign(memory, placeOf(place), record, "record");
            // Made so that "__proto__" is a field as any other.
            model[place] = Object.fromEntries(Object.entries({ ...(isWhole ? zeros : model[place]), ...record }));
            for (let i = 0; i < PLACES; i++) assert.deepEqual(code.read(memory, placeOf(i)), model[i]);
          }
          assert.ok(
            memory.uint8.subarray(placeOf(PLACES), placeOf(PLACES + 1)).every((byte) => byte === 255),
            "something was written behind the records",
          );
        }
      }),
      { numRuns: 150 },
    );
  });

  it("takes any name of a field as no more than a name", () => {
    const memory = views(0);
    const schema = Object.fromEntries(HOSTILE.map((name) => [name, "int32" as const]));
    const layout = RecordLayout.of(schema);
    const record = Object.fromEntries(HOSTILE.map((name, i) => [name, i + 1]));
    for (const code of codesOf(layout)) {
      code.write(memory, FIRST, record, "record");
      const seen = code.read(memory, FIRST) as object;
      assert.deepEqual(seen, record);
      assert.equal(Object.getPrototypeOf(seen), Object.prototype);
      assert.deepEqual(Object.keys(seen).toSorted(), HOSTILE.toSorted());
      // What every object has by these names is not taken for a field.
      code.write(memory, FIRST, {}, "record");
      assert.deepEqual(
        Object.values(code.read(memory, FIRST) as object),
        HOSTILE.map(() => 0),
      );
    }
  });

  it("refuses what does not fit, says why, and writes nothing of it", () => {
    const memory = views(0);
    const layout = RecordLayout.of({
      int: "int32",
      byte: atomic("uint8"),
      small: "int16",
      real: "float64",
      wide: "bigint64",
      natural: "biguint64",
      flag: "boolean",
      label: text(4),
      list: array("uint16", 2),
      wides: array("bigint64", 1),
    });
    const good = { int: 1, byte: 2, real: 3, flag: true, label: "four", list: [5, 6] };
    const wrong: readonly (readonly [unknown, RegExp])[] = [
      [
        { int: 1.5 },
        /^field "int" of record takes a whole number from -2147483648 to 2147483647, but number 1.5 came$/,
      ],
      [{ int: "1" }, /but the string "1" came$/],
      [{ int: 2 ** 31 }, /but number 2147483648 came$/],
      [{ int: NaN }, /but number NaN came$/],
      [{ int: 1n }, /but bigint 1 came$/],
      [{ int: null }, /but null came$/],
      [{ int: Symbol("s") }, /but symbol Symbol\(s\) came$/],
      [{ int: { valueOf: () => 1 } }, /but an object of class Object came$/],
      [{ byte: 256 }, /from 0 to 255, but number 256 came$/],
      [{ byte: -1 }, /from 0 to 255, but number -1 came$/],
      [{ small: -32_769 }, /from -32768 to 32767/],
      [{ real: "1" }, /takes a number, but the string "1" came$/],
      [{ wide: 1 }, /takes a bigint from -2\^63 to 2\^63 - 1, but number 1 came$/],
      [{ wide: 2n ** 63n }, /but bigint 9223372036854775808 came$/],
      [{ natural: -1n }, /takes a bigint from 0 to 2\^64 - 1, but bigint -1 came$/],
      [{ flag: 1 }, /takes true or false, but number 1 came$/],
      [{ label: "fünf" }, /takes text of at most 4 bytes in UTF-8, not 5, but the string "fünf" came$/],
      [{ label: "a\0" }, /takes text without a character of code 0/],
      [{ label: 5 }, /takes text of at most 4 bytes in UTF-8, but number 5 came$/],
      [{ list: [1] }, /takes an array of 2, each a whole number from 0 to 65535, but an array of 1 came$/],
      [{ list: [1, -1] }, /but at 1 number -1 came$/],
      [{ list: new Float64Array([1, 0.5]) }, /but at 1 number 0.5 came$/],
      [{ list: "ab" }, /but the string "ab" came$/],
      [{ list: 5 }, /but number 5 came$/],
      [{ wides: [1] }, /but at 0 number 1 came$/],
      [{ int: 1, more: 1 }, /^record has no field "more": its fields are "int", "byte", /],
      [{ more: undefined }, /^record has no field "more"/],
      [null, /^record expected an object with fields of "int", .* but null came$/],
      [5, /but number 5 came$/],
      [undefined, /but undefined undefined came$/],
    ];
    for (const code of codesOf(layout)) {
      code.write(memory, FIRST, good, "record");
      const before = code.read(memory, FIRST);
      for (const [record, message] of wrong) {
        const given = typeof record === "object" && record !== null ? { ...good, int: 7, ...record } : record;
        const expected = { name: "MisuseError", code: "SKEIN_INVALID_ARGUMENT", message };
        assert.throws(() => code.check(given, "record"), expected);
        assert.throws(() => code.write(memory, FIRST, given, "record"), expected);
        assert.throws(() => code.assign(memory, FIRST, given, "record"), expected);
      }
      assert.deepEqual(code.read(memory, FIRST), before);
      code.check(good, "record");
      code.assign(memory, FIRST, { int: undefined, small: -0 }, "record");
      assert.deepEqual(code.read(memory, FIRST), before);
    }
  });

  it("refuses what is no schema", async () => {
    for (const schema of [
      undefined,
      null,
      5,
      "float64",
      ["float64"],
      {},
      { x: "float16" },
      { x: "toString" },
      { x: 8 },
      { x: null },
      { x: { form: "atomic", type: "float64" } },
      { x: { form: "text", room: 0 } },
      { x: { form: "array", type: "boolean", length: 2 } },
      { x: { form: "list" } },
    ]) {
      assert.equal(
        await codeOf(() => RecordLayout.of(schema as never)),
        "SKEIN_INVALID_ARGUMENT",
        JSON.stringify(schema),
      );
    }
    for (const make of [
      () => atomic("float32" as never),
      () => atomic("boolean" as never),
      () => atomic(undefined as never),
      () => text(0),
      () => text(1.5),
      () => text(65_536),
      () => array("boolean" as never, 2),
      () => array("int8", 0),
      () => array("int8", 2 ** 25),
      () =>
        RecordLayout.of({ a: array("float64", 2 ** 24), b: array("float64", 2 ** 24), c: array("float64", 2 ** 24) }),
    ]) {
      assert.equal(await codeOf(make), "SKEIN_INVALID_ARGUMENT");
    }
  });

  it("writes text of any kind within its room, and half a surrogate pair as U+FFFD", () => {
    const memory = views(0);
    const layout = RecordLayout.of({ label: text(30), next: "uint8" });
    for (const label of [
      "",
      "ASCII",
      "\ufeffmark",
      "Malmö",
      "日本語",
      "😀😀",
      "e\u0301",
      "x".repeat(30),
      "ö".repeat(15),
    ]) {
      layout.write(memory, FIRST, { label, next: 9 });
      assert.deepEqual(layout.read(memory, FIRST), { label, next: 9 });
    }
    layout.write(memory, FIRST, { label: "a\ud83db" });
    assert.equal(layout.read(memory, FIRST).label, "a\ufffdb");
    assert.throws(() => layout.check({ label: "\udc00".repeat(11) }), /not 33/);
  });

  it("is compiled where the platform allows it", () => {
    assert.equal(compiled("return one + 1;", { one: 1 }), isForbidden ? undefined : 2);
  });
});
