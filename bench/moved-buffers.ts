// What do loops over typed arrays cost on a thread that has ever moved a buffer to another one?
import { ask, type Load, type Samples, time } from "./harness.js";

const ITEMS = 4096;

function addScaled(to: Float64Array, from: Float64Array, factor: number): number {
  for (let i = 0; i < to.length; i++) (to[i] as number) += factor * (from[i] as number);
  return to[0] as number;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

function count(numbers: Uint32Array, counts: Uint32Array): number {
  for (let i = 0; i < numbers.length; i++) (counts[(numbers[i] as number) % 256] as number)++;
  return counts[0] as number;
}

async function measure(load: Load): Promise<Samples> {
  const [a, b] = [0, 1].map((shift) => Float64Array.from({ length: ITEMS }, (_, i) => i + shift)) as [
    Float64Array,
    Float64Array,
  ];
  const numbers = Uint32Array.from({ length: ITEMS }, (_, i) => Math.imul(i, 0x9e37_79b1) >>> 0);
  const counts = new Uint32Array(256);
  const loops = {
    "add scaled": () => addScaled(a, b, 1e-9),
    dot: () => dot(a, b),
    count: () => count(numbers, counts),
  };
  const samples: Record<string, readonly number[]> = {};
  const calls = load.of(2000, 1);
  for (const [name, loop] of Object.entries(loops)) {
    samples[name] = await time({ operations: ITEMS * calls, batches: load.of(20, 3), warmUp: 5 }, () => {
      for (let call = 0; call < calls; call++) loop();
    });
  }
  return samples;
}

await ask({
  module: import.meta.url,
  asks: "What do loops over typed arrays cost on a thread that has ever moved a buffer to another one?",
  units: { "add scaled": "ns an item", dot: "ns an item", count: "ns an item" },
  targets: [],
  variants: {
    "nothing moved": measure,
    "one buffer of 8 bytes moved": (load) => {
      const buffer = new ArrayBuffer(8);
      structuredClone(buffer, { transfer: [buffer] });
      return measure(load);
    },
  },
});
