/** What is told from the steps of a run besides what the program itself says. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type Cell, type Exploration, explore, ExploreError } from "skein/explore";

async function find(program: (t: Exploration) => unknown): Promise<ExploreError | undefined> {
  try {
    await explore({ budgetMs: 300 }, program);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof ExploreError, String(error));
    return error;
  }
}

/** Writes data plainly, then says so; the other looks whether that was said, then reads. */
const passOn =
  (say: (flag: Cell) => void, hasSaid: (flag: Cell) => boolean) =>
  async (t: Exploration): Promise<void> => {
    const data = t.cell("data");
    const flag = t.cell("flag");
    t.thread("writer", () => {
      data.value = 1;
      say(flag);
    });
    t.thread("reader", () => (hasSaid(flag) ? data.value : 0));
    await t.join();
  };

describe("races", () => {
  it("are found in a run that comes out right", async () => {
    const error = await find(async (t) => {
      const x = t.cell("x");
      t.thread("a", () => (x.value = 1));
      t.thread("b", () => (x.value = 1));
      await t.join();
      t.expect(x.value === 1);
    });
    assert.equal(error?.kind, "race");
    assert.match(error.diagnosis, /^x: "a" writes it plainly \(step \d+\) and "b" writes it plainly/);
    assert.equal(error.listing.match(/^ *>\d+/gm)?.length, 2);
  });

  it("are none where an atomic store publishes what was written before it", async () => {
    assert.equal(
      await find(
        passOn(
          (flag) => flag.store(1),
          (flag) => flag.load() === 1,
        ),
      ),
      undefined,
    );
  });

  it("are two where the flag is plain: a place of the flag's own", async () => {
    const error = await find(
      passOn(
        (flag) => (flag.value = 1),
        (flag) => flag.value === 1,
      ),
    );
    assert.equal(error?.kind, "race");
  });

  it("are found behind an exchange that failed: it publishes nothing", async () => {
    const error = await find(
      passOn(
        (flag) => flag.compareExchange(5, 6),
        (flag) => flag.load() === 0,
      ),
    );
    assert.equal(error?.kind, "race");
    assert.match(error.diagnosis, /^data: /);
  });

  it("are found between a plain and an atomic access", async () => {
    const error = await find(
      passOn(
        (flag) => (flag.value = 1),
        (flag) => flag.load() === 1,
      ),
    );
    assert.match(
      error?.diagnosis ?? "",
      /"writer" writes it plainly.*"reader" loads it|"reader" loads it.*"writer" writes/,
    );
  });

  it("are none before a spawn, after a join, or across a wake-up", async () => {
    const report = await explore({ budgetMs: 300 }, async (t) => {
      const data = t.cell("data", 0);
      const word = t.cell("word", 0);
      data.value = 1;
      t.thread("sleeper", () => {
        if (word.wait(0) === "ok") data.value = 3;
      });
      t.thread("waker", () => {
        data.value = 2;
        while (word.notify(1) === 0);
      });
      await t.join();
      t.expect(data.value === 3);
    });
    assert.equal(report.coverage.kind, "complete");
  });

  it("are warned of, no more, where a table says which outcomes are right", async () => {
    const { warnings } = await explore({ budgetMs: 300, outcomes: { 1: "acceptable" } }, async (t) => {
      const x = t.cell("x");
      t.thread("a", () => (x.value = 1));
      t.thread("b", () => (x.value = 1));
      await t.join();
      t.outcome(x.value);
    });
    assert.match(warnings[0] ?? "", /^race: x/);
  });
});

/** A thread parks when it finds nothing; the pool publishes a call and wakes it. */
const parking =
  (changesWord: boolean) =>
  async (t: Exploration): Promise<void> => {
    const published = t.cell("published");
    const parked = t.cell("parked");
    const thread = t.thread("thread", () => {
      let taken = 0;
      while (taken < 2) {
        if (taken < published.load()) {
          taken++;
          continue;
        }
        parked.store(1);
        // The second look, as a call may have come before the word said that this thread parks.
        if (taken === published.load()) parked.wait(1);
        parked.store(0);
      }
      return taken;
    });
    t.thread("pool", () => {
      for (let call = 0; call < 2; call++) {
        published.add(1);
        if (parked.load() === 0) continue;
        if (changesWord) parked.store(0);
        parked.notify();
      }
    });
    await t.join();
    t.expect(thread.result === 2);
  };

describe("lost wake-ups", () => {
  it("are found in a parking protocol whose waker leaves the word as it was", async () => {
    const error = await find(parking(false));
    assert.equal(error?.kind, "lost wake-up");
    assert.match(error.diagnosis, /"thread" sleeps on parked for ever: it looked \(step \d+\), then "pool" woke/);
    assert.equal(error.listing.match(/^ *>\d+/gm)?.length, 3);
  });

  it("are none when it changes the word: in no order", async () => {
    const report = await explore({ strategy: "dpor", schedules: 20_000 }, parking(true));
    assert.equal(report.coverage.kind, "complete");
  });
});
