/**
 * The memory of shared objects for a run on real threads: the same objects at the same
 * places as in the run that is followed.
 *
 * Before the run, `image` is the memory as that one found it, with the blocks that it
 * took. The main thread's role uses `live`, which is a copy; so does each other role as
 * soon as it is live. Until then it uses a copy of its own.
 */
import { rangesInUse } from "../../shared/heap.js";
import type { SharedMemory, TakenBlock } from "../shared-memory.js";
import type { Line } from "./line.js";

/** What roles need to know of the memory of the run that they follow. */
export interface MemoryPlan {
  readonly blocks: readonly TakenBlock[];
  /** The slot of each thread's heap. */
  readonly slots: readonly number[];
}

/** Room for so many blocks. */
const MOST_BLOCKS = 4_096;

export interface RealBuffers {
  readonly image: SharedArrayBuffer;
  readonly live: SharedArrayBuffer;
  /** Int32: how many blocks; then of each its offset, length, kind; then the slots of roles. */
  readonly plan: SharedArrayBuffer;
}

export function makeRealBuffers(byteLength: number, roles: number): RealBuffers {
  return {
    image: new SharedArrayBuffer(byteLength),
    live: new SharedArrayBuffer(byteLength),
    plan: new SharedArrayBuffer(4 * (1 + 3 * MOST_BLOCKS + roles)),
  };
}

/** In place of a number of blocks: the run has not used the memory. */
const UNUSED = -1;

/** @returns false if there are more blocks than there is room for */
export function writePlan({ image, live, plan }: RealBuffers, memory: SharedMemory | undefined): boolean {
  if (memory === undefined) {
    new Int32Array(plan)[0] = UNUSED;
    return true;
  }
  const { blocks, slots } = memory.writeImage(image);
  copyMemory(image, live);
  if (blocks.length > MOST_BLOCKS) return false;
  const words = new Int32Array(plan);
  words[0] = blocks.length;
  blocks.forEach(({ offset, byteLength, kind }, at) => words.set([offset, byteLength, kind], 1 + 3 * at));
  words.set(slots.slice(0, words.length - 1 - 3 * MOST_BLOCKS), 1 + 3 * MOST_BLOCKS);
  return true;
}

function readPlan(plan: SharedArrayBuffer): MemoryPlan | undefined {
  const words = new Int32Array(plan);
  if (words[0] === UNUSED) return undefined;
  const blocks = Array.from({ length: words[0] as number }, (_, at) => ({
    offset: words[1 + 3 * at] as number,
    byteLength: words[2 + 3 * at] as number,
    kind: words[3 + 3 * at] as number,
  }));
  return { blocks, slots: [...words.subarray(1 + 3 * MOST_BLOCKS)] };
}

function copyMemory(from: SharedArrayBuffer, to: SharedArrayBuffer): void {
  for (const [begin, end] of rangesInUse(new Int32Array(from))) {
    new Uint8Array(to, begin, end - begin).set(new Uint8Array(from, begin, end - begin));
  }
}

export class RealMemory {
  readonly shared: SharedMemory;
  readonly #buffers: RealBuffers;
  #own: SharedArrayBuffer | undefined;

  constructor(shared: SharedMemory, buffers: RealBuffers) {
    this.shared = shared;
    this.#buffers = buffers;
  }

  /** Follows on the memory of this role alone. */
  useOwn(): void {
    const plan = readPlan(this.#buffers.plan);
    if (plan === undefined) return;
    const { image } = this.#buffers;
    const own = (this.#own ??= new SharedArrayBuffer(image.byteLength));
    copyMemory(image, own);
    let taken = 0;
    this.shared.follow(own, plan, () => taken++);
  }

  /** Follows on the memory of all. */
  useLive(line: Line): void {
    const plan = readPlan(this.#buffers.plan);
    if (plan !== undefined) this.shared.follow(this.#buffers.live, plan, () => line.takeBlock());
  }
}
