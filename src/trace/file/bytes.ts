/**
 * Numbers and texts as bytes, and back from bytes that anybody may have written: every
 * read is checked against the end.
 *
 * A number is a varint: of seven bits a byte, the lowest first. Its lowest bit says
 * whether the others are a whole number, its sign folded in, or a float64 follows.
 */
import { TraceFileError } from "../../core/errors.js";

/** Beyond these a whole number is written as a float: its double must be exact. */
const MOST_WHOLE = 2 ** 50;
/** Below these a whole number is coded by shifts: four times as much is less than 2^31. */
const MOST_SHORT = 2 ** 28;
const FIRST_CAPACITY = 4096;
/** Bytes of the longest varint that is read: more than 53 bits are never written. */
const MOST_VARINT_BYTES = 8;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class ByteWriter {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #view = new DataView(this.#bytes.buffer);
  length = 0;

  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.slice(0, this.length);
    this.length = 0;
    return taken;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.length++] = value;
  }

  /** @param value - a whole number from 0 to 2^53 - 1 */
  count(value: number): void {
    this.#reserve(MOST_VARINT_BYTES);
    let rest = value;
    // Not by shifts, which are of 32 bits.
    while (rest > 127) {
      this.#bytes[this.length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.length++] = rest;
  }

  number(value: number): void {
    // Most of them, in a fraction of the time that doubles take.
    if ((value | 0) === value && value < MOST_SHORT && value > -MOST_SHORT && (value !== 0 || 1 / value > 0)) {
      this.#short((value < 0 ? ~value * 2 + 1 : value * 2) * 2);
      return;
    }
    if (Number.isInteger(value) && Math.abs(value) < MOST_WHOLE && !Object.is(value, -0)) {
      this.count((value < 0 ? -2 * value - 1 : 2 * value) * 2);
      return;
    }
    this.count(1);
    this.#reserve(8);
    this.#view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** As `count`, below 2^31. */
  #short(value: number): void {
    this.#reserve(MOST_VARINT_BYTES);
    let rest = value;
    while (rest > 127) {
      this.#bytes[this.length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#bytes[this.length++] = rest;
  }

  /** A number, or that there is none. */
  maybe(value: number | undefined): void {
    this.byte(value === undefined ? 0 : 1);
    if (value !== undefined) this.number(value);
  }

  text(value: string): void {
    const bytes = encoder.encode(value);
    this.count(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.length);
    this.length += value.length;
  }

  #reserve(byteLength: number): void {
    if (this.length + byteLength <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(2 * this.#bytes.length, this.length + byteLength));
    bytes.set(this.#bytes.subarray(0, this.length));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Where the bytes stand in the file, for messages. */
  readonly #offset: number;
  position = 0;

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#offset = offset;
  }

  get left(): number {
    return this.#bytes.length - this.position;
  }

  /** An error that says where. */
  damaged(what: string): TraceFileError {
    return new TraceFileError(`the trace file is damaged at byte ${this.#offset + this.position}: ${what}`);
  }

  byte(): number {
    const value = this.#bytes[this.position];
    if (value === undefined) throw this.damaged("it ends in the middle of a segment");
    this.position++;
    return value;
  }

  count(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < MOST_VARINT_BYTES; i++) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 128;
    }
    throw this.damaged("a number is too long");
  }

  /**
   * How many of something follow, each of which takes some bytes: what can't be there is
   * refused before anything is made for it.
   */
  countOf(what: string, leastBytesEach: number): number {
    const count = this.count();
    if (count * leastBytesEach > this.left) throw this.damaged(`it has no room for ${count} ${what}`);
    return count;
  }

  number(): number {
    const coded = this.count();
    if (coded % 2 === 1) {
      if (coded !== 1) throw this.damaged("a number is neither whole nor a float");
      if (this.left < 8) throw this.damaged("it ends in the middle of a number");
      const value = this.#view.getFloat64(this.position, true);
      this.position += 8;
      return value;
    }
    const folded = coded / 2;
    return folded % 2 === 1 ? -(folded + 1) / 2 : folded / 2;
  }

  maybe(): number | undefined {
    const has = this.byte();
    if (has > 1) throw this.damaged(`a flag is ${has}`);
    return has === 1 ? this.number() : undefined;
  }

  text(): string {
    return decoder.decode(this.take(this.countOf("bytes of text", 1)));
  }

  take(byteLength: number): Uint8Array {
    if (byteLength > this.left) throw this.damaged("it ends in the middle of a segment");
    const taken = this.#bytes.subarray(this.position, this.position + byteLength);
    this.position += byteLength;
    return taken;
  }
}
