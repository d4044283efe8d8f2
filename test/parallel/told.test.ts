/** What helpers are told, and what they give back, in payloads. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { SharedArray } from "skein/shared";
import { giveBack, readBack } from "#skein/parallel/given-back";
import type { PartsDone } from "#skein/parallel/part";
import { copyOf, Heard, Tellings, type ToTell } from "#skein/parallel/told";
import { heap } from "#skein/shared/heap";
import { freePayload } from "#skein/shared/payload";

import { add, larger } from "./fixtures/tasks.js";

const numbers = SharedArray.from("float64", [1, 2, 3]);
const others = SharedArray.from("float64", [1, 2, 3]);

const toTell = (more: Partial<ToTell> = {}): ToTell => ({
  name: "reduce add",
  loop: "fold",
  functions: [add],
  data: [numbers, 0, 256],
  isSearch: false,
  ...more,
});

const numberOf = (tellings: Tellings, what: ToTell): number => tellings.of(what)?.number ?? assert.fail("not told");

describe("what helpers are told", () => {
  it("has the same number if it is the same, else another", () => {
    const tellings = new Tellings(numbers.offset);
    const first = numberOf(tellings, toTell());
    assert.equal(numberOf(tellings, toTell()), first);
    const unlike = [
      toTell({ data: [others, 0, 256] }),
      toTell({ data: [numbers, -0, 256] }),
      toTell({ functions: [larger] }),
      toTell({ name: "mine" }),
      toTell({ isSearch: true }),
      toTell({ loop: "scan" }),
    ].map((what) => numberOf(tellings, what));
    assert.equal(new Set([first, ...unlike]).size, 7);
    assert.equal(numberOf(tellings, toTell()), first, "though others were told in between");
    tellings.end();
  });

  it("is remembered, of what was told more than once the last eight", () => {
    const tellings = new Tellings(numbers.offset);
    const data = (i: number): ToTell => toTell({ data: [numbers, i, 256] });
    const told = Array.from({ length: 9 }, (_, i) => {
      const number = numberOf(tellings, data(i));
      assert.equal(numberOf(tellings, data(i)), number);
      return number;
    });
    // However much comes that is told once.
    for (let i = 100; i < 200; i++) numberOf(tellings, data(i));
    assert.deepEqual(
      [8, 7, 6, 5, 4, 3, 2, 1].map((i) => numberOf(tellings, data(i))),
      told.slice(1).reverse(),
    );
    assert.notEqual(numberOf(tellings, data(0)), told[0], "that was forgotten");
    // Of what was told once, the last four.
    assert.equal(numberOf(tellings, data(198)), numberOf(tellings, data(198)));
    tellings.end();
  });

  it("leaves nothing of what is not told again, nor anything at the end", () => {
    const own = heap();
    const tellings = new Tellings(numbers.offset);
    const long = toTell({ name: "long".repeat(2000) });
    const { payload } = tellings.of(long)?.payload ?? assert.fail("not told");
    const handle = own.handleOf(payload);
    tellings.forgetUnlike();
    assert.equal(own.locate(handle), undefined);
    const kept = own.handleOf(tellings.of(toTell())?.payload.payload ?? assert.fail("not told"));
    tellings.forgetUnlike();
    assert.equal(own.locate(kept) !== undefined, true);
    tellings.end();
    assert.equal(own.locate(kept), undefined);
  });

  it("is told anew if it has changed in place, may have, or is long", () => {
    const tellings = new Tellings(numbers.offset);
    const carries = [1, 2, 3];
    const scan = toTell({ loop: "scan", data: [numbers, others, 256, carries, true] });
    const before = numberOf(tellings, scan);
    assert.equal(numberOf(tellings, scan), before);
    carries[1] = 7;
    assert.notEqual(numberOf(tellings, scan), before);
    const identity = toTell({ data: [numbers, { of: "a program" }, 256] });
    assert.notEqual(numberOf(tellings, identity), numberOf(tellings, identity));
    const long = toTell({ name: "long".repeat(2000) });
    assert.notEqual(numberOf(tellings, long), numberOf(tellings, long));
    tellings.end();
  });

  it("is read once, and heard again by its number", () => {
    const tellings = new Tellings(numbers.offset);
    const heard = new Heard<string>();
    const telling = tellings.of(toTell()) ?? assert.fail("not told");
    assert.equal(heard.of(telling.number), undefined);
    const made = heard.read(
      telling.number,
      copyOf(telling.payload),
      (told) => `made of ${told.name}`,
      () => true,
    );
    assert.equal(made?.loop, "made of reduce add");
    assert.equal(made?.told.data[0], numbers);
    assert.equal(heard.of(telling.number), made);
    // What is not good for later calls is not kept, nor what can't be read.
    assert.ok(heard.read(99, copyOf(telling.payload), String, () => false) !== undefined);
    assert.equal(heard.of(99), undefined);
    assert.equal(
      heard.read(98, new Uint8Array([1, 2, 3]), String, () => true),
      undefined,
    );
    tellings.end();
  });

  it("can't be told if only messages bring it", () => {
    const tellings = new Tellings(numbers.offset);
    assert.equal(tellings.of(toTell({ data: [new SharedArrayBuffer(8)] })), undefined);
    tellings.end();
  });
});

const WITHOUT: PartsDone = { participant: 1, thread: 2, ms: 3, values: [] };

/** There and back. */
function crossed(done: PartsDone): { readonly back: PartsDone; readonly areNumbers: boolean | undefined } {
  const own = heap();
  const given = giveBack(numbers.offset, done, own.slot);
  if (given === undefined) return { back: WITHOUT, areNumbers: undefined };
  try {
    return { back: readBack(given, WITHOUT), areNumbers: given.areNumbers };
  } finally {
    freePayload(own, given.payload, own.slot);
  }
}

describe("what helpers give back", () => {
  it("is the same numbers, bit by bit, in the same lists", () => {
    const number = fc.double();
    const value = fc.oneof(number, fc.array(number, { maxLength: 9 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2 ** 40), value), { minLength: 1, maxLength: 12 }), (values) => {
        const { back, areNumbers } = crossed({ ...WITHOUT, values });
        assert.deepStrictEqual(back, { ...WITHOUT, values });
        assert.equal(areNumbers, true);
      }),
    );
  });

  it("is nothing if nothing came of it", () => {
    assert.deepEqual(crossed(WITHOUT), { back: WITHOUT, areNumbers: undefined });
  });

  it("may be anything else that crosses", () => {
    for (const value of ["a", [1, "b"], [[1, 2]], { of: numbers }, undefined, null]) {
      const values = [[7, value]] as const;
      assert.deepEqual(crossed({ ...WITHOUT, values }), { back: { ...WITHOUT, values }, areNumbers: false });
    }
  });

  it("is an error in place of what does not cross", () => {
    const { back } = crossed({ ...WITHOUT, values: [[7, () => 1]] });
    assert.deepEqual(back.values, []);
    assert.match(JSON.stringify(back.thrown), /what a callback gave can't be passed/);
  });
});
