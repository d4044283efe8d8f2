/** Programs of threads: what is found, how it is told, and that it is found again. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

import { type Cell, type Exploration, explore, ExploreError, type ExploreOptions } from "skein/explore";
import { buildTimeline, decodeTrace } from "skein/trace";

import { makeFolder } from "../support/run-program.js";

async function failureOf(options: ExploreOptions, program: (t: Exploration) => unknown): Promise<ExploreError> {
  const error: unknown = await explore(options, program).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ExploreError, String(error));
  return error;
}

async function lostUpdate(t: Exploration): Promise<void> {
  const x = t.cell("x");
  const addOne = (): void => void x.store(x.load() + 1);
  const a = t.thread("a", addOne);
  const b = t.thread("b", addOne);
  await t.join(a, b);
  t.expect(x.load() === 2, "an addition was lost");
}

function lock(cell: Cell): void {
  while (cell.compareExchange(0, 1) !== 0) cell.wait(1);
}

function unlock(cell: Cell): void {
  cell.store(0);
  cell.notify();
}

async function crossedLocks(t: Exploration): Promise<void> {
  const left = t.cell("left");
  const right = t.cell("right");
  const takeBoth = (first: Cell, second: Cell) => (): void => {
    lock(first);
    lock(second);
    unlock(second);
    unlock(first);
  };
  t.thread("a", takeBoth(left, right));
  t.thread("b", takeBoth(right, left));
  await t.join();
}

describe("explore, with threads", () => {
  it("finds an update that is lost, and finds it again by its token", async () => {
    const error = await failureOf({ name: "lost update", schedules: 200 }, lostUpdate);
    assert.equal(error.kind, "assertion");
    assert.match(error.message, /lost update: assertion[^]*an addition was lost[^]*--token x1\./);
    assert.match(error.listing, /#\s+main\s+a\s+b\n/);
    const again = await failureOf({ name: "lost update", token: error.token }, lostUpdate);
    assert.equal(again.listing, error.listing);
    assert.equal(again.token, error.token);
  });

  it("finds nothing in a program that is right", async () => {
    const report = await explore({ schedules: 300 }, async (t) => {
      const x = t.cell("x");
      const addOne = (): void => void x.add(1);
      await t.join(t.thread("a", addOne), t.thread("b", addOne));
      t.expect(x.load() === 2);
      t.outcome(x.load());
    });
    assert.equal(report.outcomes["2"], report.schedules);
  });

  it("finds threads that wait for each other, and says for what", async () => {
    const error = await failureOf({ schedules: 200 }, crossedLocks);
    assert.equal(error.kind, "deadlock");
    assert.match(error.diagnosis, /"a" sleeps on right.*"b" sleeps on left/);
  });

  it("finds a thread that is left behind when the program is over", async () => {
    const error = await failureOf({ schedules: 10 }, (t) => {
      const x = t.cell("x");
      t.thread("sleeper", () => x.wait(0));
    });
    assert.equal(error.kind, "leak");
  });

  it("takes a loop that reads until something changes for a wait", async () => {
    const report = await explore({ schedules: 100 }, async (t) => {
      const x = t.cell("x");
      t.thread("waits", () => {
        while (x.load() === 0) t.yield();
      });
      t.thread("sets", () => x.store(1));
      await t.join();
    });
    assert.ok(report.steps < 30, `${report.steps} steps`);
  });

  it("says that a loop can't end when nobody is left who could end it", async () => {
    const error = await failureOf({ schedules: 10 }, async (t) => {
      const x = t.cell("x");
      t.thread("waits", () => {
        while (x.load() === 0);
      });
      await t.join();
    });
    assert.equal(error.kind, "livelock");
    assert.match(error.diagnosis, /"waits" spins on x/);
  });

  it("wakes as Atomics do: those who have slept longest, as many as told", async () => {
    const report = await explore({ schedules: 200 }, async (t) => {
      const x = t.cell("x");
      const a = t.thread("a", () => x.wait(0));
      const b = t.thread("b", () => x.wait(0));
      t.thread("waker", () => {
        let woken = 0;
        while (woken < 2) woken += x.notify(1);
      });
      await t.join();
      assert.deepEqual([a.result, b.result, x.wait(1)], ["ok", "ok", "not-equal"]);
    });
    assert.equal(report.coverage.kind, "complete");
  });

  it("finds a thread that does something else when it is called anew", async () => {
    const error = await failureOf({ schedules: 200 }, async (t) => {
      let calls = 0;
      const x = t.cell("x");
      const y = t.cell("y");
      t.thread("a", () => {
        x.load();
        (calls++ % 2 === 0 ? x : y).load();
        x.load();
      });
      t.thread("b", () => {
        x.store(1);
        x.store(2);
      });
      await t.join();
    });
    assert.equal(error.kind, "nondeterminism");
    assert.match(error.diagnosis, /thread "a".*load of x.*load of y|thread "a".*load of y.*load of x/);
  });

  it("leaves a thread through its finally blocks without letting them act", async () => {
    await explore({ schedules: 300 }, async (t) => {
      const x = t.cell("x");
      const held = t.cell("held");
      const body = (): void => {
        lock(held);
        try {
          x.store(x.load() + 1);
        } finally {
          unlock(held);
        }
      };
      await t.join(t.thread("a", body), t.thread("b", body));
      t.expect(x.load() === 2);
    });
  });

  it("refuses a cell that is used after its run", async () => {
    let kept: Cell | undefined;
    await explore({ schedules: 1 }, (t) => void (kept = t.cell("x")));
    assert.throws(() => kept?.load(), { code: "SKEIN_INVALID_ARGUMENT", message: /after the run that it belongs to/ });
  });

  it("gives what it finds as a trace: a lane for each thread, a job for each step", async () => {
    const error = await failureOf({ schedules: 200 }, lostUpdate);
    const path = join(makeFolder({}), "lost.skein");
    error.writeTrace(path);
    const { threads, jobs } = buildTimeline(decodeTrace(readFileSync(path)));
    assert.deepEqual(
      threads.map(({ name }) => name),
      ["main", "a", "b"],
    );
    assert.equal(jobs.length, Number(error.listing.split(" ")[0]));
    assert.ok(jobs.some(({ name }) => name?.endsWith("load x: 0")));
  });

  it("counts the rounds of a loop instead of listing them", async () => {
    const error = await failureOf({ schedules: 10 }, async (t) => {
      const x = t.cell("x");
      t.thread("waits", () => {
        while (x.load() === 0) t.yield();
      });
      await t.join();
    });
    assert.ok(error.listing.split("\n").length < 20, error.listing);
    assert.match(error.listing, /\(\d+ times more\)/);
  });

  it("warns of locks taken in opposite orders, though no schedule that it ran got stuck", async () => {
    const { warnings } = await explore({ schedules: 1, strategy: "bounded" }, crossedLocks);
    assert.deepEqual(warnings, ['lock order: "a" takes left, then right; "b" takes them the other way round']);
  });

  it("refuses a search inside of a program, where it would wait for the one outside", async () => {
    const inner = async (t: Exploration): Promise<void> => t.join(t.thread("a", () => undefined));
    for (const nested of [
      () => explore(inner),
      // After an await it is not on the stack of the program any more.
      async (t: Exploration) => {
        await t.join(t.thread("a", () => undefined));
        await explore(inner);
      },
    ]) {
      const error = await failureOf({ schedules: 10, name: "outer" }, nested);
      assert.equal(error.kind, "misuse");
      assert.match(error.diagnosis, /^outer: explore was called inside of a program that explore runs/);
      assert.equal((error.cause as { code?: string }).code, "SKEIN_INVALID_ARGUMENT");
    }
  });

  it("lets searches wait for each other that were begun side by side", async () => {
    const program = async (t: Exploration): Promise<void> => t.join(t.thread("a", () => undefined));
    const reports = await Promise.all([explore(program), explore(program)]);
    assert.deepEqual(
      reports.map(({ coverage }) => coverage.kind),
      ["complete", "complete"],
    );
  });

  for (const [what, options, program, expected] of [
    ["a token that is none", { token: "x2.AAAA" }, lostUpdate, /expected as token/],
    ["a token cut short", { token: "x1.rr7fw" }, lostUpdate, /was cut/],
    [
      "a strategy that is none",
      { strategy: "luck" as never },
      lostUpdate,
      /strategy to be one of auto, random.*"luck" came/,
    ],
    ["half a schedule", { schedules: 0.5 }, lostUpdate, /schedules to be a whole number from 1, but 0.5 came/],
    ["a judgement that is none", { outcomes: { 1: "fine" as never } }, lostUpdate, /outcomes\["1"\] to be one of/],
    ["no program", {}, undefined, /expected options and a function/],
  ] as const) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(explore(options, program as never), { code: "SKEIN_INVALID_ARGUMENT", message: expected });
    });
  }
});
