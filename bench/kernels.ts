// What do loops over float64 numbers in shared memory cost in WebAssembly, on one thread?
import { ask, check, type Load, type Samples, time } from "./harness.js";

// The library's own kernels, which are not public: `skein/parallel` uses them.
const SOURCE = new URL("../../dist/parallel/kernels/", import.meta.url).href;
const { compileKernelsSync } = (await import(
  `${SOURCE}compile-kernels.js`
)) as typeof import("../src/parallel/kernels/compile-kernels.js");
const { javascriptKernels } = (await import(
  `${SOURCE}javascript-kernels.js`
)) as typeof import("../src/parallel/kernels/javascript-kernels.js");
const { COMPARISON } = (await import(`${SOURCE}kernels.js`)) as typeof import("../src/parallel/kernels/kernels.js");
const { wasmKernels } = (await import(
  `${SOURCE}wasm-kernels.js`
)) as typeof import("../src/parallel/kernels/wasm-kernels.js");
const { bufferOf, makeMemory } = (await import(
  new URL("../../dist/shared/memory.js", import.meta.url).href
)) as typeof import("../src/shared/memory.js");

type Kernels = ReturnType<typeof javascriptKernels>;

const BINS = 100;
const PAGE_BYTES = 65_536;

/** Numbers, and where they lie: two inputs and an output; the latter has room for scratch too. */
interface Place {
  readonly length: number;
  readonly a: number;
  readonly b: number;
  readonly out: number;
  readonly numbersOfA: Float64Array;
  readonly numbersOfB: Float64Array;
  readonly numbersOfOut: Float64Array;
}

/** What is measured, and how it is done. Each returns a number that all variants agree on. */
interface Operations {
  readonly sum: () => number;
  readonly dot: () => number;
  readonly minMax: () => number;
  readonly map: () => number;
  readonly scan: () => number;
  readonly filter: () => number;
  readonly histogram: () => number;
  readonly sort: () => void;
}

const memory = makeMemory(1);

function placeFor(length: number): Place {
  const bytes = length * 8 + 64;
  const [a, b, out] = [PAGE_BYTES, PAGE_BYTES + bytes, PAGE_BYTES + 2 * bytes];
  const pages = Math.ceil((out + bytes + PAGE_BYTES) / PAGE_BYTES);
  if (memory instanceof SharedArrayBuffer) throw new Error("this machine has no shared WebAssembly.Memory");
  const missing = pages - bufferOf(memory).byteLength / PAGE_BYTES;
  if (missing > 0) memory.grow(missing);
  const numbersAt = (at: number): Float64Array => new Float64Array(bufferOf(memory), at, length);
  const place = { length, a, b, out, numbersOfA: numbersAt(a), numbersOfB: numbersAt(b), numbersOfOut: numbersAt(out) };
  for (let i = 0; i < length; i++) {
    place.numbersOfA[i] = randomNumber(i) - 0.5;
    place.numbersOfB[i] = randomNumber(i + length);
  }
  return place;
}

/** From 0 to 1, the same in every process. */
function randomNumber(i: number): number {
  let bits = Math.imul(i ^ (i >>> 15), 0x2c1b_3c6d);
  bits = Math.imul(bits ^ (bits >>> 12), 0x297a_2d39);
  return ((bits ^ (bits >>> 15)) >>> 0) / 2 ** 32 + i * 2 ** -53;
}

function byKernels(kernels: Kernels, { length, a, b, out, numbersOfOut }: Place): Operations {
  return {
    sum: () => kernels.sumFloat64(a, length),
    dot: () => kernels.dotFloat64(a, b, length),
    minMax: () => {
      kernels.minMaxFloat64(a, length, out);
      return (numbersOfOut[0] as number) + (numbersOfOut[1] as number);
    },
    map: () => {
      kernels.scaleOffsetFloat64(a, length, 2, 1, out);
      return numbersOfOut[length - 1] as number;
    },
    scan: () => kernels.inclusiveScanFloat64(a, length, 0, out),
    filter: () => kernels.packFloat64(a, length, COMPARISON["<"], 0, out, length),
    histogram: () => {
      kernels.fillFloat64(out, BINS / 2, 0);
      return kernels.histogramFloat64(b, length, 0, 2, BINS, out);
    },
    sort: () => kernels.sortFloat64(a, length, out),
  };
}

/** Loops as one writes them, in functions that get their arrays. */
function byHand({ length, numbersOfA, numbersOfB, numbersOfOut }: Place): Operations {
  const counts = new Uint32Array(BINS);
  return {
    sum: () => sumByHand(numbersOfA),
    dot: () => dotByHand(numbersOfA, numbersOfB),
    minMax: () => minMaxByHand(numbersOfA),
    map: () => {
      mapByHand(numbersOfA, numbersOfOut);
      return numbersOfOut[length - 1] as number;
    },
    scan: () => scanByHand(numbersOfA, numbersOfOut),
    filter: () => filterByHand(numbersOfA, numbersOfOut),
    histogram: () => histogramByHand(numbersOfB, counts.fill(0)),
    sort: () => numbersOfA.sort(),
  };
}

function sumByHand(numbers: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < numbers.length; i++) sum += numbers[i] as number;
  return sum;
}

function dotByHand(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

function minMaxByHand(numbers: Float64Array): number {
  let [least, greatest] = [Infinity, -Infinity];
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i] as number;
    if (number < least) least = number;
    if (number > greatest) greatest = number;
  }
  return least + greatest;
}

function mapByHand(numbers: Float64Array, results: Float64Array): void {
  for (let i = 0; i < numbers.length; i++) results[i] = (numbers[i] as number) * 2 + 1;
}

function scanByHand(numbers: Float64Array, sums: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < numbers.length; i++) {
    sum += numbers[i] as number;
    sums[i] = sum;
  }
  return sum;
}

function filterByHand(numbers: Float64Array, kept: Float64Array): number {
  let count = 0;
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i] as number;
    if (number < 0) kept[count++] = number;
  }
  return count;
}

function histogramByHand(numbers: Float64Array, counts: Uint32Array): number {
  let counted = 0;
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i] as number;
    if (number < 0 || number > 2) continue;
    const bin = Math.min(Math.floor(number * (BINS / 2)), BINS - 1);
    counts[bin] = (counts[bin] as number) + 1;
    counted++;
  }
  return counted;
}

const ORDERS: Readonly<Record<string, (i: number, length: number) => number>> = {
  random: (i) => randomNumber(i) - 0.5,
  sorted: (i) => i,
  "few unique": (i) => Math.floor(randomNumber(i) * 10),
};

/** Only the sorting is timed, not what puts the numbers out of order again. */
function timeSort({ length, numbersOfA }: Place, order: string, sort: () => void, times: number): number[] {
  const numberAt = ORDERS[order] as (i: number, length: number) => number;
  const wanted = Float64Array.from({ length }, (_, i) => numberAt(i, length));
  const samples: number[] = [];
  for (let i = 0; i < times; i++) {
    numbersOfA.set(wanted);
    const startMs = performance.now();
    sort();
    samples.push(((performance.now() - startMs) * 1e6) / length);
    for (let place = 1; place < length; place++) {
      if ((numbersOfA[place] as number) < (numbersOfA[place - 1] as number)) throw new Error(`not sorted: ${order}`);
    }
  }
  return samples.slice(Math.floor(times / 3));
}

const LOOPS = ["sum", "dot", "minMax", "map", "scan", "filter", "histogram"] as const;
/** One that the nearest cache holds, and one that it doesn't. */
const LENGTHS = { "4 k": 4000, "1 M": 1_000_000 };

async function measure(load: Load, operationsAt: (place: Place) => Operations): Promise<Samples> {
  const samples: Record<string, readonly number[]> = {};
  for (const [name, length] of Object.entries(LENGTHS)) {
    const place = placeFor(length);
    const operations = operationsAt(place);
    const expected = byHand(place);
    const rounds = Math.max(1, load.of(4_000_000, 4000) / length);
    for (const loop of LOOPS) {
      const [result, wanted] = [operations[loop](), expected[loop]()];
      check(Math.abs(result - wanted) <= 1e-6, true);
      const batches = { operations: rounds * length, batches: 8, warmUp: 4 };
      samples[`${loop}, ${name}`] = await time(batches, () => {
        for (let round = 0; round < rounds; round++) operations[loop]();
      });
    }
  }
  for (const [name, length] of Object.entries(load.isQuick ? { "1 M": 20_000 } : { "1 M": 1e6, "10 M": 1e7 })) {
    const place = placeFor(length);
    const { sort } = operationsAt(place);
    for (const order of Object.keys(ORDERS)) {
      samples[`sort ${order}, ${name}`] = timeSort(place, order, sort, length > 1e6 ? 3 : 6);
    }
  }
  return samples;
}

function wasm(load: Load): Promise<Samples> {
  const module = compileKernelsSync();
  if (module === undefined || memory instanceof SharedArrayBuffer) throw new Error("this machine has no WebAssembly");
  const kernels = wasmKernels(module, memory);
  return measure(load, (place) => byKernels(kernels, place));
}

function twin(load: Load): Promise<Samples> {
  const kernels = javascriptKernels(memory);
  return measure(load, (place) => byKernels(kernels, place));
}

const loops = LOOPS.flatMap((loop) => Object.keys(LENGTHS).map((length) => `${loop}, ${length}`));
const sorts = ["1 M", "10 M"].flatMap((length) => Object.keys(ORDERS).map((order) => `sort ${order}, ${length}`));

await ask({
  module: import.meta.url,
  asks: "What do loops over float64 numbers in shared memory cost in WebAssembly, on one thread?",
  units: Object.fromEntries([...loops, ...sorts].map((metric) => [metric, "ns a number"])),
  rounds: 3,
  targets: [
    ...loops.map((metric) => ({
      metric,
      of: "WebAssembly",
      against: "by hand",
      // Sums that the cache holds are 3.5 times as fast; nothing is slower.
      ratioAtMost: metric === "sum, 4 k" || metric === "dot, 4 k" ? 0.285 : 1,
    })),
    { metric: "sort random, 1 M", of: "WebAssembly", against: "by hand", ratioAtMost: 0.4 },
    { metric: "sort random, 10 M", of: "WebAssembly", against: "by hand", ratioAtMost: 0.4 },
    { metric: "sort sorted, 10 M", of: "WebAssembly", against: "by hand", ratioAtMost: 1.1 },
    { metric: "sort sorted, 10 M", of: "the twin", against: "by hand", ratioAtMost: 1.1 },
  ],
  variants: { WebAssembly: wasm, "the twin": twin, "by hand": (load) => measure(load, byHand) },
});
