/** Numbers made of numbers, each by itself; see `kernels/elementwise.ts`. */
import type { Elementwise, Fill, For, SquareRoot } from "../kernels.js";
import type { Views } from "./views.js";

export function elementwiseOfFloat64(views: Views): For<"Float64", Elementwise & SquareRoot> {
  return {
    fillFloat64(at, length, value) {
      views.float64(at, length).fill(value);
    },
    addFloat64(a, b, length, out) {
      const [first, second, results] = [views.float64(a, length), views.float64(b, length), views.float64(out, length)];
      for (let i = 0; i < length; i++) results[i] = (first[i] as number) + (second[i] as number);
    },
    multiplyFloat64(a, b, length, out) {
      const [first, second, results] = [views.float64(a, length), views.float64(b, length), views.float64(out, length)];
      for (let i = 0; i < length; i++) results[i] = (first[i] as number) * (second[i] as number);
    },
    addScaledFloat64(a, b, length, factor, out) {
      const [first, second, results] = [views.float64(a, length), views.float64(b, length), views.float64(out, length)];
      for (let i = 0; i < length; i++) results[i] = (first[i] as number) + factor * (second[i] as number);
    },
    scaleFloat64(input, length, factor, out) {
      const [numbers, results] = [views.float64(input, length), views.float64(out, length)];
      for (let i = 0; i < length; i++) results[i] = (numbers[i] as number) * factor;
    },
    scaleOffsetFloat64(input, length, factor, addend, out) {
      const [numbers, results] = [views.float64(input, length), views.float64(out, length)];
      for (let i = 0; i < length; i++) results[i] = (numbers[i] as number) * factor + addend;
    },
    absoluteFloat64(input, length, out) {
      const [numbers, results] = [views.float64(input, length), views.float64(out, length)];
      for (let i = 0; i < length; i++) results[i] = Math.abs(numbers[i] as number);
    },
    negateFloat64(input, length, out) {
      const [numbers, results] = [views.float64(input, length), views.float64(out, length)];
      for (let i = 0; i < length; i++) results[i] = -(numbers[i] as number);
    },
    squareRootFloat64(input, length, out) {
      const [numbers, results] = [views.float64(input, length), views.float64(out, length)];
      for (let i = 0; i < length; i++) results[i] = Math.sqrt(numbers[i] as number);
    },
  };
}

// Each result is rounded to float32 when it is stored; a result in between is rounded by hand.
const { fround } = Math;

export function elementwiseOfFloat32(views: Views): For<"Float32", Elementwise & SquareRoot> {
  return {
    fillFloat32(at, length, value) {
      views.float32(at, length).fill(value);
    },
    addFloat32(a, b, length, out) {
      const [first, second, results] = [views.float32(a, length), views.float32(b, length), views.float32(out, length)];
      for (let i = 0; i < length; i++) results[i] = (first[i] as number) + (second[i] as number);
    },
    multiplyFloat32(a, b, length, out) {
      const [first, second, results] = [views.float32(a, length), views.float32(b, length), views.float32(out, length)];
      for (let i = 0; i < length; i++) results[i] = (first[i] as number) * (second[i] as number);
    },
    addScaledFloat32(a, b, length, factor, out) {
      const [first, second, results] = [views.float32(a, length), views.float32(b, length), views.float32(out, length)];
      const by = fround(factor);
      for (let i = 0; i < length; i++) results[i] = (first[i] as number) + fround(by * (second[i] as number));
    },
    scaleFloat32(input, length, factor, out) {
      const [numbers, results] = [views.float32(input, length), views.float32(out, length)];
      const by = fround(factor);
      for (let i = 0; i < length; i++) results[i] = (numbers[i] as number) * by;
    },
    scaleOffsetFloat32(input, length, factor, addend, out) {
      const [numbers, results] = [views.float32(input, length), views.float32(out, length)];
      const by = fround(factor);
      const more = fround(addend);
      for (let i = 0; i < length; i++) results[i] = fround((numbers[i] as number) * by) + more;
    },
    absoluteFloat32(input, length, out) {
      const [numbers, results] = [views.float32(input, length), views.float32(out, length)];
      for (let i = 0; i < length; i++) results[i] = Math.abs(numbers[i] as number);
    },
    negateFloat32(input, length, out) {
      const [numbers, results] = [views.float32(input, length), views.float32(out, length)];
      for (let i = 0; i < length; i++) results[i] = -(numbers[i] as number);
    },
    squareRootFloat32(input, length, out) {
      const [numbers, results] = [views.float32(input, length), views.float32(out, length)];
      for (let i = 0; i < length; i++) results[i] = Math.sqrt(numbers[i] as number);
    },
  };
}

export function elementwiseOfInt32(views: Views): For<"Int32", Elementwise> {
  return {
    fillInt32(at, length, value) {
      views.int32(at, length).fill(value);
    },
    addInt32(a, b, length, out) {
      const [first, second, results] = [views.int32(a, length), views.int32(b, length), views.int32(out, length)];
      for (let i = 0; i < length; i++) results[i] = (first[i] as number) + (second[i] as number);
    },
    multiplyInt32(a, b, length, out) {
      const [first, second, results] = [views.int32(a, length), views.int32(b, length), views.int32(out, length)];
      for (let i = 0; i < length; i++) results[i] = Math.imul(first[i] as number, second[i] as number);
    },
    addScaledInt32(a, b, length, factor, out) {
      const [first, second, results] = [views.int32(a, length), views.int32(b, length), views.int32(out, length)];
      const by = factor | 0;
      for (let i = 0; i < length; i++) results[i] = (first[i] as number) + Math.imul(by, second[i] as number);
    },
    scaleInt32(input, length, factor, out) {
      const [numbers, results] = [views.int32(input, length), views.int32(out, length)];
      const by = factor | 0;
      for (let i = 0; i < length; i++) results[i] = Math.imul(numbers[i] as number, by);
    },
    scaleOffsetInt32(input, length, factor, addend, out) {
      const [numbers, results] = [views.int32(input, length), views.int32(out, length)];
      const by = factor | 0;
      const more = addend | 0;
      for (let i = 0; i < length; i++) results[i] = Math.imul(numbers[i] as number, by) + more;
    },
    absoluteInt32(input, length, out) {
      const [numbers, results] = [views.int32(input, length), views.int32(out, length)];
      for (let i = 0; i < length; i++) results[i] = Math.abs(numbers[i] as number);
    },
    negateInt32(input, length, out) {
      const [numbers, results] = [views.int32(input, length), views.int32(out, length)];
      for (let i = 0; i < length; i++) results[i] = -(numbers[i] as number);
    },
  };
}

export function fillOfUint8(views: Views): For<"Uint8", Fill> {
  return {
    fillUint8(at, length, value) {
      views.uint8(at, length).fill(value);
    },
  };
}
