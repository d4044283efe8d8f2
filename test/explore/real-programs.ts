/** Programs that real threads import: see `real-threads.test.ts`. */
import { isMainThread } from "node:worker_threads";

import type { Execution } from "#skein/explore/execution";
import type { Cell, Exploration } from "skein/explore";
import { SharedArray } from "skein/shared";

export async function lostUpdate(t: Exploration): Promise<void> {
  const x = t.cell("x");
  const addOne = (): void => void x.store(x.load() + 1);
  t.thread("a", addOne);
  t.thread("b", addOne);
  await t.join();
  t.expect(x.load() === 2, "an addition was lost");
}

/** Under the condition explore, as it has shared objects. */
export async function lostElement(t: Exploration): Promise<void> {
  const counts = new SharedArray({ type: "int32", length: 3, name: "counts" });
  const { values } = counts;
  const add = (amount: number): void => void Atomics.store(counts.values, 2, Atomics.load(values, 2) + amount);
  t.thread("a", () => add(1));
  t.thread("b", () => {
    Atomics.wait(values, 1, 0);
    add(values[0] as number);
  });
  t.thread("c", () => {
    values[0] = 1;
    Atomics.store(values, 1, 1);
    Atomics.notify(values, 1);
  });
  await t.join();
  t.expect(values[2] === 2, "an addition was lost");
}

export async function race(t: Exploration): Promise<void> {
  const x = t.cell("x");
  t.thread("writer", () => void (x.value = 1));
  t.thread("reader", () => x.value);
  await t.join();
}

function lock(cell: Cell): void {
  while (cell.compareExchange(0, 1) !== 0) cell.wait(1);
}

function unlock(cell: Cell): void {
  cell.store(0);
  cell.notify();
}

export async function crossedLocks(t: Exploration): Promise<void> {
  const left = t.cell("left");
  const right = t.cell("right");
  const both = (first: Cell, second: Cell) => (): void => {
    lock(first);
    lock(second);
    unlock(second);
    unlock(first);
  };
  t.thread("left first", both(left, right));
  t.thread("right first", both(right, left));
  await t.join();
}

export async function throwsInside(t: Exploration): Promise<void> {
  const x = t.cell("x");
  t.thread("writer", () => void x.store(1));
  t.thread("reader", () => t.expect(x.load() === 0, "the reader came late"));
  await t.join();
}

/** Sleeps, wake-ups, choices, yields and what threads return. */
export async function handsOver(t: Exploration): Promise<void> {
  const word = t.cell("word");
  const sleeper = t.thread("sleeper", () => {
    while (word.load() === 0) word.wait(0);
    return { seen: word.load() };
  });
  const waker = t.thread("waker", () => {
    const many = t.choose(3);
    t.yield();
    word.store(many + 1);
    word.notify(1);
    return many;
  });
  await t.join();
  t.outcome(`${(sleeper.result as { seen: number }).seen} of ${waker.result as number}`);
}

/** The check looks at a variable that the thread has set: on a real thread that is another. */
export async function setsVariable(t: Exploration): Promise<void> {
  let seen = 0;
  const x = t.cell("x", 1);
  t.thread("a", () => void (seen = x.load()));
  await t.join();
  t.expect(seen === 0, "x was seen");
}

/**
 * Sleeps that end by their time, one of them beside one that is woken: which of the
 * sleepers of a word is woken depends on who is still there.
 */
export async function sleepsForAWhile(t: Exploration): Promise<void> {
  const { execution: run } = t as unknown as { readonly execution: Execution };
  const word = t.cell("word");
  const place = 1; // of the first cell
  const sleep = (timeoutMs: number) => (): number => run.wait(place, run.words, place, 0, timeoutMs);
  const threads = [t.thread("short", sleep(10)), t.thread("long", sleep(30))];
  threads.push(t.thread("waker", () => word.notify(1)));
  await t.join();
  t.outcome(threads.map(({ result }) => result).join(" "));
}

/** As many threads as the choice says, one of which returns what can be cloned and is no JSON. */
export async function spawnsSome(t: Exploration): Promise<void> {
  const x = t.cell("x");
  const many = 1 + t.choose(3);
  const threads = Array.from({ length: many }, (_, index) => t.thread(`t${index}`, () => new Map([["was", x.add(1)]])));
  await t.join();
  t.outcome(threads.map(({ result }) => (result as Map<string, number>).get("was")).join(" "));
}

export async function returnsFunction(t: Exploration): Promise<void> {
  const a = t.thread("a", () => () => 1);
  await t.join();
  t.outcome(typeof a.result);
  t.expect(typeof a.result !== "function", "a function came");
}

export async function doesElseElsewhere(t: Exploration): Promise<void> {
  const x = t.cell("x");
  t.thread("a", () => (isMainThread ? x.load() : x.add(1)));
  await t.join();
  t.expect(false, "always");
}

export async function seesElseElsewhere(t: Exploration): Promise<void> {
  const x = t.cell("x");
  t.thread("a", () => {
    x.store(isMainThread ? 1 : 2);
    x.load();
  });
  await t.join();
  t.expect(false, "always");
}

export async function spawnsNoneElsewhere(t: Exploration): Promise<void> {
  const x = t.cell("x");
  if (isMainThread) t.thread("a", () => x.load());
  await t.join();
  t.expect(false, "always");
}

export async function neverEndsElsewhere(t: Exploration): Promise<void> {
  const x = t.cell("x");
  t.thread("a", () => {
    x.load();
    for (let isElsewhere = !isMainThread; isElsewhere; isElsewhere = !isMainThread);
  });
  await t.join();
}

export async function jobs(t: Exploration): Promise<void> {
  t.job("a", () => t.completes(1));
  await t.join();
  t.expect(false, "always");
}

export const PROGRAMS = {
  lostUpdate,
  race,
  crossedLocks,
  throwsInside,
  handsOver,
  setsVariable,
  returnsFunction,
  doesElseElsewhere,
  seesElseElsewhere,
  spawnsNoneElsewhere,
  neverEndsElsewhere,
  jobs,
  notAFunction: 7,
};
