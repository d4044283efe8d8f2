/** What the threads of the benches of `skein/parallel` run, and the same by hand. */
import { task } from "skein";
import type { SharedArray } from "skein/shared";

export const rootAndMore = task(function rootAndMore(x: number): number {
  return Math.sqrt(x) * 2 + 1;
});

export function rootAndMoreByHand(numbers: Float64Array): Float64Array {
  const results = new Float64Array(numbers.length);
  for (let i = 0; i < numbers.length; i++) results[i] = Math.sqrt(numbers[i] as number) * 2 + 1;
  return results;
}

export const add = task(function add(a: number, b: number): number {
  return a + b;
});

export const isSmall = task(function isSmall(x: number): boolean {
  return x < 0.5;
});

export function sumByHand(numbers: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < numbers.length; i++) sum += numbers[i] as number;
  return sum;
}

export function dotByHand(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

// Seven functions, as a program has many: a loop that has called them all calls each through a table.
export const plusOne = task((x: number) => x + 1);
export const twice = task((x: number) => x * 2);
export const square = task((x: number) => x * x);
export const negative = task((x: number) => -x);
export const distance = task((x: number) => Math.abs(x - 500));
export const atMost = task((x: number) => (x < 250 ? x : 250));
export const line = task((x: number) => x * 0.5 + 3);

type Loop = (numbers: Float64Array, results: Float64Array) => void;

/** Each with a loop of its own, as one writes it. */
export const SEVEN: readonly (readonly [typeof plusOne, Loop])[] = [
  [
    plusOne,
    (numbers, results) => {
      for (let i = 0; i < numbers.length; i++) results[i] = (numbers[i] as number) + 1;
    },
  ],
  [
    twice,
    (numbers, results) => {
      for (let i = 0; i < numbers.length; i++) results[i] = (numbers[i] as number) * 2;
    },
  ],
  [
    square,
    (numbers, results) => {
      for (let i = 0; i < numbers.length; i++) results[i] = (numbers[i] as number) * (numbers[i] as number);
    },
  ],
  [
    negative,
    (numbers, results) => {
      for (let i = 0; i < numbers.length; i++) results[i] = -(numbers[i] as number);
    },
  ],
  [
    distance,
    (numbers, results) => {
      for (let i = 0; i < numbers.length; i++) results[i] = Math.abs((numbers[i] as number) - 500);
    },
  ],
  [
    atMost,
    (numbers, results) => {
      for (let i = 0; i < numbers.length; i++) results[i] = (numbers[i] as number) < 250 ? (numbers[i] as number) : 250;
    },
  ],
  [
    line,
    (numbers, results) => {
      for (let i = 0; i < numbers.length; i++) results[i] = (numbers[i] as number) * 0.5 + 3;
    },
  ],
];

/** How many items of the skewed loop are heavy, of all of them, and how many times as heavy. */
export const HEAVY_SHARE = 0.1;
const HEAVY = 50;
const LIGHT_STEPS = 20;

/** Some steps of a generator: many for the first items, few for the others. */
function steps(i: number, items: number): number {
  const count = i < items * HEAVY_SHARE ? LIGHT_STEPS * HEAVY : LIGHT_STEPS;
  let state = i + 1;
  for (let step = 0; step < count; step++) state = (Math.imul(state, 48271) + step) | 0;
  return state;
}

export const skewed = task(function skewed(i: number, results: SharedArray<"int32">): void {
  results.values[i] = steps(i, results.length);
});

/** Items `from` to `to`, in the loop that one writes. */
export const skewedByHand = task(function skewedByHand(from: number, to: number, results: SharedArray<"int32">): void {
  const { values, length } = results;
  for (let i = from; i < to; i++) values[i] = steps(i, length);
});
