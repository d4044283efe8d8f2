/** Fork and join, as shipped: three joins, and helpers who come and go. */
import { type Task, task } from "skein";
import type { Cell, Exploration } from "skein/explore";
import type { SharedMemory } from "#skein/explore/shared-memory";
import { exploreSharedObjects } from "#skein/explore/views";
import { Part } from "#skein/explore/watched-memory";
import { currentForks, forkCells, Forks, within } from "#skein/parallel/forks";

const MOST_PARTICIPANTS = 3;
const HUNGRY = 1;
const LEAVES = 4;
const cells = new Int32Array(new SharedArrayBuffer(4 * forkCells(MOST_PARTICIPANTS)));

export interface JoinsPlan {
  readonly helpers: number;
  /** They leave after so many looks, once, and come again. */
  readonly leaveAfter?: number;
  /** They count as hungry before they are there. */
  readonly areExpected: boolean;
  /** Branches are halves, so that a thief joins too; else each first branch has all but the last leaf. */
  readonly areHalves?: boolean;
  /** This leaf throws. */
  readonly throwing?: number;
}

/** What the branches of this thread's exploration count in. */
let plan: JoinsPlan & { readonly leaves: readonly Cell[] };

/** Leaves `from` to `to`. */
const branch: Task<[from: number, to: number], readonly unknown[]> = task("branch", (from, to): readonly unknown[] => {
  if (to - from === 1) {
    plan.leaves[from]?.add(1);
    if (from === plan.throwing) throw new Error(`leaf ${from}`);
    return [from];
  }
  const middle = plan.areHalves === true ? (from + to) >> 1 : to - 1;
  const forks = currentForks() as Forks;
  return forks.join([branch as never, [from, middle]], [branch as never, [middle, to]]).flat();
});

/** Three joins: four leaves, each of which is done once by somebody. */
export function joinsOf(planned: JoinsPlan): (t: Exploration) => Promise<void> {
  const { helpers, leaveAfter, areExpected, throwing } = planned;
  return async (t: Exploration): Promise<void> => {
    const used = cells.subarray(0, forkCells(1 + helpers));
    used.fill(0);
    const shared = exploreSharedObjects() as SharedMemory;
    shared.watch([{ name: "forks", cells: used, part: Part.steps, isKept: true }]);
    // A wake-up that is lost is not made up for by a later look.
    shared.endlessMs = 0;
    const done = Array.from({ length: LEAVES }, (_, n) => t.cell(`leaf ${n}`));
    plan = { ...planned, leaves: done };
    if (areExpected) new Forks(used, 0).expectAll();
    t.thread("caller", () => {
      const forks = new Forks(used, 0, 0);
      let result: unknown;
      try {
        result = within(forks, () => branch(0, LEAVES));
      } catch (error) {
        result = (error as Error).message;
      }
      forks.close();
      const all = throwing === undefined ? "0,1,2,3" : `leaf ${throwing}`;
      t.expect(String(result) === all, `the result is ${String(result)}`);
      const counts = done.map((count) => count.load());
      t.expect(
        counts.every((count, leaf) => count === 1 || (count === 0 && throwing !== undefined && leaf > throwing)),
        `leaves are done ${counts.join()} times`,
      );
    });
    for (let helper = 1; helper <= helpers; helper++) {
      t.thread(`helper ${helper}`, () => {
        const forks = new Forks(used, helper, 0);
        let looks = 0;
        const isToLeave = leaveAfter === undefined ? undefined : () => ++looks === leaveAfter;
        within(forks, () => {
          while (forks.serve(isToLeave));
        });
      });
    }
    await t.join();
    t.expect(used[HUNGRY] === 0, `${used[HUNGRY]} are hungry when all have left`);
  };
}
