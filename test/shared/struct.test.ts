import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";

import fc from "fast-check";
import { scope, threads } from "skein";
import {
  adopt,
  array,
  atomic,
  liveSharedObjects,
  Mutex,
  sharedStruct,
  SharedObject,
  SharedStructArray,
  text,
} from "skein/shared";
import { heap } from "#skein/shared/heap";

import { codeOf, failureOf } from "../support/failure.js";
import { lookAt, sumOf } from "./fixtures/struct-blind-tasks.js";
import { Particle, PARTICLE } from "./fixtures/struct-definition.js";
import { isParticle, makeParticle } from "./fixtures/struct-tasks.js";

const EMPTY = {
  x: 0,
  y: 0,
  mass: 0,
  id: 0n,
  hits: 0,
  isAlive: false,
  name: "",
  trail: new Float32Array(8),
};

describe("a shared struct", () => {
  it("has its fields as properties, and nothing of its own but how it crosses", () => {
    using particle = new Particle({ x: 1, y: 2, name: "first", trail: [1, 2, 3, 4, 5, 6, 7, 8] });
    particle.x += 1.5;
    particle.mass = 0.1;
    particle.id = -(2n ** 63n);
    particle.hits = 7;
    particle.isAlive = true;
    particle.name += " ö";
    particle.trail[0] = 0.5;
    assert.deepEqual(particle.toRecord(), {
      x: 2.5,
      y: 2,
      mass: Math.fround(0.1),
      id: -(2n ** 63n),
      hits: 7,
      isAlive: true,
      name: "first ö",
      trail: new Float32Array([0.5, 2, 3, 4, 5, 6, 7, 8]),
    });
    assert.deepEqual(Reflect.ownKeys(particle), ["skein.shared"]);
    assert.ok(particle instanceof Particle);
    assert.ok(particle instanceof SharedObject);
    assert.ok(particle.trail.buffer instanceof SharedArrayBuffer);
    assert.ok(!(particle.toRecord().trail.buffer instanceof SharedArrayBuffer));
    using empty = new Particle();
    assert.deepEqual(empty.toRecord(), EMPTY);
  });

  it("writes several fields, or none of them", async () => {
    using particle = new Particle({ x: 1, name: "one" });
    particle.assign({ x: 5, trail: new Float64Array([1, 2, 3, 4, 5, 6, 7, 8]) });
    const now = { ...EMPTY, x: 5, name: "one", trail: new Float32Array([1, 2, 3, 4, 5, 6, 7, 8]) };
    assert.deepEqual(particle.toRecord(), now);
    assert.equal(await codeOf(() => particle.assign({ x: 6, name: "x".repeat(17) })), "SKEIN_INVALID_ARGUMENT");
    assert.equal(await codeOf(() => particle.assign({ x: 6, hits: 0.5 })), "SKEIN_INVALID_ARGUMENT");
    assert.deepEqual(particle.toRecord(), now);
    using copy = new Particle(particle);
    assert.deepEqual(copy.toRecord(), now);
  });

  it("adds and exchanges, and says what was there", async () => {
    const All = sharedStruct({
      int8: atomic("int8"),
      uint8: atomic("uint8"),
      int16: atomic("int16"),
      uint16: atomic("uint16"),
      int32: atomic("int32"),
      uint32: atomic("uint32"),
      bigint64: atomic("bigint64"),
      biguint64: atomic("biguint64"),
      plain: "int32",
    });
    using all = new All();
    const most = { int8: 127, uint8: 255, int16: 32_767, uint16: 65_535, int32: 2 ** 31 - 1, uint32: 2 ** 32 - 1 };
    for (const name of Object.keys(most) as (keyof typeof most)[]) {
      assert.equal(all.exchange(name, most[name]), 0);
      assert.equal(all.add(name, 1), most[name]); // and wraps
      assert.equal(all[name], name.startsWith("u") ? 0 : -most[name] - 1);
      assert.equal(all.add(name, -1), name.startsWith("u") ? 0 : -most[name] - 1);
      assert.equal(all[name], most[name]);
      assert.equal(all.compareExchange(name, 1, 2), most[name]);
      assert.equal(all.compareExchange(name, most[name], 2), most[name]);
      assert.equal(all[name], 2);
      all[name] = 3;
      assert.equal(all[name], 3);
      assert.equal(await codeOf(() => all.add(name, 1.5)), "SKEIN_INVALID_ARGUMENT");
      assert.equal(await codeOf(() => all.add(name, 1n as never)), "SKEIN_INVALID_ARGUMENT");
      assert.equal(await codeOf(() => all.exchange(name, most[name] + 1)), "SKEIN_INVALID_ARGUMENT");
      assert.equal(await codeOf(() => all.compareExchange(name, 3, 0.5)), "SKEIN_INVALID_ARGUMENT");
      assert.equal(await codeOf(() => all.compareExchange(name, "3" as never, 0)), "SKEIN_INVALID_ARGUMENT");
      assert.equal(all[name], 3);
    }
    assert.equal(all.add("biguint64", -1n), 0n);
    assert.equal(all.exchange("biguint64", 5n), 2n ** 64n - 1n);
    assert.equal(all.add("bigint64", 2n ** 63n - 1n), 0n);
    assert.equal(all.compareExchange("bigint64", 2n ** 63n - 1n, -7n), 2n ** 63n - 1n);
    assert.equal(all.bigint64, -7n);
    assert.equal(await codeOf(() => all.add("bigint64", 1 as never)), "SKEIN_INVALID_ARGUMENT");
    assert.equal(await codeOf(() => all.exchange("biguint64", -1n)), "SKEIN_INVALID_ARGUMENT");
    const message =
      /^struct struct has no atomic field "plain": its atomic fields are "int8", .*; make one by atomic\(type\)$/;
    assert.throws(() => all.add("plain" as never, 1 as never), { name: "MisuseError", message });
    assert.throws(() => all.exchange(undefined as never, 1 as never), /no atomic field undefined undefined/);
  });

  it("refuses what does not fit, naming struct and field", () => {
    using particle = new Particle();
    const set = (name: string, value: unknown) => () =>
      ((particle as unknown as Record<string, unknown>)[name] = value);
    const wrong: readonly (readonly [() => unknown, RegExp])[] = [
      [set("x", "1"), /^field "x" of struct Particle takes a number, but the string "1" came$/],
      [set("hits", 1.5), /^field "hits" of struct Particle takes a whole number from .*, but number 1.5 came$/],
      [set("id", 1), /^field "id" of struct Particle takes a bigint from/],
      [set("isAlive", 0), /^field "isAlive" of struct Particle takes true or false/],
      [
        set("name", "12345678901234567"),
        /^field "name" of struct Particle takes text of at most 16 bytes in UTF-8, not 17/,
      ],
      [set("trail", []), /^field "trail" of struct Particle is an array in place.* assign\({ "trail": values }\)$/],
      [() => new Particle({ z: 1 } as never), /^struct Particle has no field "z": its fields are "x", /],
      [() => new Particle({ x: "1" } as never), /^field "x" of struct Particle/],
      [() => new Particle(5 as never), /^struct Particle expected an object with fields of /],
      [() => new Particle({}, 5 as never), /^an object of struct Particle expected options/],
      [() => new Particle({}, { name: 5 } as never), /^a name must be a string/],
      [() => sharedStruct({ x: "int8", dispose: "int8" }, { name: "Own" }), /^struct Own can't have a field "dispose"/],
      [() => sharedStruct({ add: "int8" }), /^struct struct can't have a field "add"/],
      [() => sharedStruct({ constructor: "int8" } as never), /can't have a field "constructor"/],
      [
        () => sharedStruct({ x: "int7" } as never),
        /^field "x" must have one of the types int8, .* the string "int7" came$/,
      ],
      [() => sharedStruct({ x: "int8" }, 5 as never), /^a shared struct expected options/],
      [
        () => sharedStruct({ x: "int8" }, { name: 5 } as never),
        /^a struct's name must be a string, but number 5 came$/,
      ],
    ];
    const before = liveSharedObjects().length;
    for (const [use, message] of wrong) {
      assert.throws(use, { name: "MisuseError", code: "SKEIN_INVALID_ARGUMENT", message });
    }
    assert.equal(liveSharedObjects().length, before);
    assert.deepEqual(particle.toRecord(), EMPTY);
  });

  it("leaves no memory behind when what it is made of is refused", async () => {
    const before = heap().statistics().usedBytes;
    for (const values of [{ x: "1" }, { z: 1 }, { name: "x".repeat(17) }, { trail: [1] }]) {
      assert.equal(await codeOf(() => new Particle(values as never)), "SKEIN_INVALID_ARGUMENT");
    }
    assert.equal(heap().statistics().usedBytes, before);
  });

  it("may have fields of any other name", () => {
    const names = [
      '"];throw 1;//',
      "__proto__",
      "name",
      "heap",
      "cells",
      "offset",
      "made",
      "toString",
      "`${1}`",
      "\u2028",
      "",
      "0",
    ];
    const Odd = sharedStruct(Object.fromEntries(names.map((name) => [name, "float64" as const])), {
      name: '"];throw 2;//',
    });
    using odd = new Odd(Object.fromEntries(names.map((name, i) => [name, i])), { name: "odd one" });
    const fields = odd as Record<string, number>;
    for (const [i, name] of names.entries()) {
      assert.equal(fields[name], i);
      fields[name] = i + 0.5;
    }
    const record = Object.fromEntries(names.map((name, i) => [name, i + 0.5]));
    assert.deepEqual(odd.toRecord(), record);
    assert.ok(odd instanceof Odd);
    assert.equal(Odd.name, '"];throw 2;//');
    assert.ok(liveSharedObjects().some(({ kind, name }) => kind === "struct" && name === "odd one"));
    odd.dispose();
    assert.throws(() => odd.toRecord(), /"odd one" has been disposed of/);
    assert.throws(() => fields["heap"], { code: "SKEIN_DISPOSED" });
  });

  it("is one class for one definition", () => {
    const First = sharedStruct({ a: "int8", b: text(3) }, { name: "First" });
    assert.equal(sharedStruct({ a: "int8", b: text(3) }, { name: "First" }), First);
    assert.notEqual(sharedStruct({ a: "int8", b: text(3) }, { name: "Other" }), First);
    assert.notEqual(sharedStruct({ a: "int8", b: text(4) }, { name: "First" }), First);
    assert.equal(First.name, "First");
    class Derived extends First {
      get double(): number {
        return 2 * this.a;
      }
    }
    using derived = new Derived({ a: 21 });
    assert.equal(derived.double, 42);
    assert.ok(derived instanceof First);
  });

  it("shows its fields on a console", () => {
    using particle = new Particle({ x: 1.5, name: "Ann" });
    const shown = inspect(particle, { breakLength: Infinity, compact: true });
    assert.match(
      shown,
      /^Particle \{ x: 1.5, y: 0, mass: 0, id: 0n, hits: 0, isAlive: false, name: 'Ann', trail: Float32Array\(8\) \[.*\] \}$/,
    );
    using named = new (sharedStruct({ a: "int8" }, { name: "One" }))({}, { name: "this one" });
    assert.equal(inspect({ named }), '{ named: One "this one" { a: 0 } }');
    using many = sharedStruct({ a: "int8" }, { name: "One" }).array(2);
    assert.equal(inspect(many.at(1)), "One { a: 0 }");
    assert.match(inspect(many), /^SharedStructArray "One"$/);
    named.dispose();
    assert.equal(inspect(named), 'One "this one" (disposed)');
  });

  it("fails once it has been disposed of", async () => {
    const particle = new Particle({ x: 1 });
    particle.dispose();
    particle.dispose();
    assert.equal(particle.isDisposed, true);
    for (const use of [
      () => particle.x,
      () => (particle.x = 2),
      () => particle.hits,
      () => particle.name,
      () => particle.trail,
      () => particle.add("hits", 1),
      () => particle.toRecord(),
      () => particle.assign({ x: 1 }),
    ]) {
      assert.equal(await codeOf(use), "SKEIN_DISPOSED");
    }
    const used = new Particle();
    assert.equal(used.trail.length, 8);
    used.dispose();
    assert.equal(await codeOf(() => used.trail), "SKEIN_DISPOSED");
  });

  it("has types that say what its fields are", () => {
    using particle = new Particle();
    const number: number = particle.x + particle.hits;
    const bigint: bigint = particle.id;
    const boolean: boolean = particle.isAlive;
    const string: string = particle.name;
    const trail: Float32Array<SharedArrayBuffer> = particle.trail;
    assert.deepEqual([number, bigint, boolean, string, trail.length], [0, 0n, false, "", 8]);
    // What is refused when it runs is refused when it is compiled.
    const refused = (): void => {
      // @ts-expect-error -- a number's field
      particle.x = "1";
      // @ts-expect-error -- a bigint's field
      particle.id = 1;
      // @ts-expect-error -- an array stays where it is
      particle.trail = new Float32Array(8);
      // @ts-expect-error -- no such field
      particle.z = 1;
      // @ts-expect-error -- not atomic
      particle.add("x", 1);
      // @ts-expect-error -- a number is added to a number
      particle.add("hits", 1n);
      // @ts-expect-error -- no such field
      particle.assign({ z: 1 });
      // @ts-expect-error -- not a type
      sharedStruct({ x: "int7" });
      // @ts-expect-error -- not atomic in any platform
      atomic("float64");
      // @ts-expect-error -- a bigint's array
      using wrong = new (sharedStruct({ a: array("bigint64", 1) }))({ a: [1] });
      assert.ok(wrong);
    };
    assert.equal(typeof refused, "function");
  });
});

describe("an array of structs", () => {
  it("keeps what an array of plain objects keeps", () => {
    const Point = sharedStruct({ x: "float32", n: atomic("int16"), tag: text(5) }, { name: "Point" });
    const record = fc.record(
      {
        x: fc.float(),
        n: fc.integer({ min: -32_768, max: 32_767 }),
        tag: fc.string({ maxLength: 5 }).filter((tag) => !tag.includes("\0")),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.tuple(fc.nat(4), fc.constantFrom("set", "assign", "fields", "add"), record), { maxLength: 20 }),
        (length, steps) => {
          using many = Point.array(length);
          const empty = { x: 0, n: 0, tag: "" };
          const model = Array.from({ length }, () => empty);
          for (const [i, verb, values] of steps) {
            const index = i % length;
            const before = model[index] as typeof empty;
            if (verb === "set") {
              many.set(index, values);
              model[index] = { ...empty, ...values };
            } else if (verb === "add") {
              assert.equal(many.at(index).add("n", 1000), before.n);
              model[index] = { ...before, n: ((before.n + 1000) << 16) >> 16 };
            } else {
              if (verb === "assign") many.at(index).assign(values);
              else Object.assign(many.at(index), values);
              model[index] = { ...before, ...values };
            }
            assert.deepEqual(many.get(index), model[index]);
          }
          assert.deepEqual(
            Array.from(many, (element) => element.toRecord()),
            model,
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it("is one block, without a word for each record but its fields", () => {
    const Byte = sharedStruct({ x: "float64" }, { name: "Byte" });
    assert.equal(Byte.layout.byteLength, 8);
    const before = liveSharedObjects().length;
    using many = Byte.array(100_000);
    assert.equal(liveSharedObjects().length, before + 1);
    const byteLength = liveSharedObjects().find(({ kind }) => kind === "structArray")?.byteLength ?? 0;
    assert.ok(byteLength < 800_000 + 65_536 + 1000, `${byteLength} bytes`);
    many.at(99_999).x = 1;
    assert.equal(many.get(99_999).x, 1);
    using none = Byte.array(0);
    assert.deepEqual([none.length, [...none]], [0, []]);
    using made = new SharedStructArray(Byte, 2, { name: "two" });
    assert.deepEqual([made.name, made.length], ["two", 2]);
  });

  it("refuses wrong use", async () => {
    using many = Particle.array(3);
    for (const index of [-1, 3, 0.5, NaN, 2 ** 32, "0" as never, undefined as never]) {
      assert.equal(await codeOf(() => many.at(index)), "SKEIN_INVALID_ARGUMENT");
      assert.equal(await codeOf(() => many.get(index)), "SKEIN_INVALID_ARGUMENT");
      assert.equal(await codeOf(() => many.set(index, {})), "SKEIN_INVALID_ARGUMENT");
    }
    assert.throws(() => many.set(1, { x: 1, hits: 0.5 }), /^MisuseError: field "hits" of struct Particle/);
    assert.deepEqual(many.get(1), EMPTY);
    for (const length of [-1, 0.5, NaN, "1" as never]) {
      assert.equal(await codeOf(() => Particle.array(length)), "SKEIN_INVALID_ARGUMENT");
    }
    assert.equal(await codeOf(() => Particle.array(2 ** 40)), "SKEIN_OUT_OF_SHARED_MEMORY");
    assert.equal(await codeOf(() => new SharedStructArray(Mutex as never, 1)), "SKEIN_INVALID_ARGUMENT");
    assert.equal(await codeOf(() => new SharedStructArray(5 as never, 1)), "SKEIN_INVALID_ARGUMENT");
    const element = many.at(0);
    assert.throws(() => structuredClone(element), /pass the array and the index/);
    many.dispose();
    for (const use of [
      () => many.at(0),
      () => many.get(0),
      () => many.set(0, {}),
      () => [...many],
      () => element.toRecord(),
    ]) {
      assert.equal(await codeOf(use), "SKEIN_DISPOSED");
    }
  });
});

describe("structs between threads", () => {
  it("arrive with all their fields on a thread that has not defined them", async () => {
    using particle = new Particle({ x: 1, id: 5n, name: "Ann", trail: [1, 2, 3, 4, 5, 6, 7, 8] });
    await using pool = threads({ size: 1, name: "blind" });
    const seen = await scope((s) => s.spawn(lookAt, [particle], { on: pool }));
    assert.deepEqual(seen.record, {
      ...EMPTY,
      x: 1,
      id: 5n,
      name: "Ann",
      trail: new Float32Array([1, 2, 3, 4, 5, 6, 7, 8]),
    });
    assert.equal(seen.className, "Particle");
    assert.match(seen.printed, /^Particle \{\n {2}x: 2,/);
    assert.equal(seen.particle, particle);
    assert.deepEqual([particle.x, particle.hits, particle.name, particle.trail[7]], [2, 5, "seen", 77]);
  });

  it("are of the class of a thread that defines the same", async () => {
    using particle = new Particle();
    using like = new (sharedStruct(PARTICLE, { name: "Like" }))();
    using other = new (sharedStruct({ x: "float64" }, { name: "Particle" }))();
    await using pool = threads({ size: 1, name: "seeing" });
    await scope(async (s) => {
      // The thread meets it before it defines it.
      await s.spawn(lookAt, [particle], { on: pool });
      assert.equal(await s.spawn(isParticle, [particle], { on: pool }), true);
      assert.equal(await s.spawn(isParticle, [like], { on: pool }), false);
      assert.equal(await s.spawn(isParticle, [other], { on: pool }), false);
      using made = await s.spawn(makeParticle, [9], { on: pool });
      assert.ok(made instanceof Particle);
      assert.deepEqual([made.x, made.name], [9, "made there"]);
    });
  });

  it("arrive as arrays, which may be larger than what the thread has seen of memory", async () => {
    await using pool = threads({ size: 1, name: "arrays" });
    await scope(async (s) => {
      for (const length of [10, 1000, 100_000]) {
        using many = Particle.array(length);
        for (let i = 0; i < length; i++) many.at(i).x = i;
        assert.equal(await s.spawn(sumOf, [many], { on: pool }), (length * (length - 1)) / 2);
        assert.equal(many.get(length - 1).y, length - 1);
        const failure = await failureOf(scope((inner) => inner.spawn(isParticle, [many.at(1)], { on: pool })));
        assert.match(String(failure), /^TransferError: .*pass the array and the index/);
      }
    });
  });

  it("are not taken for those that were in the same place before", async () => {
    await using pool = threads({ size: 1, name: "places" });
    const places = new Set<number>();
    await scope(async (s) => {
      for (let x = 0; x < 10; x++) {
        using particle = new Particle({ x });
        places.add((particle as unknown as SharedObject).offset);
        assert.equal((await s.spawn(lookAt, [particle], { on: pool })).record.x, x);
        assert.equal(particle.x, x + 1);
      }
    });
    assert.ok(places.size < 10, "no place was used again, so the test shows nothing");
  });

  it("fail to arrive once they have been disposed of", async () => {
    const particle = new Particle();
    const copy = structuredClone({ particle });
    assert.equal(adopt(structuredClone({ particle })).particle, particle);
    particle.dispose();
    assert.equal(await codeOf(() => adopt(copy)), "SKEIN_DISPOSED");
  });
});
