/** What helpers are told, and what they give back, in payloads. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { SharedArray, sharedStruct } from "skein/shared";
import { giveBack, readBack } from "#skein/parallel/given-back";
import type { PartsDone } from "#skein/parallel/part";
import { MOST_SLOTS } from "#skein/parallel/shares";
import { copyOf, Heard, Tellings, type Told, type ToldBy, type ToTell } from "#skein/parallel/told";
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

/** A helper, and what it made. */
function hearing(): { readonly heard: Heard<string>; readonly made: readonly string[] } {
  const made: string[] = [];
  const make = ({ name }: Told): string => {
    made.push(name);
    return `made of ${name}`;
  };
  return { heard: new Heard(make, () => true), made };
}

const toldBy = (tellings: Tellings, what: ToTell): ToldBy => tellings.of(what) ?? assert.fail("not told");
const numberOf = (tellings: Tellings, what: ToTell): number => toldBy(tellings, what).number;

describe("what helpers are told", () => {
  it("has the same number if it is the same but for what is in slots, else another", () => {
    const tellings = new Tellings(numbers.offset);
    const first = toldBy(tellings, toTell());
    assert.deepEqual(first.slots, [numbers.handle, 0, 256]);
    assert.deepEqual(toldBy(tellings, toTell()), first);
    assert.deepEqual(toldBy(tellings, toTell({ data: [others, -0, Number.NaN] })), {
      ...first,
      slots: [others.handle, -0, Number.NaN],
    });
    // Further arguments of what makes something of items are a list, as the identity may be, which is not kept.
    const mapped = (more: unknown): ToTell => toTell({ functions: [add, larger], data: [numbers, 0, 256, more] });
    assert.equal(numberOf(tellings, mapped([numbers, 2])), numberOf(tellings, mapped([others, 3])));
    const listed = toTell({ data: [numbers, [1], 256] });
    assert.notEqual(numberOf(tellings, listed), numberOf(tellings, listed));
    const unlike = [
      toTell({ data: [numbers, numbers, 256] }),
      toTell({ data: [numbers, "0", 256] }),
      toTell({ data: [numbers, 0] }),
      toTell({ functions: [larger] }),
      toTell({ functions: [add, larger] }),
      toTell({ name: "mine" }),
      toTell({ isSearch: true }),
      toTell({ loop: "scan" }),
      toTell({ loop: "map", data: [numbers, others, [1, numbers, true]] }),
      toTell({ loop: "map", data: [numbers, others, [1, numbers, false]] }),
      toTell({ loop: "map", data: [numbers, others, [1, numbers]] }),
    ].map((what) => numberOf(tellings, what));
    assert.equal(new Set([first.number, ...unlike]).size, 1 + unlike.length);
    assert.equal(numberOf(tellings, toTell()), first.number, "though others were told in between");
    tellings.end();
  });

  it("is remembered, of what was told more than once the last eight", () => {
    const tellings = new Tellings(numbers.offset);
    const data = (i: number): ToTell => toTell({ data: [numbers, String(i), 256] });
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
    // Short lists have slots.
    const carries = [1, 2, 3, 4, 5];
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

  it("has slots for so many as there is room for; what is behind them is told as it is", () => {
    const tellings = new Tellings(numbers.offset);
    const data = Array.from({ length: MOST_SLOTS + 2 }, (_, i) => i);
    const told = toldBy(tellings, toTell({ loop: "map", data }));
    assert.deepEqual(told.slots, data.slice(0, MOST_SLOTS));
    const another = toTell({ loop: "map", data: [...data.slice(0, -1), 99] });
    assert.notEqual(numberOf(tellings, another), told.number);
    const { heard } = hearing();
    const made = heard.read(told.number, copyOf(told.payload), Float64Array.from(told.slots));
    assert.deepEqual(made?.told.data, data);
    tellings.end();
  });

  it("is read once, and heard again by its number and what is in slots", () => {
    const tellings = new Tellings(numbers.offset);
    const { heard, made } = hearing();
    const one = toldBy(tellings, toTell());
    const [slots, payload] = [Float64Array.from(one.slots), copyOf(one.payload)];
    assert.deepEqual([heard.of(one.number, slots), heard.has(one.number)], [undefined, false]);
    const first = heard.read(one.number, payload, slots);
    assert.equal(first?.loop, "made of reduce add");
    assert.equal(first?.told.data[0], numbers);
    assert.equal(heard.of(one.number, slots), first);
    const two = toldBy(tellings, toTell({ data: [others, -0, 1.5] }));
    const otherSlots = Float64Array.from(two.slots);
    assert.deepEqual([heard.of(two.number, otherSlots), heard.has(two.number)], [undefined, true]);
    const again = heard.again(two.number, otherSlots);
    assert.equal(again?.told.data[0], others);
    assert.deepEqual(again?.told.data.slice(1), [-0, 1.5]);
    assert.deepEqual([heard.of(two.number, otherSlots), heard.of(one.number, slots)], [again, undefined]);
    assert.equal(made.length, 2);
    tellings.end();
  });

  it("has shared objects in it that are no arrays, whatever their fields are called", () => {
    const tellings = new Tellings(numbers.offset);
    const Slotted = sharedStruct({ slot: "int32" });
    const record = new Slotted({ slot: 7 });
    const told = toldBy(tellings, toTell({ loop: "each", data: [[record, numbers, 3], record, 5] }));
    assert.deepEqual(told.slots, [numbers.handle, 3, 5]);
    const { heard } = hearing();
    const made = heard.read(told.number, copyOf(told.payload), Float64Array.from(told.slots));
    assert.deepEqual(made?.told.data, [[record, numbers, 3], record, 5]);
    tellings.end();
    record.dispose();
  });

  it("is remembered by who hears it again and again, whatever else is told", () => {
    const tellings = new Tellings(numbers.offset);
    const { heard } = hearing();
    const hear = (what: ToTell): void => {
      const { number, payload, slots } = toldBy(tellings, what);
      const now = Float64Array.from(slots);
      if (heard.of(number, now) === undefined) heard.read(number, copyOf(payload), now);
    };
    hear(toTell());
    const { number, slots } = toldBy(tellings, toTell());
    for (let i = 0; i < 100; i++) {
      hear(toTell({ data: [numbers, String(i), 256] }));
      assert.ok(heard.of(number, Float64Array.from(slots)) !== undefined, String(i));
    }
    assert.equal(heard.has(number + 1), false, "others are forgotten");
    tellings.end();
  });

  it("is not kept where it is not good for later calls, can't be read, or an array of it is gone", () => {
    const tellings = new Tellings(numbers.offset);
    const gone = SharedArray.from("float64", [1]);
    const { number, payload, slots } = toldBy(tellings, toTell());
    const [bytes, now] = [copyOf(payload), Float64Array.from(slots)];
    const picky = new Heard<string>(String, () => false);
    assert.ok(picky.read(number, bytes, now) !== undefined);
    assert.equal(picky.has(number), false);
    const { heard } = hearing();
    assert.equal(heard.read(98, new Uint8Array([1, 2, 3]), now), undefined);
    const then = Float64Array.from(toldBy(tellings, toTell({ data: [gone, 0, 256] })).slots);
    gone.dispose();
    assert.deepEqual([heard.read(number, bytes, then), heard.has(number)], [undefined, false]);
    assert.ok(heard.read(number, bytes, now) !== undefined);
    assert.equal(heard.again(number, then), undefined);
    // What is told of changing things has no slots, and is read each time.
    const identity = toldBy(tellings, toTell({ data: [numbers, { slot: "number" }, 256] }));
    assert.deepEqual(identity.slots, []);
    const made = heard.read(identity.number, copyOf(identity.payload), new Float64Array());
    assert.deepEqual(made?.told.data.slice(1), [{ slot: "number" }, 256]);
    assert.equal(heard.has(identity.number), false);
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
