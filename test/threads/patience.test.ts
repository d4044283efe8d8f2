import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { Patience } from "#skein/threads/patience";

/** The longest of so many budgets: now and then one is tried. */
function longestBudget(patience: Patience): number {
  return Math.max(...Array.from({ length: 16 }, () => patience.budgetMs));
}

describe("the patience of one who looks before he sleeps", () => {
  it("is never longer than waking has been seen to take", () => {
    const patience = new Patience();
    for (let i = 0; i < 50; i++) patience.woken(0.02);
    assert.ok(longestBudget(patience) < 0.021);
  });

  it("grows where waking takes longer, and shrinks faster than it grows", () => {
    const patience = new Patience();
    const first = longestBudget(patience);
    for (let i = 0; i < 20; i++) patience.woken(0.15);
    const grown = longestBudget(patience);
    assert.ok(grown > first);
    for (let i = 0; i < 20; i++) patience.woken(0.03);
    assert.ok(longestBudget(patience) < first);
  });

  it("is nothing, but for a try now and then, while waits take longer than waking", () => {
    const patience = new Patience();
    for (let i = 0; i < 50; i++) patience.ended(10);
    const budgets = Array.from({ length: 160 }, () => patience.budgetMs);
    assert.equal(budgets.filter((budget) => budget > 0).length, 10);
  });

  it("stays within bounds whatever clocks say (property)", () =>
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true })), fc.array(fc.double({ noNaN: true, min: 0 })), (wakes, gaps) => {
        const patience = new Patience();
        for (const wake of wakes) patience.woken(wake);
        for (const gap of gaps) patience.ended(gap);
        const longest = longestBudget(patience);
        assert.ok(longest >= 0 && longest <= 0.2, String(longest));
      }),
    ));
});
