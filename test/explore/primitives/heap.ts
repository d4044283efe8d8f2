/**
 * The heap that all threads share, as it is shipped: its own atomic operations are the
 * steps. Each thread under exploration makes its `Heap` on memory of this file, with
 * blocks so large that three are a chunk, so that few of them are many.
 */
import type { Exploration } from "skein/explore";
import type { SharedMemory } from "#skein/explore/shared-memory";
import { exploreSharedObjects } from "#skein/explore/views";
import { Part, type WatchedPart } from "#skein/explore/watched-memory";
import { FIRST_THREAD, Heap, LARGEST_BLOCK_BYTES, type Life, THREAD_CELLS } from "#skein/shared/heap";
import { Kind } from "#skein/shared/kinds";
import { attached, type SharedObject } from "#skein/shared/object";
import { PAGE_BYTES } from "#skein/shared/memory";

type Program = (t: Exploration) => Promise<void>;

const MEMORY_BYTES = 2 * 1024 * 1024;
const CHUNKS = 6;
const BLOCKS_A_CHUNK = 3;
const ENTRY_CELLS = 4;
const MOST_SLOTS_USED = 9;

const source = new SharedArrayBuffer(MEMORY_BYTES);
const cells = new Int32Array(source);
/** The tables' length in chunks, which a new heap writes as the number of those used. */
const TABLE_CHUNKS = new Heap(source).cells[0] as number;
const FIRST_ENTRY = (2 * PAGE_BYTES) / 4 + TABLE_CHUNKS * ENTRY_CELLS;

function partsOfChunk(number: number): WatchedPart[] {
  const from = ((TABLE_CHUNKS + number) * PAGE_BYTES) / 4;
  const blockCells = LARGEST_BLOCK_BYTES / 4;
  const firstBlock = from + PAGE_BYTES / 4 - BLOCKS_A_CHUNK * blockCells;
  const links = Array.from({ length: BLOCKS_A_CHUNK }, (_, block) => {
    const at = firstBlock + block * blockCells;
    return { name: `link ${number}.${block}`, cells: cells.subarray(at, at + 2), part: Part.quiet, isKept: true };
  });
  return [
    {
      name: `blocks of chunk ${number}`,
      cells: cells.subarray(from, from + BLOCKS_A_CHUNK),
      part: Part.steps,
      isKept: true,
    },
    ...links,
  ];
}

const entries = cells.subarray(FIRST_ENTRY, FIRST_ENTRY + CHUNKS * ENTRY_CELLS);
const slots = cells.subarray(FIRST_THREAD, FIRST_THREAD + MOST_SLOTS_USED * THREAD_CELLS);

function partsWith(slotsAre: WatchedPart["part"]): readonly WatchedPart[] {
  return [
    { name: "header", cells: cells.subarray(0, 4), part: Part.steps, isKept: true },
    { name: "slots", cells: slots, part: slotsAre, isKept: true },
    { name: "chunks", cells: entries, part: Part.steps, isKept: true },
    ...Array.from({ length: CHUNKS }, (_, number) => partsOfChunk(number)).flat(),
  ];
}

const PARTS = partsWith(Part.quiet);
const PARTS_WITH_SLOTS = partsWith(Part.steps);

/** The heap's memory is empty, and explored. */
function prepare(parts: readonly WatchedPart[] = PARTS): void {
  for (const { cells: part } of parts) part.fill(0);
  (exploreSharedObjects() as SharedMemory).watch(parts);
  // No thread's part in what is explored.
  cells[0] = TABLE_CHUNKS;
}

function take(heap: Heap): number {
  return heap.allocate(LARGEST_BLOCK_BYTES, Kind.payload);
}

/** No block is two threads' at once: of each, one more was taken than given back, or as many. */
function expectEachHeldOnce(t: Exploration, taken: readonly number[], givenBack: readonly number[]): void {
  for (const offset of new Set(taken)) {
    const held = taken.filter((one) => one === offset).length - givenBack.filter((one) => one === offset).length;
    t.expect(held === 0 || held === 1, `the block at ${offset} is held by ${held}`);
  }
}

/** A thread takes blocks while another gives back one of them. */
export const giveBack: Program = async (t) => {
  prepare();
  const shown = t.cell("shown");
  const owner = t.thread("owner", () => {
    const heap = new Heap(source);
    const taken = [take(heap)];
    shown.store(taken[0] as number);
    taken.push(take(heap), take(heap), take(heap));
    return taken;
  });
  const other = t.thread("other", () => {
    const heap = new Heap(source);
    const offset = shown.load();
    if (offset === 0) return [];
    return heap.free(heap.handleOf(offset)) ? [offset] : [];
  });
  await t.join();
  expectEachHeldOnce(t, owner.result as number[], other.result as number[]);
};

/** Two threads give back two blocks of a third, which takes two. */
export const giveBackTwo: Program = async (t) => {
  prepare();
  const heap = new Heap(source);
  const before = [take(heap), take(heap), take(heap)];
  const handles = before.map((offset) => heap.handleOf(offset));
  // What was this thread's is the first thread's: its chunk, and its empty list.
  const { slot } = heap;
  heap.threadIsOver(slot);
  const owner = t.thread("owner", () => {
    const own = new Heap(source);
    return [take(own), take(own)];
  });
  const others = [0, 1].map((index) =>
    t.thread(`other ${index}`, () =>
      new Heap(source).free(handles[index] as number) ? [before[index] as number] : [],
    ),
  );
  await t.join();
  const givenBack = others.flatMap(({ result }) => result as number[]);
  t.expect(givenBack.length === 2, "both are given back");
  expectEachHeldOnce(t, [...before, ...(owner.result as number[])], givenBack);
};

/** Two threads give the same block back. */
function giveBackTwiceOf(byteLength: number): Program {
  return async (t) => {
    prepare();
    const heap = new Heap(source);
    const handle = heap.handleOf(heap.allocate(byteLength, Kind.payload));
    const both = [0, 1].map((index) => t.thread(`thread ${index}`, () => new Heap(source).free(handle)));
    await t.join();
    t.expect(both.filter(({ result }) => result === true).length === 1, "one of two gave it back");
    const after = [0, 1, 2].map(() => heap.allocate(byteLength, Kind.payload));
    t.expect(new Set(after).size === 3, "it is taken once again");
  };
}

export const giveBackTwice: Program = giveBackTwiceOf(LARGEST_BLOCK_BYTES);
export const giveBackLargeTwice: Program = giveBackTwiceOf(2 * PAGE_BYTES);

/** A block comes to a thread while its owner gives it back and takes it for something else. */
function attachOf(byteLength: number): Program {
  return async (t) => {
    prepare();
    const shown = t.cell("shown");
    const content = t.cell("what stands in the block");
    // No cell has room for it; it is read only behind `shown`.
    let handle = 0;
    t.thread("owner", () => {
      const heap = new Heap(source);
      handle = heap.handleOf(heap.allocate(byteLength, Kind.payload));
      content.store(1);
      shown.store(1);
      heap.free(handle);
      heap.allocate(byteLength, Kind.payload);
      content.store(2);
    });
    const meets = t.thread("meets it", () => {
      const heap = new Heap(source);
      if (shown.load() === 0) return undefined;
      const read = (): SharedObject => ({ handle, found: content.load() }) as unknown as SharedObject;
      return (attached(heap, handle, read) as unknown as { readonly found: number } | undefined)?.found;
    });
    await t.join();
    t.expect([undefined, 1].includes(meets.result as number | undefined), `it was taken for ${String(meets.result)}`);
  };
}

export const attach: Program = attachOf(LARGEST_BLOCK_BYTES);
export const attachLarge: Program = attachOf(2 * PAGE_BYTES);

/** Threads claim chunks at the same moment. */
export const claimChunks: Program = async (t) => {
  prepare();
  const all = [0, 1].map((index) => t.thread(`thread ${index}`, () => [take(new Heap(source))]));
  await t.join();
  expectEachHeldOnce(
    t,
    all.flatMap(({ result }) => result as number[]),
    [],
  );
};

/** A run of chunks is given back and claimed again, by one of two. */
export const claimRun: Program = async (t) => {
  prepare();
  const heap = new Heap(source);
  const first = heap.allocate(2 * PAGE_BYTES, Kind.payload);
  const handle = heap.handleOf(first);
  const gives = t.thread("gives back", () => new Heap(source).free(handle));
  const takers = [2, 1].map((chunks) =>
    t.thread(`takes ${chunks}`, () => {
      const from = new Heap(source).allocate(chunks * PAGE_BYTES, Kind.payload);
      return Array.from({ length: chunks }, (_, chunk) => from + chunk * PAGE_BYTES);
    }),
  );
  await t.join();
  t.expect(gives.result === true, "it is given back");
  const taken = takers.flatMap(({ result }) => result as number[]);
  expectEachHeldOnce(t, [first, first + PAGE_BYTES, ...taken], [first, first + PAGE_BYTES]);
};

/** The chunk of an ended thread is taken over, while a block of it is given back. */
export const takeOver: Program = async (t) => {
  prepare();
  const ended = new Heap(source);
  const before = [take(ended), take(ended)];
  const handle = ended.handleOf(before[0] as number);
  const life = ended.life;
  t.thread("puts in order", () => {
    const heap = new Heap(source);
    if (heap.threadEnded(life)) heap.threadIsOver(life.slot);
  });
  const taker = t.thread("takes", () => {
    const heap = new Heap(source);
    return [take(heap), take(heap)];
  });
  const other = t.thread("gives back", () => (new Heap(source).free(handle) ? [before[0] as number] : []));
  await t.join();
  t.expect((other.result as number[]).length === 1, "it is given back");
  expectEachHeldOnce(t, [...before, ...(taker.result as number[])], other.result as number[]);
};

/** Threads begin at the same moment, of which each gets a slot; one of two says that an ended one has ended. */
export const claimSlots: Program = async (t) => {
  prepare(PARTS_WITH_SLOTS);
  const ended: Life = new Heap(source).life;
  const both = [0, 1].map((index) =>
    t.thread(`thread ${index}`, () => {
      const heap = new Heap(source);
      const isMine = heap.threadEnded(ended);
      if (isMine) heap.threadIsOver(ended.slot);
      return { slot: heap.slot, isMine };
    }),
  );
  await t.join();
  const results = both.map(({ result }) => result as { readonly slot: number; readonly isMine: boolean });
  t.expect(results[0]?.slot !== results[1]?.slot, "each has its own");
  t.expect(results.filter(({ isMine }) => isMine).length === 1, "one of them puts it in order");
};
