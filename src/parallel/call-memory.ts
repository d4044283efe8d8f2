/**
 * The memory of calls that are shared out. It serves one call after another: to make such an
 * object, and to make it known on other threads, takes longer than all else that a call does
 * before its helpers come. And a helper may stay at it, and see the next call when that opens.
 *
 * A thread has as many for a pool as it had calls under way at a time.
 */
import { SharedArray } from "../shared/array.js";
import { keep } from "../shared/object.js";
import { CALLER, shareCells, Shares } from "./shares.js";
import { Tellings } from "./told.js";

/**
 * How helpers know what there is to do: they are told in shared memory, and stay; or they are called with
 * it, each time. Each kind has memory of its own, as one of the second that comes late knows nothing of the
 * call that it comes to, and would take the place of one that does.
 */
export type Telling = "told" | "once";

export interface CallMemory {
  readonly cells: SharedArray<"int32">;
  /** As the caller sees them. */
  readonly shares: Shares;
  readonly tellings: Tellings;
}

type Idle = Readonly<Record<Telling, CallMemory[]>>;

/** Of each pool, or on its threads of what asks it. */
const idle = new WeakMap<object, Idle>();
/** Who was called for a pool's calls, and has not come, can't come once there is no pool. */
const withoutPool = new FinalizationRegistry<CallMemory>(({ cells, tellings }) => {
  tellings.end();
  cells.dispose();
});

/** Memory for a call with up to so many participants: of one pool they are always the same number. */
export function takeMemory(pool: object, telling: Telling, participants: number): CallMemory {
  let of = idle.get(pool);
  if (of === undefined) {
    of = { told: [], once: [] };
    idle.set(pool, of);
  }
  const known = of[telling].pop();
  if (known !== undefined) return known;
  const cells = new SharedArray({ type: "int32", length: shareCells(participants), name: "parts" });
  keep(cells);
  const memory = { cells, shares: new Shares(cells.values, CALLER), tellings: new Tellings(cells.offset) };
  withoutPool.register(pool, memory);
  return memory;
}

/** The lines of the memory that the next call takes; `undefined` if that has yet to be made. */
export function idleShares(pool: object): Shares | undefined {
  return idle.get(pool)?.told.at(-1)?.shares;
}

/** Whether a helper stayed after the last call, and would see the next one at once. */
export function isHelperThere(pool: object): boolean {
  return idleShares(pool)?.hasStayed === true;
}

/** Whether one was woken that has yet to come. */
export function isHelperComing(pool: object): boolean {
  return idleShares(pool)?.hasWoken === true;
}

/** The call is over, and nobody of it is here any more. */
export function giveMemory(pool: object, telling: Telling, memory: CallMemory): void {
  memory.shares.end();
  memory.tellings.forgetUnlike();
  idle.get(pool)?.[telling].push(memory);
}
