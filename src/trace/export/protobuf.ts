/**
 * Writes protocol buffers: fields of the three wire types that traces need.
 *
 * A message is written into the buffer of the one around it: its length comes before
 * its content and is not known until that is there, so room is left for the longest
 * length there may be, and filled with a varint that is padded to it, which the format
 * allows.
 */

const VARINT = 0;
const FIXED_64 = 1;
const BYTES = 2;

/** Bytes of a padded length: messages up to 256 MiB. */
const LENGTH_BYTES = 4;
const FIRST_CAPACITY = 65_536;

const encoder = new TextEncoder();

export class ProtobufWriter {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get byteLength(): number {
    return this.#length;
  }

  /** What was written since the last call. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }

  /** @param value - a whole number from 0 to 2^53 - 1 */
  uint(field: number, value: number): void {
    this.#reserve(20);
    this.#tag(field, VARINT);
    this.#varint(value);
  }

  bool(field: number, value: boolean): void {
    this.uint(field, value ? 1 : 0);
  }

  double(field: number, value: number): void {
    this.#reserve(18);
    this.#tag(field, FIXED_64);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** @param value - a whole number from 0 to 2^53 - 1 */
  fixed64(field: number, value: number): void {
    this.#reserve(18);
    this.#tag(field, FIXED_64);
    this.#view.setUint32(this.#length, value % 2 ** 32, true);
    this.#view.setUint32(this.#length + 4, Math.floor(value / 2 ** 32), true);
    this.#length += 8;
  }

  /** Halves of surrogate pairs that stand alone become U+FFFD, as there are none in UTF-8. */
  text(field: number, value: string): void {
    this.#reserve(20 + value.length * 3);
    this.#tag(field, BYTES);
    const lengthAt = this.#length;
    this.#length += LENGTH_BYTES;
    const { written } = encoder.encodeInto(value, this.#bytes.subarray(this.#length));
    this.#length += written;
    this.#padded(lengthAt, written);
  }

  message(field: number, write: () => void): void {
    this.#reserve(20);
    this.#tag(field, BYTES);
    const lengthAt = this.#length;
    this.#length += LENGTH_BYTES;
    write();
    this.#padded(lengthAt, this.#length - lengthAt - LENGTH_BYTES);
  }

  #tag(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType);
  }

  #varint(value: number): void {
    let rest = value;
    // Not by shifts, which are of 32 bits.
    while (rest > 127) {
      this.#bytes[this.#length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  #padded(at: number, value: number): void {
    for (let i = 0; i < LENGTH_BYTES; i++) {
      const isLast = i === LENGTH_BYTES - 1;
      this.#bytes[at + i] = ((value >>> (7 * i)) & 127) | (isLast ? 0 : 128);
    }
  }

  #reserve(byteLength: number): void {
    if (this.#length + byteLength <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + byteLength));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}
