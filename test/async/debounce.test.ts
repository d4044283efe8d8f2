import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { describe, it } from "node:test";

import { debounce, type DebounceOptions } from "#skein/async/debounce";
import * as fc from "fast-check";
import { CancelledError, scope, type Scope, sleep } from "skein";
import { settled, withVirtualClock } from "skein/testing";

import { codeOf, failureOf } from "../support/failure.js";
import { makeFolder, runNode } from "../support/run-program.js";

/** A function that notes its runs, and gives its argument. */
function noting(clock: { readonly nowMs: number }): { fn: (value: number) => number; runs: number[][] } {
  const runs: number[][] = [];
  return {
    runs,
    fn: (value) => {
      runs.push([value, clock.nowMs]);
      return value;
    },
  };
}

describe("a debounced function", () => {
  it("runs once when the calls have stopped coming, with the latest arguments; all calls get its result", () =>
    withVirtualClock(async (clock) => {
      const { fn, runs } = noting(clock);
      const later = debounce(fn, 10);
      const results = [later(1)];
      await sleep(9);
      results.push(later(2));
      await sleep(9);
      results.push(later(3));
      assert.equal(later.isPending, true);
      assert.deepEqual(await Promise.all(results), [3, 3, 3]);
      assert.deepEqual(runs, [[3, 28]]);
      assert.deepEqual([later.isPending, clock.pendingAlarms], [false, 0]);
      assert.equal(await later(4), 4);
    }));

  it("with leading runs at the first call of a rush at once, and at the end only if others came", () =>
    withVirtualClock(async (clock) => {
      const { fn, runs } = noting(clock);
      const both = debounce(fn, 10, { leading: true });
      const first = both(1);
      assert.deepEqual(runs, [[1, 0]]);
      assert.equal(await first, 1);
      await sleep(20);
      assert.deepEqual(await Promise.all([both(2), both(3), both(4)]), [2, 4, 4]);
      assert.deepEqual(runs, [
        [1, 0],
        [2, 20],
        [4, 30],
      ]);
    }));

  it("with leading alone gives the rush the result of its first call, and each call prolongs it", () =>
    withVirtualClock(async (clock) => {
      const { fn, runs } = noting(clock);
      const first = debounce(fn, 10, { leading: true, trailing: false });
      const results: number[] = [];
      for (const value of [1, 2, 3]) {
        results.push(await first(value));
        await sleep(9);
      }
      await sleep(1);
      results.push(await first(4));
      assert.deepEqual(results, [1, 1, 1, 4]);
      assert.deepEqual(runs, [
        [1, 0],
        [4, 28],
      ]);
    }));

  it("runs after maxWaitMs although calls go on coming", () =>
    withVirtualClock(async (clock) => {
      const { fn, runs } = noting(clock);
      const later = debounce(fn, 10, { maxWaitMs: 25 });
      for (let value = 0; value < 8; value++) {
        void later(value);
        await sleep(6);
      }
      await later.flush();
      assert.deepEqual(runs, [
        [4, 25],
        [7, 48],
      ]);
    }));

  it("that is flushed runs now, once", () =>
    withVirtualClock(async (clock) => {
      const { fn, runs } = noting(clock);
      const later = debounce(fn, 10);
      assert.equal(await later.flush(), undefined);
      const called = later(1);
      assert.equal(await later.flush(), 1);
      assert.equal(await called, 1);
      await sleep(50);
      assert.deepEqual(runs, [[1, 0]]);
      assert.equal(clock.pendingAlarms, 0);
    }));

  it("that is cancelled fails the calls that were put off, and need not be awaited (law 41)", () =>
    withVirtualClock(async (clock) => {
      const later = debounce(() => assert.fail("it ran"), 10, { name: "saving" });
      void later();
      const awaited = later();
      assert.equal(later.cancel("not wanted"), true);
      assert.equal(later.cancel(), false);
      const error = await failureOf(awaited);
      assert.ok(error instanceof CancelledError);
      assert.equal(error.reason, "not wanted");
      assert.match(error.message, /saving/);
      assert.deepEqual([later.isPending, clock.pendingAlarms], [false, 0]);
      await sleep(50);
    }));

  it("gives the calls what the function throws, at once or later", () =>
    withVirtualClock(async () => {
      const atOnce = debounce((): never => {
        throw new Error("failed");
      }, 1);
      const later = debounce(() => sleep(1).then(() => Promise.reject(new Error("failed later"))), 1, {
        leading: true,
      });
      const calls = [atOnce(), atOnce(), later()];
      const errors = await Promise.all(calls.map((call) => failureOf(call)));
      assert.deepEqual(
        errors.map((error) => (error as Error).message),
        ["failed", "failed", "failed later"],
      );
    }));

  it("may be called by the function itself", () =>
    withVirtualClock(async (clock) => {
      const runs: number[] = [];
      const again = debounce((left: number): void => {
        runs.push(clock.nowMs);
        if (left > 0) void again(left - 1);
      }, 10);
      await again(2);
      await sleep(100);
      assert.deepEqual(runs, [10, 20, 30]);
    }));

  it("runs in the async context of its latest call (law 37)", () =>
    withVirtualClock(async () => {
      const storage = new AsyncLocalStorage<string>();
      const later = debounce(() => storage.getStore(), 10, { leading: true });
      const first = storage.run("first", () => later());
      const second = storage.run("second", () => later());
      const third = storage.run("third", () => later());
      assert.deepEqual(await Promise.all([first, second, third]), ["first", "third", "third"]);
    }));
});

describe("a debounced function of a scope", () => {
  it("is cancelled with it: what is put off never runs, what has begun goes on (law 10)", () =>
    withVirtualClock(async (clock) => {
      let ended = 0;
      const controller = new AbortController();
      const later = debounce(() => sleep(100).then(() => ++ended), 10, { leading: true }, controller.signal);
      const begun = later();
      const putOff = codeOf(() => later());
      await sleep(5);
      controller.abort();
      assert.equal(await putOff, "SKEIN_CANCELLED");
      assert.equal(clock.nowMs, 5);
      assert.equal(await begun, 1);
      assert.equal(clock.pendingAlarms, 0);
      assert.equal(await codeOf(() => later()), "SKEIN_CANCELLED");
      assert.equal(ended, 1);
    }));

  it("that ends has what is put off begin at once, and ends after it (law 1)", () =>
    withVirtualClock(async (clock) => {
      const ended: number[] = [];
      let outer: ((value: number) => Promise<void>) | undefined;
      await scope(async (s: Scope) => {
        const later = debounce((value: number) => sleep(5).then(() => void ended.push(value)), 1000, {}, s);
        outer = later;
        void later(1);
        void later(2);
      });
      assert.deepEqual([ended, clock.nowMs, clock.pendingAlarms], [[2], 5, 0]);
      assert.equal(await codeOf(() => outer?.(3)), "SKEIN_SCOPE_CLOSED");
    }));

  it("that is cancelled leaves nothing of it: no alarm, no unhandled failure (laws 40 and 41)", () =>
    withVirtualClock(async (clock) => {
      const code = await codeOf(() =>
        scope(async (s: Scope) => {
          const later = debounce(() => assert.fail("it ran"), 1000, {}, s);
          void later();
          await settled();
          s.cancel();
          void later();
          s.checkpoint();
        }),
      );
      assert.equal(code, "SKEIN_CANCELLED");
      assert.deepEqual([clock.nowMs, clock.pendingAlarms], [0, 0]);
    }));
});

/** What becomes of calls at the given moments: the runs, and for each call the run that stands for it. */
function model(
  calls: readonly number[],
  quietMs: number,
  options: DebounceOptions,
): { runs: number[][]; results: number[] } {
  const { leading = false, trailing = true, maxWaitMs = Infinity } = options;
  const runs: number[][] = [];
  const results: number[] = [];
  let endMs = -1;
  let waiting: number[] = [];
  let sinceMs = 0;
  let leader = -1;
  const end = (): void => {
    const latest = waiting.at(-1);
    if (latest !== undefined) runs.push([latest, endMs]);
    for (const call of waiting) results[call] = latest as number;
    waiting = [];
    endMs = -1;
  };
  calls.forEach((atMs, call) => {
    // An alarm set before a call for the same moment rings first.
    if (endMs !== -1 && endMs <= atMs) end();
    const isFirst = endMs === -1;
    endMs = atMs + quietMs;
    if (isFirst && leading) {
      runs.push([call, atMs]);
      results[call] = leader = call;
    } else if (!trailing) {
      results[call] = leader;
    } else {
      if (waiting.length === 0) sinceMs = atMs;
      waiting.push(call);
    }
    if (waiting.length > 0) endMs = Math.min(endMs, sinceMs + maxWaitMs);
  });
  if (endMs !== -1) end();
  return { runs, results };
}

it("a debounced function does what its model does", () =>
  fc.assert(
    fc.asyncProperty(
      fc.constantFrom<DebounceOptions>(
        {},
        { leading: true },
        { leading: true, trailing: false },
        { maxWaitMs: 12 },
        { leading: true, maxWaitMs: 15 },
      ),
      fc.array(fc.nat({ max: 14 }), { minLength: 1, maxLength: 12 }),
      (options, gaps) =>
        withVirtualClock(async (clock) => {
          const { fn, runs } = noting(clock);
          const later = debounce(fn, 10, options);
          const results: Promise<number>[] = [];
          let sum = 0;
          // A fraction of its own for each, so that none comes at the moment of a run.
          const moments = gaps.map((gap, call) => (sum += gap) + call / 64);
          for (const [call, atMs] of moments.entries()) {
            await sleep(atMs - clock.nowMs);
            results.push(later(call));
          }
          const given = await Promise.all(results);
          assert.deepEqual({ runs, results: given }, model(moments, 10, options));
          await sleep(50);
          assert.equal(clock.pendingAlarms, 0);
        }),
    ),
    { numRuns: 100 },
  ));

describe("misuse of debounce", () => {
  const fn = (): void => undefined;
  const wrong: readonly [what: string, call: () => unknown][] = [
    ["no function", () => debounce(5 as unknown as () => void, 5)],
    ["no time", () => debounce(fn, undefined as unknown as number)],
    ["a negative time", () => debounce(fn, -1)],
    ["a time without end", () => debounce(fn, Infinity)],
    ["options that are none", () => debounce(fn, 5, null as unknown as DebounceOptions)],
    ["neither leading nor trailing", () => debounce(fn, 5, { trailing: false, leading: false })],
    ["a function that would never run", () => debounce(fn, 5, { trailing: false })],
    ["a maxWaitMs below the time", () => debounce(fn, 5, { maxWaitMs: 4 })],
    ["a number in the place of a scope", () => debounce(fn, 5, {}, 5 as unknown as AbortSignal)],
  ];
  for (const [what, call] of wrong) {
    it(`is refused at once: ${what}`, () => {
      assert.throws(call, { code: "SKEIN_INVALID_ARGUMENT" });
    });
  }
});

it("a scope's failure is not hidden by a debounced function's own end", () =>
  withVirtualClock(async () => {
    const error = await failureOf(
      scope(async (s: Scope) => {
        const later = debounce(() => undefined, 10, {}, s);
        void later();
        await settled();
        throw new Error("the body failed");
      }),
    );
    assert.equal((error as Error).message, "the body failed");
  }));

it("a failure that nobody awaited reaches the host's hook, a discarded call does not (laws 4 and 41)", async () => {
  const folder = makeFolder({
    "program.mjs": `
      import { scope } from "skein";
      import { debounce } from "skein/async";

      process.on("unhandledRejection", (error) => console.log("unhandled:", error.message));
      await scope(async (s) => {
        const fails = debounce(() => { throw new Error("nobody awaits this"); }, 1000, {}, s);
        void fails();
        void fails();
        const discarded = debounce(() => 1, 1000, {}, s);
        void discarded();
        discarded.cancel();
      });
      console.log("the scope ended");
    `,
  });
  const { stdout } = await runNode([`${folder}/program.mjs`]);
  assert.deepEqual(stdout.trim().split("\n").toSorted(), ["the scope ended", "unhandled: nobody awaits this"]);
});
