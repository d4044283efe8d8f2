/** Programs of jobs. Run by `jobs.test.ts`, under the condition that the virtual clock takes. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { describe, it } from "node:test";

import { channel, mutex, scope, sleep } from "skein/async";
import { type Exploration, explore, ExploreError, type ExploreReport } from "skein/explore";

type Program = (t: Exploration) => unknown;

async function find(program: Program): Promise<ExploreError> {
  const error: unknown = await explore({ schedules: 300 }, program).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof ExploreError, "nothing was found");
  return error;
}

async function complete(program: Program): Promise<ExploreReport> {
  const report = await explore({ schedules: 2000 }, program);
  assert.equal(report.coverage.kind, "complete", report.coverage.text);
  return report;
}

/** Reads, then writes: each takes a while. */
const deposits =
  (isGuarded: boolean): Program =>
  async (t) => {
    const lock = mutex();
    let balance = 10;
    const deposit = async (name: string, amount: number): Promise<void> => {
      await t.completes(undefined, { name: `${name} reads` });
      const before = balance;
      await t.completes(undefined, { name: `${name} writes` });
      balance = before + amount;
    };
    for (const [name, amount] of [
      ["a", 1],
      ["b", 2],
    ] as const) {
      t.job(name, () => (isGuarded ? lock.withLock(() => deposit(name, amount)) : deposit(name, amount)));
    }
    await t.join();
    t.expect(balance === 13, `the balance is ${balance}`);
  };

describe("jobs, explored", () => {
  it("lose an update when what they wait for is done in an unlucky order", async () => {
    const error = await find(deposits(false));
    assert.equal(error.kind, "assertion");
    // A column for each of them.
    assert.match(
      error.listing,
      /^\d+ steps\n# +a +b\n1 +a reads is done\n2 {18,}b reads is done\n3 +a writes is done\n4 {18,}b writes is done$/,
    );
    assert.deepEqual(
      error.trace.threads.map(({ name }) => name),
      ["a", "b"],
    );
    await assert.rejects(explore({ token: error.token }, deposits(false)), { listing: error.listing });
  });

  it("lose none behind a mutex, in all orders", async () => {
    await complete(deposits(true));
  });

  it("are run in each order in which outside work can be done, once", async () => {
    const report = await complete(async (t) => {
      const three = async (): Promise<void> => {
        for (let step = 0; step < 3; step++) await t.completes(step);
      };
      t.job("a", three);
      t.job("b", three);
      await t.join();
    });
    assert.equal(report.schedules, 20); // 6 over 3
  });

  it("have their alarms ring in order of time, before or after what is outside", async () => {
    const { outcomes } = await complete(async (t) => {
      const log: string[] = [];
      const later = (name: string, wait: () => Promise<unknown>): unknown =>
        t.job(name, async () => {
          await wait();
          log.push(name);
        });
      later("5 ms", () => sleep(5));
      later("3 ms", () => sleep(3));
      later("io", () => t.completes(1));
      await t.join();
      t.outcome(log.join(", "));
    });
    assert.deepEqual(Object.keys(outcomes).toSorted(), ["3 ms, 5 ms, io", "3 ms, io, 5 ms", "io, 3 ms, 5 ms"]);
  });

  it("have time-outs that race with what they limit", async () => {
    const { outcomes } = await complete(async (t) => {
      const work = t.job("work", () =>
        scope(
          async (s) => {
            await Promise.race([t.completes(1), sleep(1000, s)]);
            return "done";
          },
          { timeoutMs: 10 },
        ).catch((error: unknown) => (error as { code: string }).code),
      );
      await t.join(work);
      t.outcome(work.result);
    });
    assert.deepEqual(Object.keys(outcomes).toSorted(), ["SKEIN_TIMEOUT", "done"]);
  });

  it("see outside work fail, where it may", async () => {
    const { outcomes } = await complete(async (t) => {
      const work = t.job("work", () => t.completes("done", { mayReject: new Error("no disk") }).catch(() => "failed"));
      await t.join(work);
      t.outcome(work.result);
    });
    assert.deepEqual(outcomes, { done: 1, failed: 1 });
  });

  it("see a signal abort at any moment, or never", async () => {
    const { outcomes } = await complete(async (t) => {
      const signal = t.mayAbort();
      const work = t.job("work", async () => {
        await t.completes(1);
        const before = signal.aborted;
        await t.completes(2);
        return [before, signal.aborted];
      });
      await t.join(work);
      t.outcome(work.result);
    });
    assert.deepEqual(Object.keys(outcomes).toSorted(), ["false,false", "false,true", "true,true"]);
  });

  it("that wait for what nobody will do are found, by name", async () => {
    const error = await find(async (t) => {
      const words = channel<string>();
      t.job("reader", () => words.receive());
      await t.join();
    });
    assert.deepEqual([error.kind, error.diagnosis.includes('"reader"')], ["deadlock", true]);
  });

  it("have a column of their own for what is said and done by way of others, too", async () => {
    const error = await find(async (t) => {
      const ready = channel<number>(1);
      t.job("giver", async () => {
        await t.completes(1, { name: "first" });
        await ready.send(1);
      });
      t.job("taker", async () => {
        await ready.receive();
        t.log("awake");
        await t.completes(2, { name: "second" });
        await sleep(5);
        throw new Error("late");
      });
      await t.completes(3, { name: "third" });
      await t.join();
    });
    const [, head = "", ...rows] = error.listing.split("\n");
    assert.match(head, /^# +main +giver +taker$/);
    const columnOf = (text: string): string => {
      const row = rows.find((line) => line.includes(text)) ?? "";
      return ["main", "giver", "taker"].findLast((name) => row.indexOf(text) >= head.indexOf(name)) ?? "";
    };
    assert.deepEqual(
      ["first", "# awake", "second", "an alarm rings", "third"].map(columnOf),
      ["giver", "taker", "taker", "taker", "main"],
      error.listing,
    );
  });

  it("that look before all is done are shown what was pending outside", async () => {
    const error = await find(async (t) => {
      let letters = 0;
      t.job("a", async () => {
        await t.completes(1, { name: "the address" });
        void t.completes(2, { name: "the letter" }).then(() => letters++);
      });
      await t.join();
      t.expect(letters === 1, "the letter has come");
    });
    assert.match(error.listing, /1 +the address is done\npending outside at the end: "the letter"$/);
  });

  it("that wait for what may come, or never, are told what is pending", async () => {
    const error = await find(async (t) => {
      const signal = t.mayAbort("the user's click");
      t.job("waits", () => new Promise((resolve) => signal.addEventListener("abort", resolve)));
      await t.join();
    });
    assert.equal(error.kind, "deadlock");
    assert.match(error.diagnosis, /not ended has: "waits"; pending is "the user's click", which may abort, or never$/);
  });

  it("that are left behind when the program is over are found", async () => {
    const error = await find((t) => void t.job("reader", () => channel<string>().receive()));
    assert.equal(error.kind, "leak");
  });

  it("that do real I/O are told so", async () => {
    const servers: Server[] = [];
    const error = await find(async (t) => {
      t.job("server", () => {
        const server = createServer().listen(0);
        servers.push(server);
        return once(server, "connection");
      });
      await t.join();
    });
    for (const server of servers) server.close();
    assert.equal(error.kind, "misuse");
    assert.match(error.diagnosis, /"server" can't go on, and I\/O that nobody controls is pending: .*t\.completes/);
  });

  it("that fail fail the run, with what they threw as cause", async () => {
    const cause = new Error("broken");
    const error = await find(async (t) => {
      t.job("a", async () => {
        await t.completes(1);
        throw cause;
      });
      await t.join();
    });
    assert.equal(error.cause, cause);
    assert.match(error.diagnosis, /job "a": broken/);
  });
});
