import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import fc from "fast-check";
import { sliced } from "#skein/async/sliced";
import { type Clock, useClock } from "#skein/core/clock";
import { CancelledError, channel, scope, scopedTask, task } from "skein";

// Time passes only where a task says so; an alarm rings in a later turn of the event loop.
let now = 0;
let turns = 0;
const handClock: Clock = {
  nowMs: () => now,
  setAlarm(ring, delayMs) {
    const immediate = setImmediate(() => {
      turns++;
      now += delayMs;
      ring();
    });
    return () => clearImmediate(immediate);
  },
};
let before: Clock;
beforeEach(() => {
  now = 0;
  turns = 0;
  before = useClock(handClock);
});
afterEach(() => useClock(before));

let log: string[] = [];

/** Does `steps` steps of `stepMs` each, and notes each one. */
const work = task("work", function* (name: string, steps: number, stepMs: number): Generator<undefined, string, never> {
  for (let step = 1; step <= steps; step++) {
    now += stepMs;
    log.push(name);
    yield;
  }
  return `${name} done`;
});
const waitFor = task("waitFor", function* (promise: Promise<string>): Generator<Promise<string>, string, never> {
  return yield promise;
});
const cleansUp = task("cleansUp", function* (): Generator<undefined, void, never> {
  try {
    for (;;) {
      now += 1;
      yield;
    }
  } finally {
    yield;
    log.push("cleaned up in steps");
  }
});
const never = task("never", function* (): Generator<undefined, void, never> {
  for (;;) {
    try {
      for (;;) {
        now += 1;
        yield;
      }
    } catch {
      log.push("swallowed");
    }
  }
});
const fails = task("fails", function* (): Generator<undefined, void, never> {
  yield;
  throw new Error("no");
});
const inScope = scopedTask("inScope", function* (s, value: number): Generator<PromiseLike<number>, number, never> {
  const job = s.spawn(() => value * 2);
  return yield Promise.resolve(job);
});
const plain = task("plain", () => 1);

beforeEach(() => {
  log = [];
});

describe("sliced", () => {
  it("interleaves jobs by the quantum, and counts each context switch (S11, S13)", async () => {
    const on = sliced({ sliceMs: 2 });
    const results = await scope((s) => Promise.all(["a", "b"].map((name) => s.spawn(work, [name, 4, 1], { on }))));
    assert.deepEqual(results, ["a done", "b done"]);
    assert.equal(log.join(""), "aabbaabb");
    const { slices, switches, preemptions, settled, jobs } = on.statistics();
    // Each job ends in a third slice, in which it has only to return.
    assert.deepEqual(
      { slices, switches, preemptions, settled, jobs },
      { slices: 6, switches: 6, preemptions: 4, settled: 2, jobs: 0 },
    );
  });

  it("runs one job after the other if the quantum is longer than they are", async () => {
    const on = sliced({ sliceMs: 100 });
    await scope((s) => Promise.all(["a", "b"].map((name) => s.spawn(work, [name, 3, 1], { on }))));
    assert.equal(log.join(""), "aaabbb");
    assert.equal(on.statistics().switches, 2);
  });

  it("gives a priority higher by one twice the time", async () => {
    const on = sliced({ sliceMs: 1, budgetMs: Infinity });
    await scope(async (s) => {
      s.spawn(work, ["a", 40, 1], { on });
      s.spawn(work, ["b", 40, 1], { on, priority: 1 });
    });
    const firstSlices = log.slice(0, 45);
    const ofB = firstSlices.filter((name) => name === "b").length;
    assert.ok(ofB >= 29 && ofB <= 31, `b had ${ofB} of 45`);
  });

  it("gives jobs of one priority equal time, within one quantum, however many and whatever their steps", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 6 }),
        fc.integer({ min: 1, max: 10 }),
        async (stepLengths, sliceMs) => {
          log = [];
          const on = sliced({ sliceMs, budgetMs: Infinity });
          const used = stepLengths.map(() => 0);
          let widest = 0;
          await scope((s) => {
            stepLengths.forEach((stepMs, i) => {
              s.spawn(work, [String(i), Math.ceil(200 / stepMs), stepMs], { on });
            });
          });
          for (const name of log) {
            const i = Number(name);
            used[i] = (used[i] as number) + (stepLengths[i] as number);
            if (used.every((time) => time < 200)) widest = Math.max(widest, Math.max(...used) - Math.min(...used));
          }
          // A slice ends at the first yield after its quantum: up to a step later.
          assert.ok(widest <= 2 * (sliceMs + Math.max(...stepLengths)), `${widest} ms apart`);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("lets timers and I/O have a turn after its budget, though jobs are always ready (law 36)", async () => {
    const on = sliced({ sliceMs: 1, budgetMs: 10 });
    await scope((s) => s.spawn(work, ["a", 100, 1], { on }));
    assert.ok(turns >= 9, `${turns} turns in 100 ms`);
  });

  it("waits at a yield of a promise, while others run, and gives its value", async () => {
    const on = sliced({ sliceMs: 1 });
    const answer = channel<string>(1);
    await scope(async (s) => {
      const waiting = s.spawn(waitFor, [answer.receive()], { on });
      assert.equal(await s.spawn(work, ["a", 3, 1], { on }), "a done");
      assert.deepEqual([on.statistics().jobs, on.statistics().waiting], [1, 1]);
      await answer.send("later");
      assert.equal(await waiting, "later");
    });
  });

  it("throws a rejection at the yield", async () => {
    await assert.rejects(
      scope((s) => s.spawn(waitFor, [Promise.reject(new Error("rejected"))], { on: sliced() })),
      { message: "rejected" },
    );
  });

  it("fails a job with what its code throws, and harms no other", async () => {
    const on = sliced();
    await scope(
      async (s) => {
        const failing = s.spawn(fails, [], { on });
        const other = s.spawn(work, ["a", 2, 1], { on });
        await assert.rejects(failing.join(), { message: "no" });
        assert.equal(await other, "a done");
      },
      { supervise: true },
    );
  });

  it("gives a scoped task its scope", async () => {
    assert.equal(await scope((s) => s.spawn(inScope, [21], { on: sliced() })), 42);
  });

  it("refuses a task that is no generator, for that job only", async () => {
    await assert.rejects(
      scope((s) => s.spawn(plain, [], { on: sliced() })),
      { code: "SKEIN_INVALID_ARGUMENT", message: /function\*/ },
    );
  });
});

describe("cancelling a sliced job", () => {
  it("reaches it at its next yield, and its cleanup goes on in steps", async () => {
    const error = await scope(async (s) => {
      s.spawn(cleansUp, [], { on: sliced() });
      await new Promise((resolve) => setImmediate(resolve));
      s.cancel("enough");
      s.checkpoint();
    }).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof CancelledError);
    assert.deepEqual(log, ["cleaned up in steps"]);
  });

  it("wakes it from a wait that does not end", async () => {
    const on = sliced();
    const error = await scope(async (s) => {
      s.spawn(waitFor, [new Promise<string>(() => undefined)], { on });
      await new Promise((resolve) => setImmediate(resolve));
      s.cancel("enough");
      s.checkpoint();
    }).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof CancelledError);
    assert.equal(on.statistics().jobs, 0);
  });

  it("ends one that swallows its cancellation when the grace time is over", async () => {
    const on = sliced({ budgetMs: 1 });
    const error = await scope(
      async (s) => {
        s.spawn(never, [], { on });
        await new Promise((resolve) => setImmediate(resolve));
        s.cancel("enough");
        s.checkpoint();
      },
      { graceMs: 5 },
    ).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof CancelledError, String(error));
    assert.ok(log.includes("swallowed"));
    assert.equal(on.statistics().jobs, 0);
  });
});

describe("a generator task elsewhere", () => {
  it("runs its steps to the end on this thread too: where it runs is an option", async () => {
    assert.equal(await scope((s) => s.spawn(work, ["a", 3, 1])), "a done");
    assert.equal(await scope((s) => s.spawn(inScope, [4])), 8);
  });
});

describe("misuse of sliced", () => {
  for (const options of [{ sliceMs: -1 }, { budgetMs: Number.NaN }, { sliceMs: "5" as never }]) {
    it(JSON.stringify(options), () => {
      assert.throws(() => sliced(options), { code: "SKEIN_INVALID_ARGUMENT" });
    });
  }
});
