import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Cost } from "#skein/parallel/costs";
import { sharingOf, Worth } from "#skein/parallel/worth";

describe("what is worth sharing out", () => {
  it("is 100 µs of work at least, also where sharing it out costs next to nothing", () => {
    const worth = new Worth();
    for (let call = 0; call < 5; call++) worth.took(501, 1000, 2);
    assert.equal(worth.us, 100);
    assert.equal(worth.has(99), false);
    assert.equal(worth.has(100), true);
  });

  it("is more where helpers come late, and less again when they come in time", () => {
    const worth = new Worth();
    // All by the caller alone, of a call that two were to do.
    for (let call = 0; call < 50; call++) worth.took(600, 600, 2);
    assert.equal(worth.us, 750);
    assert.equal(worth.has(600), false, "what was in vain stays");
    for (let call = 0; call < 50; call++) worth.took(350, 600, 2);
    assert.equal(worth.us, 125);
  });

  it("goes by the middle of the last five, however long two of them were held up", () => {
    const worth = new Worth();
    for (let call = 0; call < 5; call++) worth.took(350, 600, 2);
    worth.took(5000, 600, 2);
    worth.took(9000, 600, 2);
    assert.equal(worth.us, 125);
    worth.took(380, 600, 2);
    assert.equal(worth.us, 200, "three of five were dearer");
  });

  it("is never more than four milliseconds, so that it is measured again", () => {
    const worth = new Worth();
    for (let call = 0; call < 100; call++) worth.took(1e6, 1e6, 2);
    assert.equal(worth.has(3900), false);
    assert.equal(worth.has(4000), true);
  });

  /** How many calls stay until one is tried, which takes so long. */
  function staysUntilTried(worth: Worth, us: number, tookUs: number): number {
    let stays = 0;
    for (; !worth.has(us); stays++) worth.stayed(us);
    worth.took(tookUs, us, 2);
    return stays;
  }

  it("is tried by calls for which others stayed, the less often the longer that was in vain", () => {
    const worth = new Worth();
    for (let call = 0; call < 5; call++) worth.took(600, 600, 2);
    const stays = Array.from({ length: 12 }, () => staysUntilTried(worth, 600, 600));
    assert.ok((stays[0] as number) <= 3, stays.join(" "));
    // By what was measured one loses (750 - 600) / 2 µs: that is a part of 32 of what four take.
    assert.equal(stays.at(-1), 4);
    assert.equal(
      staysUntilTried(worth, 150, 600),
      Math.ceil((32 * (750 - 150)) / 2 / 150),
      "what loses more is tried less often",
    );
    // Those that would never be shared out say nothing about it.
    const before = worth.us;
    worth.stayed(10);
    assert.equal(worth.us, before);
  });

  it("is tried again at once where it was worth it, until the middle says so", () => {
    const worth = new Worth();
    for (let call = 0; call < 5; call++) worth.took(600, 600, 2);
    for (let call = 0; call < 12; call++) staysUntilTried(worth, 600, 600);
    assert.equal(staysUntilTried(worth, 600, 350), 4);
    assert.deepEqual(
      Array.from({ length: 3 }, () => staysUntilTried(worth, 600, 350)),
      [0, 0, 0],
    );
    assert.ok(worth.us <= 125, String(worth.us));
  });

  it("is tried by calls in between, though large ones are measured", () => {
    const worth = new Worth();
    for (let call = 0; call < 5; call++) worth.took(2600, 2000, 2);
    let tries = 0;
    for (let call = 0; call < 200; call++) {
      worth.took(6000, 10_000, 2);
      if (worth.has(500)) {
        worth.took(500, 500, 2);
        tries++;
      } else worth.stayed(500);
    }
    assert.ok(tries >= 3 && tries < 20, String(tries));
  });

  it("loses what is measured, be that more than it ever asks for", () => {
    const worth = new Worth();
    for (let call = 0; call < 9; call++) worth.took(20_500, 1000, 2);
    assert.equal(worth.us, 4000);
    const stays = staysUntilTried(worth, 1000, 20_500);
    // Four parts at least of half of what 2.5 times 20 ms are more than 1 ms.
    assert.ok(stays * 1000 >= (4 * (50_000 - 1000)) / 2, String(stays));
  });

  it("is not tried again at once after a call that says nothing", () => {
    const worth = new Worth();
    for (let call = 0; call < 5; call++) worth.took(600, 600, 2);
    for (; !worth.has(500);) worth.stayed(500);
    worth.tookAnyTime();
    assert.equal(worth.has(500), false);
  });

  it("is tried no more often for what large calls do, of which nobody doubted it", () => {
    const worth = new Worth();
    for (let call = 0; call < 5; call++) worth.took(600, 600, 2);
    for (let call = 0; call < 12; call++) staysUntilTried(worth, 600, 600);
    const before = staysUntilTried(worth, 600, 600);
    for (let call = 0; call < 20; call++) worth.took(5300, 10_000, 2);
    assert.equal(staysUntilTried(worth, 600, 600), before);
  });
});

describe("what calls of one pool say of what sharing out costs", () => {
  it("is not said of another", () => {
    const [one, other] = [{}, {}];
    for (let call = 0; call < 5; call++) sharingOf(one).called.took(600, 600, 2);
    assert.equal(sharingOf(one).called.us, 750);
    assert.equal(sharingOf(one).present.us, 100);
    assert.equal(sharingOf(other).called.us, 100);
  });
});

describe("the cost of an item", () => {
  it("is known apart of calls that were done here to their end", () => {
    const cost = new Cost();
    cost.took(10, 10);
    assert.equal(cost.wholeUs(100), undefined);
    cost.tookAll(100, 400);
    assert.equal(cost.wholeUs(100), 400);
    cost.tookAll(100, 600);
    assert.equal(cost.wholeUs(200), 1000);
    cost.tookAll(1, 30);
    assert.equal(cost.wholeUs(200), 1000, "short ones say little");
  });

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
