/** The discrete Fourier transform, fast, on one thread: best of what fits in a cache. */
import type { SharedArray } from "skein/shared";

/** Complex numbers. */
export interface Complex {
  readonly real: SharedArray<"float64">;
  readonly imaginary: SharedArray<"float64">;
}

const ROOTS = new Map<number, { readonly real: Float64Array; readonly imaginary: Float64Array }>();
const REVERSED = new Map<number, Uint32Array>();

/** The powers of the root of unity for a length, the first half of them; made once on each thread. */
function rootsOf(length: number): { readonly real: Float64Array; readonly imaginary: Float64Array } {
  let roots = ROOTS.get(length);
  if (roots === undefined) {
    const angles = Float64Array.from({ length: length / 2 }, (_, i) => (-2 * Math.PI * i) / length);
    ROOTS.set(length, (roots = { real: angles.map(Math.cos), imaginary: angles.map(Math.sin) }));
  }
  return roots;
}

/** Transforms in place what fits in a cache: each step puts neighbours together, from pairs on. */
function transform(real: Float64Array, imaginary: Float64Array): void {
  const { length } = real;
  const { real: cosines, imaginary: sines } = rootsOf(length);
  for (let half = 1; half < length; half *= 2) {
    const stride = length / (2 * half);
    for (let from = 0; from < length; from += 2 * half) {
      for (let i = from, root = 0; i < from + half; i++, root += stride) {
        const cosine = cosines[root] as number;
        const sine = sines[root] as number;
        const a = (real[i + half] as number) * cosine - (imaginary[i + half] as number) * sine;
        const b = (real[i + half] as number) * sine + (imaginary[i + half] as number) * cosine;
        real[i + half] = (real[i] as number) - a;
        imaginary[i + half] = (imaginary[i] as number) - b;
        (real[i] as number) += a;
        (imaginary[i] as number) += b;
      }
    }
  }
}

/** For each index that with its bits in reverse order, as `transform` wants its numbers. */
export function reversedOf(length: number): Uint32Array {
  let reversed = REVERSED.get(length);
  if (reversed === undefined) {
    REVERSED.set(length, (reversed = new Uint32Array(length)));
    for (let i = 1; i < length; i++) reversed[i] = ((reversed[i >> 1] as number) >> 1) | (i % 2 === 1 ? length / 2 : 0);
  }
  return reversed;
}

/** Transforms columns, or rows, of which one follows another. */
export function transformEach(real: Float64Array, imaginary: Float64Array, length: number): void {
  for (let at = 0; at < real.length; at += length) {
    transform(real.subarray(at, at + length), imaginary.subarray(at, at + length));
  }
}

/** Multiplies each number but the first by one more turn of an angle than the one before it. */
export function turn(real: Float64Array, imaginary: Float64Array, angle: number): void {
  const cosine = Math.cos(angle);
  const sine = Math.sin(angle);
  for (let i = 0, a = 1, b = 0; i < real.length; i++) {
    const turned = (real[i] as number) * a - (imaginary[i] as number) * b;
    imaginary[i] = (real[i] as number) * b + (imaginary[i] as number) * a;
    real[i] = turned;
    const next = a * cosine - b * sine;
    b = a * sine + b * cosine;
    a = next;
  }
}

/** In how many rows numbers are put. **Throws** a `RangeError` if they can not be transformed. */
export function rowsFor({ real, imaginary }: Complex): number {
  const bits = Math.log2(real.length);
  if (Number.isInteger(bits) && imaginary.length === real.length) return 2 ** Math.floor(bits / 2);
  throw new RangeError(
    `as many real as imaginary parts, a power of two, are to be transformed, but ${real.length} and ${imaginary.length} came`,
  );
}

/** The transform, as new arrays: all at once, as a table would only be copied. */
export function sequentialFourierTransform(numbers: Complex): { real: Float64Array; imaginary: Float64Array } {
  rowsFor(numbers);
  const { length } = numbers.real;
  const reversed = reversedOf(length);
  const [real, imaginary] = [new Float64Array(length), new Float64Array(length)];
  for (let i = 0; i < length; i++) {
    real[reversed[i] as number] = numbers.real.values[i] as number;
    imaginary[reversed[i] as number] = numbers.imaginary.values[i] as number;
  }
  transform(real, imaginary);
  return { real, imaginary };
}
