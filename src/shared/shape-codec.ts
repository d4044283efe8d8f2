/** Values of one shape to bytes and back. */
import { MemoryViews } from "./memory-views.js";
import { compiledShape, type ShapeCode } from "./shape-code.js";
import { type Form, hashOf, misfit, sizeOf } from "./shape-form.js";
import { LoopingReader, loopingWrite } from "./shape-loops.js";
import { damaged } from "./shape-parts.js";
import type { Encoded } from "./value-writer.js";

const FIRST_BYTES = 4096;

/** Memory that grew beyond this is given up when it is used for small values. */
const MOST_KEPT_BYTES = 1024 * 1024;
const MOST_BYTES = 2 ** 31 - 8;

/** Code for more parts would be long, and is not worth being compiled. */
const MOST_COMPILED_PARTS = 1000;

/** Where values are written; not shared, as platforms do not encode text into shared memory. */
class Scratch extends MemoryViews implements Encoded {
  byteLength = 0;

  constructor(byteLength: number) {
    super(new Int32Array(new ArrayBuffer(byteLength)) as never);
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.uint8 as never;
  }

  get words(): Int32Array<ArrayBuffer> {
    return this.int32 as never;
  }

  get view(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.byteLength);
  }
}

// A getter may have another value written while one is: then that has another scratch.
let idleScratch: Scratch | undefined;

/** Writes and reads the values of one form. */
export class ShapeCodec {
  readonly form: Form;
  readonly #hash: number;
  readonly #code: ShapeCode | undefined;

  constructor(form: Form) {
    this.form = form;
    this.#hash = hashOf(form);
    this.#code = sizeOf(form) <= MOST_COMPILED_PARTS ? compiledShape(form) : undefined;
  }

  /**
   * The bytes of a value, in memory of this thread: good until the next call.
   *
   * @returns `undefined` if the value does not fit its shape, which `misfit` explains,
   *   or has something in a place for any value that can't be copied
   */
  encode(value: unknown): Encoded | undefined {
    const scratch = idleScratch ?? new Scratch(FIRST_BYTES);
    idleScratch = undefined;
    try {
      return this.#write(value, scratch) ?? this.#writeSlowly(value, scratch);
    } catch {
      return undefined; // a getter threw, or a proxy
    } finally {
      idleScratch ??= scratch;
    }
  }

  #write(value: unknown, scratch: Scratch): Scratch | undefined {
    if (this.#code === undefined) return undefined;
    scratch.int32[0] = this.#hash;
    const end = this.#code.write(value, scratch, 1);
    if (end === -1) return undefined;
    scratch.byteLength = 4 * end;
    return scratch;
  }

  /** Where the code of the shape gave up: for want of room, or as the value does not fit. */
  #writeSlowly(value: unknown, scratch: Scratch): Scratch | undefined {
    if (misfit(this.form, value, "") !== undefined) return undefined;
    let into = scratch;
    for (;;) {
      into.int32[0] = this.#hash;
      const byteLength = 4 * loopingWrite(this.form, value, into, 1);
      if (byteLength <= into.uint8.length) {
        into.byteLength = byteLength;
        // Later values of that length have room at once.
        idleScratch = into.uint8.length > MOST_KEPT_BYTES ? undefined : into;
        return into;
      }
      if (byteLength > MOST_BYTES) return undefined;
      into = new Scratch(Math.min(MOST_BYTES, 2 * byteLength));
    }
  }

  /** Where a value does not fit, and why; `undefined` if it fits. `path` is how messages name it. */
  misfit(value: unknown, path: string): string | undefined {
    return misfit(this.form, value, path);
  }

  /** Whether the bytes that begin there are of a value of this shape, as far as they say. */
  wrote(memory: MemoryViews, from: number): boolean {
    return memory.int32[from / 4] === this.#hash;
  }

  /**
   * The value that bytes are of.
   *
   * @param from - where they begin in the memory, a multiple of 8
   *
   * **Throws** `SKEIN_INTERNAL` if they are none; `SKEIN_DISPOSED` if they have a shared
   *   object in them which is no more.
   */
  decode(memory: MemoryViews, from: number, byteLength: number): unknown {
    const at = from / 4;
    const end = at + byteLength / 4;
    if (byteLength % 4 !== 0 || end <= at || end > memory.int32.length || !this.wrote(memory, from)) {
      throw damaged();
    }
    if (this.#code !== undefined) return this.#code.read(memory, at + 1, end);
    const reader = new LoopingReader(memory, at + 1, end);
    const value = reader.read(this.form);
    if (reader.at !== end) throw damaged();
    return value;
  }
}
