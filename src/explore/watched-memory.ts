/**
 * Memory of a program's own making whose cells are explored as they are: not the
 * blocks of the library's heap, but a heap itself, or what a pool and its threads
 * share. Its maker says of each part what it is.
 */
/** Places of one buffer, in cells: so far apart that none is taken twice. */
const MOST_CELLS = 2 ** 30;
/** Places in such memory are numbered from here: the blocks of shared objects have the numbers below. */
const FIRST_PLACE = 2 ** 40;

/** What the atomic operations on a part are. */
export const Part = {
  /** Done at once, without a step: nobody's order hangs on it. */
  quiet: 0,
  /** Steps. */
  steps: 1,
} as const;

export interface WatchedPart {
  /** As listings name it. */
  readonly name: string;
  readonly cells: Int32Array<SharedArrayBuffer>;
  readonly part: (typeof Part)[keyof typeof Part];
  /** Whether its bytes matter to who is called anew: what threads change in it must be as it was then. */
  readonly isKept: boolean;
}

interface WatchedBuffer {
  readonly firstPlace: number;
  /** Of each cell: 1 if operations on it are steps. */
  readonly isStep: Uint8Array;
}

export class WatchedMemory {
  readonly #parts: WatchedPart[] = [];
  readonly #buffers: Map<ArrayBufferLike, WatchedBuffer> = new Map();

  /** Parts whose bytes are kept. */
  readonly kept: Int32Array[] = [];

  /** Whether this run watches anything. */
  get isUsed(): boolean {
    return this.#parts.length > 0;
  }

  /** What a run has watched is not watched by the next. */
  clear(): void {
    if (this.#parts.length === 0) return;
    for (const { cells } of this.#parts) this.#buffers.get(cells.buffer)?.isStep.fill(0, first(cells), end(cells));
    this.#parts.length = 0;
    this.kept.length = 0;
  }

  add(part: WatchedPart): void {
    const { cells } = part;
    let buffer = this.#buffers.get(cells.buffer);
    if (buffer === undefined) {
      const firstPlace = FIRST_PLACE + this.#buffers.size * MOST_CELLS;
      buffer = { firstPlace, isStep: new Uint8Array(cells.buffer.byteLength / 4) };
      this.#buffers.set(cells.buffer, buffer);
    }
    buffer.isStep.fill(part.part, first(cells), end(cells));
    if (part.isKept) this.kept.push(cells);
    this.#parts.push(part);
  }

  has(buffer: ArrayBufferLike): boolean {
    return this.#parts.length > 0 && this.#buffers.has(buffer);
  }

  /** The place of a cell; `undefined` if operations on it are no steps. */
  placeOf(buffer: ArrayBufferLike, address: number): number | undefined {
    const watched = this.#buffers.get(buffer);
    const cell = address >>> 2;
    return watched?.isStep[cell] === Part.steps ? watched.firstPlace + cell : undefined;
  }

  nameOf(place: number): string | undefined {
    if (place < FIRST_PLACE) return undefined;
    for (let at = this.#parts.length - 1; at >= 0; at--) {
      const { name, cells } = this.#parts[at] as WatchedPart;
      const from = (this.#buffers.get(cells.buffer)?.firstPlace ?? Infinity) + first(cells);
      if (place >= from && place < from + cells.length) return cells.length === 1 ? name : `${name}[${place - from}]`;
    }
    return undefined;
  }
}

function first(cells: Int32Array): number {
  return cells.byteOffset / 4;
}

function end(cells: Int32Array): number {
  return first(cells) + cells.length;
}
