/**
 * `#atomics` under exploration: on the memory of a program that is being explored,
 * each operation is a step of its thread; elsewhere it is announced, and done.
 */
import * as real from "../shared/atomics.js";
import type { SharedCells, SharedIntegers, WaitResult } from "../shared/atomics.js";
import { controlled } from "./controlled.js";
import { announce, isHeard } from "./listener.js";
import { Step, type StepKind } from "./operations.js";
import type { SharedMemory } from "./shared-memory.js";

export {
  hasWaitAsync,
  type SharedCells,
  type SharedInteger,
  type SharedIntegers,
  type WaitResult,
} from "../shared/atomics.js";

/** Tells this module from the one that it stands in for. */
export const isExplored = true;

/**
 * Sleeps of that length and more are those after which the library looks whether a
 * thread has ended. What only such a look would find is a wake-up that was lost.
 */
const LOOK_MS = 50;

const RESULTS: readonly WaitResult[] = ["ok", "not-equal", "timed-out"];

/** The memory under exploration, if the cells are of it. */
function exploredBy(cells: SharedIntegers): SharedMemory | undefined {
  const memory = controlled?.shared;
  return memory !== undefined && memory.buffer === cells.buffer ? memory : undefined;
}

function operate<Value>(
  kind: StepKind,
  name: string,
  cells: SharedIntegers,
  index: number,
  argument: unknown,
  act: () => Value,
  hadEffect: (value: Value) => boolean,
): Value {
  const memory = exploredBy(cells);
  if (memory !== undefined) return memory.operate(kind, cells, index, argument, act, hadEffect);
  if (isHeard()) announce({ seam: "atomics", name, index });
  return act();
}

const never = (): boolean => false;
const always = (): boolean => true;

export const load: typeof real.load = (cells, index) =>
  operate(Step.load, "load", cells, index, undefined, () => real.load(cells, index), never);

export const store: typeof real.store = (cells, index, value) =>
  operate(Step.store, "store", cells, index, value, () => real.store(cells, index, value), always);

export const add: typeof real.add = (cells, index, value) =>
  operate(Step.change, "add", cells, index, signed(value), () => real.add(cells, index, value), always);

export const compareExchange: typeof real.compareExchange = (cells, index, expected, value) =>
  operate(
    Step.change,
    "compareExchange",
    cells,
    index,
    `${expected} -> ${value}`,
    () => real.compareExchange(cells, index, expected, value),
    (before) => before === expected && expected !== value,
  );

export const exchange: typeof real.exchange = (cells: SharedCells, index, value) =>
  operate(
    Step.change,
    "exchange",
    cells,
    index,
    `:= ${value}`,
    () => real.exchange(cells, index, value),
    (before) => before !== value,
  );

export const wait: typeof real.wait = (cells, index, expected, timeoutMs) => {
  const memory = exploredBy(cells);
  const run = controlled;
  if (memory === undefined || run?.current === undefined) {
    if (isHeard()) announce({ seam: "atomics", name: "wait", index });
    return real.wait(cells, index, expected, timeoutMs);
  }
  const mostMs = timeoutMs === undefined || timeoutMs >= LOOK_MS ? Infinity : timeoutMs;
  const isEqual = (): boolean => real.load(cells, index) === expected;
  return RESULTS[run.wait(memory.placeOf(cells, index), isEqual, mostMs, expected)] as WaitResult;
};

export const notify: typeof real.notify = (cells, index, count) => {
  const memory = exploredBy(cells);
  const run = controlled;
  if (memory === undefined || run?.current === undefined) {
    if (isHeard()) announce({ seam: "atomics", name: "notify", index });
    return real.notify(cells, index, count);
  }
  // While there is no other thread, nobody sleeps.
  return memory.isQuiet || run.threadCount === 1 ? 0 : run.notify(memory.placeOf(cells, index), count);
};

export const waitAsync: typeof real.waitAsync = (cells, index, expected) => {
  if (isHeard()) announce({ seam: "atomics", name: "waitAsync", index });
  return real.waitAsync(cells, index, expected);
};

export const loadInteger: typeof real.loadInteger = (cells, index) =>
  operate(Step.load, "load", cells, index, undefined, () => real.loadInteger(cells, index), never);

export const storeInteger: typeof real.storeInteger = (cells, index, value) =>
  operate(Step.store, "store", cells, index, value, () => real.storeInteger(cells, index, value), always);

export const addInteger: typeof real.addInteger = (cells, index, value) =>
  operate(Step.change, "add", cells, index, signed(value), () => real.addInteger(cells, index, value), always);

export const exchangeInteger: typeof real.exchangeInteger = (cells, index, value) =>
  operate(
    Step.change,
    "exchange",
    cells,
    index,
    `:= ${value}`,
    () => real.exchangeInteger(cells, index, value),
    always,
  );

export const compareExchangeInteger: typeof real.compareExchangeInteger = (cells, index, expected, value) =>
  operate(
    Step.change,
    "compareExchange",
    cells,
    index,
    `${expected} -> ${value}`,
    () => real.compareExchangeInteger(cells, index, expected, value),
    (before) => before === expected,
  );

function signed(value: number | bigint): string {
  return value < 0 ? String(value) : `+${value}`;
}
