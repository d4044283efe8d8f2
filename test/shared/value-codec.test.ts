import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runInNewContext } from "node:vm";

import fc from "fast-check";
import { ClosedError, type MisuseError, SkeinError } from "skein";
import { PortableLongText } from "#skein/shared/long-text";
import { ADDRESS, type Address, type SharedObject } from "#skein/shared/object";
import { decodeValue, encodeValue } from "#skein/shared/value-codec";
import { adopt, Mutex } from "skein/shared";

const arrive = (address: Address): SharedObject => adopt({ [ADDRESS]: address }) as unknown as SharedObject;

/** Takes the bytes out of the writer's memory, into memory that threads share. */
function shared(bytes: Uint8Array): Uint8Array {
  // Not at the begin: positions must count from the view's.
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length + 3), 3);
  copy.set(bytes);
  return copy;
}

/** Written so that what comes often is written as such: an object whose keys came before has them in one piece. */
function written(value: unknown): Uint8Array {
  encodeValue(value);
  return encodeValue(value);
}

function roundTrip<Value>(value: Value): Value {
  return decodeValue(shared(written(value)), arrive) as Value;
}

function refusalOf(value: unknown): MisuseError {
  try {
    encodeValue(value);
  } catch (error) {
    // The next value is not touched by what was half written.
    assert.deepEqual(roundTrip([{ next: [] }]), [{ next: [] }]);
    assert.ok(error instanceof SkeinError);
    assert.equal(error.code, "SKEIN_NOT_CLONEABLE");
    return error as MisuseError;
  }
  return assert.fail("it was expected to be refused");
}

/** An array of holes, for which the engine takes no room: it would if the array never had been longer. */
function empty(length: number): unknown[] {
  const array: unknown[] = [];
  array.length = 2 ** 32 - 1;
  array.length = length;
  return array;
}

const NUMBERS = [0, -0, 1, -1, 127, 128, -128, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 0.5, NaN, Infinity, -Infinity, 1e300];
const BIGINTS = [
  0n,
  -1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  2n ** 63n,
  -(2n ** 63n) - 1n,
  2n ** 64n,
  7n ** 1000n,
  -(7n ** 1000n),
];
const VIEWS = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array];

describe("a structured value as bytes", () => {
  it("keeps primitives", () => {
    for (const value of [undefined, null, true, false, ...NUMBERS, ...BIGINTS]) {
      assert.ok(Object.is(roundTrip(value), value), String(value));
    }
  });

  it("keeps strings of every length, of one and of two bytes a unit, and unpaired surrogates", () => {
    const pieces = ["a", "é", "\u00ff", "Ж", "\ud800", "\udc00", "\ufeff", "\ufffd", "\0", "😀"];
    for (const piece of pieces) {
      for (const length of [0, 1, 3, 8, 9, 16, 17, 31, 32, 33, 62, 63, 64, 65, 200, 5000, 40_000]) {
        for (const text of [piece.repeat(length), `${"x".repeat(length)}${piece}`]) {
          assert.equal(roundTrip(text), text);
          assert.deepEqual(roundTrip({ [text]: text }), { [text]: text });
        }
      }
    }
  });

  it("may be long, and short after that, and long again", () => {
    const long = {
      list: Array.from({ length: 200_000 }, (_, i) => ({ i, text: `number ${i}` })),
      bytes: new Uint8Array(2 ** 21),
    };
    for (let i = 0; i < 2; i++) {
      assert.deepEqual(roundTrip(long), long);
      for (let j = 0; j < 3; j++) assert.deepEqual(roundTrip({ j }), { j });
    }
    // The memory of the long one is not kept.
    assert.ok(encodeValue(1).buffer.byteLength < 2 ** 20);
  });

  it("keeps objects, with their keys in order, and those without a prototype", () => {
    const value = { b: 1, a: { "two words": undefined, 7: "seven" }, "": null, ключ: [] };
    assert.deepEqual(Object.keys(roundTrip(value)), Object.keys(value));
    const bare = Object.assign(Object.create(null) as object, { a: 1 });
    for (const one of [value, bare, {}, [bare]]) assert.deepEqual(roundTrip(one), one);
    const hidden = Object.defineProperty({ shown: 1, [Symbol("s")]: 2 }, "hidden", { value: 3 });
    assert.deepEqual(roundTrip(hidden), { shown: 1 });
  });

  it("defines keys that objects inherit, and reaches no setter with them", () => {
    for (const key of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      for (let i = 0; i < 3; i++) {
        const arrived = roundTrip(JSON.parse(`{"${key}":{"polluted":1},"b":2}`) as Record<string, unknown>);
        assert.deepEqual(Object.getOwnPropertyDescriptor(arrived, key)?.value, { polluted: 1 });
        assert.equal(Object.getPrototypeOf(arrived), Object.prototype);
      }
    }
    assert.equal("polluted" in {}, false);
  });

  it("keeps arrays with their holes, and takes no room for those of a sparse one", () => {
    const sparse: unknown[] = [1];
    sparse[4_000_000_000] = "far";
    const tail = [1, 2];
    tail.length = 5;
    // oxlint-disable-next-line no-sparse-arrays
    for (const value of [[], [undefined], [, 1], [1, , , 2, ,], tail, [[, [,]]], empty(5)]) {
      const arrived = roundTrip(value);
      assert.deepEqual(arrived, value);
      assert.deepEqual(Object.keys(arrived), Object.keys(value));
    }
    const arrived = roundTrip(sparse);
    assert.equal(arrived.length, 4_000_000_001);
    assert.deepEqual(Object.entries(arrived), [
      ["0", 1],
      ["4000000000", "far"],
    ]);
    assert.ok(encodeValue(empty(2 ** 25)).length < 10);
  });

  it("leaves behind what was set on an array besides its elements", () => {
    assert.deepEqual(roundTrip(Object.assign([1], { extra: 2 })), [1]);
  });

  it("keeps maps, sets, dates, regular expressions and boxed primitives", () => {
    const values = [
      new Map<unknown, unknown>([
        ["a", 1],
        [{ key: true }, new Map([[NaN, -0]])],
      ]),
      new Set<unknown>([1, "1", [1], new Set()]),
      new Date(1_700_000_000_000),
      /a\/b+/giu,
      new Number(-0),
      new String("text"),
      new Boolean(false),
      Object(5n),
    ];
    for (const value of values) {
      assert.deepEqual(roundTrip(value), value);
      assert.deepEqual(roundTrip(value), structuredClone(value));
    }
    assert.ok(Object.is(roundTrip(new Date(NaN)).getTime(), NaN));
    const used = /x/g;
    used.lastIndex = 3;
    assert.equal(roundTrip(used).lastIndex, 0);
  });

  it("keeps buffers and all views of them, which go on viewing the same buffer", () => {
    const buffer = new Uint8Array(Array.from({ length: 64 }, (_, i) => i)).buffer;
    const types = [...VIEWS, Float32Array, Float64Array, BigInt64Array, BigUint64Array];
    const views = types.map((View) => new View(buffer, 8, 3));
    const value = { buffer, views, data: new DataView(buffer, 5, 6), empty: new Uint16Array(0) };
    const arrived = roundTrip(value);
    assert.deepEqual(arrived, value);
    for (const view of [...arrived.views, arrived.data]) assert.equal(view.buffer, arrived.buffer);
    assert.equal(arrived.data.byteOffset, 5);
    arrived.views[1]?.fill(255 as never);
    assert.equal(arrived.data.getUint8(3), 255);
    assert.deepEqual(roundTrip(new Float64Array(10_000).fill(0.1)), new Float64Array(10_000).fill(0.1));
  });

  it("keeps that a buffer can be resized, and views that grow with it", () => {
    const ResizableBuffer = ArrayBuffer as unknown as new (
      length: number,
      options: object,
    ) => ArrayBuffer & { resize(length: number): void };
    const buffer = new ResizableBuffer(8, { maxByteLength: 32 });
    const value = { all: new Uint16Array(buffer), part: new Uint8Array(buffer, 1, 3) };
    const arrived = roundTrip(value);
    assert.equal(arrived.all.buffer, arrived.part.buffer);
    arrived.all.buffer.resize(32);
    assert.deepEqual([arrived.all.length, arrived.part.length], [16, 3]);
  });

  it("takes a view of a class of its own for the platform's, as a Buffer is", () => {
    const arrived = roundTrip<Uint8Array>(Buffer.from("bytes"));
    assert.equal(Object.getPrototypeOf(arrived), Uint8Array.prototype);
    assert.equal(new TextDecoder().decode(arrived), "bytes");
  });

  it("keeps errors: class, message, name, stack, cause, errors, own properties", () => {
    for (const type of [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]) {
      const error = Object.assign(new type("message", { cause: { why: [1] } }), { code: "E_CODE" });
      const arrived = roundTrip(error);
      assert.deepEqual(arrived, error);
      assert.equal(arrived.stack, error.stack);
      assert.deepEqual(Object.keys(arrived), ["code"]);
      assert.equal(Object.prototype.toString.call(arrived), "[object Error]");
    }
    const aggregate = new AggregateError([new TypeError("one"), 2], "several");
    assert.deepEqual(roundTrip(aggregate), aggregate);
    assert.deepEqual(Object.keys(roundTrip(aggregate)), []);
    const without = new Error();
    assert.equal(Object.hasOwn(roundTrip(without), "message"), false);
    assert.equal(Object.hasOwn(roundTrip(without), "name"), false);
    const closed = roundTrip(new ClosedError("gone"));
    assert.ok(closed instanceof ClosedError);
    assert.equal(closed.code, "SKEIN_CLOSED");
  });

  it("takes an error of the program's own class for the nearest known one, with its name", () => {
    class HttpError extends TypeError {
      override name = "HttpError";
      status = 404;
    }
    const arrived = roundTrip(new HttpError("not found"));
    assert.equal(Object.getPrototypeOf(arrived), TypeError.prototype);
    assert.deepEqual(Object.entries(arrived), [
      ["name", "HttpError"],
      ["status", 404],
    ]);
    const aborted = roundTrip(new DOMException("stopped", "AbortError")) as Error;
    assert.ok(aborted instanceof Error);
    assert.deepEqual([aborted.name, aborted.message], ["AbortError", "stopped"]);
    assert.deepEqual(Object.keys(aborted), []);
  });

  it("keeps values of another realm", () => {
    const value: unknown = runInNewContext(
      "({ list: [1], map: new Map([[1, new Set([2])]]), date: new Date(5), error: new RangeError('far') })",
    );
    const arrived = roundTrip(value) as { error: Error };
    assert.deepEqual(arrived, {
      list: [1],
      map: new Map([[1, new Set([2])]]),
      date: new Date(5),
      error: arrived.error,
    });
    assert.equal(Object.getPrototypeOf(arrived.error), RangeError.prototype);
    assert.equal(arrived.error.message, "far");
  });

  it("keeps shared objects as themselves", () => {
    using mutex = new Mutex({ name: "crossing" });
    const arrived = roundTrip({ locks: [mutex, mutex], map: new Map([[mutex, 1]]) });
    assert.equal(arrived.locks[0], mutex);
    assert.equal(arrived.locks[1], mutex);
    assert.equal(arrived.map.get(mutex), 1);
    const bytes = shared(encodeValue([mutex]));
    mutex.dispose();
    assert.throws(() => decodeValue(bytes, arrive), { code: "SKEIN_DISPOSED" });
  });
});

describe("objects with the same keys", () => {
  /** So often that code is compiled for them. */
  const OFTEN = 100;

  it("arrive as they were, the first and the hundredth", () => {
    const value = (i: number) => ({
      id: i,
      score: i / 3,
      name: `number ${i}`,
      "two words": null,
      ключ: true,
      ÿ: undefined,
      7: [i, { id: -i }],
      inner: { id: "other", score: [] },
    });
    for (let i = 0; i < OFTEN; i++) {
      const arrived = roundTrip([value(i), value(-i), { id: i }]);
      assert.deepStrictEqual(arrived, [value(i), value(-i), { id: i }]);
      assert.deepEqual(Object.keys(arrived[0] as object), Object.keys(value(i)));
    }
  });

  it("have them once in a value, however many they are", () => {
    const one = { aRatherLongName: 1, anotherRatherLongName: 2 };
    written([one]);
    const lengths = [1, 2, 100].map((count) => encodeValue(Array.from({ length: count }, () => ({ ...one }))).length);
    assert.equal((lengths[1] as number) - (lengths[0] as number), 4);
    assert.equal((lengths[2] as number) - (lengths[1] as number), 98 * 4);
  });

  it("keep names that all objects have, without reaching a setter", () => {
    for (let i = 0; i < OFTEN; i++) {
      const value = JSON.parse(`{"a":${i},"__proto__":{"b":1},"constructor":2,"toString":3}`) as object;
      const arrived = roundTrip(value);
      assert.deepStrictEqual(Object.entries(arrived), Object.entries(value));
      assert.equal(Object.getPrototypeOf(arrived), Object.prototype);
    }
  });

  it("may be of classes, which are refused all the same", () => {
    class Point {
      x = 1;
      y = 2;
    }
    for (let i = 0; i < OFTEN; i++) roundTrip([{ x: 1, y: 2 }]);
    for (const imposter of [
      new Point(),
      Object.assign(Object.create({}) as object, { x: 1, y: 2 }),
      Object.assign(Object.create({ inherited: 1 }) as object, { x: 1, y: 2 }),
      Object.assign(new Point(), { constructor: Object }),
    ]) {
      assert.match(refusalOf([imposter]).message, /: \$\[0\] is an object of class/);
    }
    const bare = Object.assign(Object.create(null) as object, { x: 1, y: 2 });
    assert.equal(Object.getPrototypeOf(roundTrip([bare])[0]), null);
  });

  it("are refused with the path to what can't be copied", () => {
    for (let i = 0; i < OFTEN; i++) roundTrip({ first: 1, second: { third: 3 } });
    assert.match(refusalOf({ first: 1, second: { third: () => 1 } }).message, /: \$\.second\.third is the function/);
    const boom = {
      first: 1,
      get second(): unknown {
        throw new Error("boom");
      },
    };
    assert.match(refusalOf(boom).message, /: \$\.second can't be read: Error: boom/);
  });

  it("may lose and gain keys while they are written", () => {
    const shrinking = (): object => {
      const value: Record<string, unknown> = {
        get first() {
          delete value["second"];
          value["fourth"] = 4;
          return 1;
        },
        second: 2,
        third: 3,
      };
      return value;
    };
    for (let i = 0; i < OFTEN; i++) {
      const { first, second, third } = roundTrip(shrinking()) as Record<string, unknown>;
      assert.deepEqual([first, second, third], [1, undefined, 3]);
    }
  });

  it("may refer to themselves and to each other", () => {
    interface Circle {
      readonly name: string;
      self: unknown;
      other: unknown;
    }
    for (let i = 0; i < OFTEN; i++) {
      const one: Circle = { name: "one", self: undefined, other: undefined };
      const other: Circle = { name: "other", self: undefined, other: one };
      one.self = one;
      one.other = [other];
      other.self = other;
      const [first, second] = roundTrip([one, other]) as [Circle, Circle];
      assert.equal(first.self, first);
      assert.equal((first.other as unknown[])[0], second);
      assert.equal(second.self, second);
      assert.equal(second.other, first);
      assert.deepEqual([first.name, second.name], ["one", "other"]);
    }
  });

  it("may be dictionaries, with ever new keys, in any number", () => {
    for (let i = 0; i < 20_000; i++) {
      const value = { [`key ${i}`]: i, [`other ${i}`]: { a: i } };
      if (i % 100 === 0) assert.deepEqual(roundTrip(value), value);
      else encodeValue(value);
    }
    // Others are written in one piece after that as they would have been before.
    const one = { aNameThatIsNew: 1, andAnother: 2 };
    for (let i = 0; i < OFTEN; i++) assert.deepEqual(roundTrip([one, { ...one }]), [one, one]);
    assert.equal(encodeValue([one, { ...one }]).length - encodeValue([one]).length, 4);
  });

  it("may have as many as they like, of any kind", () => {
    for (const count of [1, 31, 32, 33, 63, 64, 65, 66, 500]) {
      const entries = Array.from({ length: count }, (_, i) => [`key ${i}`, { i }] as const);
      for (const more of [{}, { "": 1 }, { ключ: 1 }, { ["x".repeat(64)]: 1 }]) {
        const value = { ...Object.fromEntries(entries), ...more, last: true };
        for (let i = 0; i < 3; i++) {
          const arrived = roundTrip(value);
          assert.deepEqual(arrived, value);
          assert.deepEqual(Object.keys(arrived), Object.keys(value));
        }
        assert.match(refusalOf({ ...value, last: () => 1 }).message, /: \$\.last is the function last/);
        assert.match(refusalOf({ ...value, "key 0": [() => 1] }).message, /: \$\["key 0"\]\[0\] is the function/);
      }
    }
  });

  it("are told from those whose keys have the same hash", () => {
    const bytes = written({ apple: 1, pear: 2 }).slice();
    assert.deepEqual(decodeValue(bytes, arrive), { apple: 1, pear: 2 });
    const changed = bytes.slice();
    const at = Buffer.from(bytes).indexOf("apple");
    changed.set(Buffer.from("grape"), at);
    for (let i = 0; i < OFTEN; i++) {
      assert.deepEqual(decodeValue(changed, arrive), { grape: 1, pear: 2 });
      assert.deepEqual(decodeValue(bytes, arrive), { apple: 1, pear: 2 });
    }
  });
});

describe("values in one memory", () => {
  it("are read in place, wherever they are, and one after another", () => {
    const memory = new Uint8Array(new SharedArrayBuffer(2 ** 16));
    const values = [
      { a: 1 },
      [1.5, "text"],
      new Float64Array([1, 2]),
      "é".repeat(300),
      { buffer: new ArrayBuffer(24) },
    ];
    for (let round = 0; round < 4; round++) {
      let from = 3 + round;
      for (const value of values) {
        const bytes = written(value);
        memory.set(bytes, from);
        assert.deepEqual(decodeValue(memory, arrive, from, bytes.length), value);
        from += bytes.length;
      }
    }
    // The end of the memory is no part of the value.
    assert.throws(() => decodeValue(memory, arrive, 2 ** 16 - 1, 2), { code: "SKEIN_INTERNAL" });
    assert.throws(() => decodeValue(memory, arrive, -1, 2), { code: "SKEIN_INTERNAL" });
    assert.throws(() => decodeValue(memory, arrive, 0, -1), { code: "SKEIN_INTERNAL" });
  });
});

describe("what refers to the same object", () => {
  it("does so where it arrives, among few objects and among many", () => {
    for (const count of [1, 15, 16, 17, 500]) {
      const objects = Array.from({ length: count }, (_, number) => ({ number }));
      const arrived = roundTrip({ objects, again: objects.toReversed(), list: objects });
      assert.equal(arrived.list, arrived.objects);
      assert.deepEqual(arrived.objects, objects);
      for (const [i, object] of arrived.again.entries()) assert.equal(object, arrived.objects[count - 1 - i]);
    }
  });

  it("may be a circle, through every kind of container", () => {
    const error = new Error("snake");
    error.cause = error;
    const map = new Map<unknown, unknown>();
    map.set(map, [map]);
    const set = new Set<unknown>();
    set.add({ set });
    const object: Record<string, unknown> = { error, map, set };
    object["self"] = [object];
    const arrived = roundTrip(object) as {
      error: Error;
      map: Map<unknown, unknown[]>;
      set: Set<{ set: unknown }>;
      self: unknown[];
    };
    assert.equal(arrived.self[0], arrived);
    assert.equal(arrived.error.cause, arrived.error);
    assert.equal(arrived.map.get(arrived.map)?.[0], arrived.map);
    assert.equal([...arrived.set][0]?.set, arrived.set);
  });

  it("keeps its identity behind views, dates and boxes", () => {
    const date = new Date(1);
    const text: unknown = Object("text");
    const bytes = new Uint8Array(4);
    const last = {};
    const arrived = roundTrip([bytes, date, text, bytes.buffer, /x/, bytes, date, text, last, last]);
    assert.equal(arrived[5], arrived[0]);
    assert.equal(arrived[3], (arrived[0] as Uint8Array).buffer);
    assert.equal(arrived[6], arrived[1]);
    assert.equal(arrived[7], arrived[2]);
    assert.equal(arrived[9], arrived[8]);
  });

  it("may be nested deeper than any stack", () => {
    const wraps: ((inner: unknown) => unknown)[] = [
      (inner) => [inner],
      (inner) => ({ inner }),
      (inner) => new Map([["inner", inner]]),
      (inner) => new Set([inner]),
      (inner) => Object.assign(new Error("x", { cause: inner }), { stack: "short" }),
      (inner) => [, inner], // oxlint-disable-line no-sparse-arrays
    ];
    const unwraps: ((outer: never) => unknown)[] = [
      (outer: unknown[]) => outer[0],
      (outer: { inner: unknown }) => outer.inner,
      (outer: Map<string, unknown>) => outer.get("inner"),
      (outer: Set<unknown>) => [...outer][0],
      (outer: Error) => outer.cause,
      (outer: unknown[]) => outer[1],
    ];
    for (const kinds of [[0], [0, 1, 2, 3, 4, 5]]) {
      let value: unknown = "innermost";
      for (let level = 0; level < 100_000; level++) value = wraps[kinds[level % kinds.length] as number]?.(value);
      let arrived: unknown = roundTrip(value);
      for (let level = 99_999; level >= 0; level--) {
        arrived = unwraps[kinds[level % kinds.length] as number]?.(arrived as never);
      }
      assert.equal(arrived, "innermost");
    }
  });

  it("keeps the order in which deep containers have their members", () => {
    let value: unknown = [{ a: [1, { b: 2 }], c: new Set([[3], [4]]) }, [, [5]], new Map([[[6], [7]]])]; // oxlint-disable-line no-sparse-arrays
    for (let level = 0; level < 62; level++) {
      value = [value, { level, value: new Map([[[level], [value]]]) }];
      const arrived = roundTrip(value);
      if (level > 56) assert.deepEqual(arrived, value);
      value = (value as unknown[])[level % 2 === 0 ? 0 : 1];
      value = [value];
    }
  });
});

describe("a value that can't be copied", () => {
  class User {
    name = "x";
  }

  it("is refused with the path to what can't be", () => {
    const promise = Promise.resolve();
    const cases: [value: unknown, message: RegExp][] = [
      [() => 1, /: \$ is the function \(anonymous\)\. Pass plain data/],
      [{ users: [0, { onClick() {} }] }, /: \$\.users\[1\]\.onClick is the function onClick\./],
      [{ "two words": Symbol("s") }, /: \$\["two words"\] is symbol Symbol\(s\)\./],
      [new Map([["key", [promise]]]), /: \$\.get\("key"\)\[0\] is an object of class Promise\. Copied are plain data/],
      [new Map([[new WeakMap(), 1]]), /: \$\.keys\(\) is an object of class WeakMap\./],
      [new Set([new User()]), /: \$\.values\(\) is an object of class User\. Its class would be lost: pass its data/],
      [[, , new User()], /: \$\[2\] is an object of class User\./], // oxlint-disable-line no-sparse-arrays
      [new Error("x", { cause: new User() }), /: \$\.cause is an object of class User\./],
      [Object.assign(new Error("x"), { run: User }), /: \$\.run is the function User\./],
      [[new SharedArrayBuffer(8)], /: \$\[0\] is an object of class SharedArrayBuffer\. Pass it to a task/],
      [{ v: new Int32Array(new SharedArrayBuffer(8)) }, /: \$\.v is an object of class SharedArrayBuffer\./],
      [[new (class Tasks extends Array {})()], /: \$\[0\] is an array of 0, of class Tasks\. Its class/],
      [new (class Table extends Map {})(), /: \$ is an object of class Table\. Its class/],
      [new (class Day extends Date {})(), /: \$ is an object of class Day\. Its class/],
      [Object.create({ inherited: 1 }), /: \$ is an object of class Object\./],
      [Object(Symbol("boxed")), /: \$ is an object of class Symbol\./],
      [new MessageChannel().port1, /: \$ is an object of class MessagePort\./],
      [[{ __proto__: { [Symbol.toStringTag]: "Map" } }], /: \$\[0\] /],
      [new URL("a:b"), /: \$ is an object of class URL\./],
    ];
    for (const [value, message] of cases) assert.match(refusalOf(value).message, message);
  });

  it("is refused with what a getter or a proxy threw", () => {
    const boom = new Error("boom");
    const thrower = () => {
      throw boom;
    };
    const getter = Object.defineProperty({}, "inside", { get: thrower, enumerable: true });
    const error = refusalOf([{ getter }]);
    assert.match(error.message, /: \$\[0\]\.getter\.inside can't be read: Error: boom\./);
    assert.equal(error.cause, boom);
    for (const trap of ["ownKeys", "getPrototypeOf", "get", "getOwnPropertyDescriptor"]) {
      assert.match(refusalOf({ p: new Proxy({ a: 1 }, { [trap]: thrower }) }).message, /: \$\.p(\.a)? can't be read/);
    }
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    assert.match(refusalOf([proxy]).message, /: \$\[0\] can't be read: TypeError/);
    const moved = new ArrayBuffer(8);
    const view = new Uint8Array(moved);
    structuredClone(moved, { transfer: [moved] });
    assert.match(refusalOf([moved]).message, /: \$\[0\] can't be read: TypeError/);
    assert.match(refusalOf([view]).message, /: \$\[0\] can't be read: TypeError/);
  });

  it("is refused however deep it is", () => {
    let value: unknown = [1, () => 1];
    for (let level = 0; level < 100_000; level++) value = [value];
    assert.match(refusalOf(value).message, /: \$…(\[0\]){1,70}\[1\] is the function \(anonymous\)\./);
  });

  it("is forgotten with all that was still to be written", () => {
    let value: unknown = [[1], { a: 2 }, new Map([[3, 4]]), () => 1];
    for (let level = 0; level < 63; level++) value = [value];
    refusalOf(value);
  });

  it("may write values itself, in a getter", () => {
    const value = {
      before: [1],
      get inner() {
        return [...encodeValue({ inner: [2, { deep: 3 }] })];
      },
      get refused() {
        refusalOf(() => 1);
        return "refused";
      },
      after: { last: 4 },
    };
    const { inner, ...others } = roundTrip(value);
    assert.deepEqual(others, { before: [1], refused: "refused", after: { last: 4 } });
    assert.deepEqual(decodeValue(new Uint8Array(inner), arrive), { inner: [2, { deep: 3 }] });
  });

  it("may add to a map or a set while that is written, without end", () => {
    const map = new Map<number, object>();
    const set = new Set<object>();
    const adding = () => ({
      get more() {
        map.set(map.size, adding());
        set.add(adding());
        return 1;
      },
    });
    map.set(0, adding());
    set.add(adding());
    const once = <Value>(value: Value): Value => decodeValue(shared(encodeValue(value)), arrive) as Value;
    assert.deepEqual(once(map), new Map([[0, { more: 1 }]]));
    const { size } = set;
    assert.equal(once(set).size, size);
  });
});

/** Strings of any code units up to one, paired or not. */
function units(max: number, maxLength: number): fc.Arbitrary<string> {
  return fc.string({ unit: fc.integer({ min: 0, max }).map((unit) => String.fromCharCode(unit)), maxLength });
}

/** Values of all kinds, at any depth; what structured clone keeps, and nothing else. */
const { value: anyValue } = fc.letrec<{ value: unknown; inner: unknown; leaf: unknown }>((tie) => {
  const bytes = fc.uint8Array({ maxLength: 24 });
  const text = fc.oneof(fc.string(), fc.string({ unit: "binary", maxLength: 100 }), units(0xffff, 80));
  return {
    leaf: fc.oneof(
      text,
      fc.integer(),
      fc.double(),
      fc.constantFrom(...NUMBERS),
      fc.boolean(),
      fc.bigInt(),
      fc.constantFrom(...BIGINTS),
      fc.constantFrom(null, undefined),
      fc.date({ noInvalidDate: true }),
      bytes,
      fc.float64Array({ maxLength: 5 }),
      fc.bigInt64Array({ maxLength: 5 }),
      bytes.map((array) => array.slice().buffer),
      bytes.map((array) => new DataView(array.slice().buffer)),
      fc.constantFrom(/a/, /[b\n]/dgi),
      text.map((one) => Object(one) as unknown),
      fc.integer().map((one) => Object(one) as unknown),
    ),
    inner: fc.oneof(
      fc.array(tie("value"), { maxLength: 6 }),
      fc.sparseArray(tie("value"), { maxLength: 8 }),
      fc.dictionary(text, tie("value"), { maxKeys: 6, noNullPrototype: true }),
      fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 4 }).map((entries) => new Map(entries)),
      fc.array(tie("value"), { maxLength: 4 }).map((members) => new Set(members)),
      fc.tuple(text, tie("value")).map(([message, cause]) => new RangeError(message, { cause })),
      // The same object at two places.
      tie("value").map((twice) => [twice, { twice }]),
    ),
    value: fc.oneof({ maxDepth: 4, withCrossShrink: true }, tie("leaf"), tie("inner")),
  };
});

describe("any value", () => {
  it("arrives as it was, and as structured clone would have it", () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const arrived = roundTrip(value);
        assert.deepStrictEqual(arrived, value);
        assert.deepStrictEqual(arrived, structuredClone(value));
      }),
      { numRuns: 400 },
    );
  });

  it("arrives as structured clone would have it when its parts refer to each other at will", () => {
    // A graph: of each node the kind, and the nodes inside it.
    const graph = fc.array(fc.record({ kind: fc.nat(3), inside: fc.array(fc.nat(11), { maxLength: 4 }) }), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(graph, (nodes) => {
        const made = nodes.map(({ kind }) => [[], {}, new Map(), new Set()][kind] as object);
        for (const [i, { inside }] of nodes.entries()) {
          const node = made[i] as object;
          for (const number of inside) {
            const other = made[number % made.length];
            if (Array.isArray(node)) node.push(other);
            else if (node instanceof Map) node.set(other, `to ${number}`);
            else if (node instanceof Set) node.add(other);
            else (node as Record<string, unknown>)[`to ${number}`] = other;
          }
        }
        assertSameGraph(roundTrip(made), structuredClone(made));
      }),
      { numRuns: 300 },
    );
  });
});

/** Walks two graphs side by side: wherever one comes back to an object, the other must too. */
function assertSameGraph(one: unknown, other: unknown): void {
  const pairs = new Map<unknown, unknown>();
  const open: [unknown, unknown][] = [[one, other]];
  for (const [mine, theirs] of open) {
    if (typeof mine !== "object" || mine === null) {
      assert.equal(mine, theirs);
      continue;
    }
    if (pairs.has(mine)) {
      assert.equal(pairs.get(mine), theirs);
      continue;
    }
    assert.ok(![...pairs.values()].includes(theirs));
    pairs.set(mine, theirs);
    const parts = [mine, theirs].map((object): unknown[] => {
      const entries: Iterable<unknown> =
        object instanceof Map || object instanceof Set ? object : Object.entries(object as object);
      // The members of an entry; a member of a set that is an array is looked into later.
      return object instanceof Set ? [...entries] : [...entries].flat();
    });
    assert.equal(parts[0]?.length, parts[1]?.length);
    for (const [i, part] of (parts[0] as unknown[]).entries()) open.push([part, parts[1]?.[i]]);
  }
}

describe("bytes that are no value's", () => {
  /** A value, or an error of the library: nothing else may come of it. */
  function survive(bytes: Uint8Array): void {
    try {
      decodeValue(bytes, arrive);
    } catch (error) {
      assert.ok(error instanceof SkeinError, String(error));
      // The last for a class that nobody has registered.
      const codes = ["SKEIN_INTERNAL", "SKEIN_DISPOSED", "SKEIN_NOT_CLONEABLE"];
      assert.ok(codes.includes(error.code), error.code);
    }
    assert.equal(Object.keys(Object.prototype).length, 0);
    // What was half read does not show in the next.
    assert.deepEqual(roundTrip([{ next: [] }]), [{ next: [] }]);
  }

  it("end with a value or an error, at random", () => {
    fc.assert(
      fc.property(fc.nat(1), fc.uint8Array({ maxLength: 200 }), (flags, bytes) =>
        survive(new Uint8Array([flags, ...bytes])),
      ),
      { numRuns: 2000 },
    );
    // Tags alone, which random bytes seldom have in a row.
    const tags = fc.oneof(
      fc.integer({ min: 0xc0, max: 0xff }),
      fc.integer({ min: 0, max: 12 }),
      fc.integer({ min: 0x80, max: 0x8f }),
    );
    fc.assert(
      fc.property(fc.nat(1), fc.array(tags, { maxLength: 60 }), (flags, bytes) =>
        survive(new Uint8Array([flags, ...bytes])),
      ),
      { numRuns: 3000 },
    );
  });

  it("end with a value or an error when a value's bytes are changed", () => {
    fc.assert(
      fc.property(anyValue, fc.array(fc.tuple(fc.nat(), fc.nat(7)), { minLength: 1, maxLength: 3 }), (value, flips) => {
        const bytes = shared(written(value));
        for (const [at, bit] of flips) {
          const place = at % bytes.length;
          bytes[place] = (bytes[place] as number) ^ (1 << bit);
        }
        survive(bytes);
      }),
      { numRuns: 1000 },
    );
  });

  it("are refused when a value's bytes are cut, or others follow", () => {
    fc.assert(
      fc.property(anyValue, fc.nat(), (value, cut) => {
        const bytes = shared(written(value));
        assert.throws(() => decodeValue(bytes.subarray(0, cut % bytes.length), arrive), { code: "SKEIN_INTERNAL" });
        const longer = new Uint8Array(bytes.length + 1);
        longer.set(bytes);
        assert.throws(() => decodeValue(longer, arrive), { code: "SKEIN_INTERNAL" });
      }),
      { numRuns: 300 },
    );
  });

  it("are refused where the elements of a sparse array are out of order", () => {
    const bytes = encodeValue([, 1, 2, 3]).slice(); // oxlint-disable-line no-sparse-arrays
    assert.deepEqual([...bytes.subarray(4, 10)], [1, 1, 2, 2, 3, 3]);
    for (const [at, index] of [
      [4, 0],
      [6, 1],
      [8, 4],
    ] as const) {
      const changed = bytes.slice();
      changed[at] = index;
      assert.throws(() => decodeValue(changed, arrive), { code: "SKEIN_INTERNAL" });
    }
  });

  it("get no memory on their word", () => {
    const most = [0xff, 0xff, 0xff, 0xff, 0x0f];
    const tagOf = (value: unknown): number => encodeValue(value)[1] as number;
    const tags = [[], "x".repeat(100), "Ж", new ArrayBuffer(1)].map(tagOf);
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 50; i++) {
      for (const tag of tags) {
        assert.throws(() => decodeValue(new Uint8Array([0, tag, ...most, 0]), arrive), {
          code: "SKEIN_INTERNAL",
          message: /expected/,
        });
      }
    }
    // An array may well be long and empty.
    const bytes = encodeValue(empty(2 ** 25)).slice();
    const arrived = Array.from({ length: 50 }, () => decodeValue(bytes, arrive) as unknown[]);
    assert.ok(arrived.every(({ length }) => length === 2 ** 25));
    assert.ok(process.memoryUsage().rss - before < 2 ** 27);
  });
});

describe("long text without a platform's own means", () => {
  it("is the same, in shared memory too", () => {
    const latin1 = units(0xff, 9000);
    const ascii = fc.string({ unit: "binary-ascii", maxLength: 300 });
    const cases = fc.oneof(latin1, ascii, fc.constant("\u00c3\u00a9"), fc.constant("\u00ef\u00bb\u00bfx"));
    fc.assert(
      fc.property(cases, units(0xffff, 5000), (narrow, wide) => {
        const bytes = new Uint8Array(20_000);
        const inShared = new Uint8Array(new SharedArrayBuffer(20_000));
        const writer = new PortableLongText(bytes);
        writer.writeLatin1(narrow, 7);
        inShared.set(bytes);
        assert.equal(new PortableLongText(inShared).readLatin1(7, narrow.length), narrow);
        writer.writeUtf16(wide, 3);
        inShared.set(bytes);
        assert.equal(new PortableLongText(inShared).readUtf16(3, wide.length), wide);
        assert.equal(bytes[3 + 2 * wide.length], inShared[3 + 2 * wide.length]);
      }),
    );
  });
});
