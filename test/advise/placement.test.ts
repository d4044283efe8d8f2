import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { Placement } from "#skein/advise/placement";

import { bestMs, type Machine, type Nature, World } from "./support/world.js";

const MACHINE: Machine = { threads: 4, dispatchMs: 0.004, wakeMs: 0.1, share: 1, width: 16 };

/** Where calls of this nature run in the end. */
function settledPlace(nature: Nature, machine: Machine = MACHINE, rounds = 200): Placement {
  const placement = new Placement(machine.threads);
  const world = new World(placement, machine);
  for (let i = 0; i < rounds; i++) world.round(nature);
  return placement;
}

describe("a placement", () => {
  it("begins here, not knowing", () => {
    const placement = new Placement(4);
    assert.equal(placement.next(16), "here");
    assert.equal(placement.reason, "not known yet");
    assert.equal(placement.measured, undefined);
  });

  it("keeps short calls here", () => {
    const placement = settledPlace({ cpuMs: 0.0005, waitMs: 0 });
    assert.deepEqual([placement.place, placement.reason], ["here", "short"]);
  });

  it("lets most short calls through unmeasured", () => {
    const placement = settledPlace({ cpuMs: 0.0005, waitMs: 0 }, MACHINE, 1000);
    assert.ok(placement.samples * 100 < placement.calls, `${placement.samples} of ${placement.calls}`);
  });

  it("has calls that compute go to threads, if several come at a time", () => {
    const placement = settledPlace({ cpuMs: 5, waitMs: 0 });
    assert.deepEqual([placement.place, placement.reason], ["threads", "computes"]);
  });

  it("keeps those here that come one at a time and would only take a detour", () => {
    const placement = settledPlace({ cpuMs: 0.2, waitMs: 0 }, { ...MACHINE, width: 1 });
    assert.deepEqual([placement.place, placement.reason], ["here", "one at a time"]);
  });

  it("keeps the loop free of a long call, even of one at a time", () => {
    assert.equal(settledPlace({ cpuMs: 50, waitMs: 0 }, { ...MACHINE, width: 1 }).place, "threads");
  });

  it("keeps calls here that wait, as waits overlap", () => {
    const placement = settledPlace({ cpuMs: 0.05, waitMs: 10 });
    assert.deepEqual([placement.place, placement.reason], ["here", "waits"]);
  });

  it("keeps everything here if the cores are taken by others", () => {
    const placement = settledPlace({ cpuMs: 0.5, waitMs: 0 }, { ...MACHINE, share: 0.2 });
    assert.deepEqual([placement.place, placement.reason], ["here", "faster here"]);
  });

  it("a pause of the garbage collector in a short call moves nothing", () => {
    const placement = settledPlace({ cpuMs: 0.01, waitMs: 0 }, { ...MACHINE, width: 1 });
    placement.ranHere({ loopMs: 40, cpuMs: 40, lifeMs: 40, runMs: 40, gaveWay: false });
    assert.equal(placement.next(1), "here");
    assert.ok((placement.measured?.loopMs ?? 0) < 0.05);
  });

  it("runs here whatever is measured once it is pinned", () => {
    const placement = settledPlace({ cpuMs: 5, waitMs: 0 });
    placement.pin("can't cross");
    assert.equal(placement.next(64), "here");
    assert.equal(placement.passes(), true);
    assert.equal(placement.reason, "can't cross");
  });
});

const logarithmic = (least: number, most: number): fc.Arbitrary<number> =>
  fc
    .double({ min: Math.log(least), max: Math.log(most), noNaN: true, noDefaultInfinity: true })
    .map((value) => Math.exp(value));

const natures: fc.Arbitrary<Nature> = fc.oneof(
  // The spawning of a job alone takes 0.4 µs.
  logarithmic(0.0005, 20).map((cpuMs) => ({ cpuMs, waitMs: 0 })),
  fc.record({ cpuMs: logarithmic(0.001, 5), waitMs: logarithmic(0.1, 50) }),
);

const machines: fc.Arbitrary<Machine> = fc.record({
  threads: fc.integer({ min: 1, max: 8 }),
  dispatchMs: logarithmic(0.002, 0.01),
  wakeMs: logarithmic(0.005, 0.3),
  share: fc.double({ min: 0.3, max: 1, noNaN: true }),
  width: fc.integer({ min: 1, max: 64 }),
});

/** Calls until a placement is expected to know. */
const WARM_UP_CALLS = 6000;
const COUNTED_CALLS = 40_000;

/** How much longer it takes than the better place would, over many calls. */
function excess(world: World, nature: Nature, machine: Machine): number {
  for (let calls = 0; calls < WARM_UP_CALLS; calls += machine.width) world.round(nature);
  let [tookMs, leastMs] = [0, 0];
  for (let calls = 0; calls < COUNTED_CALLS; calls += machine.width) {
    tookMs += world.round(nature);
    leastMs += bestMs(nature, machine);
  }
  return tookMs / leastMs;
}

describe("after its warm-up a placement takes at most 10 % longer than the better place", () => {
  it("for calls of any nature, on any machine", () => {
    fc.assert(
      fc.property(natures, machines, (nature, machine) => {
        const world = new World(new Placement(machine.threads), machine);
        const more = excess(world, nature, machine);
        assert.ok(more <= 1.1, `${more.toFixed(3)} times as long`);
      }),
      { numRuns: 60, seed: 2026 },
    );
  });

  it("also when their nature has changed", () => {
    fc.assert(
      fc.property(natures, natures, machines, (before, after, machine) => {
        const world = new World(new Placement(machine.threads), machine);
        for (let calls = 0; calls < WARM_UP_CALLS; calls += machine.width) world.round(before);
        const more = excess(world, after, machine);
        assert.ok(more <= 1.1, `${more.toFixed(3)} times as long`);
      }),
      { numRuns: 60, seed: 2026 },
    );
  });
});
