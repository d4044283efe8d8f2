/** Numbers made of numbers, each by itself; see `kernels/elementwise.ts`. */
import type { Elementwise, Fill, For, SquareRoot } from "../kernels.js";
import type { Views } from "./views.js";

export function elementwiseOfFloat64(views: Views): For<"Float64", Elementwise & SquareRoot> {
  return {
    fillFloat64(at, length, value) {
      views.float64(at + length * 8).fill(value, at / 8, at / 8 + length);
    },
    addFloat64(a, b, length, out) {
      const numbers = views.float64(Math.max(a, b, out) + length * 8);
      const end = a / 8 + length;
      for (let i = a / 8, j = b / 8, k = out / 8; i < end; i++, j++, k++) {
        numbers[k] = (numbers[i] as number) + (numbers[j] as number);
      }
    },
    multiplyFloat64(a, b, length, out) {
      const numbers = views.float64(Math.max(a, b, out) + length * 8);
      const end = a / 8 + length;
      for (let i = a / 8, j = b / 8, k = out / 8; i < end; i++, j++, k++) {
        numbers[k] = (numbers[i] as number) * (numbers[j] as number);
      }
    },
    addScaledFloat64(a, b, length, factor, out) {
      const numbers = views.float64(Math.max(a, b, out) + length * 8);
      const end = a / 8 + length;
      for (let i = a / 8, j = b / 8, k = out / 8; i < end; i++, j++, k++) {
        numbers[k] = (numbers[i] as number) + factor * (numbers[j] as number);
      }
    },
    scaleFloat64(input, length, factor, out) {
      const numbers = views.float64(Math.max(input, out) + length * 8);
      const end = input / 8 + length;
      for (let i = input / 8, k = out / 8; i < end; i++, k++) {
        numbers[k] = (numbers[i] as number) * factor;
      }
    },
    scaleOffsetFloat64(input, length, factor, addend, out) {
      const numbers = views.float64(Math.max(input, out) + length * 8);
      const end = input / 8 + length;
      for (let i = input / 8, k = out / 8; i < end; i++, k++) {
        numbers[k] = (numbers[i] as number) * factor + addend;
      }
    },
    absoluteFloat64(input, length, out) {
      const numbers = views.float64(Math.max(input, out) + length * 8);
      const end = input / 8 + length;
      for (let i = input / 8, k = out / 8; i < end; i++, k++) {
        numbers[k] = Math.abs(numbers[i] as number);
      }
    },
    negateFloat64(input, length, out) {
      const numbers = views.float64(Math.max(input, out) + length * 8);
      const end = input / 8 + length;
      for (let i = input / 8, k = out / 8; i < end; i++, k++) {
        numbers[k] = -(numbers[i] as number);
      }
    },
    squareRootFloat64(input, length, out) {
      const numbers = views.float64(Math.max(input, out) + length * 8);
      const end = input / 8 + length;
      for (let i = input / 8, k = out / 8; i < end; i++, k++) {
        numbers[k] = Math.sqrt(numbers[i] as number);
      }
    },
  };
}

// Each result is rounded to float32 when it is stored; a result in between is rounded by hand.
const { fround } = Math;

export function elementwiseOfFloat32(views: Views): For<"Float32", Elementwise & SquareRoot> {
  return {
    fillFloat32(at, length, value) {
      views.float32(at + length * 4).fill(value, at / 4, at / 4 + length);
    },
    addFloat32(a, b, length, out) {
      const numbers = views.float32(Math.max(a, b, out) + length * 4);
      const end = a / 4 + length;
      for (let i = a / 4, j = b / 4, k = out / 4; i < end; i++, j++, k++) {
        numbers[k] = (numbers[i] as number) + (numbers[j] as number);
      }
    },
    multiplyFloat32(a, b, length, out) {
      const numbers = views.float32(Math.max(a, b, out) + length * 4);
      const end = a / 4 + length;
      for (let i = a / 4, j = b / 4, k = out / 4; i < end; i++, j++, k++) {
        numbers[k] = (numbers[i] as number) * (numbers[j] as number);
      }
    },
    addScaledFloat32(a, b, length, factor, out) {
      const numbers = views.float32(Math.max(a, b, out) + length * 4);
      const by = fround(factor);
      const end = a / 4 + length;
      for (let i = a / 4, j = b / 4, k = out / 4; i < end; i++, j++, k++) {
        numbers[k] = (numbers[i] as number) + fround(by * (numbers[j] as number));
      }
    },
    scaleFloat32(input, length, factor, out) {
      const numbers = views.float32(Math.max(input, out) + length * 4);
      const by = fround(factor);
      const end = input / 4 + length;
      for (let i = input / 4, k = out / 4; i < end; i++, k++) {
        numbers[k] = (numbers[i] as number) * by;
      }
    },
    scaleOffsetFloat32(input, length, factor, addend, out) {
      const numbers = views.float32(Math.max(input, out) + length * 4);
      const by = fround(factor);
      const more = fround(addend);
      const end = input / 4 + length;
      for (let i = input / 4, k = out / 4; i < end; i++, k++) {
        numbers[k] = fround((numbers[i] as number) * by) + more;
      }
    },
    absoluteFloat32(input, length, out) {
      const numbers = views.float32(Math.max(input, out) + length * 4);
      const end = input / 4 + length;
      for (let i = input / 4, k = out / 4; i < end; i++, k++) {
        numbers[k] = Math.abs(numbers[i] as number);
      }
    },
    negateFloat32(input, length, out) {
      const numbers = views.float32(Math.max(input, out) + length * 4);
      const end = input / 4 + length;
      for (let i = input / 4, k = out / 4; i < end; i++, k++) {
        numbers[k] = -(numbers[i] as number);
      }
    },
    squareRootFloat32(input, length, out) {
      const numbers = views.float32(Math.max(input, out) + length * 4);
      const end = input / 4 + length;
      for (let i = input / 4, k = out / 4; i < end; i++, k++) {
        numbers[k] = Math.sqrt(numbers[i] as number);
      }
    },
  };
}

export function elementwiseOfInt32(views: Views): For<"Int32", Elementwise> {
  return {
    fillInt32(at, length, value) {
      views.int32(at + length * 4).fill(value, at / 4, at / 4 + length);
    },
    addInt32(a, b, length, out) {
      const numbers = views.int32(Math.max(a, b, out) + length * 4);
      const end = a / 4 + length;
      for (let i = a / 4, j = b / 4, k = out / 4; i < end; i++, j++, k++) {
        numbers[k] = (numbers[i] as number) + (numbers[j] as number);
      }
    },
    multiplyInt32(a, b, length, out) {
      const numbers = views.int32(Math.max(a, b, out) + length * 4);
      const end = a / 4 + length;
      for (let i = a / 4, j = b / 4, k = out / 4; i < end; i++, j++, k++) {
        numbers[k] = Math.imul(numbers[i] as number, numbers[j] as number);
      }
    },
    addScaledInt32(a, b, length, factor, out) {
      const numbers = views.int32(Math.max(a, b, out) + length * 4);
      const by = factor | 0;
      const end = a / 4 + length;
      for (let i = a / 4, j = b / 4, k = out / 4; i < end; i++, j++, k++) {
        numbers[k] = (numbers[i] as number) + Math.imul(by, numbers[j] as number);
      }
    },
    scaleInt32(input, length, factor, out) {
      const numbers = views.int32(Math.max(input, out) + length * 4);
      const by = factor | 0;
      const end = input / 4 + length;
      for (let i = input / 4, k = out / 4; i < end; i++, k++) {
        numbers[k] = Math.imul(numbers[i] as number, by);
      }
    },
    scaleOffsetInt32(input, length, factor, addend, out) {
      const numbers = views.int32(Math.max(input, out) + length * 4);
      const by = factor | 0;
      const more = addend | 0;
      const end = input / 4 + length;
      for (let i = input / 4, k = out / 4; i < end; i++, k++) {
        numbers[k] = Math.imul(numbers[i] as number, by) + more;
      }
    },
    absoluteInt32(input, length, out) {
      const numbers = views.int32(Math.max(input, out) + length * 4);
      const end = input / 4 + length;
      for (let i = input / 4, k = out / 4; i < end; i++, k++) {
        numbers[k] = Math.abs(numbers[i] as number);
      }
    },
    negateInt32(input, length, out) {
      const numbers = views.int32(Math.max(input, out) + length * 4);
      const end = input / 4 + length;
      for (let i = input / 4, k = out / 4; i < end; i++, k++) {
        numbers[k] = -(numbers[i] as number);
      }
    },
  };
}

export function fillOfUint8(views: Views): For<"Uint8", Fill> {
  return {
    fillUint8(at, length, value) {
      views.uint8(at + length).fill(value, at, at + length);
    },
  };
}
