/**
 * What becomes of a job that fails, however it does, and of those beside it: thousands
 * are in flight at that moment, and none of them is harmed.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { heap } from "#skein/shared/heap";
import { scope, threads, TimeoutError, TransferError, WorkerLostError } from "skein";
import type { ThreadPool } from "skein/threads";

import { failureOf } from "../support/failure.js";
import * as faults from "./fixtures/fault-tasks.js";
import { unreached } from "./fixtures/never-imported.js";
import { unreachable } from "./fixtures/throws-on-threads.js";
import { soak } from "./soak.js";

const NEIGHBOURS = 1500;

/** Enough for a busy machine to start a thread and import what is to be imported. */
const IMPORT_MS = 3000;

const neighbours = (pool: ThreadPool): Promise<number[]> =>
  Promise.all(Array.from({ length: NEIGHBOURS }, (_, i) => pool.run(faults.add, [i, 1])));

const EXPECTED = Array.from({ length: NEIGHBOURS }, (_, i) => i + 1);

interface Fault {
  readonly what: string;
  readonly start: (pool: ThreadPool) => PromiseLike<unknown>;
  /** Looks at the error; without it the job ends well. */
  readonly check?: (error: never) => void;
  /** Whether it takes its thread along. */
  readonly losesThread?: true;
}

const isOrderError = (error: Error & { order?: unknown }): void => {
  assert.ok(error instanceof Error);
  assert.equal(error.name, "OrderError");
  assert.equal(error.message, "order 7 is refused");
  assert.equal(error.order, 7);
};

const isLost =
  (message: RegExp) =>
  (error: Error): void => {
    assert.ok(error instanceof WorkerLostError, String(error));
    assert.match(error.message, message);
  };

const FAULTS: readonly Fault[] = [
  {
    what: "a throw, of an error with a class, a code, properties and a cause",
    start: (pool) => pool.run(faults.throwError, [7]),
    check: (error: Error & { code?: unknown }) => {
      isOrderError(error);
      assert.equal(error.code, "REFUSED");
      assert.ok(error.cause instanceof TypeError);
    },
  },
  { what: "a rejection", start: (pool) => pool.run(faults.rejectLater, [7]), check: isOrderError },
  {
    what: "a throw of undefined",
    start: (pool) => pool.run(faults.throwNothing, []),
    check: (error: unknown) => assert.equal(error, undefined),
  },
  {
    what: "a throw of an object that is no error",
    start: (pool) => pool.run(faults.throwObject, [7]),
    check: (error: unknown) => assert.deepEqual(error, { order: 7 }),
  },
  {
    what: "a throw of what can't cross",
    start: (pool) => pool.run(faults.throwFunction, []),
    // In words, as far as they go.
    check: (error: unknown) => assert.equal(error, "[function ]"),
  },
  {
    what: "an aggregate of errors",
    start: (pool) => pool.run(faults.throwMany, [7]),
    check: (error: AggregateError) => {
      assert.ok(error instanceof AggregateError);
      isOrderError(error.errors[0] as Error);
      assert.equal((error.errors[1] as { order?: unknown }).order, 8);
    },
  },
  {
    what: "process.exit",
    start: (pool) => pool.run(faults.exit, [9]),
    check: isLost(/ended with exit code 9 while it ran task "exit"/),
    losesThread: true,
  },
  {
    what: "memory used up",
    start: (pool) => pool.run(faults.useUpMemory, []),
    check: isLost(/while it ran task "useUpMemory".*memory/i),
    losesThread: true,
  },
  {
    what: "a stack too deep",
    start: (pool) => pool.run(faults.overflowStack, []),
    check: (error: Error) => assert.ok(error instanceof RangeError),
  },
  {
    what: "an endless loop, by its timeout and the time for cleanup",
    start: (pool) => scope((s) => s.spawn(faults.loop, [], { on: pool, timeoutMs: 20 }), { graceMs: 20 }),
    check: (error: Error) => assert.ok(error instanceof TimeoutError, String(error)),
    losesThread: true,
  },
  {
    what: "a promise that never settles, by its timeout and the time for cleanup",
    start: (pool) => scope((s) => s.spawn(faults.hang, [], { on: pool, timeoutMs: 20 }), { graceMs: 20 }),
    check: (error: Error) => assert.ok(error instanceof TimeoutError, String(error)),
    losesThread: true,
  },
  {
    what: "an uncaught error while the job waits",
    start: (pool) => pool.run(faults.throwMeanwhile, [7]),
    check: (error: Error) => {
      isLost(/ended by an uncaught error while it ran task "throwMeanwhile": .*order 7 is refused/)(error);
      assert.equal((error.cause as Error).message, "order 7 is refused");
    },
    losesThread: true,
  },
  {
    what: "an uncaught error after the job has ended",
    start: (pool) => pool.run(faults.throwAfterwards, [7]),
    losesThread: true,
  },
  {
    what: "an unhandled rejection after the job has ended",
    start: (pool) => pool.run(faults.rejectAfterwards, [7]),
    losesThread: true,
  },
  {
    what: "an argument that can't cross",
    start: (pool) => pool.run(faults.unpack, [{ id: 1, text: "t", items: [1, Symbol("no")] } as never]),
    check: (error: Error) => {
      assert.ok(error instanceof TransferError);
      assert.match(error.message, /args\[0\]\.items\[1\]/);
    },
  },
  {
    what: "a result that can't cross",
    start: (pool) => pool.run(faults.giveSymbol, []),
    check: (error: Error) => {
      assert.ok(error instanceof TransferError);
      assert.match(error.message, /result\.deep\[0\]\.key/);
    },
  },
  {
    what: "a result whose getter throws",
    start: (pool) => pool.run(faults.giveGetter, []),
    check: (error: Error) => assert.ok(error instanceof Error),
  },
  {
    what: "an import that fails",
    start: (pool) => pool.run(unreachable, []),
    check: isLost(/only on the main thread/),
  },
  {
    what: "an import that never ends",
    start: (pool) => pool.run(unreached, []),
    check: isLost(/did not end within 3000 ms/),
  },
];

/** Warnings that were to come: of what nobody was left to receive. */
const warnings: Error[] = [];
const note = (warning: Error): void => {
  if (warning.name === "SkeinWarning") warnings.push(warning);
};
before(() => process.on("warning", note));
after(() => process.off("warning", note));

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("with thousands of jobs in flight", () => {
  for (const { what, start, check, losesThread } of FAULTS) {
    it(`${what}: costs that job only`, { timeout: 60_000 }, async () => {
      const usedBefore = heap().statistics().usedBytes;
      const pool = threads({
        size: 2,
        name: "faulty",
        importMs: IMPORT_MS,
        resourceLimits: { maxOldGenerationSizeMb: 48 },
      });
      await pool.ready(faults.add);
      const earlier = neighbours(pool);
      const job = start(pool);
      const later = neighbours(pool);
      if (check === undefined) assert.equal(await job, 7);
      else check((await failureOf(job)) as never);
      assert.deepEqual(await earlier, EXPECTED);
      assert.deepEqual(await later, EXPECTED);
      // The pool goes on, and every submission is accounted for.
      if (losesThread === true) while (pool.statistics().lost === 0) await turn();
      assert.equal(await pool.run(faults.add, [1, 2]), 3);
      const { settled, running, queued } = pool.statistics();
      assert.deepEqual({ settled, running, queued }, { settled: 2 * NEIGHBOURS + 2, running: 0, queued: 0 });
      await pool.close();
      // One thread more or less may keep some for itself; a payload that nobody freed is more than none.
      assert.equal(heap().statistics().usedBytes, usedBefore);
    });
  }

  it("what nobody was left to receive is reported", () => {
    assert.ok(warnings.some(({ message }) => /between jobs by an uncaught error: .*order 7 is refused/.test(message)));
  });
});

describe("random jobs with random faults", () => {
  it("end as they should, each once", { timeout: 120_000 }, async () => {
    const { submitted, faults: faultCount, threadsLost } = await soak(2026, (rounds) => rounds === 3);
    assert.ok(submitted > 150 && faultCount > 0 && threadsLost > 0);
  });
});
