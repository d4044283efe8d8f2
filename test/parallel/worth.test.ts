import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Cost } from "#skein/parallel/costs";
import { Worth } from "#skein/parallel/worth";

describe("what is worth sharing out", () => {
  it("is 100 µs of work at least, also where sharing it out costs next to nothing", () => {
    const worth = new Worth();
    worth.took(501, 1000, 2);
    assert.equal(worth.us, 100);
    assert.equal(worth.has(99), false);
    assert.equal(worth.has(100), true);
  });

  it("is more where helpers come late, and less again when they come in time", () => {
    const worth = new Worth();
    // All by the caller alone, of a call that two were to do.
    for (let call = 0; call < 50; call++) worth.took(600, 600, 2);
    assert.ok(worth.us > 700, String(worth.us));
    assert.equal(worth.has(500), false);
    for (let call = 0; call < 50; call++) worth.took(350, 600, 2);
    assert.equal(Math.round(worth.us), 125);
  });

  it("is more than what was shared out in vain twice in a row, until others have stayed for it", () => {
    const worth = new Worth();
    worth.took(260, 250, 2);
    assert.equal(worth.has(250), true);
    worth.took(260, 250, 2);
    assert.deepEqual([worth.has(250), worth.has(350), worth.has(376)], [false, false, true]);
    let calls = 0;
    for (; !worth.has(250); calls++) worth.stayed(250);
    assert.ok(calls > 20 && calls < 40, String(calls));
    // With one between that was not in vain they count as any.
    const other = new Worth();
    for (let call = 0; call < 20; call++) other.took(call % 2 === 0 ? 600 : 350, 600, 2);
    assert.equal(other.has(600), true);
    const present = new Worth(false);
    for (let call = 0; call < 2; call++) present.took(260, 250, 2);
    assert.equal(present.has(250), true);
  });

  it("is not changed by one call that was held up", () => {
    const worth = new Worth();
    for (let call = 0; call < 50; call++) worth.took(350, 600, 2);
    worth.took(5000, 600, 2);
    assert.equal(Math.round(worth.us), 125);
    for (let call = 0; call < 8; call++) worth.took(350, 600, 2);
    worth.took(5000, 600, 2);
    assert.equal(Math.round(worth.us), 125);
    worth.took(350, 600, 2);
    worth.took(5000, 600, 2);
    assert.equal(Math.round(worth.us), 187, "one of a few counts, and no more than if it had been held up for less");
  });

  it("is never more than four milliseconds, so that it is measured again", () => {
    const worth = new Worth();
    for (let call = 0; call < 100; call++) worth.took(1e6, 1e6, 2);
    assert.equal(worth.has(3900), false);
    assert.equal(worth.has(4000), true);
  });

  it("is tried again by calls that stayed for it", () => {
    const worth = new Worth();
    for (let call = 0; call < 100; call++) worth.took(600, 600, 2);
    let calls = 0;
    for (; !worth.has(300); calls++) worth.stayed(300);
    assert.ok(calls > 10 && calls < 100, String(calls));
    // Those that would never be shared out say nothing about it.
    const before = worth.us;
    worth.stayed(10);
    assert.equal(worth.us, before);
  });
});

describe("the cost of an item", () => {
  it("is the least that was measured, and follows what is more", () => {
    const cost = new Cost();
    cost.took(100, 500);
    cost.took(100, 100);
    assert.equal(cost.itemUs, 1);
    assert.equal(cost.took(100, 200), true);
    assert.equal(cost.itemUs, 1.25);
  });

  it("is not what one measurement says alone that is far above the others", () => {
    const cost = new Cost();
    cost.took(100, 100);
    assert.equal(cost.took(100, 500_000), false);
    assert.equal(cost.itemUs, 1);
    cost.took(100, 100);
    assert.equal(cost.took(100, 500_000), false);
    assert.equal(cost.took(100, 500_000), true);
    assert.equal(cost.itemUs, 5000);
  });

  it("is not raised by calls of few items, which take their time whatever those cost, nor gone by if it is from such", () => {
    const cost = new Cost();
    cost.took(100, 0.5);
    assert.equal(cost.isSure, false);
    cost.took(10_000, 10);
    assert.deepEqual([cost.itemUs, cost.isSure], [0.001, true]);
    for (let call = 0; call < 10; call++) assert.equal(cost.took(100, 0.5), true);
    assert.deepEqual([cost.itemUs, cost.isSure], [0.001, true]);
    cost.took(10_000, 20);
    assert.equal(cost.itemUs, 0.001_25, "what takes as long as that counts");
  });
});
