/** Numbers of all types and kinds of input, and how results of one kind are compared. */
import assert from "node:assert/strict";

import fc from "fast-check";
import type { Numbers } from "skein/parallel";
import { SharedArray } from "skein/shared";

import { withOneNaN } from "./kernels/memories.js";

export const ARRAYS = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;
export type TypeName = keyof typeof ARRAYS;
export type TypedArray = InstanceType<(typeof ARRAYS)[TypeName]>;
export const TYPES = Object.keys(ARRAYS) as TypeName[];

export const KINDS = ["shared", "typed", "array"] as const;
export type KindName = (typeof KINDS)[number];

/** Numbers, and as what an algorithm gets them. */
export interface Sample {
  readonly kind: KindName;
  readonly type: TypeName;
  readonly numbers: TypedArray;
}

const awkward = fc.constantFrom(
  NaN,
  -0,
  0,
  Infinity,
  -Infinity,
  5e-324,
  -5e-324,
  2.2e-308,
  Number.MAX_VALUE,
  0.1,
  2 ** 53,
);
const oneNumber = fc.oneof(fc.double(), awkward, fc.integer({ min: -50, max: 50 }), fc.integer());

/** Any order, sorted, reversed, all equal; of 0 to some hundred. */
const anyNumbers: fc.Arbitrary<number[]> = fc
  .tuple(
    fc.oneof(
      fc.array(oneNumber, { maxLength: 9 }),
      fc.array(oneNumber, { size: "max", minLength: 1, maxLength: 3000 }),
      fc.array(fc.integer({ min: -4, max: 4 }), { maxLength: 200 }),
    ),
    fc.constantFrom("as they come", "sorted", "reversed", "equal"),
  )
  .map(([numbers, order]) => {
    if (order === "equal") return numbers.map(() => numbers[0] as number);
    if (order === "as they come") return numbers;
    const sorted = [...Float64Array.from(numbers).sort()];
    return order === "sorted" ? sorted : sorted.reverse();
  });

export function samples(types: readonly TypeName[] = TYPES): fc.Arbitrary<Sample> {
  return fc.tuple(fc.constantFrom(...KINDS), fc.constantFrom(...types), anyNumbers).map(([kind, anyType, numbers]) => {
    const type = kind === "array" ? "float64" : anyType;
    return { kind, type, numbers: ARRAYS[type].from(numbers) };
  });
}

/** The numbers as the input of an algorithm; a typed array begins in the middle of its buffer. */
export function inputFor({ kind, type, numbers }: Sample): Numbers & { dispose?(): void } {
  if (kind === "array") return [...numbers];
  if (kind === "typed") {
    const larger = new ARRAYS[type](numbers.length + 3);
    larger.set(numbers, 1);
    return larger.subarray(1, numbers.length + 1);
  }
  const shared = new SharedArray({ type, length: numbers.length });
  shared.values.set(numbers);
  return shared;
}

/** Calls `body` with the input, and then sees to it that it is as before. */
export async function withInput<Result>(sample: Sample, body: (input: Numbers) => Promise<Result>): Promise<Result> {
  const input = inputFor(sample);
  const result = await body(input);
  assertNumbers(input, sample, sample.numbers);
  if (input instanceof SharedArray) input.dispose();
  return result;
}

/** A result is of this kind and type, and has exactly these numbers; a shared one is disposed of. */
export function assertNumbers(
  result: unknown,
  { kind, type }: Pick<Sample, "kind" | "type">,
  expected: ArrayLike<number>,
): void {
  if (kind === "shared") {
    assert.ok(result instanceof SharedArray);
    assert.equal(result.type, type);
    assertSame((result as SharedArray<"float64">).copy(), ARRAYS[type].from(expected));
  } else if (kind === "array") {
    assert.deepStrictEqual(result, Array.from(expected));
  } else {
    assertSame(result, ARRAYS[type].from(expected));
  }
}

/** The same numbers. Typed arrays are compared bit by bit, and a NaN has any of many bits: the language names none. */
function assertSame(result: unknown, expected: TypedArray): void {
  assert.equal(result?.constructor, expected.constructor);
  assert.deepStrictEqual(withOneNaN((result as Float64Array).slice()), withOneNaN(expected as Float64Array));
}
