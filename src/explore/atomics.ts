/**
 * `#atomics` under exploration: on the memory of a program that is being explored,
 * each operation is a step of its thread; elsewhere it is announced, and done.
 */
import * as real from "../shared/atomics.js";
import type { SharedCells, SharedInteger, SharedIntegers, WaitResult } from "../shared/atomics.js";
import { controlled } from "./controlled.js";
import { announce, isHeard } from "./listener.js";
import { Step, type StepKind } from "./operations.js";
import { Entry } from "./entry.js";
import type { SharedMemory } from "./shared-memory.js";

export {
  hasWaitAsync,
  type SharedCells,
  type SharedInteger,
  type SharedIntegers,
  type WaitResult,
} from "../shared/atomics.js";

const RESULTS: readonly WaitResult[] = ["ok", "not-equal", "timed-out"];

/** The memory under exploration, if the cells are of it. */
function exploredBy(cells: SharedIntegers): SharedMemory | undefined {
  const memory = controlled?.shared;
  return memory?.has(cells.buffer) === true ? memory : undefined;
}

function tell(name: string, index: number): void {
  if (isHeard()) announce({ seam: "atomics", name, index });
}

export const load: typeof real.load = (cells, index) => {
  const memory = exploredBy(cells);
  if (memory === undefined) {
    tell("load", index);
    return real.load(cells, index);
  }
  const entry = memory.enter(Step.load, cells, index);
  if (entry >= Entry.logged) return memory.given(entry) as number;
  return memory.leave(entry, real.load(cells, index), false);
};

export const store: typeof real.store = (cells, index, value) => {
  const memory = exploredBy(cells);
  if (memory === undefined) {
    tell("store", index);
    return real.store(cells, index, value);
  }
  const entry = memory.enter(Step.store, cells, index, undefined, value);
  if (entry >= Entry.logged) return memory.given(entry) as number;
  return memory.leave(entry, real.store(cells, index, value), true);
};

export const add: typeof real.add = (cells, index, value) => {
  const memory = exploredBy(cells);
  if (memory === undefined) {
    tell("add", index);
    return real.add(cells, index, value);
  }
  const entry = memory.enter(Step.change, cells, index, undefined, value < 0 ? String(value) : `+${value}`);
  if (entry >= Entry.logged) return memory.given(entry) as number;
  return memory.leave(entry, real.add(cells, index, value), true);
};

export const compareExchange: typeof real.compareExchange = (cells, index, expected, value) => {
  const memory = exploredBy(cells);
  if (memory === undefined) {
    tell("compareExchange", index);
    return real.compareExchange(cells, index, expected, value);
  }
  const entry = memory.enter(Step.change, cells, index, expected, value);
  if (entry >= Entry.logged) return memory.given(entry) as number;
  const before = real.compareExchange(cells, index, expected, value);
  return memory.leave(entry, before, before === expected && expected !== value);
};

export const exchange: typeof real.exchange = (cells: SharedCells, index, value) => {
  const memory = exploredBy(cells);
  if (memory === undefined) {
    tell("exchange", index);
    return real.exchange(cells, index, value);
  }
  const entry = memory.enter(Step.change, cells, index, undefined, `:= ${value}`);
  if (entry >= Entry.logged) return memory.given(entry) as number;
  const before = real.exchange(cells, index, value);
  return memory.leave(entry, before, before !== value);
};

export const wait: typeof real.wait = (cells, index, expected, timeoutMs) => {
  const memory = exploredBy(cells);
  const run = controlled;
  if (memory === undefined || run?.current === undefined) {
    tell("wait", index);
    return real.wait(cells, index, expected, timeoutMs);
  }
  const mostMs = timeoutMs === undefined || timeoutMs >= memory.endlessMs ? Infinity : timeoutMs;
  return RESULTS[run.wait(memory.placeOf(cells, index), cells, index, expected, mostMs)] as WaitResult;
};

export const notify: typeof real.notify = (cells, index, count) => {
  const memory = exploredBy(cells);
  const run = controlled;
  if (memory === undefined || run?.current === undefined) {
    tell("notify", index);
    return real.notify(cells, index, count);
  }
  // While there is no other thread, nobody sleeps.
  return memory.isQuiet || run.threadCount === 1 ? 0 : run.notify(memory.placeOf(cells, index), cells, index, count);
};

export const waitAsync: typeof real.waitAsync = (cells, index, expected) => {
  tell("waitAsync", index);
  return real.waitAsync(cells, index, expected);
};

// Of other widths: seldom used, so by one way.
function operate(
  kind: StepKind,
  name: string,
  cells: SharedIntegers,
  index: number,
  next: unknown,
  act: () => SharedInteger,
): SharedInteger {
  const memory = exploredBy(cells);
  if (memory === undefined) {
    tell(name, index);
    return act();
  }
  const entry = memory.enter(kind, cells, index, undefined, next);
  if (entry >= Entry.logged) return memory.given(entry) as SharedInteger;
  return memory.leave(entry, act(), kind !== Step.load);
}

export const loadInteger: typeof real.loadInteger = (cells, index) =>
  operate(Step.load, "load", cells, index, undefined, () => real.loadInteger(cells, index));

export const storeInteger: typeof real.storeInteger = (cells, index, value) =>
  operate(Step.store, "store", cells, index, value, () => real.storeInteger(cells, index, value));

export const addInteger: typeof real.addInteger = (cells, index, value) =>
  operate(Step.change, "add", cells, index, `+${value}`, () => real.addInteger(cells, index, value));

export const exchangeInteger: typeof real.exchangeInteger = (cells, index, value) =>
  operate(Step.change, "exchange", cells, index, `:= ${value}`, () => real.exchangeInteger(cells, index, value));

export const compareExchangeInteger: typeof real.compareExchangeInteger = (cells, index, expected, value) =>
  operate(Step.change, "compareExchange", cells, index, `${expected} -> ${value}`, () =>
    real.compareExchangeInteger(cells, index, expected, value),
  );
