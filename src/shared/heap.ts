/**
 * The heap that all threads of a process share: who owns which part of the memory,
 * and the taking and giving back of blocks.
 *
 * Memory is divided into chunks of 64 KiB. A chunk is free, or belongs to one
 * thread and is divided into blocks of one size, or begins or continues a run of
 * chunks that holds one large block. A block's owner takes and gives back without
 * a word to others; another thread that gives it back pushes it on the chunk's
 * list, which the owner empties when it runs short.
 *
 * Layout, in bytes from the memory's begin
 *   0         header: see the indexes below; from 64 on the watch on the order of
 *             locks (`lock-order.ts`), from 4 Ki on the waits of jobs (`wait-table.ts`)
 *   64 Ki     threads: 64 bytes each
 *   128 Ki    chunks: 16 bytes each, for as many as 32 bits of address reach
 *   1152 Ki   the chunks themselves, those before it counted too, but never given out
 * A chunk divided into blocks begins with one word a block (its meta word), then
 * the blocks. The meta word of a large block stands in its chunk's entry.
 *
 * A meta word: state in bits 0 and 1, kind of object in bits 2 to 7, generation in
 * bits 8 to 31. A handle names a block and its generation; it is good while the
 * block lives and has that generation.
 *
 * States of a block, and who moves it:
 *   FREE      -> ALIVE      its owner, taking it; it is in the owner's own list till then
 *   ALIVE     -> FREE       its owner, giving it back into that list
 *   ALIVE     -> RELEASING  another thread, which then pushes it on the chunk's list
 *   RELEASING -> FREE       its owner, emptying that list
 *
 * Invariants
 * - Of two that give a block back one moves it out of ALIVE; the other is told.
 * - The lists of a thread are its own memory and end with it. Whoever takes over a
 *   chunk of an ended thread makes the list anew: exactly the blocks that are FREE.
 *   One that is RELEASING is on the chunk's list, or about to be, and comes by that.
 * - Chunks are claimed by a change of their state word from CHUNK_FREE, or by the
 *   counter of chunks used; so each has one claimer.
 */
import { add, compareExchange, exchange, load, type SharedCells, store } from "#atomics";

import { InternalError, MisuseError, SharedMemoryError } from "../core/errors.js";
import { threadIndex, workerMarker } from "../core/thread.js";
import { isTaskRunning, ownTask } from "./ended-threads.js";
import { bufferOf, bufferReaching, growTo, makeMemory, type MemorySource, PAGE_BYTES } from "./memory.js";

const CHUNK_BYTES = PAGE_BYTES;
const CHUNK_CELLS = CHUNK_BYTES / 4;
const MOST_CHUNKS = 65_536;

// Header, as Int32 indexes.
/** Chunks claimed by counting, those of the tables included; only ever added to. */
const CHUNKS_USED = 0;
/** Free chunks below that count, which somebody gave back. A hint: it may lag behind. */
const CHUNKS_FREE = 1;
/** Chunks whose owner has ended. A hint, as above. */
const CHUNKS_ORPHANED = 2;
/** Large blocks made so far; wraps. */
const LARGE_BLOCKS = 3;

// A thread's entry, as Int32 offsets in it. Slot 0 is nobody.
export const FIRST_THREAD: number = CHUNK_CELLS;
export const THREAD_CELLS = 16;
/** Slots of threads, from 0, which is nobody. Structures have a cell for each. */
export const MOST_SLOTS = 256;
/** One of the states below. */
const THREAD_STATE = 0;
/** `threadIndex` of the thread, or `strangerIndex`; it alone writes it, before it runs anything else. */
const THREAD_INDEX = 1;
/** Where the object is that the thread sleeps for, or 0; what follows it is of `sleep.ts` too. */
export const THREAD_SLEEPS_FOR = 2;
/** What the platform calls the thread, and when it began, for others to see whether it still runs; 0 if it does not tell. */
const THREAD_TASK = 6;
const THREAD_BEGAN = 7;

// A thread's state: one of these in bits 0 and 1; above, how often the slot has been
// given out, so that who has looked at one thread does not take the next for it.
const SLOT_STATE_MASK = 3;
const ONE_LIFE = 4;
/** By so much of it a life is told from the next ones: structures may keep no more. It comes round after two million threads in one slot. */
const LIFE_MASK = (1 << 23) - 1;

/** No thread's index. */
const NO_INDEX: number = -(2 ** 31);

/** Nobody's. */
const SLOT_FREE = 0;
/** A thread's that runs. Claimed by the thread itself. */
const SLOT_RUNNING = 1;
/** A thread's that has ended, and what it left is being put in order by whoever claimed that. */
const SLOT_ENDING = 2;

// A chunk's entry, as Int32 offsets in it.
const FIRST_CHUNK_ENTRY = 2 * CHUNK_CELLS;
const ENTRY_CELLS = 4;
/** One of the states below in bits 0 and 1; above, the size class, or the chunks of the run. */
const CHUNK_STATE = 0;
/** Slot of its owner, or ORPHANED. */
const CHUNK_OWNER = 1;
/** Blocks: the first block given back by others, its number plus 1. Large: the meta word. */
const CHUNK_LIST = 2;

/** Nobody's; its bytes are whatever they were. */
const CHUNK_FREE = 0;
const CHUNK_OF_BLOCKS = 1;
const CHUNK_LARGE = 2;
/** Continues a run, or is being claimed. */
const CHUNK_TAKEN = 3;

/** Owner of a chunk whose thread has ended. */
const ORPHANED = -1;

const TABLE_CHUNKS = 2 + (MOST_CHUNKS * ENTRY_CELLS) / CHUNK_CELLS;

// States in a meta word.
const FREE = 0;
const ALIVE = 1;
const RELEASING = 2;
const STATE_MASK = 3;

const UNIT_BYTES = 16;
/** Sizes of blocks: 16 bytes and its doubles. */
const SIZE_CLASSES = 11;
/** What is larger takes chunks of its own. */
export const LARGEST_BLOCK_BYTES: number = UNIT_BYTES << (SIZE_CLASSES - 1);

const MOST_GENERATIONS = 1 << 24;

/** A block that somebody holds, as a number: fits a double, and means the same on every thread. */
export type Handle = number;

/** A thread's use of a slot. */
export interface Life {
  readonly slot: number;
  /** What stood in the thread's table. */
  readonly state: number;
}

/** What the heap knows of a block that lives. */
export interface LiveBlock {
  readonly offset: number;
  readonly handle: Handle;
  readonly kind: number;
  readonly byteLength: number;
  /** Slot of the thread that made it, 0 if that has ended. */
  readonly owner: number;
}

/** Figures of the heap at one moment. */
export interface HeapStatistics {
  /** Length of the memory now. */
  readonly byteLength: number;
  /** Bytes of the blocks that live, as rounded up to their size class. */
  readonly usedBytes: number;
  readonly chunks: number;
  readonly freeChunks: number;
  readonly threads: number;
}

interface Places {
  readonly firstMeta: number;
  readonly firstBlock: number;
  readonly blocks: number;
  readonly blockBytes: number;
}

/** Where the blocks of a chunk of each size class are, in bytes from the chunk's begin. */
const PLACES: readonly Places[] = Array.from({ length: SIZE_CLASSES }, (_, sizeClass) => {
  const blockBytes = UNIT_BYTES << sizeClass;
  let blocks = Math.floor(CHUNK_BYTES / (blockBytes + 4));
  const metaBytes = (): number => Math.ceil((blocks * 4) / 64) * 64;
  while (metaBytes() + blocks * blockBytes > CHUNK_BYTES) blocks--;
  return { firstMeta: 0, firstBlock: CHUNK_BYTES - blocks * blockBytes, blocks, blockBytes };
});

function sizeClassOf(byteLength: number): number {
  return byteLength <= UNIT_BYTES ? 0 : 32 - Math.clz32((byteLength - 1) >>> 4);
}

export class Heap {
  readonly source: MemorySource;
  /** This thread's entry in the heap's table: what stands in locks as their owner. */
  readonly slot: number;
  /** All of the memory that this thread has seen so far. */
  cells: SharedCells;
  /** Of each size class: blocks that this thread can take, by their offsets. */
  readonly #free: number[][] = Array.from({ length: SIZE_CLASSES }, () => []);
  /** Of each size class: chunks that this thread owns. */
  readonly #chunks: number[][] = Array.from({ length: SIZE_CLASSES }, () => []);

  /** @param slot - for exploration: the slot that this thread has already, in a copy of another heap */
  constructor(source?: MemorySource, slot?: number) {
    this.source = source ?? makeMemory(TABLE_CHUNKS + 2);
    this.cells = new Int32Array(bufferOf(this.source));
    // The tables count as used, once: whoever comes first writes it.
    compareExchange(this.cells, CHUNKS_USED, 0, TABLE_CHUNKS);
    // A thread that no pool of ours started has no index of ours.
    this.slot = slot ?? this.#claimSlot(source !== undefined && workerMarker === undefined);
  }

  #claimSlot(isStranger: boolean): number {
    for (let slot = 1; slot < MOST_SLOTS; slot++) {
      const entry = FIRST_THREAD + slot * THREAD_CELLS;
      const state = load(this.cells, entry + THREAD_STATE);
      if ((state & SLOT_STATE_MASK) !== SLOT_FREE) continue;
      const claimed = ((state + ONE_LIFE) & ~SLOT_STATE_MASK) | SLOT_RUNNING;
      if (compareExchange(this.cells, entry + THREAD_STATE, state, claimed) !== state) continue;
      store(this.cells, entry + THREAD_INDEX, isStranger ? strangerIndex(slot) : threadIndex);
      store(this.cells, entry + THREAD_SLEEPS_FOR, 0);
      const task = ownTask();
      store(this.cells, entry + THREAD_BEGAN, task?.began ?? 0);
      // Last: who finds it finds the rest.
      store(this.cells, entry + THREAD_TASK, task?.number ?? 0);
      return slot;
    }
    throw new SharedMemoryError(
      "SKEIN_OUT_OF_SHARED_MEMORY",
      `shared memory is laid out for ${MOST_SLOTS - 1} threads at a time, and so many use it now`,
    );
  }

  /** This thread's use of its slot. */
  get life(): Life {
    const { slot } = this;
    return { slot, state: load(this.cells, FIRST_THREAD + slot * THREAD_CELLS + THREAD_STATE) };
  }

  get buffer(): SharedArrayBuffer {
    return this.cells.buffer;
  }

  /**
   * Takes a block of at least so many bytes, all 0, at a multiple of 16.
   *
   * **Throws** `SKEIN_OUT_OF_SHARED_MEMORY`.
   *
   * @param first, second - the block's first cells, for what must stand there from
   *   the moment on at which the block lives
   * @param zeroBytes - how many need be 0, from the first on, where what is behind them is
   *   written before anybody reads it
   */
  allocate(byteLength: number, kind: number, first = 0, second = 0, zeroBytes: number = byteLength): number {
    if (byteLength > LARGEST_BLOCK_BYTES) {
      return this.#allocateLarge(Math.ceil(byteLength / CHUNK_BYTES), kind, first, second, zeroBytes);
    }
    const sizeClass = sizeClassOf(byteLength);
    const free = this.#free[sizeClass] as number[];
    if (free.length === 0) this.#refill(sizeClass);
    const offset = free.pop() as number;
    const zeroEnd =
      zeroBytes < byteLength ? Math.ceil((offset + zeroBytes) / 4) : (offset + (UNIT_BYTES << sizeClass)) / 4;
    this.cells.fill(0, offset / 4, zeroEnd);
    this.cells[offset / 4] = first;
    this.cells[offset / 4 + 1] = second;
    // A block keeps its generation while it is free, and has the next when it is taken.
    const generation = ((this.#meta(offset) >>> 8) + 1) % MOST_GENERATIONS;
    // Publishes the zeros: who gets the handle finds the block alive and empty.
    this.#setMeta(offset, aliveMeta(generation, kind));
    return offset;
  }

  /** Finds blocks of a size class for this thread's list: given back, left behind, or new. */
  #refill(sizeClass: number): void {
    const free = this.#free[sizeClass] as number[];
    const chunks = this.#chunks[sizeClass] as number[];
    for (const chunk of chunks) this.#takeGivenBack(chunk, sizeClass);
    if (free.length > 0) return;
    const chunk = this.#adopt(sizeClass);
    if (chunk !== undefined) {
      chunks.push(chunk);
      this.#takeGivenBack(chunk, sizeClass);
      if (free.length > 0) return;
    }
    chunks.push(this.#makeBlocks(sizeClass));
  }

  /** Empties the list of blocks of this thread's chunk that others gave back. */
  #takeGivenBack(chunk: number, sizeClass: number): void {
    const { cells } = this;
    const { firstBlock, blockBytes } = PLACES[sizeClass] as Places;
    const free = this.#free[sizeClass] as number[];
    const list = entryOf(chunk) + CHUNK_LIST;
    if (load(cells, list) === 0) return;
    // All of it at once: others only push, so none can be taken and pushed again
    // between a look and an exchange.
    for (let number = exchange(cells, list, 0); number !== 0;) {
      const offset = chunk * CHUNK_BYTES + firstBlock + (number - 1) * blockBytes;
      number = cells[offset / 4] as number;
      this.#setMeta(offset, this.#meta(offset) & ~STATE_MASK);
      free.push(offset);
    }
  }

  /** Takes over a chunk of an ended thread, with the blocks of it that are free. */
  #adopt(sizeClass: number): number | undefined {
    const { cells } = this;
    if (load(cells, CHUNKS_ORPHANED) <= 0) return undefined;
    const wanted = (sizeClass << 2) | CHUNK_OF_BLOCKS;
    const used = load(cells, CHUNKS_USED);
    for (let chunk = TABLE_CHUNKS; chunk < used; chunk++) {
      const entry = entryOf(chunk);
      if (load(cells, entry + CHUNK_OWNER) !== ORPHANED || load(cells, entry + CHUNK_STATE) !== wanted) continue;
      if (compareExchange(cells, entry + CHUNK_OWNER, ORPHANED, this.slot) !== ORPHANED) continue;
      add(cells, CHUNKS_ORPHANED, -1);
      this.#see(chunk);
      const { firstBlock, blocks, blockBytes } = PLACES[sizeClass] as Places;
      for (let block = 0; block < blocks; block++) {
        const meta = load(this.cells, chunk * CHUNK_CELLS + block);
        if ((meta & 3) === FREE) this.#free[sizeClass]?.push(chunk * CHUNK_BYTES + firstBlock + block * blockBytes);
      }
      return chunk;
    }
    return undefined;
  }

  #makeBlocks(sizeClass: number): number {
    const { firstBlock, blocks, blockBytes } = PLACES[sizeClass] as Places;
    const chunk = this.#claimRun(1);
    const entry = entryOf(chunk);
    // Before the state, which makes the words below count as meta words: after a
    // large block they are what somebody wrote there.
    this.cells.fill(FREE, chunk * CHUNK_CELLS, chunk * CHUNK_CELLS + firstBlock / 4);
    store(this.cells, entry + CHUNK_LIST, 0);
    store(this.cells, entry + CHUNK_OWNER, this.slot);
    store(this.cells, entry + CHUNK_STATE, (sizeClass << 2) | CHUNK_OF_BLOCKS);
    const free = this.#free[sizeClass] as number[];
    for (let block = blocks - 1; block >= 0; block--) {
      free.push(chunk * CHUNK_BYTES + firstBlock + block * blockBytes);
    }
    return chunk;
  }

  #allocateLarge(chunks: number, kind: number, firstCell: number, secondCell: number, zeroBytes: number): number {
    // One after another for the whole heap: nobody knows what was at that place before.
    const generation = (add(this.cells, LARGE_BLOCKS, 1) >>> 0) % MOST_GENERATIONS;
    const meta = aliveMeta(generation, kind);
    const chunk = this.#claimRun(chunks);
    const entry = entryOf(chunk);
    this.cells.fill(0, chunk * CHUNK_CELLS, chunk * CHUNK_CELLS + Math.ceil(zeroBytes / 4));
    this.cells[chunk * CHUNK_CELLS] = firstCell;
    this.cells[chunk * CHUNK_CELLS + 1] = secondCell;
    store(this.cells, entry + CHUNK_OWNER, this.slot);
    store(this.cells, entry + CHUNK_LIST, meta);
    store(this.cells, entry + CHUNK_STATE, (chunks << 2) | CHUNK_LARGE);
    return chunk * CHUNK_BYTES;
  }

  /** Claims chunks that lie side by side; each is CHUNK_TAKEN until the caller says what it is. */
  #claimRun(chunks: number): number {
    const { cells } = this;
    if (load(cells, CHUNKS_FREE) >= chunks) {
      const reused = this.#claimGivenBack(chunks);
      if (reused !== undefined) return reused;
    }
    let first = load(cells, CHUNKS_USED);
    for (;;) {
      // The memory before the count: a count that ran ahead of it could not be taken
      // back without giving one chunk to two.
      if (first + chunks > MOST_CHUNKS || !growTo(this.source, (first + chunks) * CHUNK_BYTES)) {
        throw new SharedMemoryError(
          "SKEIN_OUT_OF_SHARED_MEMORY",
          `the shared heap can't grow by ${chunks * (CHUNK_BYTES / 1024)} KiB: ${JSON.stringify(this.statistics())}. ` +
            "Dispose of shared objects that are no longer needed; liveSharedObjects() lists them",
        );
      }
      const seen = compareExchange(cells, CHUNKS_USED, first, first + chunks);
      if (seen === first) break;
      first = seen;
    }
    for (let chunk = first; chunk < first + chunks; chunk++) store(cells, entryOf(chunk) + CHUNK_STATE, CHUNK_TAKEN);
    this.#see(first + chunks - 1);
    return first;
  }

  /** As `#claimRun`, of chunks that were given back. */
  #claimGivenBack(chunks: number): number | undefined {
    const { cells } = this;
    const used = load(cells, CHUNKS_USED);
    let claimed = 0;
    const giveUp = (end: number): void => {
      for (let chunk = end - claimed; chunk < end; chunk++) store(cells, entryOf(chunk) + CHUNK_STATE, CHUNK_FREE);
      claimed = 0;
    };
    for (let chunk = TABLE_CHUNKS; chunk < used; chunk++) {
      // A chunk that the counter has given out but whose claimer has not marked yet
      // looks free. So only one counts that somebody gave back, with an owner of -2.
      const entry = entryOf(chunk);
      const isGivenBack = load(cells, entry + CHUNK_OWNER) === GIVEN_BACK;
      if (isGivenBack && compareExchange(cells, entry + CHUNK_STATE, CHUNK_FREE, CHUNK_TAKEN) === CHUNK_FREE) claimed++;
      else giveUp(chunk);
      if (claimed < chunks) continue;
      const first = chunk - chunks + 1;
      for (let own = first; own <= chunk; own++) store(cells, entryOf(own) + CHUNK_OWNER, this.slot);
      add(cells, CHUNKS_FREE, -chunks);
      this.#see(chunk);
      return first;
    }
    giveUp(used);
    return undefined;
  }

  /** Makes sure that `cells` reaches to the end of a chunk, which another thread may have grown the memory for. */
  #see(chunk: number): void {
    if ((chunk + 1) * CHUNK_CELLS > this.cells.length)
      this.cells = new Int32Array(bufferReaching(this.source, (chunk + 1) * CHUNK_BYTES));
  }

  /** As `#see`, for who uses `cells` up to the byte before `end`. */
  reach(end: number): void {
    this.#see(Math.ceil(end / CHUNK_BYTES) - 1);
  }

  /**
   * Gives a block back. Any thread may call it; what the block held is gone.
   *
   * @returns false if the handle was no longer good: then nothing happened
   */
  free(handle: Handle): boolean {
    const offset = this.locate(handle);
    if (offset === undefined) return false;
    const metaIndex = this.#metaIndex(offset);
    const meta = load(this.cells, metaIndex);
    const chunk = Math.floor(offset / CHUNK_BYTES);
    const entry = entryOf(chunk);
    const state = load(this.cells, entry + CHUNK_STATE);
    // Once more, the state too: somebody may have given it back since `locate`. Of what is no more
    // ALIVE the exchange below would change nothing, succeed, and put it on the list a second time.
    if (!isAliveAs(handle, meta)) return false;
    if ((state & 3) === CHUNK_LARGE) return this.#freeLarge(chunk, state >>> 2, meta);
    const isOwn = load(this.cells, entry + CHUNK_OWNER) === this.slot;
    const freed = (meta & ~STATE_MASK) | (isOwn ? FREE : RELEASING);
    if (compareExchange(this.cells, metaIndex, meta, freed) !== meta) return false;
    const sizeClass = state >>> 2;
    if (isOwn) {
      this.#free[sizeClass]?.push(offset);
      return true;
    }
    const { firstBlock, blockBytes } = PLACES[sizeClass] as Places;
    const number = (offset - chunk * CHUNK_BYTES - firstBlock) / blockBytes + 1;
    // The owner reads the link only after it has taken the list, so after the
    // exchange below that makes this block its head.
    for (let head = load(this.cells, entry + CHUNK_LIST); ;) {
      this.cells[offset / 4] = head;
      const seen = compareExchange(this.cells, entry + CHUNK_LIST, head, number);
      if (seen === head) return true;
      head = seen;
    }
  }

  #freeLarge(chunk: number, chunks: number, meta: number): boolean {
    const { cells } = this;
    if (compareExchange(cells, entryOf(chunk) + CHUNK_LIST, meta, FREE) !== meta) return false;
    for (let own = chunk; own < chunk + chunks; own++) {
      // Owner first: a chunk that is free and given back may be claimed at once.
      store(cells, entryOf(own) + CHUNK_OWNER, GIVEN_BACK);
      store(cells, entryOf(own) + CHUNK_STATE, CHUNK_FREE);
    }
    add(cells, CHUNKS_FREE, chunks);
    return true;
  }

  /** The handle of a block that lives. */
  handleOf(offset: number): Handle {
    return handleFor(offset, this.#meta(offset));
  }

  /**
   * The cell that has this value as long as a small block of that kind lives, and never
   * has it again: what to look at to see quickly that it still does. `undefined` for a
   * large block, whose cell comes to mean other things.
   */
  witnessOf(handle: Handle, kind: number): { readonly index: number; readonly value: number } | undefined {
    const offset = offsetOf(handle);
    const index = this.#metaIndex(offset);
    const isLarge = index === entryOf(Math.floor(offset / CHUNK_BYTES)) + CHUNK_LIST;
    return isLarge ? undefined : { index, value: aliveMeta(handle % MOST_GENERATIONS, kind) };
  }

  /**
   * Whether all that was read of a block so far was of this life of it: whether it lives
   * still. What is read before a plain or atomic look may come from after it on some
   * processors, but nothing moves past an exchange; this one changes nothing.
   */
  livedTillNow(handle: Handle): boolean {
    const offset = this.locate(handle);
    if (offset === undefined) return false;
    const index = this.#metaIndex(offset);
    const meta = load(this.cells, index);
    return isAliveAs(handle, meta) && compareExchange(this.cells, index, meta, meta) === meta;
  }

  /** Where the block of a handle is; `undefined` if it has been given back. */
  locate(handle: Handle): number | undefined {
    const offset = offsetOf(handle);
    const chunk = Math.floor(offset / CHUNK_BYTES);
    if (!(chunk >= TABLE_CHUNKS && chunk < MOST_CHUNKS)) return undefined;
    // First what this thread has seen: the platform is slow to tell how long the memory is now.
    const isSeen = (chunk + 1) * CHUNK_CELLS <= this.cells.length;
    const end = (chunk + 1) * CHUNK_BYTES;
    if (!isSeen && end > bufferReaching(this.source, end).byteLength) return undefined;
    this.#see(chunk);
    const entry = load(this.cells, entryOf(chunk) + CHUNK_STATE);
    const state = entry & 3;
    if (state !== CHUNK_OF_BLOCKS && state !== CHUNK_LARGE) return undefined;
    // All of a run: this thread may have seen the memory only up to its middle.
    this.#see(state === CHUNK_LARGE ? chunk + (entry >>> 2) - 1 : chunk);
    return isAliveAs(handle, this.#meta(offset)) ? offset : undefined;
  }

  /** All of the memory, at least to the end of the block at `offset`, which lives. */
  cellsWith(offset: number): SharedCells {
    if (offset / 4 >= this.cells.length) this.cells = new Int32Array(bufferReaching(this.source, offset + 4));
    // At a chunk's begin stands a large block: this thread may have seen the memory
    // only up to its middle.
    if (offset % CHUNK_BYTES === 0) {
      const chunk = offset / CHUNK_BYTES;
      this.#see(chunk + (load(this.cells, entryOf(chunk) + CHUNK_STATE) >>> 2) - 1);
    }
    return this.cells;
  }

  /** What names the block at an offset, and the kind that it was taken for; `undefined` if it has been given back. */
  blockAt(offset: number): { readonly handle: Handle; readonly kind: number } | undefined {
    // One look for both: between two another block could take its place.
    const meta = this.#meta(offset);
    return (meta & STATE_MASK) === ALIVE ? { handle: handleFor(offset, meta), kind: (meta >>> 2) & 63 } : undefined;
  }

  #meta(offset: number): number {
    // The index first: finding it may replace `cells` by a longer view.
    const index = this.#metaIndex(offset);
    return load(this.cells, index);
  }

  #setMeta(offset: number, meta: number): void {
    const index = this.#metaIndex(offset);
    store(this.cells, index, meta);
  }

  #metaIndex(offset: number): number {
    const chunk = Math.floor(offset / CHUNK_BYTES);
    this.#see(chunk);
    const entry = entryOf(chunk);
    const state = load(this.cells, entry + CHUNK_STATE);
    if ((state & 3) === CHUNK_LARGE) return entry + CHUNK_LIST;
    const { firstBlock, blockBytes } = PLACES[state >>> 2] as Places;
    return chunk * CHUNK_CELLS + Math.floor((offset - chunk * CHUNK_BYTES - firstBlock) / blockBytes);
  }

  /** All blocks that live now; those taken or given back meanwhile may be among them. */
  *liveBlocks(): Generator<LiveBlock> {
    const used = load(this.cells, CHUNKS_USED);
    for (let chunk = TABLE_CHUNKS; chunk < used; chunk++) {
      const entry = entryOf(chunk);
      const state = load(this.cells, entry + CHUNK_STATE);
      const owner = Math.max(0, load(this.cells, entry + CHUNK_OWNER));
      if ((state & 3) === CHUNK_LARGE) {
        const meta = load(this.cells, entry + CHUNK_LIST);
        if ((meta & 3) !== ALIVE) continue;
        this.#see(chunk + (state >>> 2) - 1);
        yield {
          offset: chunk * CHUNK_BYTES,
          handle: handleFor(chunk * CHUNK_BYTES, meta),
          kind: (meta >>> 2) & 63,
          byteLength: (state >>> 2) * CHUNK_BYTES,
          owner,
        };
      } else if ((state & 3) === CHUNK_OF_BLOCKS) {
        this.#see(chunk);
        const { firstBlock, blocks, blockBytes } = PLACES[state >>> 2] as Places;
        for (let block = 0; block < blocks; block++) {
          const meta = load(this.cells, chunk * CHUNK_CELLS + block);
          if ((meta & 3) !== ALIVE) continue;
          const offset = chunk * CHUNK_BYTES + firstBlock + block * blockBytes;
          yield { offset, handle: handleFor(offset, meta), kind: (meta >>> 2) & 63, byteLength: blockBytes, owner };
        }
      }
    }
  }

  // Threads

  /** Slots of the threads that have not been put in order. */
  slots(): number[] {
    const slots: number[] = [];
    for (let slot = 1; slot < MOST_SLOTS; slot++) {
      const state = load(this.cells, FIRST_THREAD + slot * THREAD_CELLS + THREAD_STATE);
      if ((state & SLOT_STATE_MASK) !== SLOT_FREE) slots.push(slot);
    }
    return slots;
  }

  /** Threads of that index that run, as far as this heap knows: one, or none. */
  threadsOf(index: number): Life[] {
    return this.#lives().filter(({ slot }) => this.threadIndexOf(slot) === index);
  }

  /** Threads that have ended without anybody having said so, where the platform lets us see that. */
  endedThreads(): Life[] {
    return this.#lives().filter(({ slot }) => slot !== this.slot && this.#isSeenEnded(slot));
  }

  /**
   * Whether a thread has ended, where the platform lets us see that or somebody has said
   * so; also if meanwhile what it left was put in order, and its slot is another's.
   */
  hasEnded(life: Life): boolean {
    return this.isSaidToHaveEnded(life) || this.#isSeenEnded(life.slot);
  }

  /** As `hasEnded`, without a look at what the platform sees, which takes long. */
  isSaidToHaveEnded({ slot, state }: Life): boolean {
    const now = load(this.cells, FIRST_THREAD + slot * THREAD_CELLS + THREAD_STATE);
    return ((now ^ state) & LIFE_MASK) !== 0;
  }

  #isSeenEnded(slot: number): boolean {
    const entry = FIRST_THREAD + slot * THREAD_CELLS;
    const number = load(this.cells, entry + THREAD_TASK);
    return number !== 0 && !isTaskRunning({ number, began: load(this.cells, entry + THREAD_BEGAN) });
  }

  #lives(): Life[] {
    const lives: Life[] = [];
    for (let slot = 1; slot < MOST_SLOTS; slot++) {
      const state = load(this.cells, FIRST_THREAD + slot * THREAD_CELLS + THREAD_STATE);
      if ((state & SLOT_STATE_MASK) === SLOT_RUNNING) lives.push({ slot, state });
    }
    return lives;
  }

  /** `threadIndex` of the thread that has a slot. */
  threadIndexOf(slot: number): number {
    return load(this.cells, FIRST_THREAD + slot * THREAD_CELLS + THREAD_INDEX);
  }

  /**
   * Begins to put in order what an ended thread has left. Any thread may call it,
   * several may; it gives true to one of them, which goes through all blocks and
   * calls `threadIsOver` then.
   *
   * The thread must have ended: nothing of it may run on.
   */
  threadEnded({ slot, state }: Life): boolean {
    const ending = (state & ~SLOT_STATE_MASK) | SLOT_ENDING;
    const entry = FIRST_THREAD + slot * THREAD_CELLS;
    if (compareExchange(this.cells, entry + THREAD_STATE, state, ending) !== state) return false;
    // It sleeps no more: what it held is about to be given back.
    store(this.cells, entry + THREAD_SLEEPS_FOR, 0);
    return true;
  }

  /** Nothing that an ended thread held is left: its chunks and its slot are anybody's. */
  threadIsOver(slot: number): void {
    const { cells } = this;
    const used = load(cells, CHUNKS_USED);
    for (let chunk = TABLE_CHUNKS; chunk < used; chunk++) {
      const entry = entryOf(chunk);
      // A large block is given back whole, by whoever disposes of it.
      if ((load(cells, entry + CHUNK_STATE) & 3) !== CHUNK_OF_BLOCKS) continue;
      if (compareExchange(cells, entry + CHUNK_OWNER, slot, ORPHANED) === slot) add(cells, CHUNKS_ORPHANED, 1);
    }
    const entry = FIRST_THREAD + slot * THREAD_CELLS;
    // Before the state: the next thread is not taken for this one.
    store(cells, entry + THREAD_INDEX, NO_INDEX);
    store(cells, entry + THREAD_TASK, 0);
    store(cells, entry + THREAD_STATE, load(cells, entry + THREAD_STATE) & ~SLOT_STATE_MASK);
  }

  statistics(): HeapStatistics {
    // Counted, not kept: a count could not be changed in one step with what it counts,
    // and would be wrong for good after a thread had been stopped between the two.
    let usedBytes = 0;
    for (const { byteLength } of this.liveBlocks()) usedBytes += byteLength;
    return {
      byteLength: bufferOf(this.source).byteLength,
      usedBytes,
      chunks: load(this.cells, CHUNKS_USED) - TABLE_CHUNKS,
      freeChunks: load(this.cells, CHUNKS_FREE),
      threads: this.#lives().length,
    };
  }
}

/**
 * The number of a thread that no pool of ours started: minus the platform's own, by
 * which its starter knows it from the first moment, or minus its slot.
 */
function strangerIndex(slot: number): number {
  const { process: host } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  const platform = host?.getBuiltinModule?.("node:worker_threads") as { readonly threadId?: number } | undefined;
  return -(platform?.threadId ?? slot);
}

/** Owner of a chunk that somebody gave back. */
const GIVEN_BACK = -2;

function handleFor(offset: number, meta: number): Handle {
  return (offset / UNIT_BYTES) * MOST_GENERATIONS + (meta >>> 8);
}

/** Where the block of a handle is, or was. */
export function offsetOf(handle: Handle): number {
  return Math.floor(handle / MOST_GENERATIONS) * UNIT_BYTES;
}

function aliveMeta(generation: number, kind: number): number {
  return (generation << 8) | (kind << 2) | ALIVE;
}

/** Whether a meta word says that the block of this handle lives. */
function isAliveAs(handle: Handle, meta: number): boolean {
  return (meta & STATE_MASK) === ALIVE && meta >>> 8 === handle % MOST_GENERATIONS;
}

function entryOf(chunk: number): number {
  return FIRST_CHUNK_ENTRY + chunk * ENTRY_CELLS;
}

/** Where in a heap's memory anything is but zeros: begin and end of each part, in bytes. For exploration, which copies heaps. */
export function rangesInUse(cells: SharedCells): (readonly [begin: number, end: number])[] {
  const chunks = load(cells, CHUNKS_USED);
  return [
    [0, 4 * FIRST_CHUNK_ENTRY],
    [4 * FIRST_CHUNK_ENTRY, 4 * (FIRST_CHUNK_ENTRY + chunks * ENTRY_CELLS)],
    [TABLE_CHUNKS * CHUNK_BYTES, chunks * CHUNK_BYTES],
  ];
}

let own: Heap | undefined;

let inPlaceOfOwn: (() => Heap | undefined) | undefined;

/** Has `choose` say which heap is this thread's at a moment; where it gives none, the thread's own is. For exploration. */
export function chooseHeapBy(choose: () => Heap | undefined): void {
  inPlaceOfOwn = choose;
}

/** The heap of this process, as this thread sees it; made when first asked for. */
export function heap(): Heap {
  return inPlaceOfOwn?.() ?? (own ??= new Heap(workerMarker?.heap as MemorySource | undefined));
}

/** Whether this thread has the heap in use. */
export function usesHeap(): boolean {
  return own !== undefined;
}

/**
 * Uses the heap of another thread, for a thread that no pool of ours started.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT` if this thread has one of its own already.
 */
export function joinHeap(source: MemorySource): Heap {
  if (own === undefined) own = new Heap(source);
  // What came from another thread is another object for the same bytes, which
  // nothing tells apart from a foreign one but a word that both can see.
  else if (!isSameMemory(own, source)) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      "this object is of another heap than the one this thread uses: adopt one of the program's shared objects before making any on this thread",
    );
  }
  return own;
}

function isSameMemory(heapInUse: Heap, source: MemorySource): boolean {
  const theirs = new Int32Array(bufferOf(source));
  const entry = FIRST_THREAD + heapInUse.slot * THREAD_CELLS + THREAD_CELLS - 1;
  if (entry >= theirs.length) throw new InternalError("a heap's memory is shorter than its tables");
  // Only this thread writes its entry.
  const mark = (load(theirs, entry) + 1) | 0;
  store(heapInUse.cells, entry, mark);
  return load(theirs, entry) === mark;
}
