/**
 * The memory behind the heap: one block of bytes that all threads of the process
 * see, and that can grow without moving.
 *
 * A shared `WebAssembly.Memory` is both: it reserves addresses for its maximum and
 * takes memory as it is touched. Where the platform refuses one (a limit on
 * addresses, a page's policy against WebAssembly) a `SharedArrayBuffer` of fixed
 * size takes its place.
 */
import { SharedMemoryError } from "../core/errors.js";

/** What is posted to another thread so that it sees the same bytes. */
export type MemorySource = GrowableMemory | SharedArrayBuffer;

/** The part of `WebAssembly.Memory` that is used. */
export interface GrowableMemory {
  readonly buffer: SharedArrayBuffer;
  grow(pages: number): number;
}

interface WebAssemblyNamespace {
  readonly Memory: new (limits: {
    readonly initial: number;
    readonly maximum: number;
    readonly shared: true;
  }) => GrowableMemory;
}

export const PAGE_BYTES: number = 64 * 1024;

/** Maxima to try, in pages: addresses are free until somebody limits them. The first is all that 32 bits reach. */
const MAXIMA = [65_536, 16_384, 4_096];

/** Size of the memory that can't grow; untouched pages of it take no room. */
const FIXED_BYTES = 64 * 1024 * 1024;

/** Makes the memory of a process. */
export function makeMemory(initialPages: number): MemorySource {
  const { WebAssembly: wasm, SharedArrayBuffer: SharedBuffer } = globalThis as unknown as {
    WebAssembly?: WebAssemblyNamespace;
    SharedArrayBuffer?: typeof SharedArrayBuffer;
  };
  // A page that is not isolated can still make such a memory, but not post it.
  if (SharedBuffer === undefined) {
    throw new SharedMemoryError(
      "SKEIN_NO_SHARED_MEMORY",
      "this page has no SharedArrayBuffer, because it is not cross-origin isolated. Serve the page and its worker scripts with the headers " +
        '"Cross-Origin-Opener-Policy: same-origin" and "Cross-Origin-Embedder-Policy: require-corp" (or "credentialless")',
    );
  }
  for (const maximum of MAXIMA) {
    try {
      if (wasm !== undefined) return new wasm.Memory({ initial: initialPages, maximum, shared: true });
    } catch {
      // Refused at this size: a smaller one may do.
    }
  }
  return new SharedBuffer(FIXED_BYTES);
}

/** The bytes as they are now; a memory that grew has a longer buffer, and the shorter one stays valid. */
export function bufferOf(source: MemorySource): SharedArrayBuffer {
  return source instanceof SharedArrayBuffer ? source : source.buffer;
}

/**
 * The bytes, at least up to where some thread has grown the memory to.
 *
 * A thread learns that another has grown it by an interrupt of its engine, at some moment after that.
 * The one that grew it goes on meanwhile, and may have told others of what lies there: who then takes
 * `buffer` gets the old length, once in a thousand times. To grow by nothing has the engine look at once.
 */
export function bufferReaching(source: MemorySource, byteLength: number): SharedArrayBuffer {
  const buffer = bufferOf(source);
  if (buffer.byteLength >= byteLength || source instanceof SharedArrayBuffer) return buffer;
  source.grow(0);
  return source.buffer;
}

/**
 * Makes the memory at least `byteLength` long. Any thread may call it, several at
 * once: each grows by what it found missing, so at worst it grows further than asked.
 *
 * @returns false if it can't grow that far
 */
export function growTo(source: MemorySource, byteLength: number): boolean {
  const missing = (): number => byteLength - bufferOf(source).byteLength;
  if (missing() <= 0) return true;
  if (source instanceof SharedArrayBuffer) return false;
  // A quarter more than asked, so that a growing program asks seldom.
  for (const extra of [bufferOf(source).byteLength / 4, 0]) {
    const pages = Math.ceil((missing() + extra) / PAGE_BYTES);
    try {
      if (pages > 0) source.grow(pages);
      return true;
    } catch {
      // The maximum is nearer than that.
    }
  }
  return missing() <= 0;
}
