/**
 * How the parts of a parallel call are shared out, as shipped, in threads under exploration.
 * Run by `test/parallel/shares.test.ts`, under the condition that this takes.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type Cell, type Exploration, explore } from "skein/explore";
import type { SharedMemory } from "#skein/explore/shared-memory";
import { exploreSharedObjects } from "#skein/explore/views";
import { Part } from "#skein/explore/watched-memory";
import { CALLER, NONE, shareCells, Shares } from "#skein/parallel/shares";

const MOST_PARTICIPANTS = 3;
const ENDLESS_MS = 1000;
/** No order has so many, unless two take the same from each other again and again. */
const MOST_STEPS = 400;
const cells = new Int32Array(new SharedArrayBuffer(4 * shareCells(MOST_PARTICIPANTS)));

interface Plan {
  readonly parts: number;
  readonly helpers: number;
  /** In this part something is found, or thrown: what is behind need not be done. */
  readonly foundIn?: number;
  /** The caller wants no more after its first part. */
  readonly isStopped?: boolean;
}

/** The memory of a call with so many participants, all of whose words' operations are steps. */
function prepare({ parts, helpers }: Plan): Int32Array<SharedArrayBuffer> {
  const used = cells.subarray(0, shareCells(1 + helpers));
  used.fill(0);
  const shared = exploreSharedObjects() as SharedMemory;
  shared.watch([{ name: "shares", cells: used, part: Part.steps, isKept: true }]);
  // A wake-up that is lost is not made up for by a later look.
  shared.endlessMs = 0;
  new Shares(used, CALLER).begin(parts, 1);
  return used;
}

/** A call with its helpers: each part is done once, by all of them together, before the caller goes on. */
function callOf(plan: Plan) {
  return async (t: Exploration): Promise<void> => {
    const used = prepare(plan);
    const done = Array.from({ length: plan.parts }, (_, part) => t.cell(`part ${part}`));
    const isOver = t.cell("the call is over");
    const takeAll = (shares: Shares): void => {
      for (let part = shares.next(); part !== NONE; part = shares.next()) {
        t.expect(done[part]?.add(1) === 0, `part ${part} is done twice`);
        t.expect(isOver.load() === 0, `part ${part} is done when the call is over`);
        if (part === plan.foundIn) shares.needNoMoreThan(part);
        if (plan.isStopped === true) shares.stop();
      }
    };
    t.thread("caller", () => {
      const shares = new Shares(used, CALLER);
      takeAll(shares);
      shares.close();
      while (shares.present().length > 0) shares.waitForOneToLeave(ENDLESS_MS);
      requireDone(t, plan, done);
      isOver.store(1);
    });
    for (let helper = 1; helper <= plan.helpers; helper++) {
      t.thread(`helper ${helper}`, () => {
        const shares = new Shares(used, helper);
        if (!shares.enter({ slot: helper, state: 1 })) return;
        takeAll(shares);
        shares.leave(16, 1);
      });
    }
    await t.join();
  };
}

function requireDone(t: Exploration, { parts, foundIn, isStopped }: Plan, done: readonly Cell[]): void {
  const needed = isStopped === true ? 1 : (foundIn ?? parts - 1) + 1;
  const counts = done.map((part) => part.load());
  if (isStopped === true) t.expect(counts.includes(1), "nothing was done");
  else
    t.expect(
      counts.slice(0, needed).every((count) => count === 1),
      `parts are missing: ${counts.join()}`,
    );
}

describe("the parts of a call, under exploration", () => {
  const plans: Readonly<Record<string, Plan>> = {
    "one part, one helper": { parts: 1, helpers: 1 },
    "two parts, one helper": { parts: 2, helpers: 1 },
    "three parts, one helper": { parts: 3, helpers: 1 },
    "two parts, two helpers": { parts: 2, helpers: 2 },
    "four parts, two helpers": { parts: 4, helpers: 2 },
    "found in the second of four": { parts: 4, helpers: 2, foundIn: 1 },
    "found in the last of three": { parts: 3, helpers: 1, foundIn: 2 },
    "stopped after the first": { parts: 4, helpers: 2, isStopped: true },
  };
  for (const [name, plan] of Object.entries(plans)) {
    it(name, async () => {
      // With one helper there are few orders enough to have them all.
      const isAll = plan.helpers === 1;
      const options = { name, schedules: isAll ? 5000 : 1000, steps: MOST_STEPS };
      const { coverage } = await explore(isAll ? { ...options, strategy: "dpor" } : options, callOf(plan));
      if (isAll) assert.equal(coverage.kind, "complete");
    });
  }
});
