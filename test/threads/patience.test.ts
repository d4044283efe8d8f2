import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { Patience, WAKES_OF_A_POOL, WAKES_OF_A_THREAD } from "#skein/threads/patience";

/** The longest of so many budgets: now and then some are tried. */
function longestBudget(patience: Patience): number {
  return Math.max(...Array.from({ length: 128 }, () => patience.budgetMs));
}

describe("the patience of one who looks before he sleeps", () => {
  it("is never longer than as many wake-ups as it is to be, as these have been seen to take", () => {
    const patience = new Patience(2);
    for (let i = 0; i < 50; i++) patience.woken(0.02);
    assert.ok(longestBudget(patience) < 0.042);
  });

  it("grows where waking takes longer, and shrinks where it takes less", () => {
    const patience = new Patience(2);
    const first = longestBudget(patience);
    for (let i = 0; i < 20; i++) patience.woken(0.15);
    const grown = longestBudget(patience);
    assert.ok(grown > first);
    for (let i = 0; i < 20; i++) patience.woken(0.03);
    assert.ok(longestBudget(patience) < first);
  });

  it("is nothing, but for some tries, while waits take longer than waking", () => {
    const patience = new Patience(2);
    for (let i = 0; i < 50; i++) patience.ended(10);
    const budgets = Array.from({ length: 1280 }, () => patience.budgetMs);
    assert.equal(budgets.filter((budget) => budget > 0).length, 80);
  });

  it("stays within bounds whatever clocks say (property)", () =>
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true })), fc.array(fc.double({ noNaN: true, min: 0 })), (wakes, gaps) => {
        const patience = new Patience(2);
        for (const wake of wakes) patience.woken(wake);
        for (const gap of gaps) patience.ended(gap);
        const longest = longestBudget(patience);
        assert.ok(longest >= 0 && longest < 0.401, String(longest));
      }),
    ));
});

/** One of two who hand each other something, turn by turn, and wait for it between. */
class Side {
  readonly patience: Patience;
  readonly wakeMs: number;
  /** When it began to wait, and until when it looks before it sleeps. */
  #sinceMs = 0;
  #untilMs = 0;
  hasSlept = false;

  constructor(mostWakes: number, wakeMs: number, pauses: number) {
    this.patience = new Patience(mostWakes);
    this.wakeMs = wakeMs;
    for (let i = 0; i < pauses; i++) this.patience.ended(50);
  }

  wait(nowMs: number): void {
    this.#sinceMs = nowMs;
    this.#untilMs = nowMs + this.patience.budgetMs;
  }

  /** It is handed something. @param slower - how many times as long as usual a wake-up takes. @returns when it has it */
  handed(nowMs: number, slower: number): number {
    this.patience.ended(nowMs - this.#sinceMs);
    this.hasSlept = nowMs > this.#untilMs;
    if (!this.hasSlept) return nowMs;
    this.patience.woken(slower * this.wakeMs);
    return nowMs + slower * this.wakeMs;
  }
}

/** @returns of the last rounds, in how many one of the two slept */
function sleepsOf(a: Side, b: Side, rounds: number, last: number, workMs: number, slower: () => number): number {
  let sleeps = 0;
  let nowMs = 0;
  b.wait(nowMs);
  for (let round = 0; round < rounds; round++) {
    a.wait(nowMs);
    nowMs = b.handed(nowMs, slower()) + workMs;
    b.wait(nowMs);
    nowMs = a.handed(nowMs, slower()) + workMs;
    if (round >= rounds - last && (a.hasSlept || b.hasSlept)) sleeps++;
  }
  return sleeps;
}

describe("a pool and a thread that wait for each other", () => {
  // What keeps them asleep is that each waits for the other's waking, which takes as long as its own.
  it("stop sleeping, however long waking takes and long though they have paused (property)", () =>
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 0.18, noNaN: true }),
        // Of the pool, compared with the thread: it has an event loop to wake.
        fc.double({ min: 0.9, max: 2, noNaN: true }),
        fc.nat(50),
        fc.array(fc.double({ min: 0.8, max: 1.25, noNaN: true }), { minLength: 1, maxLength: 20 }),
        (wakeMs, ratio, pauses, jitter) => {
          let i = 0;
          const slower = (): number => jitter[i++ % jitter.length] as number;
          const pool = new Side(WAKES_OF_A_POOL, Math.min(wakeMs * ratio, 0.18), pauses);
          const thread = new Side(WAKES_OF_A_THREAD, wakeMs, pauses);
          assert.equal(sleepsOf(pool, thread, 1000, 50, 0.002, slower), 0);
        },
      ),
    ));

  it("go on sleeping, but for their tries, while what they do between takes long", () => {
    const [a, b] = [new Side(WAKES_OF_A_POOL, 0.05, 0), new Side(WAKES_OF_A_THREAD, 0.05, 0)];
    assert.equal(
      sleepsOf(a, b, 1000, 500, 5, () => 1),
      500,
    );
  });
});
