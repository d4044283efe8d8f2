/** Ranges of a memory as numbers of each type, for loops in JavaScript. */
import { bufferOf, bufferReaching, type MemorySource } from "../../../shared/memory.js";

/**
 * Makes a view for each range that is asked for, which costs less than a loop saves that
 * counts from 0 to the view's length.
 *
 * The memory's buffer is kept, as asking for it costs more; when a range is asked for
 * that it does not reach, the memory has grown, and has a longer one.
 */
export class Views {
  readonly #source: MemorySource | ArrayBuffer;
  #buffer: ArrayBufferLike;
  #byteLength: number;

  constructor(source: MemorySource | ArrayBuffer) {
    this.#source = source;
    this.#buffer = source instanceof ArrayBuffer ? source : bufferOf(source);
    this.#byteLength = this.#buffer.byteLength;
  }

  float64(at: number, length: number): Float64Array {
    return new Float64Array(this.#reaching(at + length * 8), at, length);
  }

  float32(at: number, length: number): Float32Array {
    return new Float32Array(this.#reaching(at + length * 4), at, length);
  }

  int32(at: number, length: number): Int32Array {
    return new Int32Array(this.#reaching(at + length * 4), at, length);
  }

  uint32(at: number, length: number): Uint32Array {
    return new Uint32Array(this.#reaching(at + length * 4), at, length);
  }

  uint8(at: number, length: number): Uint8Array {
    return new Uint8Array(this.#reaching(at + length), at, length);
  }

  /** From a place to the end of the memory as it is now, for indices of which nobody has said how far they lead. */
  float64From(at: number): Float64Array {
    const buffer = this.#reaching(Infinity);
    return new Float64Array(buffer, at, Math.floor((buffer.byteLength - at) / 8));
  }

  #reaching(end: number): ArrayBufferLike {
    if (end > this.#byteLength && !(this.#source instanceof ArrayBuffer)) {
      this.#buffer = bufferReaching(this.#source, end);
      this.#byteLength = this.#buffer.byteLength;
    }
    return this.#buffer;
  }
}
