/** `#atomics` under exploration: announces each operation, then does it. */
import * as real from "../shared/atomics.js";
import type { SharedCells } from "../shared/atomics.js";
import { announce } from "./listener.js";

export {
  hasWaitAsync,
  type SharedCells,
  type SharedInteger,
  type SharedIntegers,
  type WaitResult,
} from "../shared/atomics.js";

export const load: typeof real.load = (cells, index) => {
  announce({ seam: "atomics", name: "load", index });
  return real.load(cells, index);
};

export const store: typeof real.store = (cells, index, value) => {
  announce({ seam: "atomics", name: "store", index });
  return real.store(cells, index, value);
};

export const add: typeof real.add = (cells, index, value) => {
  announce({ seam: "atomics", name: "add", index });
  return real.add(cells, index, value);
};

export const compareExchange: typeof real.compareExchange = (cells, index, expected, value) => {
  announce({ seam: "atomics", name: "compareExchange", index });
  return real.compareExchange(cells, index, expected, value);
};

export const exchange: typeof real.exchange = (cells: SharedCells, index, value) => {
  announce({ seam: "atomics", name: "exchange", index });
  return real.exchange(cells, index, value);
};

export const wait: typeof real.wait = (cells, index, expected, timeoutMs) => {
  announce({ seam: "atomics", name: "wait", index });
  return real.wait(cells, index, expected, timeoutMs);
};

export const notify: typeof real.notify = (cells, index, count) => {
  announce({ seam: "atomics", name: "notify", index });
  return real.notify(cells, index, count);
};

export const waitAsync: typeof real.waitAsync = (cells, index, expected) => {
  announce({ seam: "atomics", name: "waitAsync", index });
  return real.waitAsync(cells, index, expected);
};

export const loadInteger: typeof real.loadInteger = (cells, index) => {
  announce({ seam: "atomics", name: "load", index });
  return real.loadInteger(cells, index);
};

export const storeInteger: typeof real.storeInteger = (cells, index, value) => {
  announce({ seam: "atomics", name: "store", index });
  return real.storeInteger(cells, index, value);
};

export const addInteger: typeof real.addInteger = (cells, index, value) => {
  announce({ seam: "atomics", name: "add", index });
  return real.addInteger(cells, index, value);
};

export const exchangeInteger: typeof real.exchangeInteger = (cells, index, value) => {
  announce({ seam: "atomics", name: "exchange", index });
  return real.exchangeInteger(cells, index, value);
};

export const compareExchangeInteger: typeof real.compareExchangeInteger = (cells, index, expected, value) => {
  announce({ seam: "atomics", name: "compareExchange", index });
  return real.compareExchangeInteger(cells, index, expected, value);
};
