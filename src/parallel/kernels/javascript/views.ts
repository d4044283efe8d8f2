/** A memory as numbers of each type, for loops in JavaScript. */
import { bufferOf, type MemorySource } from "../../../shared/memory.js";

/**
 * Views over all of a memory. They are as long as it was when they were made; when a
 * range is asked for that they don't reach, the memory has grown, and they are renewed.
 * Asking the memory for its length each time would cost more than a short loop.
 */
export class Views {
  readonly #source: MemorySource;
  #byteLength = 0;
  #float64: Float64Array = new Float64Array(0);
  #float32: Float32Array = new Float32Array(0);
  #int32: Int32Array = new Int32Array(0);
  #uint32: Uint32Array = new Uint32Array(0);
  #uint8: Uint8Array = new Uint8Array(0);

  constructor(source: MemorySource) {
    this.#source = source;
    this.#renew();
  }

  /** @param end - the first byte behind all that the caller will touch; so for the others */
  float64(end: number): Float64Array {
    if (end > this.#byteLength) this.#renew();
    return this.#float64;
  }

  float32(end: number): Float32Array {
    if (end > this.#byteLength) this.#renew();
    return this.#float32;
  }

  int32(end: number): Int32Array {
    if (end > this.#byteLength) this.#renew();
    return this.#int32;
  }

  uint32(end: number): Uint32Array {
    if (end > this.#byteLength) this.#renew();
    return this.#uint32;
  }

  uint8(end: number): Uint8Array {
    if (end > this.#byteLength) this.#renew();
    return this.#uint8;
  }

  #renew(): void {
    const buffer = bufferOf(this.#source);
    this.#byteLength = buffer.byteLength;
    this.#float64 = new Float64Array(buffer);
    this.#float32 = new Float32Array(buffer);
    this.#int32 = new Int32Array(buffer);
    this.#uint32 = new Uint32Array(buffer);
    this.#uint8 = new Uint8Array(buffer);
  }
}
