export function encodeValue(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
export function decodeValue(bytes: Uint8Array, _arrive: never): unknown {
  const own = new Uint8Array(bytes.length);
  own.set(bytes);
  return JSON.parse(new TextDecoder().decode(own));
}
