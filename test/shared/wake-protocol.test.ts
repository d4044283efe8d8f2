/**
 * The order of steps by which threads wait (`src/shared/README.md`), in every
 * interleaving; and what becomes of it without each of the steps it argues for.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { everyInterleaving, type Program, type Thread } from "../support/interleavings.js";
import { hammer } from "../support/hammer.js";
import type { ParkHit } from "./fixtures/park-hits.js";

interface Variant {
  /** The waker changes the word before it wakes. */
  readonly changesWord: boolean;
  /** The waiter tries again after it has marked. */
  readonly triesAgain: boolean;
  /** The mark comes before the second try. */
  readonly marksFirst: boolean;
}

const RIGHT: Variant = { changesWord: true, triesAgain: true, marksFirst: true };

/** One that takes two things, one after the other, waiting for each; and one that gives both, one at a time. */
function program({ changesWord, triesAgain, marksFirst }: Variant): Program {
  const now = { there: 0, marked: 0, word: 0, taken: 0, isAsleep: false };
  const tryTake = (): boolean => {
    if (now.there === 0) return false;
    now.there--;
    now.taken++;
    return true;
  };
  function* wait(): Thread {
    while (now.taken < 2) {
      if (tryTake()) continue;
      yield;
      if (marksFirst) now.marked++;
      const expected = now.word; // read with the mark, or later: both are before the second try
      yield;
      if (triesAgain && tryTake()) {
        if (marksFirst) now.marked--;
        continue;
      }
      yield;
      if (!marksFirst) {
        now.marked++;
        yield;
      }
      if (now.word === expected) {
        now.isAsleep = true;
        while (now.isAsleep) yield false;
      }
      now.marked--;
      yield;
    }
  }
  function* give(): Thread {
    for (let i = 0; i < 2; i++) {
      now.there++;
      yield;
      const isMarked = now.marked > 0;
      yield;
      if (!isMarked) continue;
      if (changesWord) now.word++;
      yield;
      now.isAsleep = false;
      yield;
    }
  }
  return { threads: [wait(), give()], check: () => assert.equal(now.taken, 2) };
}

describe("the steps of waiting", () => {
  it("lose no wake-up in any interleaving", () => {
    const { runs, hung } = everyInterleaving(() => program(RIGHT));
    assert.equal(hung, undefined);
    assert.ok(runs > 100, `${runs} runs`);
  });

  for (const [what, variant] of [
    ["a waker that leaves the word as it was", { ...RIGHT, changesWord: false }],
    ["a waiter that does not try again", { ...RIGHT, triesAgain: false }],
    ["a waiter that marks after it has tried again", { ...RIGHT, marksFirst: false }],
  ] as const) {
    it(`lose one with ${what}`, () => {
      assert.notEqual(everyInterleaving(() => program(variant)).hung, undefined);
    });
  }
});

describe("a thread between its last look and its sleep", () => {
  const park = new URL("./fixtures/park-hits.js", import.meta.url);

  it("sleeps on when the waker leaves the word as it was", async () => {
    const data: ParkHit = { memory: new SharedArrayBuffer(16), changesWord: false };
    assert.deepEqual(await hammer(park, 2, data), ["timed-out", 0]);
  });

  it("does not fall asleep when the waker has changed it", async () => {
    const data: ParkHit = { memory: new SharedArrayBuffer(16), changesWord: true };
    assert.deepEqual(await hammer(park, 2, data), ["not-equal", 0]);
  });
});
