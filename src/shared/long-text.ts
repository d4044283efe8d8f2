/**
 * Text in bytes, by the means of the platform: for strings too long to be worth a
 * loop over their code units.
 */

/** Writes into, and reads from, the bytes it was made for. */
export interface LongText {
  /** A byte for each code unit; none may be above 255. */
  writeLatin1(text: string, at: number): void;
  readLatin1(at: number, length: number): string;
  /** Two bytes for each code unit, the lower first. Any code units, paired or not. */
  writeUtf16(text: string, at: number): void;
  readUtf16(at: number, length: number): string;
}

/** What is used of `Buffer`, which some platforms have. */
interface PlatformBuffer {
  write(text: string, at: number, encoding: "latin1" | "utf16le"): number;
  toString(encoding: "latin1" | "utf16le", start: number, end: number): string;
  /** As those for Latin-1, without a look at what the encoding is called: a fifth less for a short text. */
  latin1Write(text: string, at: number, length: number): number;
  latin1Slice(start: number, end: number): string;
}

interface PlatformBufferType {
  readonly prototype: PlatformBuffer;
  from(buffer: ArrayBufferLike, byteOffset: number, length: number): PlatformBuffer;
}

const { Buffer: platformBufferType } = globalThis as unknown as { readonly Buffer?: PlatformBufferType };

export function longTextIn(bytes: Uint8Array): LongText {
  return platformBufferType === undefined
    ? new PortableLongText(bytes)
    : new BufferLongText(platformBufferType.from(bytes.buffer, bytes.byteOffset, bytes.length));
}

const { latin1Write, latin1Slice } = (platformBufferType?.prototype ?? {}) as Partial<PlatformBuffer>;
const hasLatin1 = typeof latin1Write === "function" && typeof latin1Slice === "function";

class BufferLongText implements LongText {
  readonly #buffer: PlatformBuffer;

  constructor(buffer: PlatformBuffer) {
    this.#buffer = buffer;
  }

  writeLatin1(text: string, at: number): void {
    if (hasLatin1) this.#buffer.latin1Write(text, at, text.length);
    else this.#buffer.write(text, at, "latin1");
  }

  readLatin1(at: number, length: number): string {
    return hasLatin1 ? this.#buffer.latin1Slice(at, at + length) : this.#buffer.toString("latin1", at, at + length);
  }

  writeUtf16(text: string, at: number): void {
    this.#buffer.write(text, at, "utf16le");
  }

  readUtf16(at: number, length: number): string {
    return this.#buffer.toString("utf16le", at, at + 2 * length);
  }
}

/** As many arguments as any engine takes in one call. */
const CHUNK = 4096;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What browsers have: fast for ASCII alone. */
export class PortableLongText implements LongText {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  writeLatin1(text: string, at: number): void {
    const bytes = this.#bytes;
    // Of the code units up to 255 those that are ASCII take one byte, the others
    // two: all of the text fits only if it is ASCII.
    const { read } = encoder.encodeInto(text, bytes.subarray(at, at + text.length));
    if (read === text.length) return;
    for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  }

  readLatin1(at: number, length: number): string {
    // A copy, as decoders refuse shared memory.
    const text = decoder.decode(this.#bytes.slice(at, at + length));
    // What is not ASCII has become fewer code units, or the sign for bytes that
    // are no UTF-8, which no code unit up to 255 is.
    if (text.length === length && !text.includes("\ufffd")) return text;
    return this.#join(length, (i) => this.#bytes[at + i] as number);
  }

  writeUtf16(text: string, at: number): void {
    const bytes = this.#bytes;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      bytes[at + 2 * i] = unit;
      bytes[at + 2 * i + 1] = unit >>> 8;
    }
  }

  // The platform's decoder would replace surrogates that are not paired.
  readUtf16(at: number, length: number): string {
    const bytes = this.#bytes;
    return this.#join(length, (i) => (bytes[at + 2 * i] as number) | ((bytes[at + 2 * i + 1] as number) << 8));
  }

  #join(length: number, unitAt: (index: number) => number): string {
    const units = new Uint16Array(Math.min(length, CHUNK));
    let text = "";
    for (let start = 0; start < length; start += CHUNK) {
      const count = Math.min(CHUNK, length - start);
      for (let i = 0; i < count; i++) units[i] = unitAt(start + i);
      text += String.fromCharCode.apply(null, units.subarray(0, count) as unknown as number[]);
    }
    return text;
  }
}
