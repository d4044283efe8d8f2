import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { scope, sleep } from "skein";
import { settled, virtualClock, withVirtualClock } from "skein/testing";
import { nowMs, setAlarm } from "#skein/core/clock";
import { beginOutsideWork, endOutsideWork } from "#skein/core/outside-work";
import fc from "fast-check";

import { codeOf, failureOf } from "../support/failure.js";
import { runProgram } from "../support/subprocess.js";
import { unseenTurns } from "../support/unseen-turns.js";

describe("a virtual clock", () => {
  it("stands still while a job can go on, and jumps when none can (law 20)", () =>
    withVirtualClock(async (clock) => {
      const seen: number[] = [];
      await scope(async (s) => {
        s.spawn(async () => {
          for (let i = 0; i < 100; i++) await new Promise(setImmediate);
          seen.push(clock.nowMs);
        });
        await sleep(1000, s);
        seen.push(clock.nowMs);
      });
      assert.deepEqual(seen, [0, 1000]);
    }));

  it("wakes sleepers in order of their deadlines, then of their going to sleep (law 20)", () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.nat(5), { maxLength: 12 }), (delays) =>
        withVirtualClock(async (clock) => {
          const woken: { readonly index: number; readonly atMs: number }[] = [];
          await Promise.all(
            delays.map(async (delay, index) => {
              await sleep(delay);
              woken.push({ index, atMs: clock.nowMs });
            }),
          );
          const expected = delays
            .map((delay, index) => ({ index, atMs: delay }))
            .toSorted((one, other) => one.atMs - other.atMs || one.index - other.index);
          assert.deepEqual(woken, expected);
        }),
      ),
      { numRuns: 30 },
    ));

  it("counts what a woken job sets from the moment of its waking (law 20)", () =>
    withVirtualClock(
      async (clock) => {
        const woken: number[] = [];
        const job = (async () => {
          await sleep(10);
          woken.push(clock.nowMs);
          await sleep(5);
          woken.push(clock.nowMs);
        })();
        // In one step past both, and past the second by more than it takes.
        await clock.advance(100);
        await job;
        assert.deepEqual(woken, [10, 15]);
        assert.equal(clock.nowMs, 100);
      },
      { autojump: false },
    ));

  it("lets jobs come to rest between two alarms, due at once though they are", () =>
    withVirtualClock(async () => {
      const seen: string[] = [];
      const job = async (name: string) => {
        await sleep(10);
        seen.push(`${name} wakes`);
        await new Promise(setImmediate);
        seen.push(`${name} is done`);
      };
      await Promise.all([job("a"), job("b")]);
      assert.deepEqual(seen, ["a wakes", "a is done", "b wakes", "b is done"]);
    }));

  it("moves by advance alone without autojump", () =>
    withVirtualClock(
      async (clock) => {
        let isAwake = false;
        const job = sleep(10).then(() => (isAwake = true));
        await settled();
        assert.deepEqual([isAwake, clock.nowMs, clock.pendingAlarms], [false, 0, 1]);
        await clock.advance(9);
        assert.deepEqual([isAwake, clock.nowMs], [false, 9]);
        await clock.advance(1);
        assert.deepEqual([isAwake, clock.nowMs, clock.pendingAlarms], [true, 10, 0]);
        await job;
      },
      { autojump: false },
    ));

  it("lets jobs that were spawned and have not run set their alarms before it advances", () =>
    withVirtualClock(
      async (clock) => {
        await scope(async (s) => {
          let wokenMs = 0;
          s.spawn(async () => {
            await sleep(3);
            wokenMs = clock.nowMs;
          });
          await clock.advance(10);
          assert.equal(wokenMs, 3);
        });
      },
      { autojump: false },
    ));

  it("advances one call after another when several overlap", () =>
    withVirtualClock(
      async (clock) => {
        const seen: number[] = [];
        void sleep(4).then(() => seen.push(clock.nowMs));
        await Promise.all([clock.advance(3).then(() => seen.push(clock.nowMs)), clock.advance(3)]);
        assert.deepEqual(seen, [3, 4]);
        assert.equal(clock.nowMs, 6);
      },
      { autojump: false },
    ));

  it("does not jump while it advances", () =>
    withVirtualClock(async (clock) => {
      let wokenMs = Infinity;
      void sleep(10).then(() => (wokenMs = clock.nowMs));
      await clock.advance(5);
      assert.deepEqual([clock.nowMs, wokenMs], [5, Infinity]);
    }));

  it("does not jump over a file that is being read", () =>
    withVirtualClock(async (clock) => {
      const path = fileURLToPath(import.meta.url);
      const timedOut = scope(() => readFile(path, "utf8"), { timeoutMs: 1 });
      assert.match(await timedOut, /a file that is being read/);
      assert.equal(clock.nowMs, 0);
    }));

  it("does not jump over work counted on other threads", () =>
    withVirtualClock(async (clock) => {
      let isAwake = false;
      const job = sleep(1).then(() => (isAwake = true));
      beginOutsideWork();
      try {
        await unseenTurns(100);
        assert.equal(isAwake, false);
      } finally {
        endOutsideWork();
      }
      await job;
      assert.equal(clock.nowMs, 1);
    }));

  it("does not jump while a test waits for jobs to settle", () =>
    withVirtualClock(async (clock) => {
      const job = sleep(1);
      for (let i = 0; i < 5; i++) await settled();
      assert.equal(clock.nowMs, 0);
      await job;
    }));

  it("never comes to an alarm without a moment", () =>
    withVirtualClock(async (clock) => {
      setAlarm(() => assert.fail("it rang"), Infinity)();
      setAlarm(() => assert.fail("it rang"), Infinity);
      await sleep(5);
      assert.deepEqual([clock.nowMs, clock.pendingAlarms], [5, 0]);
    }));

  it("never rings what was called off, and keeps nothing of it (law 40)", () =>
    withVirtualClock(async (clock) => {
      const stop = setAlarm(() => assert.fail("it rang"), 5);
      assert.equal(clock.pendingAlarms, 1);
      stop();
      stop();
      assert.equal(clock.pendingAlarms, 0);
      await sleep(10);
    }));

  it("governs deadlines and grace times too", () =>
    withVirtualClock(async (clock) => {
      const stuck = await failureOf(
        scope((s) => void s.spawn(() => new Promise(() => undefined)), { timeoutMs: 60_000 }),
      );
      assert.equal((stuck as Error).name, "StuckError");
      assert.equal(clock.nowMs, 65_000);
    }));

  it("gives back the clock that was in use, once, also when clocks nest", async () => {
    const realMs = nowMs();
    {
      using outer = virtualClock({ autojump: false });
      await outer.advance(3);
      const inner = virtualClock();
      assert.equal(nowMs(), 0);
      await sleep(1);
      assert.equal(outer.nowMs, 3);
      inner.uninstall();
      assert.equal(nowMs(), 3);
      const replaced = virtualClock();
      inner.uninstall();
      assert.equal(nowMs(), 0);
      replaced.uninstall();
    }
    assert.ok(nowMs() >= realMs);
  });

  it("does not jump while a clock put in use later stands still", () =>
    withVirtualClock(async (outer) => {
      const job = sleep(5);
      await withVirtualClock(async (inner) => inner.advance(50), { autojump: false });
      assert.equal(outer.nowMs, 0);
      await job;
      assert.equal(outer.nowMs, 5);
    }));

  it("is taken away when the body throws", async () => {
    const error = new Error("body");
    assert.equal(await failureOf(withVirtualClock(() => Promise.reject(error))), error);
    assert.notEqual(nowMs(), 0);
  });

  it("lets the process end when nothing is left to jump to", async () => {
    const { exitCode, stdout } = await runProgram(`
      import { virtualClock } from "skein/testing";
      import { sleep } from "skein";
      virtualClock();
      await sleep(1e9);
      console.log("slept");
      sleep(Infinity).then(() => console.log("never"));
    `);
    assert.deepEqual([exitCode, stdout], [0, "slept\n"]);
  });

  it("refuses what is no time, and what are no options", async () => {
    using clock = virtualClock();
    for (const ms of [-1, Number.NaN, Infinity, "5" as never, undefined as never]) {
      assert.equal(await codeOf(() => clock.advance(ms)), "SKEIN_INVALID_ARGUMENT");
    }
    assert.equal(await codeOf(() => virtualClock(null as never)), "SKEIN_INVALID_ARGUMENT");
  });
});
