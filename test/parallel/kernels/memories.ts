/** A memory for each implementation of the kernels, and numbers to put into them. */
import assert from "node:assert/strict";

import fc from "fast-check";
import { compileKernelsSync } from "#skein/parallel/kernels/compile-kernels";
import { javascriptKernels } from "#skein/parallel/kernels/javascript-kernels";
import type { Kernels } from "#skein/parallel/kernels/kernels";
import { wasmKernels } from "#skein/parallel/kernels/wasm-kernels";
import { bufferOf, type GrowableMemory, growTo, makeMemory, type MemorySource } from "#skein/shared/memory";

export type Numbers = Float64Array | Float32Array | Int32Array | Uint32Array | Uint8Array;

export const TYPES = {
  Float64: Float64Array,
  Float32: Float32Array,
  Int32: Int32Array,
  Uint32: Uint32Array,
  Uint8: Uint8Array,
} as const;
export type TypeName = keyof typeof TYPES;

/** What all bytes are that belong to nobody: a kernel that writes there is found out. */
const NOBODYS = 0xa5;
const GAP_BYTES = 64;

/** Places in one memory, and the kernels over it. */
export class TestMemory {
  readonly name: string;
  readonly kernels: Kernels;
  readonly source: MemorySource;
  #end = 0;
  #taken: { readonly at: number; readonly byteLength: number }[] = [];

  constructor(name: string, source: MemorySource, kernels: Kernels) {
    this.name = name;
    this.source = source;
    this.kernels = kernels;
  }

  /** Room for numbers, as far from the last one as `shift` says: by default vectors are not aligned to it. */
  room(type: TypeName, length: number, shift = 1): number {
    const { BYTES_PER_ELEMENT: size } = TYPES[type];
    const at = Math.ceil((this.#end + GAP_BYTES) / 16) * 16 + shift * size;
    const byteLength = length * size;
    const end = at + byteLength + GAP_BYTES;
    const isThere = growTo(this.source, Math.ceil(end / 65_536) * 65_536);
    assert.ok(isThere, "the test memory is too small");
    this.#bytes().fill(NOBODYS, this.#end, end);
    this.#taken.push({ at, byteLength });
    this.#end = at + byteLength;
    return at;
  }

  /** Puts numbers somewhere. */
  put(type: TypeName, numbers: ArrayLike<number>, shift?: number): number {
    const at = this.room(type, numbers.length, shift);
    viewOf(type, this.source, at, numbers.length).set(numbers);
    return at;
  }

  /** A copy of the numbers at a place. */
  get(type: TypeName, at: number, length: number): Numbers {
    return withOneNaN(viewOf(type, this.source, at, length).slice());
  }

  /** Fails if a byte changed that was given to nobody; then begins anew. */
  clear(): void {
    const bytes = this.#bytes();
    let begin = 0;
    for (const { at, byteLength } of [...this.#taken, { at: this.#end + GAP_BYTES, byteLength: 0 }]) {
      const changed = bytes.subarray(begin, Math.min(at, this.#end + GAP_BYTES)).findIndex((byte) => byte !== NOBODYS);
      assert.equal(changed, -1, `${this.name}: a byte was written that belongs to nobody, at ${begin + changed}`);
      begin = at + byteLength;
    }
    this.reset();
  }

  reset(): void {
    this.#end = 0;
    this.#taken = [];
  }

  #bytes(): Uint8Array {
    return new Uint8Array(bufferOf(this.source));
  }
}

type View = new (buffer: SharedArrayBuffer, at: number, length: number) => Numbers;

function viewOf(type: TypeName, source: MemorySource, at: number, length: number): Numbers {
  return new (TYPES[type] as unknown as View)(bufferOf(source), at, length);
}

/** Gives every NaN the same bits: which they are is unspecified, and comparing typed arrays compares bits. */
export function withOneNaN(numbers: Numbers): Numbers {
  for (const [i, number] of numbers.entries()) if (Number.isNaN(number)) numbers[i] = NaN;
  return numbers;
}

/** Numbers of a type, made one by one. */
export function listOf(type: TypeName, length: number, numberAt: (i: number) => number): Numbers {
  return TYPES[type].from(Array.from({ length }, (_, i) => numberAt(i)));
}

const module = compileKernelsSync();
assert.ok(module !== undefined, "this platform runs the kernels' module");
const wasmMemory = makeMemory(1) as GrowableMemory;
const twinMemory = makeMemory(1);

export const WASM = new TestMemory("wasm", wasmMemory, wasmKernels(module, wasmMemory));
export const TWIN = new TestMemory("twin", twinMemory, javascriptKernels(twinMemory));

/** Runs it with either implementation, and gives what came out: the same, to the sign of a zero. */
export function both<Result>(run: (memory: TestMemory) => Result): Result {
  const [result, ofTwin] = [WASM, TWIN].map((memory) => {
    memory.reset();
    const outcome = run(memory);
    memory.clear();
    return outcome;
  }) as [Result, Result];
  assert.deepStrictEqual(result, ofTwin, "the implementations agree");
  return result;
}

const SPECIAL = [0, -0, 1, -1, NaN, Infinity, -Infinity, 5e-324, -5e-324, 2 ** -1060, 1e308, -1e308, 0.1, 2 ** 53];

const VALUES: Readonly<Record<TypeName, fc.Arbitrary<number>>> = {
  Float64: fc.oneof(fc.constantFrom(...SPECIAL), fc.double(), fc.integer({ min: -3, max: 3 })),
  Float32: fc.oneof(fc.constantFrom(...SPECIAL.map(Math.fround)), fc.float(), fc.integer({ min: -3, max: 3 })),
  Int32: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer(), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1)),
  Uint32: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
  Uint8: fc.integer({ min: 0, max: 255 }),
};

/** A number that a type can hold. */
export function valueOf(type: TypeName): fc.Arbitrary<number> {
  return VALUES[type];
}

/** Lengths at which loops over vectors, lanes and blocks begin and end. */
const LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 255, 257, 1023, 1024, 1025, 2049];

/** Numbers of a type: short lists of anything, and longer ones made by a rule. */
export function numbersOf(type: TypeName): fc.Arbitrary<Numbers> {
  const value = valueOf(type);
  const longer = fc
    .tuple(fc.constantFrom(...LENGTHS), fc.constantFrom("any", "few", "rising", "falling"), value, fc.nat())
    .map(([length, rule, first, seed]) => byRule(length, rule, first, seed));
  return fc.oneof(fc.array(value, { maxLength: 40 }), longer).map((numbers) => TYPES[type].from(numbers));
}

function byRule(length: number, rule: string, first: number, seed: number): number[] {
  const random = randomNumbers(seed);
  return Array.from({ length }, (_, i) => {
    if (rule === "rising") return i - 20;
    if (rule === "falling") return length - i;
    if (rule === "few") return i % 3 === 0 ? first : Math.floor(random() * 4);
    return (random() - 0.3) * 1e4;
  });
}

/** Repeatable numbers from 0 to 1, of 53 bits: sums of fewer would be exact in any order. */
export function randomNumbers(seed: number): () => number {
  let state = seed | 0;
  const bits = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    const mixed = Math.imul(state ^ (state >>> 15), 0x2c1b_3c6d);
    return (mixed ^ (mixed >>> 13)) >>> 0;
  };
  return () => ((bits() >>> 5) * 2 ** 26 + (bits() >>> 6)) / 2 ** 53;
}
