/**
 * The one file that names `Atomics`; reached as `#atomics`.
 *
 * Every access to memory that threads share goes through these names, so that
 * exploration can swap them by an import condition and see every operation.
 * All of them are sequentially consistent: the language offers nothing weaker.
 */

/** Memory that can be waited on. */
export type SharedCells = Int32Array<SharedArrayBuffer>;

export const load = (cells: SharedCells, index: number): number => Atomics.load(cells, index);

export const store = (cells: SharedCells, index: number, value: number): number => Atomics.store(cells, index, value);

export const add = (cells: SharedCells, index: number, value: number): number => Atomics.add(cells, index, value);

export const compareExchange = (cells: SharedCells, index: number, expected: number, value: number): number =>
  Atomics.compareExchange(cells, index, expected, value);

export const exchange = (cells: SharedCells, index: number, value: number): number =>
  Atomics.exchange(cells, index, value);

export const wait = (cells: SharedCells, index: number, expected: number, timeoutMs?: number): WaitResult =>
  Atomics.wait(cells, index, expected, timeoutMs);

export const notify = (cells: SharedCells, index: number, count?: number): number =>
  Atomics.notify(cells, index, count);

/** A wait that may be a promise; one that need not wait is not. */
export type WaitResult = "ok" | "not-equal" | "timed-out";

/**
 * As `wait`, without blocking the thread: the promise settles in a turn of its
 * event loop. It keeps no process alive, on no runtime.
 */
export const waitAsync = (
  cells: SharedCells,
  index: number,
  expected: number,
):
  | { readonly async: false; readonly value: WaitResult }
  | { readonly async: true; readonly value: Promise<WaitResult> } =>
  (Atomics as unknown as AsyncAtomics).waitAsync(cells, index, expected);

/** What the compiler's library for ES2023 does not tell yet. */
interface AsyncAtomics {
  waitAsync(cells: SharedCells, index: number, expected: number): ReturnType<typeof waitAsync>;
}

/** True where a wait can be a promise (Node 20 and later, and all current browsers but the oldest). */
export const hasWaitAsync: boolean = "waitAsync" in Atomics;

/** Memory that is changed atomically but not waited on. Its elements are bigints where they have 64 bits. */
export type SharedIntegers =
  | Int8Array<SharedArrayBuffer>
  | Uint8Array<SharedArrayBuffer>
  | Int16Array<SharedArrayBuffer>
  | Uint16Array<SharedArrayBuffer>
  | Int32Array<SharedArrayBuffer>
  | Uint32Array<SharedArrayBuffer>
  | BigInt64Array<SharedArrayBuffer>
  | BigUint64Array<SharedArrayBuffer>;

/** An element of such memory. */
export type SharedInteger = number | bigint;

// The platform's functions take all of these; their types tell each pairing apart.

export const loadInteger = (cells: SharedIntegers, index: number): SharedInteger =>
  Atomics.load(cells as SharedCells, index);

export const storeInteger = (cells: SharedIntegers, index: number, value: SharedInteger): SharedInteger =>
  Atomics.store(cells as SharedCells, index, value as number);

export const addInteger = (cells: SharedIntegers, index: number, value: SharedInteger): SharedInteger =>
  Atomics.add(cells as SharedCells, index, value as number);

export const exchangeInteger = (cells: SharedIntegers, index: number, value: SharedInteger): SharedInteger =>
  Atomics.exchange(cells as SharedCells, index, value as number);

export const compareExchangeInteger = (
  cells: SharedIntegers,
  index: number,
  expected: SharedInteger,
  value: SharedInteger,
): SharedInteger => Atomics.compareExchange(cells as SharedCells, index, expected as number, value as number);
