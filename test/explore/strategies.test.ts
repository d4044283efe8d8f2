/** Ways to search: what each finds, and that the exhaustive ones leave out nothing. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { type Exploration, explore, ExploreError, type ExploreOptions, type StrategyName } from "skein/explore";

const SAMPLING: readonly StrategyName[] = ["random", "pct", "pos", "walk"];
const ALL: readonly StrategyName[] = [...SAMPLING, "bounded", "dpor", "auto"];

async function find(options: ExploreOptions, program: (t: Exploration) => unknown): Promise<ExploreError | undefined> {
  try {
    await explore(options, program);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof ExploreError, String(error));
    return error;
  }
}

async function lostUpdate(t: Exploration): Promise<void> {
  const x = t.cell("x");
  const addOne = (): void => void x.store(x.load() + 1);
  t.thread("a", addOne);
  t.thread("b", addOne);
  await t.join();
  t.expect(x.load() === 2, "an addition was lost");
}

/** Some setters set a, then b; the one that looks must never see the one without the other. */
const reorder =
  (setters: number) =>
  async (t: Exploration): Promise<void> => {
    const a = t.cell("a");
    const b = t.cell("b");
    for (let setter = 0; setter < setters; setter++) {
      t.thread(`set ${setter}`, () => {
        a.store(1);
        b.store(-1);
      });
    }
    t.thread("look", () => t.expect(a.load() + b.load() === 0, "seen between the two"));
    await t.join();
  };

type Operation = readonly [what: "load" | "store" | "add" | "wait" | "notify", cell: number];

/** A program made of some operations a thread, whose outcome tells all that its threads saw. */
const programOf =
  (threads: readonly (readonly Operation[])[]) =>
  async (t: Exploration): Promise<void> => {
    const cells = [t.cell("x"), t.cell("y")] as const;
    let written = 1;
    const handles = threads.map((operations, index) => {
      const values = operations.map(() => written++);
      return t.thread(`t${index}`, () =>
        operations.map(([what, at], number) => {
          const cell = cells[at % 2] ?? cells[0];
          if (what === "load") return cell.load();
          if (what === "store") return cell.store(values[number] as number);
          if (what === "add") return cell.add(10);
          return what === "notify" ? cell.notify(1) : cell.compareExchange(0, 5);
        }),
      );
    });
    await t.join();
    t.outcome(JSON.stringify([handles.map(({ result }) => result), cells[0].load(), cells[1].load()]));
  };

describe("strategies", () => {
  for (const strategy of ALL) {
    it(`${strategy} finds a lost update, in the same schedule each time`, async () => {
      const first = await find({ strategy, schedules: 300, seed: 7 }, lostUpdate);
      const second = await find({ strategy, schedules: 300, seed: 7 }, lostUpdate);
      assert.equal(first?.kind, "assertion");
      assert.equal(second?.schedules, first.schedules);
      assert.equal(second.token, first.token);
    });
  }

  it("auto and walk find what one of ten threads is seen doing", async () => {
    for (const strategy of ["auto", "walk"] as const) {
      assert.equal((await find({ strategy, schedules: 3000 }, reorder(9)))?.kind, "assertion", strategy);
    }
  });

  it("dpor runs through all that a program can do, and leaves out nothing that all orders give", async () => {
    const operation = fc.tuple(
      fc.constantFrom("load" as const, "store" as const, "add" as const, "wait" as const, "notify" as const),
      fc.nat(1),
    );
    const threads = fc.array(fc.array(operation, { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(threads, async (operations) => {
        const few = await explore({ strategy: "dpor", schedules: 20_000 }, programOf(operations));
        assert.equal(few.coverage.kind, "complete");
        const sampled = await explore({ strategy: "random", schedules: 400 }, programOf(operations));
        for (const outcome of Object.keys(sampled.outcomes)) {
          assert.ok(few.outcomes[outcome] !== undefined, `${outcome} was left out`);
        }
      }),
      { numRuns: 25, seed: 11 },
    );
  });

  it("dpor does not run orders of independent steps twice", async () => {
    const report = await explore({ strategy: "dpor" }, async (t) => {
      for (const name of ["a", "b", "c"]) {
        const own = t.cell(name);
        t.thread(name, () => {
          own.store(1);
          own.store(2);
        });
      }
      await t.join();
    });
    assert.deepEqual([report.schedules, report.coverage.kind], [1, "complete"]);
  });

  it("bounded says up to how many preemptions it has tried all orders", async () => {
    const report = await explore({ strategy: "bounded" }, async (t) => {
      const x = t.cell("x");
      const three = (): void => {
        for (let time = 0; time < 3; time++) x.add(1);
      };
      t.thread("a", three);
      t.thread("b", three);
      await t.join();
    });
    assert.equal(report.coverage.kind, "bounded");
    assert.match(report.coverage.text, /^bounded: all \d+ with at most 3 preemptions$/);
  });

  it("tries each answer of t.choose", async () => {
    const report = await explore({ strategy: "dpor" }, async (t) => {
      const thread = t.thread("a", () => t.choose(3) * 10 + t.choose(2));
      await t.join();
      t.outcome(thread.result);
    });
    assert.deepEqual(report.outcomes, { 0: 1, 1: 1, 10: 1, 11: 1, 20: 1, 21: 1 });
  });

  it("shrinks what it finds to the switches that it takes", async () => {
    const error = await find({ strategy: "random", schedules: 2000, seed: 3 }, reorder(3));
    assert.ok(error !== undefined);
    assert.match(error.listing, /^\d+ steps, [23] switches/);
  });

  it("says that a program which depends on something outside can't be explored", async () => {
    let runs = 0;
    const error = await find({ schedules: 10 }, async (t) => {
      const x = t.cell("x");
      const isOdd = runs++ % 2 === 1;
      t.thread("a", () => (isOdd ? x.load() : x.store(1)));
      await t.join();
    });
    assert.equal(error?.kind, "nondeterminism");
  });

  it("judges outcomes by their table", async () => {
    const outcomes = { 2: "acceptable", 1: "forbidden" } as const;
    const program = async (t: Exploration): Promise<void> => {
      const x = t.cell("x");
      const addOne = (): void => void x.store(x.load() + 1);
      await t.join(t.thread("a", addOne), t.thread("b", addOne));
      t.outcome(x.load());
    };
    assert.equal((await find({ outcomes }, program))?.kind, "outcome");
    const report = await explore({ outcomes: { 2: "acceptable", 1: "interesting" } }, program);
    assert.deepEqual(Object.keys(report.outcomes), ["1", "2"]);
  });
});
