// What the threads of each pool run; the same functions for all.
import { task } from "skein";
import { arrayOf, shape } from "skein/threads";

export interface Order {
  readonly a: number;
  readonly b: string;
  readonly c: readonly number[];
}

export const add = task(function add(a: number, b: number): number {
  return a + b;
});

export const increment = task(function increment(value: number): number {
  return value + 1;
});

/** Keeps a core busy for `us` microseconds. */
export const busy = task(function busy(us: number): number {
  const endMs = performance.now() + us / 1000;
  let turns = 0;
  while (performance.now() < endMs) turns++;
  return turns === -1 ? 0 : us;
});

export const negated = task(function negated(order: Order): Order {
  return { a: -order.a, b: order.b, c: order.c };
});

const OrderShape = shape({ a: "int32", b: "string", c: arrayOf("int32") });

export const negatedOfShape = task(
  function negatedOfShape(order: Order): Order {
    return { a: -order.a, b: order.b, c: order.c };
  },
  { args: [OrderShape], result: OrderShape },
);

/** The same with one argument, an array of them, as the others' pools take it. */
export const functions: Readonly<Record<string, (args: readonly never[]) => unknown>> = {
  add: ([a, b]: readonly number[]) => add(a as number, b as number),
  increment: ([value]: readonly number[]) => increment(value as number),
  busy: ([us]: readonly number[]) => busy(us as number),
  negated: ([order]: readonly Order[]) => negated(order as Order),
};
