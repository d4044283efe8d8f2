/**
 * The memory that shared objects of the library live in while a program is explored.
 *
 * The objects are the shipped ones. Each thread under exploration has a heap of its
 * own in the eyes of the library, so a slot, and looks at each object through an
 * instance of its own (`views.ts`). An atomic operation inside a block is a step;
 * outside, in the heap's own tables, it is something that the thread learns: the
 * heap is not what is explored.
 *
 * The library also uses its memory plainly, where a lock or an order of atomic
 * operations protects that. Such accesses are no steps and in no log, so a thread
 * that is called anew makes them once more. For that it is given the memory as it
 * was: the bytes of all blocks are kept for each entry of its log, and put back while
 * it is between that entry and the next. When it has caught up, or has been left, the
 * memory is made again what it is for all.
 *
 * Blocks are given back when the next run begins, in reverse order: so each run finds
 * the heap's lists as the first did, and its objects at the same places.
 */
import { InternalError, MisuseError } from "../core/errors.js";
import { chooseHeapBy, type Handle, Heap, LARGEST_BLOCK_BYTES, rangesInUse } from "../shared/heap.js";
import { PAGE_BYTES } from "../shared/memory.js";
import { HEADER_BYTES, NAMES, nameAt } from "../shared/object.js";
import { controlled } from "./controlled.js";
import { Entry, type EntryValue } from "./entry.js";
import type { Execution } from "./execution.js";
import type { StepKind } from "./operations.js";
import type { RunMemory } from "./run-memory.js";
import type { VirtualThread } from "./virtual-thread.js";
import { WatchedMemory, type WatchedPart } from "./watched-memory.js";

const MEMORY_BYTES = 16 * 1024 * 1024;
const UNIT_BYTES = 16;
/** Places in this memory are numbered from here: cells have the numbers below. */
const FIRST_PLACE = 2 ** 32;
const RELEASED = 2;
const STATE_MASK = 3;
/**
 * Sleeps of that length and more are those after which the library looks whether a
 * thread has ended. What only such a look would find is a wake-up that was lost.
 */
const LOOK_MS = 50;

interface Block {
  readonly offset: number;
  readonly byteLength: number;
  readonly handle: Handle;
  readonly kind: number;
  readonly cells: Int32Array;
  isFreed: boolean;
}

/** What a run has taken of the memory. */
export interface TakenBlock {
  readonly offset: number;
  readonly byteLength: number;
  readonly kind: number;
}

type Cells = Pick<Int32Array, "buffer" | "byteOffset" | "BYTES_PER_ELEMENT">;

/** Of one entry of a log: where the bytes of the first so many blocks are kept. */
interface Kept {
  readonly at: number;
  readonly blocks: number;
}

/** The heap as one thread under exploration sees it. */
class ThreadHeap extends Heap {
  readonly #memory: SharedMemory;

  constructor(memory: SharedMemory, source: SharedArrayBuffer, slot?: number) {
    super(source, slot);
    this.#memory = memory;
  }

  override allocate(byteLength: number, kind: number, first = 0, second = 0): number {
    return this.#memory.allocate(byteLength, kind, first, second);
  }

  override free(handle: Handle): boolean {
    return this.#memory.free(handle);
  }
}

export class SharedMemory implements RunMemory {
  buffer: SharedArrayBuffer = new SharedArrayBuffer(MEMORY_BYTES);
  /** Operations are done at once: the library makes something that no thread sees yet. */
  isQuiet = false;
  /** Sleeps of that length and more have no end in this run. */
  endlessMs: number = LOOK_MS;
  /** Called before each operation on memory that is watched, also one that is repeated. */
  onOperation: (() => void) | undefined;
  /** In place of the heaps that threads are given; for programs that watch one of their own. */
  heapInstead: Heap | undefined;
  /** Names of fields, by their places. */
  readonly #fields: Map<number, string> = new Map();
  readonly #watched = new WatchedMemory();
  #allocator: Heap;
  readonly #heaps: ThreadHeap[] = [];
  /** The memory's header as the run found it, if that is asked for. */
  #headerAtBegin: Uint8Array | undefined;
  /** Of a run that follows another: the slots of heaps, and which block is the next to be taken. */
  #followed: { readonly slots: readonly number[]; readonly next: () => number } | undefined;
  readonly #blocks: Block[] = [];
  /** The number plus 1 of the block that each 16 bytes are of. */
  readonly #blockAt = new Uint16Array(MEMORY_BYTES / UNIT_BYTES);
  readonly #kept: (Kept[] | undefined)[] = [];
  #arena = new Int32Array(1 << 16);
  #arenaLength = 0;
  /** The memory as it is for all, while somebody is called anew or left. */
  #present: Kept | undefined;
  #execution: Execution | undefined;
  /** Called when a thread's body is called: what it has made before is no more. */
  onBegin: (thread: VirtualThread) => void = () => undefined;

  constructor() {
    this.isQuiet = true;
    this.#allocator = new Heap(this.buffer);
    this.isQuiet = false;
  }

  /** A run begins: what the one before has left is cleared. */
  attach(execution: Execution): void {
    this.#execution = execution;
    this.#present = undefined;
    this.#arenaLength = 0;
    for (const kept of this.#kept) if (kept !== undefined) kept.length = 0;
    this.#watched.clear();
    this.#fields.clear();
    this.endlessMs = LOOK_MS;
    this.heapInstead = undefined;
    this.onOperation = undefined;
    if (this.#blocks.length === 0 || this.#followed !== undefined) return;
    this.isQuiet = true;
    for (let number = this.#blocks.length - 1; number >= 0; number--) {
      const block = this.#blocks[number] as Block;
      if (block.isFreed) this.#setState(block, 1);
      this.#blockAt.fill(0, block.offset / UNIT_BYTES, (block.offset + block.byteLength) / UNIT_BYTES);
      this.#allocator.free(block.handle);
    }
    this.isQuiet = false;
    this.#blocks.length = 0;
  }

  /** The heap of the thread that runs; `undefined` if none is under control. */
  get heapNow(): Heap | undefined {
    const thread = this.#execution?.current;
    if (thread === undefined) return undefined;
    (this.#execution as Execution).memory = this;
    if (this.heapInstead !== undefined) return this.heapInstead;
    // In order of threads, not of first use: what stands in locks as their owner is to be
    // the same in each run, whatever this process has explored before.
    while (this.#heaps.length <= thread.index) this.#heaps.push(this.#makeHeap());
    return this.#heaps[thread.index];
  }

  #makeHeap(): ThreadHeap {
    return this.quietly(() => new ThreadHeap(this, this.buffer, this.#followed?.slots[this.#heaps.length]));
  }

  quietly<Result>(make: () => Result): Result {
    const before = this.isQuiet;
    this.isQuiet = true;
    try {
      return make();
    } finally {
      this.isQuiet = before;
    }
  }

  isOwn(heap: Heap): boolean {
    return heap instanceof ThreadHeap;
  }

  allocate(byteLength: number, kind: number, first: number, second: number): number {
    return (this.#execution as Execution).observe(() => {
      if (this.#followed !== undefined) return this.#takeAgain(kind, first, second);
      return this.quietly(() => {
        const offset = this.#allocator.allocate(byteLength, kind, first, second);
        this.#add({ offset, byteLength, kind });
        return offset;
      });
    });
  }

  #add({ offset, byteLength, kind }: TakenBlock): void {
    const whole = roomFor(byteLength);
    const cells = new Int32Array(this.buffer, offset, Math.ceil(byteLength / 4));
    const handle = this.#allocator.handleOf(offset);
    this.#blocks.push({ offset, byteLength: whole, handle, kind, cells, isFreed: false });
    this.#blockAt.fill(this.#blocks.length, offset / UNIT_BYTES, (offset + whole) / UNIT_BYTES);
  }

  free(handle: Handle): boolean {
    return (this.#execution as Execution).observe(() =>
      this.quietly(() => {
        const block = this.#blocks.find((one) => one.handle === handle && !one.isFreed);
        if (block === undefined) return false;
        block.isFreed = true;
        this.#setState(block, RELEASED);
        return true;
      }),
    );
  }

  /** From now on to the end of the run, operations on these are what their parts say. Before threads are spawned. */
  watch(parts: readonly WatchedPart[]): void {
    const run = this.#execution as Execution;
    if (run.threadCount > 1) throw new InternalError("memory is watched from before the first thread on");
    run.memory = this;
    for (const part of parts) this.#watched.add(part);
  }

  /** Whether this run watches memory of the program's own making. */
  get watches(): boolean {
    return this.#watched.isUsed;
  }

  /** Whether operations on cells of that buffer are this memory's. */
  has(buffer: ArrayBufferLike): boolean {
    return buffer === this.buffer || this.#watched.has(buffer);
  }

  #setState({ handle, kind }: Block, state: number): void {
    const witness = this.#allocator.witnessOf(handle, kind);
    if (witness === undefined) return;
    const { cells } = this.#allocator;
    cells[witness.index] = (witness.value & ~STATE_MASK) | state;
  }

  /**
   * Comes before an operation of the library on this memory.
   *
   * @param expected, next - of an operation that changes: what it expects, if
   *   anything, and what it writes
   */
  enter(kind: StepKind, cells: Cells, index: number, expected?: unknown, next?: unknown): EntryValue {
    const run = this.#execution;
    // While there is no other thread, there is nobody to come between.
    if (this.isQuiet || run?.current === undefined || run.threadCount === 1) return Entry.free;
    const address = cells.byteOffset + index * cells.BYTES_PER_ELEMENT;
    let place = placeOf(address);
    if (cells.buffer !== this.buffer) {
      const watched = this.#watched.placeOf(cells.buffer, address);
      this.onOperation?.();
      if (watched === undefined) return Entry.free;
      place = watched;
    } else if (this.#blockAt[address >>> 4] === 0) {
      return run.hasLearned() ? Entry.learned : Entry.learns;
    }
    if (run.isRepeating && !run.isProbing) return run.before(kind, place) ? Entry.logged : Entry.step;
    const argument = expected === undefined ? next : `${String(expected)} -> ${String(next)}`;
    return run.before(kind, place, argument) ? Entry.logged : Entry.step;
  }

  /** What the operation gave that `enter` said has been done. */
  given(entry: EntryValue): unknown {
    const run = this.#execution as Execution;
    return entry === Entry.logged ? run.logged() : run.learned();
  }

  /** Comes after an operation that was done. */
  leave<Value>(entry: EntryValue, value: Value, hadEffect: boolean): Value {
    if (entry === Entry.free) return value;
    const run = this.#execution as Execution;
    return entry === Entry.step ? run.after(value, hadEffect) : run.learns(value, false);
  }

  /** The place of a cell that threads sleep on. */
  placeOf(cells: Int32Array, index: number): number {
    const address = cells.byteOffset + index * 4;
    if (cells.buffer === this.buffer) return placeOf(address);
    const place = this.#watched.placeOf(cells.buffer, address);
    if (place === undefined) throw new InternalError("a thread sleeps on a cell whose operations are no steps");
    return place;
  }

  /** Whether threads are explored, which may come yet. */
  get isWatching(): boolean {
    return !this.isQuiet && this.#execution?.current !== undefined;
  }

  /**
   * The place of something that is read and written plainly, of whatever size: two that
   * begin in one cell are two places. `undefined` if that is no step now.
   */
  plainPlaceOf(buffer: ArrayBufferLike, address: number, field: string): number | undefined {
    const run = this.#execution;
    if (this.isQuiet || run?.current === undefined || run.threadCount === 1 || buffer !== this.buffer) return undefined;
    if (this.#blockAt[address >>> 4] === 0) return undefined;
    const place = FIRST_PLACE + address / 4;
    this.#fields.set(place, field);
    return place;
  }

  nameOf(place: number): string | undefined {
    if (place < FIRST_PLACE) return undefined;
    const watched = this.#watched.nameOf(place);
    if (watched !== undefined) return watched;
    const address = (place - FIRST_PLACE) * 4;
    const block = this.#blocks[(this.#blockAt[address >>> 4] as number) - 1];
    if (block === undefined) return undefined;
    const cell = (address - block.offset - HEADER_BYTES) / 4;
    const kind = NAMES[block.kind];
    if (kind === undefined || cell < 0) return `block at ${block.offset}[${(address - block.offset) / 4}]`;
    const name = nameAt(this.#allocator, block.offset);
    const field = this.#fields.get(place);
    const whose = name === kind ? kind : `${kind} "${name}"`;
    return field === undefined ? `${whose}[${cell}]` : `${whose}.${field}`;
  }

  // Runs that follow another, on real threads

  /** Keeps what the run that begins finds, for an image of it. */
  keepHeader(): void {
    this.#headerAtBegin = Uint8Array.from(new Uint8Array(this.buffer, 0, this.#headerBytes));
  }

  get #headerBytes(): number {
    return rangesInUse(this.#allocator.cells)[0]?.[1] as number;
  }

  /**
   * Makes `image` what this memory was when the last run began, but for the blocks that
   * it took: they are alive.
   */
  writeImage(image: SharedArrayBuffer): { readonly blocks: readonly TakenBlock[]; readonly slots: readonly number[] } {
    this.quietly(() => {
      for (const block of this.#blocks) if (block.isFreed) this.#setState(block, 1);
    });
    for (const [begin, end] of rangesInUse(this.#allocator.cells)) {
      new Uint8Array(image, begin, end - begin).set(new Uint8Array(this.buffer, begin, end - begin));
    }
    // With what has been given out since, which it says first.
    const chunksUsed = new Int32Array(image)[0] as number;
    if (this.#headerAtBegin !== undefined) new Uint8Array(image).set(this.#headerAtBegin);
    new Int32Array(image)[0] = chunksUsed;
    const blocks = this.#blocks.map(({ offset, cells, kind }) => ({ offset, byteLength: cells.byteLength, kind }));
    return { blocks, slots: this.#heaps.map(({ slot }) => slot) };
  }

  get heapCount(): number {
    return this.#heaps.length;
  }

  /**
   * Goes on in `buffer`, which is such an image: the run that begins, or goes on, takes
   * those blocks, in that order.
   */
  follow(
    buffer: SharedArrayBuffer,
    plan: { blocks: readonly TakenBlock[]; slots: readonly number[] },
    next: () => number,
  ): void {
    this.buffer = buffer;
    this.#followed = { slots: plan.slots, next };
    this.#heaps.length = 0;
    for (const { offset, byteLength } of this.#blocks) {
      this.#blockAt.fill(0, offset / UNIT_BYTES, (offset + byteLength) / UNIT_BYTES);
    }
    this.#blocks.length = 0;
    this.#present = undefined;
    this.quietly(() => {
      // Takes nothing: it only knows where things are.
      this.#allocator = new ThreadHeap(this, buffer, plan.slots[0]);
      for (const block of plan.blocks) this.#add(block);
    });
  }

  #takeAgain(kind: number, first: number, second: number): number {
    const block = this.#blocks[(this.#followed?.next ?? (() => -1))()];
    if (block?.kind !== kind) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `on real threads the program made ${NAMES[kind] ?? "a block"} where it had made ${NAMES[block?.kind ?? -1] ?? "nothing"} before`,
      );
    }
    block.cells.fill(0);
    block.cells[0] = first;
    block.cells[1] = second;
    return block.offset;
  }

  // Plain accesses of threads that are called anew

  begins(thread: VirtualThread, isNew: boolean): void {
    this.onBegin(thread);
    const kept = (this.#kept[thread.index] ??= []);
    if (isNew) {
      kept.length = 0;
      kept[0] = this.#keep();
    } else {
      this.#leavePresent();
      this.#putBack(kept[0]);
    }
  }

  replayed(thread: VirtualThread): void {
    if (this.#present === undefined) return;
    this.#putBack(this.#kept[thread.index]?.[thread.cursor]);
  }

  caughtUp(): void {
    this.#returnToPresent();
  }

  logged(thread: VirtualThread): void {
    (this.#kept[thread.index] ??= [])[thread.logLength] = this.#keep();
  }

  leaving(): void {
    if (this.#present === undefined) this.#leavePresent();
  }

  left(): void {
    this.#returnToPresent();
  }

  #leavePresent(): void {
    this.#present = this.#keep();
  }

  #returnToPresent(): void {
    if (this.#present === undefined) return;
    this.#putBack(this.#present);
    // It was kept last, as nobody does anything meanwhile.
    this.#arenaLength = this.#present.at;
    this.#present = undefined;
  }

  #keep(): Kept {
    const at = this.#arenaLength;
    for (const cells of this.#watched.kept) this.#keepCells(cells);
    for (const { cells } of this.#blocks) this.#keepCells(cells);
    return { at, blocks: this.#blocks.length };
  }

  #keepCells(cells: Int32Array): void {
    const end = this.#arenaLength + cells.length;
    if (end > this.#arena.length) {
      const larger = new Int32Array(2 * end);
      larger.set(this.#arena);
      this.#arena = larger;
    }
    this.#arena.set(cells, this.#arenaLength);
    this.#arenaLength = end;
  }

  #putBack(kept: Kept | undefined): void {
    if (kept === undefined) return;
    let { at } = kept;
    for (const cells of this.#watched.kept) at = this.#putCells(cells, at);
    for (let number = 0; number < kept.blocks; number++) at = this.#putCells((this.#blocks[number] as Block).cells, at);
  }

  #putCells(cells: Int32Array, at: number): number {
    for (let cell = 0; cell < cells.length; cell++) cells[cell] = this.#arena[at + cell] as number;
    return at + cells.length;
  }
}

/** Bytes of the block that the heap takes for so many. */
function roomFor(byteLength: number): number {
  if (byteLength > LARGEST_BLOCK_BYTES) return Math.ceil(byteLength / PAGE_BYTES) * PAGE_BYTES;
  return Math.max(UNIT_BYTES, 2 ** Math.ceil(Math.log2(byteLength)));
}

function placeOf(address: number): number {
  return FIRST_PLACE + (address >>> 2);
}

/** Has the library take its heap from the memory under exploration, while a thread of that runs. */
export function useSharedMemory(memory: SharedMemory): void {
  chooseHeapBy(() => (controlled === undefined ? undefined : memory.heapNow));
}
