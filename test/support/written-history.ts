/** Histories that tests write down, and what is to be said of them, also without the checker. */
import assert from "node:assert/strict";

import { checkLinearizability, isPending, type Model, type Operation, type Value } from "./linearizability.js";

/** A row of a history, in the order of `Operation`'s properties; without an end it is pending. */
export type Row = readonly [thread: number, begin: number, end: number, op: string, argument?: Value, result?: Value];

export function historyOf(rows: readonly Row[]): Operation[] {
  return rows.map(([thread, begin, end, op, argument, result]) => ({ thread, begin, end, op, argument, result }));
}

/** Whether the model explains the rows; if so, that its order really does. */
export function isExplained<State>(model: Model<State>, rows: readonly Row[]): boolean {
  return isExplainedHistory(model, historyOf(rows));
}

export function isExplainedHistory<State>(model: Model<State>, history: readonly Operation[]): boolean {
  const verdict = checkLinearizability(history, model);
  if (!verdict.isLinearizable) {
    assert.ok(verdict.refused.length > 0 || history.length === 0);
    return false;
  }
  assert.ok(isRun(model, verdict.order));
  const left = history.filter((operation) => !verdict.order.includes(operation));
  assert.ok(left.every(isPending));
  return true;
}

/** Whether the operations can happen in this very order: nothing comes after what it precedes, and the model allows each. */
function isRun<State>(model: Model<State>, order: readonly Operation[]): boolean {
  let state = model.initial;
  for (const [i, operation] of order.entries()) {
    const later = order.slice(i + 1);
    if (later.some(({ end }) => end < operation.begin)) return false;
    const next = model.step(state, operation, { some: (test) => later.some(test) });
    if (next === undefined) return false;
    state = next;
  }
  return true;
}

/** The same question answered by trying all orders, of all choices of pending operations. */
export function isExplainedByBruteForce<State>(model: Model<State>, history: readonly Operation[]): boolean {
  const orders = function* orders(rest: readonly Operation[]): Generator<readonly Operation[]> {
    if (rest.every(isPending)) yield [];
    for (const [i, first] of rest.entries()) {
      for (const order of orders(rest.toSpliced(i, 1))) yield [first, ...order];
    }
  };
  for (const order of orders(history)) if (isRun(model, order)) return true;
  return false;
}
