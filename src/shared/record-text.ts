/**
 * Text in a fixed room of shared memory: UTF-8, then zeros.
 *
 * Short ASCII text is copied here byte by byte: the platform's coders take several
 * times as long for it, and browsers refuse to let them touch shared memory.
 */

// A mark of byte order at the begin is part of the text.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** Up to here characters are put together one by one. */
const SHORT_BYTES = 24;

/**
 * How many bytes a text has in UTF-8. A half of a surrogate pair counts as what
 * encoders make of it, U+FFFD.
 */
export function textByteLength(value: string): number {
  let byteLength = 0;
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i);
    if (unit < 0x80) byteLength += 1;
    else if (unit < 0x800) byteLength += 2;
    else if (unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(value.charCodeAt(i + 1))) {
      byteLength += 4;
      i++;
    } else byteLength += 3;
  }
  return byteLength;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000; // false for NaN, which stands behind the end
}

/** Whether a text has no character of code 0, which would end it, and so many bytes at most. */
export function fitsText(value: unknown, room: number): boolean {
  return typeof value === "string" && value.length <= room && !value.includes("\0") && textByteLength(value) <= room;
}

/** Writes text that fits. */
export function writeText(bytes: Uint8Array, at: number, room: number, value: string): void {
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i);
    if (unit >= 0x80) {
      const encoded = encoder.encode(value);
      bytes.set(encoded, at);
      bytes.fill(0, at + encoded.length, at + room);
      return;
    }
    bytes[at + i] = unit;
  }
  for (let i = at + value.length; i < at + room; i++) bytes[i] = 0;
}

export function readText(bytes: Uint8Array, at: number, room: number): string {
  let end = at;
  let seen = 0;
  for (let byte = 0; end < at + room && (byte = bytes[end] as number) !== 0; end++) seen |= byte;
  // A copy: see above.
  if (seen >= 0x80 || end - at > SHORT_BYTES) return decoder.decode(bytes.slice(at, end));
  let value = "";
  for (let i = at; i < end; i++) value += String.fromCharCode(bytes[i] as number);
  return value;
}
