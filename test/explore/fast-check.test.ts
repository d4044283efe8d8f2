/** Properties whose runs are explored: fast-check has the data, the explorer the schedules. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { type Exploration, explore, ExploreError } from "skein/explore";
import { assertExplored, type AssertExploredOptions, exploredProperty, schedulerOf } from "skein/explore/fast-check";

/** Threads that add to a sum; from the third on without care. */
async function summing(t: Exploration, amounts: number[]): Promise<void> {
  const sum = t.cell("sum");
  for (const [index, amount] of amounts.entries()) {
    t.thread(`adds ${index}`, () => (index < 1 ? sum.add(amount) : sum.store(sum.load() + amount)));
  }
  await t.join();
  t.expect(sum.load() === amounts.reduce((total, amount) => total + amount, 0), "an amount was lost");
}

const amounts = fc.array(fc.integer({ min: 1, max: 99 }), { maxLength: 4 });

async function find(options: AssertExploredOptions): Promise<ExploreError> {
  const error: unknown = await assertExplored(fc, [amounts], summing, options).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof ExploreError, String(error));
  return error;
}

describe("assertExplored", () => {
  it("finds what goes wrong with some data on some schedule, and makes both small", async () => {
    const error = await find({ seed: 7 });
    assert.equal(error.kind, "assertion");
    // Two threads that add one each: with less nothing is lost.
    assert.match(
      error.message,
      /^summing: assertion, found by schedule \d+, with \[1,1\]\nsumming: an amount was lost\n/,
    );
    assert.match(error.listing, /^\d+ steps, [234] switches\n/);
    assert.match(error.message, /\nreplay: .*token.* ?"?x1\.[\w-]+\.7\.\d+(?::\d+)*/);
  });

  it("finds the same again by the seed, and by the token alone", async () => {
    const error = await find({ seed: 7 });
    assert.equal((await find({ seed: 7 })).message, error.message);
    const again = await find({ token: error.token });
    assert.deepEqual([again.listing, again.token], [error.listing, error.token]);
    assert.match(again.message, /found by schedule 1, with \[1,1\]\n/);
  });

  it("says how many data and schedules were run, and what of each", async () => {
    const counting = async (t: Exploration, threads: number): Promise<void> => {
      const sum = t.cell("sum");
      for (let index = 0; index < threads; index++) t.thread(`t${index}`, () => sum.add(1));
      await t.join();
      t.expect(sum.load() === threads);
    };
    const report = await assertExplored(fc, [fc.integer({ min: 1, max: 3 })], counting, {
      numRuns: 12,
      seed: 1,
      schedules: 2000,
    });
    assert.equal(report.runs, 12);
    assert.equal(report.coverage.kind, "complete", report.coverage.text);
    assert.ok(report.schedules > 12);
  });

  it("passes data by that fc.pre refuses", async () => {
    let odd = 0;
    const even = (t: Exploration, number: number): void => {
      if (number % 2 === 1) odd++;
      fc.pre(number % 2 === 0);
      t.expect(number % 2 === 0);
    };
    await assertExplored(fc, [fc.nat(9)], even, { seed: 1, numRuns: 10 });
    assert.ok(odd > 0);
    await assert.rejects(
      assertExplored(fc, [fc.nat(9)], () => fc.pre(false), { numRuns: 5 }),
      {
        code: "SKEIN_INVALID_ARGUMENT",
        message: /data that fc\.pre lets pass, but \d+ sets of data were refused/,
      },
    );
  });

  for (const [what, values, expected] of [
    ["no fast-check", [{}, [fc.nat()], summing], /expected fast-check first, .* has no asyncProperty/],
    ["no arbitraries", [fc, [], summing], /a list of arbitraries second, at least one, but a list of 0 came/],
    ["a value for an arbitrary", [fc, [3], summing], /arbitraries of fast-check, but a value of type number is among/],
    ["no program", [fc, [fc.nat()], { numRuns: 3 }], /a function of t and the data third, but a value of type object/],
    ["half a run", [fc, [fc.nat()], summing, { numRuns: 0.5 }], /numRuns to be a whole number from 1, but 0.5 came/],
    ["a strategy that is none", [fc, [fc.nat()], summing, { strategy: "luck" }], /strategy to be one of/],
    ["a token that is none", [fc, [fc.nat()], summing, { token: "x2.A" }], /expected as token/],
  ] as const) {
    it(`refuses ${what}`, async () => {
      await assert.rejects((assertExplored as (...values: unknown[]) => Promise<unknown>)(...values), {
        code: "SKEIN_INVALID_ARGUMENT",
        message: expected,
      });
    });
  }
});

describe("exploredProperty", () => {
  it("is a property for fc.assert, whose report has data and schedule", async () => {
    const property = exploredProperty(fc, [amounts], summing);
    const details = await fc.check(property, { seed: 7 });
    assert.deepEqual(details.counterexample, [[1, 1]]);
    assert.ok(details.errorInstance instanceof ExploreError);
    await assert.rejects(fc.assert(property, { seed: 7 }), /Counterexample: \[\[1,1\]\]/);
  });
});

describe("schedulerOf", () => {
  /** As a test for fc.scheduler() has it: the answer to the first question may come last. */
  const search = async (t: Exploration): Promise<void> => {
    const s = schedulerOf(t);
    let shown = "";
    const ask = s.scheduleFunction(async (word: string) => `about ${word}`);
    const type = (word: string): void => void ask(word).then((answer) => (shown = answer));
    type("c");
    type("cats");
    await s.waitAll();
    t.expect(shown === "about cats", `shown is what is ${shown}`);
  };

  it("lets what is scheduled be done in any order", async () => {
    const error: unknown = await explore(search).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof ExploreError, String(error));
    assert.match(error.listing, /\("cats"\) is done\n.*\("c"\) is done/);
  });

  it("keeps the order within a sequence, and leaves out what is behind a failure", async () => {
    const { outcomes, coverage } = await explore(async (t) => {
      const s = schedulerOf(t);
      const log: string[] = [];
      const step = (name: string) => async () => void log.push(name);
      const failing = async (): Promise<never> => {
        throw new Error("broken");
      };
      const good = s.scheduleSequence([{ builder: step("a1"), label: "a1" }, step("a2")]);
      const bad = s.scheduleSequence([step("b1"), failing, step("b3")]);
      await s.waitIdle();
      assert.deepEqual(await Promise.all([good.task, bad.task]), [
        { done: true, faulty: false },
        { done: false, faulty: true },
      ]);
      t.outcome(log.join());
    });
    assert.equal(coverage.kind, "complete");
    assert.deepEqual(Object.keys(outcomes).toSorted(), ["a1,a2,b1", "a1,b1,a2", "b1,a1,a2"]);
  });

  it("counts, waits for one or some, reports, and calls what is to be called around a release", async () => {
    await explore(async (t) => {
      const acts: string[] = [];
      const s = schedulerOf(t, async (release) => {
        acts.push("begin");
        await release();
        acts.push("end");
      });
      const broken = s.schedule(Promise.reject(new Error("broken")), "broken");
      const both = [s.schedule(Promise.resolve(1), "one"), broken.catch((error: unknown) => String(error))];
      assert.equal(s.count(), 2);
      await s.waitOne();
      assert.equal(s.count(), 1);
      await s.waitNext(1);
      assert.deepEqual(await s.waitFor(Promise.all(both)), [1, "Error: broken"]);
      assert.deepEqual(
        s
          .report()
          .map(({ label, status }) => `${label} ${status}`)
          .toSorted(),
        ["broken rejected", "one resolved"],
      );
      assert.deepEqual(acts, ["begin", "end", "begin", "end"]);
      await assert.rejects(s.waitOne(), { code: "SKEIN_INVALID_ARGUMENT" });
    });
  });

  it("refuses what is no t, and no act", async () => {
    assert.throws(() => schedulerOf({} as never), { code: "SKEIN_INVALID_ARGUMENT", message: /the t of a program/ });
    await explore((t) => {
      assert.throws(() => schedulerOf(t, 3 as never), { code: "SKEIN_INVALID_ARGUMENT", message: /function as act/ });
    });
  });
});
