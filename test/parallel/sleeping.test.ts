/** Helpers that sleep: they are woken for the next call, and not called. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type ThreadPool, threads } from "skein";
import { parallel } from "skein/parallel";
import { SharedArray } from "skein/shared";
import { isAtOnce, stayedHere, worthWith } from "#skein/parallel/at-once";
import { giveMemory, idleShares, takeMemory } from "#skein/parallel/call-memory";
import { Cost } from "#skein/parallel/costs";
import { Shares } from "#skein/parallel/shares";
import { sharingOf, Worth } from "#skein/parallel/worth";
import { heap } from "#skein/shared/heap";

import { identical } from "./fixtures/tasks.js";
import { meet, stayIn, wakesInside } from "./fixtures/waking-tasks.js";
import { importAll, letOthersWork, withSeams } from "./settings.js";

const HELD_BACK = { itemsBefore: 0, beforeOwnPart: letOthersWork };
/** Without a sleep, which takes time: turns of the event loop until something is so. */
const MOST_TURNS = 1e6;

async function turnsUntil(isSo: () => boolean): Promise<void> {
  for (let turn = 0; !isSo(); turn++) {
    assert.ok(turn < MOST_TURNS, "it did not come to that");
    await new Promise(setImmediate);
  }
}

const parksOf = (on: ThreadPool): number => on.statistics().threads[0]?.parks ?? 0;

/** Calls once, with the helper of a pool of one taking part, and lets its thread fall asleep. */
async function callAndLetSleep(on: ThreadPool, numbers: SharedArray<"float64">): Promise<void> {
  parallel.mapSync(numbers, identical, { on }).dispose();
  const parks = parksOf(on);
  await turnsUntil(() => parksOf(on) > parks);
}

/** A call that is awaited has its threads import what it calls; when they have, helpers come without a turn of the event loop. */
async function importedBy(on: ThreadPool, call: () => Promise<void>): Promise<void> {
  await withSeams({ itemsBefore: 0 }, call);
  await on.ready(meet, stayIn);
  await new Promise(setImmediate);
}

describe("a helper that sleeps", () => {
  const numbers = SharedArray.from(
    "float64",
    Array.from({ length: 64 }, (_, i) => i),
  );

  it("is woken, without a call", { timeout: 60_000 }, async () => {
    await using on = threads({ size: 1, name: "sleeps" });
    await importAll(on);
    const before = parallel.statistics();
    let calls = 0;
    await withSeams(HELD_BACK, async () => {
      // That it has parked is counted just before it sleeps: a call may come between.
      for (; parallel.statistics().helpersWoken - before.helpersWoken < 3; calls++) await callAndLetSleep(on, numbers);
    });
    const { helpersCalled, helpersThere, callsShared } = parallel.statistics();
    assert.equal(callsShared - before.callsShared, calls);
    assert.equal(helpersCalled + helpersThere - before.helpersCalled - before.helpersThere, calls);
    assert.ok(helpersThere > before.helpersThere);
    const [thread] = on.statistics().threads;
    assert.ok((thread?.utilisation ?? 0) > 0);
  });

  it("and whose thread was stopped meanwhile is not waited for: another is called", { timeout: 60_000 }, async () => {
    await using on = threads({ size: 1, name: "stopped" });
    await importAll(on);
    await withSeams(HELD_BACK, () => callAndLetSleep(on, numbers));
    const stopped = on.statistics().threads[0]?.index as number;
    on.stopThread?.(stopped);
    await turnsUntil(() => on.statistics().threads.every(({ index }) => index !== stopped));
    await importAll(on);
    const helpedBy = new Set<number>();
    await withSeams(HELD_BACK, async () => {
      while (helpedBy.size === 0) {
        const { result, calls } = await parallel.explain(() => parallel.map(numbers, identical, { on }));
        assert.deepEqual(result.copy(), numbers.copy());
        result.dispose();
        for (const { thread, parts } of calls[0]?.participants ?? [])
          if (thread !== 0 && parts > 0) helpedBy.add(thread);
      }
    });
    assert.ok(!helpedBy.has(stopped));
  });

  it("serves one participant, and others the others", { timeout: 120_000 }, async () => {
    await using on = threads({ size: 2, minSize: 2, name: "meets" });
    await importAll(on);
    const meetings = SharedArray.from("int32", [1, 2]);
    await importedBy(on, () => parallel.for(0, 16, meet, { args: [meetings], on }));
    for (let meeting = 2; meeting <= 30; meeting++) {
      meetings.values.set([meeting, 0]);
      await withSeams(HELD_BACK, async () => {
        if (meeting % 2 === 0) parallel.forSync(0, 16, meet, { args: [meetings], on });
        else await parallel.for(0, 16, meet, { args: [meetings], on });
      });
      const parks = parksOf(on);
      await turnsUntil(() => parksOf(on) > parks);
    }
    meetings.dispose();
  });

  it("counts as running, as with a call", { timeout: 60_000 }, async () => {
    await using on = threads({ size: 1, name: "counts" });
    await importAll(on);
    const runs = (): number => on.statistics().threads[0]?.runs ?? 0;
    await withSeams(HELD_BACK, async () => {
      for (let woken = 0; woken < 3;) {
        const before = { woken: parallel.statistics().helpersWoken, runs: runs() };
        await callAndLetSleep(on, numbers);
        assert.ok(runs() > before.runs);
        woken += parallel.statistics().helpersWoken - before.woken;
      }
    });
  });

  it("is let end its part by a pool that is closed", { timeout: 60_000 }, async () => {
    const on = threads({ size: 1, name: "closed" });
    await importAll(on);
    const gate = SharedArray.from("int32", [1, 1]);
    await importedBy(on, () => parallel.for(0, 16, stayIn, { args: [gate], on }));
    gate.values.fill(0);
    const { helpersWoken } = parallel.statistics();
    await withSeams(HELD_BACK, async () => {
      while (parallel.statistics().helpersWoken === helpersWoken) await callAndLetSleep(on, numbers);
    });
    await withSeams({ itemsBefore: 0 }, async () => {
      const called = parallel.for(0, 1000, stayIn, { args: [gate], on });
      await turnsUntil(() => Atomics.load(gate.values, 0) > 0);
      const closed = on.close();
      // For longer than a pool waits for threads that have nothing to do.
      const beganMs = performance.now();
      await turnsUntil(() => performance.now() - beganMs > 1200);
      Atomics.store(gate.values, 1, 1);
      Atomics.notify(gate.values, 1);
      await called;
      await closed;
    });
    gate.dispose();
  });

  it(
    "is woken by a call on another thread of the pool, though the pool's own is blocked",
    { timeout: 60_000 },
    async () => {
      await using on = threads({ size: 2, minSize: 2, name: "nested" });
      await importAll(on);
      await on.ready(wakesInside);
      assert.ok((await on.run(wakesInside, [])) > 0);
    },
  );
});

/** A team of this thread's own line: it stands for one that sleeps. */
function sleeping() {
  const woken: number[] = [];
  const pool = { size: 1, wakeThread: (index: number) => woken.push(index) > 0 } as unknown as ThreadPool;
  const memory = takeMemory(pool, "told", 2);
  giveMemory(pool, "told", memory);
  const helper = new Shares(memory.cells.values, 1);
  assert.equal(helper.fallAsleep(heap().life), true);
  return { team: { pool, helpers: 1, alone: 1 }, helper, woken };
}

describe("calls in a row that are worth sharing out only if helpers are there", () => {
  it("have it woken at the end of one", () => {
    const { team, helper, woken } = sleeping();
    const cost = new Cost();
    // It takes all the time that there is.
    const stays = (): void => {
      cost.isDue();
      stayedHere(team, cost, 1e12, sharingOf(team.pool).called, true);
    };
    stays();
    assert.deepEqual(woken, [], "nothing is known of the time before the first one");
    for (let call = 0; call < 200 && woken.length === 0; call++) stays();
    assert.equal(woken.length, 1);
    assert.equal(helper.awake(heap().life), true);
  });

  it("count for helpers that would be there, once, and not for those whose arrays would be copied, or without helpers", () => {
    const { team, woken } = sleeping();
    const sharing = sharingOf(team.pool);
    for (const worth of [sharing.present, sharing.called])
      for (let call = 0; call < 5; call++) worth.took(1e5, 1000, 2);
    const cost = new Cost();
    const stays = (of: typeof team, isInRow: boolean, by = sharing.called): number[] => {
      const before = [sharing.present.us, sharing.called.us];
      cost.isDue();
      stayedHere(of, cost, 1e5, by, isInRow);
      return [sharing.present.us - (before[0] as number), sharing.called.us - (before[1] as number)].map(Math.sign);
    };
    stays(team, true);
    cost.isDue();
    // What it loses is far beyond what is ever asked for, so much has to stay until that shows.
    for (const worth of [sharing.present, sharing.called]) {
      while (worth.us === 4000) worth.stayed(1e4);
      assert.ok(worth.us > 100, String(worth.us));
    }
    assert.deepEqual(stays({ ...team, helpers: 0 }, true), [0, 0]);
    assert.deepEqual(stays(team, false), [0, -1]);
    assert.deepEqual(woken, []);
  });

  it("don't if they are few and far between, or short", () => {
    const { team, woken } = sleeping();
    const cost = new Cost();
    for (let call = 0; call < 300; call++) {
      cost.isDue();
      stayedHere(team, cost, 1e-3, sharingOf(team.pool).called, true);
    }
    assert.deepEqual(woken, []);
  });
});

describe("what it took to share out a call", () => {
  /** All that is told of the calls of a pool: how long they took, and whether their memory was another's by then. */
  async function toldOf(on: ThreadPool, numbers: SharedArray<"float64"> | Float64Array) {
    const sharing = sharingOf(on);
    const told: { readonly us: number; readonly isOver: boolean }[] = [];
    for (const worth of [sharing.present, sharing.called]) {
      worth.took = (us, workUs, participants) => {
        told.push({ us, isOver: idleShares(on) !== undefined });
        Worth.prototype.took.call(worth, us, workUs, participants);
      };
    }
    const calls = async (wakingUs: number, count: number): Promise<void> => {
      // One that is held up in its midst says nothing.
      for (let tries = 0; told.length < count; tries++) {
        assert.ok(tries < 1000, "it is told of one of many");
        sharing.wakingUs = wakingUs;
        const made = await withSeams({ itemsBefore: 0 }, async () => parallel.mapSync(numbers, identical, { on }));
        if (made instanceof SharedArray) made.dispose();
      }
    };
    await calls(0, 1);
    told.length = 0;
    await calls(WAKING_US, 1);
    await calls(0, 2);
    return { told, sharing };
  }

  /** Longer than any call takes. */
  const WAKING_US = 1e9;

  it("has the waking of its helpers in it, and all that comes behind its parts", async () => {
    await using on = threads({ size: 1, name: "measured" });
    await importAll(on);
    using numbers = new SharedArray({ type: "float64", length: 64 });
    const { told } = await toldOf(on, numbers);
    assert.deepEqual(
      told.map(({ us, isOver }) => [us >= WAKING_US, isOver]),
      [
        [true, true],
        [false, true],
      ],
    );
  });

  it("has no copying in it, which is weighed by itself", async () => {
    await using on = threads({ size: 1, name: "copied" });
    await importAll(on);
    const { told } = await toldOf(on, new Float64Array(64));
    assert.deepEqual(
      told.map(({ isOver }) => isOver),
      [false, false],
    );
  });

  it("has no waking in it that was for a call that stayed", async () => {
    await using on = threads({ size: 1, name: "stayed" });
    await importAll(on);
    const sharing = sharingOf(on);
    sharing.wakingUs = WAKING_US;
    await withSeams({ itemsBefore: 64 }, async () => void parallel.mapSync(new Float64Array(64), identical, { on }));
    assert.equal(sharing.wakingUs, 0);
  });

  it("counts for those that sleep where they were woken for a row, and sleep again", () => {
    const { team, helper, woken } = sleeping();
    const sharing = sharingOf(team.pool);
    sharing.areWoken = true;
    const cost = new Cost();
    for (let call = 0; call < 10; call++) {
      cost.isDue();
      cost.took(1000, 1000);
    }
    assert.equal(isAtOnce(cost, 1000, team.pool, 0), false);
    assert.equal(woken.length, 1);
    assert.equal(worthWith(team), sharing.called);
    assert.equal(sharing.wanted, 2, "the next row has to be longer");
    assert.equal(helper.awake(heap().life), true);
  });
});
