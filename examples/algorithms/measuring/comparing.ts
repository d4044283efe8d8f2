/** Whether two results are the same: shared arrays, others, and objects and maps of them. */
import { type NumberType, SharedArray } from "skein/shared";

/** By the very numbers. */
export function areSame(a: unknown, b: unknown): boolean {
  return areAlike(a, b, () => 0);
}

/** But for what rounding may make of sums that are added in another order. */
export function areNear(a: unknown, b: unknown): boolean {
  return areAlike(a, b, (numbers) => numbers.reduce((most, number) => Math.max(most, Math.abs(number)), 0) * 1e-9);
}

function areAlike(a: unknown, b: unknown, tolerance: (numbers: Float64Array) => number): boolean {
  const [one, other] = [numbersIn(a), numbersIn(b)];
  if (one !== undefined && other !== undefined) {
    if (one.length !== other.length) return false;
    const most = one instanceof Float64Array ? tolerance(one) : 0;
    for (let i = 0; i < one.length; i++)
      if (!(Math.abs((one[i] as number) - (other[i] as number)) <= most)) return false;
    return true;
  }
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b);
  const [entries, others] = [a, b].map((of) => (of instanceof Map ? of : new Map(Object.entries(of)))) as [
    Map<unknown, unknown>,
    Map<unknown, unknown>,
  ];
  return (
    entries.size === others.size &&
    [...entries].every(([key, value]) => others.has(key) && areAlike(value, others.get(key), tolerance))
  );
}

type Numbers = ArrayLike<number>;

function numbersIn(value: unknown): Numbers | undefined {
  if (value instanceof SharedArray) return (value as SharedArray<NumberType>).values;
  return ArrayBuffer.isView(value) ? (value as unknown as Numbers) : undefined;
}

/** All shared arrays in a value. */
export function sharedArraysIn(value: unknown): SharedArray[] {
  if (value instanceof SharedArray) return [value as SharedArray];
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || value instanceof Map) return [];
  return Object.values(value).flatMap(sharedArraysIn);
}
