/** Values of declared shapes, as bytes. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { SkeinError } from "skein";
import { Mutex } from "skein/shared";
import { arrayOf, nullable, oneOf, optional, type Shape, shape } from "skein/threads";
import { MemoryViews } from "#skein/shared/memory-views";
import { compiledShape } from "#skein/shared/shape-code";
import { ShapeCodec } from "#skein/shared/shape-codec";
import { type Form, formOf, hashOf, listFormOf } from "#skein/shared/shape-form";
import { LoopingReader, loopingWrite } from "#skein/shared/shape-loops";

import { codeOf } from "../support/failure.js";

/** Memory that threads share; values do not stand at its begin. */
const memory = new MemoryViews(new Int32Array(new SharedArrayBuffer(2 ** 20)));
const FROM = 24;

const codecOf = (of: Shape): ShapeCodec => new ShapeCodec(formOf(of, "shape"));

/** The words of a value in memory of their own; fails if it does not fit. */
function wordsOf(codec: ShapeCodec, value: unknown): Int32Array {
  const encoded = codec.encode(value);
  if (encoded !== undefined) return Int32Array.from(encoded.words.subarray(0, encoded.byteLength / 4));
  return assert.fail(codec.misfit(value, "$") ?? "it fits, but something in it can't be copied");
}

function read(codec: ShapeCodec, words: ArrayLike<number>): unknown {
  // What follows belongs to somebody else.
  memory.int32.set(words, FROM / 4);
  memory.int32.fill(-1, FROM / 4 + words.length, FROM / 4 + words.length + 64);
  return codec.decode(memory, FROM, words.length * 4);
}

function roundTrip(of: Shape, value: unknown): unknown {
  const codec = codecOf(of);
  return read(codec, wordsOf(codec, value));
}

const scratch = new MemoryViews(new Int32Array(new SharedArrayBuffer(2 ** 20)));

/** As `roundTrip`, by the way without compiled code. */
function loopedTrip(form: Form, value: unknown): { readonly words: Int32Array; readonly arrived: unknown } {
  const end = loopingWrite(form, value, scratch, 1);
  const reader = new LoopingReader(scratch, 1, end);
  const arrived = reader.read(form);
  assert.equal(reader.at, end);
  return { words: scratch.int32.slice(1, end), arrived };
}

interface Fitting {
  readonly of: Shape;
  readonly values: fc.Arbitrary<unknown>;
}

const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom("", "é".repeat(21), "\ud800", "x".repeat(500), "Ж".repeat(300)),
);
const whole = (bits: number, isSigned: boolean): fc.Arbitrary<number> =>
  fc.integer(isSigned ? { min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 } : { min: 0, max: 2 ** bits - 1 });

const LEAVES: readonly Fitting[] = [
  { of: "int8", values: whole(8, true) },
  { of: "uint8", values: whole(8, false) },
  { of: "int16", values: whole(16, true) },
  { of: "uint16", values: whole(16, false) },
  { of: "int32", values: whole(32, true) },
  { of: "uint32", values: whole(32, false) },
  { of: "float64", values: fc.double() },
  { of: "bigint64", values: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
  { of: "biguint64", values: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) },
  { of: "boolean", values: fc.boolean() },
  { of: "string", values: text },
  { of: "value", values: fc.anything({ withMap: true, withSet: true, withDate: true, withSparseArray: true }) },
  { of: "Uint8Array", values: fc.uint8Array({ maxLength: 100 }) },
  { of: "Uint8ClampedArray", values: fc.uint8ClampedArray({ maxLength: 100 }) },
  { of: "Int16Array", values: fc.int16Array({ maxLength: 100 }) },
  { of: "Float32Array", values: fc.float32Array({ maxLength: 100 }) },
  { of: "Float64Array", values: fc.float64Array({ maxLength: 100 }) },
  { of: "BigInt64Array", values: fc.bigInt64Array({ maxLength: 40 }) },
  {
    of: oneOf("buy", 'se"ll', 7, -1.5, true, null),
    values: fc.constantFrom<unknown>("buy", 'se"ll', 7, -1.5, true, null),
  },
];

const keys = fc.uniqueArray(
  fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom("a", "two words", "__proto__", "constructor", "7", "ключ", "\u2028"),
  ),
  { minLength: 1, maxLength: 5 },
);

/** Shapes, each with the values that fit it. */
const { fitting } = fc.letrec<{ fitting: Fitting; leaf: Fitting; inner: Fitting }>((tie) => ({
  leaf: fc.constantFrom(...LEAVES),
  inner: fc.oneof(
    tie("fitting").map(({ of, values }) => ({ of: arrayOf(of), values: fc.array(values, { maxLength: 6 }) })),
    tie("fitting").map(({ of, values }) => ({ of: nullable(of), values: fc.option(values) })),
    tie("fitting").map(({ of, values }) => ({ of: optional(of), values: fc.option(values, { nil: undefined }) })),
    fc
      .tuple(keys, fc.array(fc.tuple(tie("fitting"), fc.boolean()), { minLength: 5, maxLength: 5 }))
      .map(([names, members]): Fitting => {
        const entries = names.map((key, i) => [key, members[i] as [Fitting, boolean]] as const);
        const of = Object.fromEntries(
          entries.map(([key, [{ of: member }, may]]) => [key, may ? optional(member) : member]),
        );
        const values = fc
          .tuple(
            ...entries.map(([, [{ values: member }, may]]) => (may ? fc.option(member, { nil: MISSING }) : member)),
          )
          .map((all) => Object.fromEntries(entries.flatMap(([key], i) => (all[i] === MISSING ? [] : [[key, all[i]]]))));
        return { of, values };
      }),
  ),
  fitting: fc.oneof({ maxDepth: 3, withCrossShrink: true }, tie("leaf"), tie("inner")),
}));
const MISSING = Symbol("missing");

/** Whether any value may be somewhere in a value of the form. */
function hasAnyValue(form: Form): boolean {
  return JSON.stringify(form).includes('{"kind":"value"}');
}

const shapedValue = fitting.chain(({ of, values }) => values.map((value) => ({ of, value })));

describe("a value that fits its shape", () => {
  it("arrives as it was, by compiled code and without, which write the same", () => {
    fc.assert(
      fc.property(shapedValue, ({ of, value }) => {
        const form = formOf(of, "shape");
        const codec = new ShapeCodec(form);
        const words = wordsOf(codec, value);
        assert.deepStrictEqual(read(codec, words), value);
        const looped = loopedTrip(form, value);
        assert.deepStrictEqual(looped.arrived, value);
        // Structured values are written shorter the second time.
        if (!hasAnyValue(form)) assert.equal(looped.words.length, words.length - 1);
        assert.equal(words[0], hashOf(form));
        // And one as the other wrote it.
        assert.deepStrictEqual(read(codec, [hashOf(form), ...looped.words]), value);
      }),
      { numRuns: 300 },
    );
  });

  it("arrives when it is one of a list, of which the last may be missing", () => {
    const list = fc.array(fc.tuple(fitting, fc.boolean()), { maxLength: 5 });
    fc.assert(
      fc.property(
        list.chain((items) =>
          fc
            .tuple(fc.nat(items.length), fc.tuple(...items.map(([{ values }]) => values)))
            .map(([given, values]) => ({ items, given, values })),
        ),
        ({ items, given, values }) => {
          const shapes = items.map(([{ of }], i) => (i >= given ? optional(of) : of));
          const codec = new ShapeCodec(listFormOf(shapes, "args"));
          for (const count of [given, items.length]) {
            assert.deepStrictEqual(read(codec, wordsOf(codec, values.slice(0, count))), values.slice(0, count));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it("may be large, and small after that, and large again", () => {
    const of = arrayOf({ id: "uint32", name: "string", points: arrayOf("float64") });
    const value = Array.from({ length: 20_000 }, (_, id) => ({ id, name: `number ${id}`, points: [id / 3] }));
    const codec = codecOf(of);
    const large = new MemoryViews(new Int32Array(new SharedArrayBuffer(2 ** 24)));
    for (let i = 0; i < 3; i++) {
      const words = wordsOf(codec, value);
      large.int32.set(words);
      assert.deepEqual(codec.decode(large, 0, words.length * 4), value);
      assert.deepEqual(read(codec, wordsOf(codec, value.slice(0, 2))), value.slice(0, 2));
    }
    for (const length of [4000, 4092, 5000, 100_000, 2_000_000]) {
      const long = "x".repeat(length);
      assert.equal(wordsOf(codecOf("string"), long).length, 2 + Math.ceil(length / 4));
      assert.equal(wordsOf(codecOf("string"), `${long}Ж`).length, 2 + Math.ceil((2 * length + 2) / 4));
    }
  });

  it("keeps keys that are missing apart from those that are undefined", () => {
    const of = { a: "int32", b: optional("string"), __proto__: null, c: optional(nullable("boolean")) } as never;
    for (const value of [{ a: 1 }, { a: 1, b: undefined }, { a: 1, b: "x", c: null }, { a: 1, c: undefined }]) {
      const arrived = roundTrip(of, value) as object;
      assert.deepStrictEqual(arrived, value);
      assert.deepEqual(Object.keys(arrived), Object.keys(value));
    }
  });

  it("reaches no setter with names that all objects have", () => {
    const of = JSON.parse('{ "__proto__": "int32", "constructor": "int32", "toString": "int32" }') as Shape;
    const value = JSON.parse('{ "__proto__": 1, "constructor": 2, "toString": 3 }') as object;
    const may = Object.fromEntries(Object.entries(of).map(([key, inner]) => [key, optional(inner as Shape)]));
    for (const one of [of, may]) {
      const arrived = roundTrip(one, value) as object;
      assert.deepStrictEqual(Object.entries(arrived), Object.entries(value));
      assert.equal(Object.getPrototypeOf(arrived), Object.prototype);
    }
    assert.equal("polluted" in {}, false);
  });

  it("has numbers without a sign of 0 where they are whole, and with it elsewhere", () => {
    assert.ok(Object.is(roundTrip("int32", -0), 0));
    assert.ok(Object.is(roundTrip("uint8", -0), 0));
    assert.ok(Object.is(roundTrip("float64", -0), -0));
    assert.ok(Object.is(roundTrip("float64", Number.NaN), Number.NaN));
  });

  it("has shared objects as themselves, where any value may be", () => {
    using mutex = new Mutex({ name: "in a shape" });
    const arrived = roundTrip({ lock: "value", n: "int32" }, { lock: { mutex }, n: 1 }) as { lock: { mutex: unknown } };
    assert.equal(arrived.lock.mutex, mutex);
  });

  it("has typed arrays of memory of their own", () => {
    const buffer = new ArrayBuffer(800);
    const part = new Float64Array(buffer, 8, 50).fill(0.5);
    const arrived = roundTrip("Float64Array", part) as Float64Array;
    assert.deepEqual(arrived, part);
    assert.ok(arrived.buffer instanceof ArrayBuffer);
    assert.equal(arrived.buffer.byteLength, 400);
    const bytes = roundTrip("Uint8Array", Buffer.from("bytes")) as Uint8Array;
    assert.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype);
    assert.equal(new TextDecoder().decode(bytes), "bytes");
  });

  it("may have other values written while it is, by getters", () => {
    const of = { a: "string", b: arrayOf("string"), c: "value" } as const;
    const codec = codecOf(of);
    const value = {
      a: "before",
      get b() {
        wordsOf(codecOf(arrayOf("string")), ["x".repeat(10_000), "y"]);
        return ["inside", "of it"];
      },
      get c() {
        wordsOf(codec, { a: "other", b: [], c: { deep: [1] } });
        return { last: true };
      },
    };
    const expected = { a: "before", b: ["inside", "of it"], c: { last: true } };
    for (let i = 0; i < 3; i++) assert.deepEqual(read(codec, wordsOf(codec, value)), expected);
  });
});

/** What arrives of a value that fits: -0 counts as 0 where whole numbers are. */
function asShaped(form: Form, value: unknown): unknown {
  if (form.kind === "number") return value === 0 && form.type !== "float64" ? 0 : value;
  if (form.kind === "array") return (value as unknown[]).map((one) => asShaped(form.element, one));
  if (form.kind === "nullable") return value === null ? null : asShaped(form.inner, value);
  if (form.kind === "optional") return value === undefined ? undefined : asShaped(form.inner, value);
  if (form.kind !== "object") return value;
  const shaped = { ...(value as Record<string, unknown>) };
  for (const { key, form: ofMember } of form.members) {
    if (Object.hasOwn(shaped, key)) shaped[key] = asShaped(ofMember, shaped[key]);
  }
  return shaped;
}

describe("a value that does not fit its shape", () => {
  const Order = shape({
    id: "uint32",
    side: oneOf("buy", "sell"),
    lines: arrayOf({ n: "int8", note: optional("string") }),
  });
  const order = { id: 1, side: "buy", lines: [{ n: 1 }, { n: 2, note: "x" }] };
  class Typed {
    id = 1;
    side = "buy";
    lines = [];
  }
  const hole = [{ n: 1 }];
  hole.length = 2;
  const cases: readonly (readonly [of: Shape, value: unknown, message: RegExp | string])[] = [
    ["int8", 128, "$ is number 128, but its shape takes a whole number from -128 to 127"],
    ["uint32", -1, "$ is number -1, but its shape takes a whole number from 0 to 4294967295"],
    ["int32", 0.5, "$ is number 0.5, but its shape takes a whole number from -2147483648 to 2147483647"],
    ["int32", "7", '$ is the string "7", but its shape takes a whole number from -2147483648 to 2147483647'],
    ["float64", 1n, "$ is bigint 1, but its shape takes a number"],
    ["bigint64", 2n ** 63n, /^\$ is bigint 9223372036854775808, but its shape takes a bigint from -2\^63/],
    ["boolean", 0, "$ is number 0, but its shape takes true or false"],
    ["string", Object("x"), "$ is an object of class String, but its shape takes a string"],
    ["Float64Array", [1], "$ is an array of 1, but its shape takes a Float64Array of memory that is not shared"],
    ["Float64Array", new Float32Array(1), /^\$ is an object of class Float32Array, but/],
    ["Uint8Array", new Uint8Array(new SharedArrayBuffer(1)), /memory that is not shared$/],
    [oneOf("a", 7), "b", '$ is the string "b", but its shape takes "a" or 7'],
    [nullable("int8"), undefined, "$ is undefined undefined, but its shape takes a whole number from -128 to 127"],
    [optional("int8"), null, "$ is null, but its shape takes a whole number from -128 to 127"],
    [Order, null, "$ is null, but its shape takes a plain object"],
    [Order, [order], "$ is an array of 1, but its shape takes a plain object"],
    [Order, new Typed(), "$ is an object of class Typed, but its shape takes a plain object"],
    [Order, Object.assign(Object.create(null) as object, order), /^\$ is an object of class \(none\), but/],
    [Order, { ...order, more: 1 }, "$.more is there, but not in the shape"],
    [Order, { ...order, "two words": 1 }, '$["two words"] is there, but not in the shape'],
    [Order, { id: 1, side: "buy" }, "$.lines is missing, but its shape takes a plain array"],
    [Order, { ...order, lines: "none" }, '$.lines is the string "none", but its shape takes a plain array'],
    [Order, { ...order, lines: hole }, "$.lines[1] is a hole, which no shape takes"],
    [
      Order,
      { ...order, lines: [{ n: 1 }, { n: 300 }] },
      /^\$\.lines\[1\]\.n is number 300, but its shape takes a whole/,
    ],
    [Order, { ...order, lines: [{ n: 1, note: null }] }, "$.lines[0].note is null, but its shape takes a string"],
    [
      arrayOf("value"),
      new (class Rows extends Array {})(),
      /^\$ is an array of a class of its own, but its shape takes a plain array/,
    ],
    [arrayOf(optional("int8")), [, 1], "$[0] is a hole, which no shape takes"], // oxlint-disable-line no-sparse-arrays
    [
      arrayOf("float64"),
      Object.freeze({ length: 0 }),
      /^\$ is an object of class Object, but its shape takes a plain array/,
    ],
  ];

  for (const [of, value, message] of cases) {
    it(`is refused with its path: ${String(message)}`, () => {
      const codec = codecOf(of);
      assert.equal(codec.encode(value), undefined);
      const said = codec.misfit(value, "$") ?? assert.fail("it fits");
      if (typeof message === "string") assert.equal(said, message);
      else assert.match(said, message);
      // The next is not touched by what was half written.
      assert.deepEqual(roundTrip(Order, order), order);
    });
  }

  it("is refused with its path wherever in it something is changed", () => {
    const wrong = Symbol("wrong");
    fc.assert(
      fc.property(shapedValue, fc.nat(), ({ of, value }, seed) => {
        const places: (readonly [path: string, change: () => void])[] = [];
        const holder = { root: structuredCloneOf(value) };
        const visit = (form: Form, path: string, inside: Record<string, unknown>, key: string): void => {
          const inner = inside[key];
          let innermost = form;
          while (innermost.kind === "nullable" || innermost.kind === "optional") innermost = innermost.inner;
          if (innermost.kind === "value") return;
          places.push([path, () => Object.defineProperty(inside, key, { value: wrong, enumerable: true })]);
          if (form.kind === "nullable" && inner !== null) visit(form.inner, path, inside, key);
          if (form.kind === "optional" && inner !== undefined) visit(form.inner, path, inside, key);
          if (form.kind === "array") {
            for (const i of (inner as unknown[]).keys()) visit(form.element, `${path}[${i}]`, inner as never, `${i}`);
          }
          if (form.kind === "object") {
            for (const member of form.members) {
              if (!Object.hasOwn(inner as object, member.key)) continue;
              const step = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(member.key)
                ? `.${member.key}`
                : `[${JSON.stringify(member.key)}]`;
              visit(member.form, path + step, inner as never, member.key);
            }
          }
        };
        visit(formOf(of, "shape"), "$", holder, "root");
        const place = places[seed % Math.max(1, places.length)];
        if (place === undefined) return;
        place[1]();
        const codec = codecOf(of);
        assert.equal(codec.encode(holder.root), undefined);
        const said = codec.misfit(holder.root, "$") ?? assert.fail(`it fits with a symbol at ${place[0]}`);
        assert.ok(said.startsWith(`${place[0]} is symbol Symbol(wrong), but its shape takes `), said);
      }),
      { numRuns: 400 },
    );
  });

  it("arrives or is refused, whatever it is, and what arrives is as it was", () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withTypedArray: true,
      withNullPrototype: true,
    });
    fc.assert(
      fc.property(fitting, anything, ({ of }, value) => {
        const codec = codecOf(of);
        const encoded = codec.encode(value);
        if (encoded === undefined) assert.notEqual(codec.misfit(value, "$"), undefined);
        else assert.deepEqual(read(codec, wordsOf(codec, value)), asShaped(formOf(of, "shape"), value));
      }),
      { numRuns: 500, examples: [[{ of: "int8" } as never, -0]] },
    );
  });

  it("is refused when a getter or a proxy throws, or says one thing and then another", () => {
    const thrower = (): never => {
      throw new Error("boom");
    };
    const codec = codecOf({ a: arrayOf("int32"), b: "string" });
    for (const trap of ["ownKeys", "getPrototypeOf", "get", "getOwnPropertyDescriptor"]) {
      const proxy = new Proxy({ a: [1], b: "x" }, { [trap]: thrower });
      assert.equal(codec.encode(proxy), undefined, trap);
      assert.match(codec.misfit(proxy, "$") ?? "", /^\$(\.a)? is an object/);
    }
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    assert.equal(codec.encode(proxy), undefined);
    let asked = 0;
    const fickle = {
      a: [1],
      get b(): unknown {
        return asked++ % 2 === 0 ? 1 : "x";
      },
    };
    // Refused by the compiled code, found to be good, and refused again, or else written as it is then.
    for (let i = 0; i < 4; i++) {
      const encoded = codec.encode(fickle);
      if (encoded !== undefined) assert.deepEqual(read(codec, wordsOf(codec, { a: [1], b: "x" })), { a: [1], b: "x" });
    }
  });

  it("is known by what can't be copied where any value may be, without a misfit", () => {
    const codec = codecOf({ any: "value" });
    assert.equal(codec.encode({ any: () => 1 }), undefined);
    assert.equal(codec.misfit({ any: () => 1 }, "$"), undefined);
  });
});

/** A copy of plain data; what else there is stays the same. */
function structuredCloneOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(structuredCloneOf);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, structuredCloneOf(inner)]));
}

describe("words that are no value's", () => {
  function survive(codec: ShapeCodec, words: ArrayLike<number>): void {
    try {
      read(codec, words);
    } catch (error) {
      assert.ok(error instanceof SkeinError, String(error));
      assert.ok(["SKEIN_INTERNAL", "SKEIN_DISPOSED", "SKEIN_NOT_CLONEABLE"].includes(error.code), error.code);
    }
    assert.equal(Object.keys(Object.prototype).length, 0);
  }

  it("end with a value or an error, at random", () => {
    const word = fc.oneof(fc.integer(), fc.integer({ min: -3, max: 40 }));
    fc.assert(
      fc.property(fitting, fc.array(word, { maxLength: 60 }), ({ of }, words) => {
        const form = formOf(of, "shape");
        survive(new ShapeCodec(form), [hashOf(form), ...words]);
      }),
      { numRuns: 1500 },
    );
  });

  it("end with a value or an error when a value's words are changed, or cut", () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 31 })), { maxLength: 3 });
    fc.assert(
      fc.property(shapedValue, changes, fc.nat(3), ({ of, value }, flips, cut) => {
        const codec = codecOf(of);
        const words = wordsOf(codec, value);
        for (const [at, bit] of flips) {
          const place = at % words.length;
          words[place] = (words[place] as number) ^ (1 << bit);
        }
        survive(codec, words.subarray(0, words.length - cut));
      }),
      { numRuns: 1000 },
    );
  });

  it("are refused when some are missing, or others follow, or they are of another shape", () => {
    fc.assert(
      fc.property(shapedValue, fc.nat(), ({ of, value }, cut) => {
        const codec = codecOf(of);
        const words = wordsOf(codec, value);
        for (const wrong of [
          words.subarray(0, cut % words.length),
          [...words, 0],
          [(words[0] as number) + 1, ...words.subarray(1)],
        ]) {
          assert.throws(() => read(codec, wrong), { code: "SKEIN_INTERNAL" });
        }
      }),
      { numRuns: 300 },
    );
  });

  it("are read alike with and without compiled code", () => {
    fc.assert(
      fc.property(fitting, fc.array(fc.integer({ min: -2, max: 12 }), { maxLength: 30 }), ({ of }, words) => {
        const form = formOf(of, "shape");
        const code = compiledShape(form);
        if (code === undefined) return;
        const outcome = (body: () => unknown): unknown => {
          try {
            return { value: body() };
          } catch (error) {
            assert.ok(error instanceof Error);
            return "refused";
          }
        };
        memory.int32.fill(0, 0, 200);
        memory.int32.set(words, 6);
        const end = 6 + words.length;
        const looped = outcome(() => {
          const reader = new LoopingReader(memory, 6, end);
          const value = reader.read(form);
          if (reader.at !== end) throw new Error("more follows");
          return value;
        });
        assert.deepEqual(
          outcome(() => code.read(memory, 6, end)),
          looped,
        );
      }),
      { numRuns: 1000 },
    );
  });

  it("get no memory on their word", () => {
    const before = process.memoryUsage().rss;
    for (const of of [
      arrayOf("int8"),
      "string",
      "Float64Array",
      "Uint8Array",
      "value",
      arrayOf(arrayOf("string")),
    ] as const) {
      const form = formOf(of, "shape");
      const codec = new ShapeCodec(form);
      for (const length of [2 ** 31 - 1, -1, -(2 ** 31), 2 ** 28, 100]) {
        assert.throws(() => read(codec, [hashOf(form), length, 0, 0, 0]), { code: "SKEIN_INTERNAL" });
      }
    }
    assert.ok(process.memoryUsage().rss - before < 2 ** 27);
  });
});

describe("a shape", () => {
  it("is refused if it is none, with the path to what is wrong", async () => {
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    const cases: readonly (readonly [of: unknown, message: RegExp])[] = [
      ["float32", /^shape is the string "float32"\. A shape is one of int8,/],
      [{ a: "text" }, /^shape\.a is the string "text"/],
      [{ a: { "two words": 7 } }, /^shape\.a\["two words"\] is number 7/],
      [{}, /^shape has no keys/],
      [["int8"], /^shape is an array of 1/],
      [null, /^shape is null/],
      [arrayOf("x" as never), /^shape\.element is the string "x"/],
      [nullable({ a: undefined } as never), /^shape\.inner\.a is undefined/],
      [{ a: optional(arrayOf(5 as never)) }, /^shape\.a\.inner\.element is number 5/],
      [circle, /nested too deep/],
      [() => 1, /^shape is the function/],
    ];
    for (const [of, message] of cases) {
      assert.throws(() => shape(of as Shape), { code: "SKEIN_INVALID_ARGUMENT", message });
    }
    for (const literals of [[], [undefined], [Number.NaN], [-0], [{}], [1n]]) {
      assert.equal(await codeOf(() => oneOf(...(literals as never[]))), "SKEIN_INVALID_ARGUMENT");
    }
  });

  it("is given back by shape as it was, and can be written anywhere", () => {
    const Point = shape({ x: "float64", y: "float64" });
    assert.deepEqual(Point, { x: "float64", y: "float64" });
    const Path = shape({ from: Point, to: Point, via: arrayOf(Point) });
    const value = { from: { x: 1, y: 2 }, to: { x: 3, y: 4 }, via: [{ x: 0.5, y: -0 }] };
    assert.deepStrictEqual(roundTrip(Path, value), value);
  });

  it("may have more parts than are worth compiling", () => {
    const of = Object.fromEntries(Array.from({ length: 1200 }, (_, i) => [`key ${i}`, "int32" as const]));
    const value = Object.fromEntries(Object.keys(of).map((key, i) => [key, i]));
    assert.deepEqual(roundTrip(of, value), value);
    assert.match(codecOf(of).misfit({ ...value, "key 7": "x" }, "$") ?? "", /^\$\["key 7"\] is the string "x"/);
  });
});
