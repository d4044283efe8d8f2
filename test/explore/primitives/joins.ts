/** Fork and join, as shipped: three joins, and helpers who come and go. */
import { type Task, task } from "skein";
import type { Cell, Exploration } from "skein/explore";
import type { SharedMemory } from "#skein/explore/shared-memory";
import { exploreSharedObjects } from "#skein/explore/views";
import { Part } from "#skein/explore/watched-memory";
import { forkCells, Forks } from "#skein/parallel/forks";

const MOST_PARTICIPANTS = 3;
const HUNGRY = 1;
const LAST_LEAF = 3;
const cells = new Int32Array(new SharedArrayBuffer(4 * forkCells(MOST_PARTICIPANTS)));

export interface JoinsPlan {
  readonly helpers: number;
  /** They leave once, and come again. */
  readonly giveWay?: boolean;
  /** They count as hungry before they are there. */
  readonly areExpected: boolean;
  /** The last branch throws. */
  readonly throws?: boolean;
}

/** What the branches of this thread's exploration count in. */
let leaves: readonly Cell[] = [];
let throwing = -1;
const leaf: Task<[n: number], number> = task("leaf", (n): number => {
  leaves[n]?.add(1);
  if (n === throwing) throw new Error(`leaf ${n}`);
  return n;
});

/** Three joins, one in the first branch of another: four leaves, each of which is done once by somebody. */
export function joinsOf({
  helpers,
  giveWay = false,
  areExpected,
  throws = false,
}: JoinsPlan): (t: Exploration) => Promise<void> {
  return async (t: Exploration): Promise<void> => {
    const used = cells.subarray(0, forkCells(1 + helpers));
    used.fill(0);
    const shared = exploreSharedObjects() as SharedMemory;
    shared.watch([{ name: "forks", cells: used, part: Part.steps, isKept: true }]);
    // A wake-up that is lost is not made up for by a later look.
    shared.endlessMs = 0;
    const done = Array.from({ length: LAST_LEAF + 1 }, (_, n) => t.cell(`leaf ${n}`));
    leaves = done;
    throwing = throws ? LAST_LEAF : -1;
    if (areExpected) new Forks(used, 0).expectAll();
    t.thread("caller", () => {
      const forks = new Forks(used, 0, 0);
      const inner = (): readonly unknown[] => forks.join([leaf as never, [0]], [leaf as never, [1]]);
      const middle = (): readonly unknown[] => forks.join([inner as never, []], [leaf as never, [2]]).flat();
      let result: unknown;
      try {
        result = forks.join([middle as never, []], [leaf as never, [LAST_LEAF]]).flat();
      } catch (error) {
        result = (error as Error).message;
      }
      forks.close();
      const all = throws ? `leaf ${LAST_LEAF}` : "0,1,2,3";
      t.expect(String(result) === all, `the result is ${String(result)}`);
      t.expect(
        done.every((count) => count.load() === 1),
        "each leaf is done once",
      );
    });
    for (let helper = 1; helper <= helpers; helper++) {
      t.thread(`helper ${helper}`, () => {
        const forks = new Forks(used, helper, 0);
        let looks = 0;
        while (forks.serve(giveWay ? () => ++looks === 1 : undefined));
      });
    }
    await t.join();
    t.expect(used[HUNGRY] === 0, `${used[HUNGRY]} are hungry when all have left`);
  };
}
