/** What a pool has of each of its threads: imports, and the limit of time for them. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { threads, WorkerLostError } from "skein";
import { type Clock, useClock } from "#skein/core/clock";
import { PARKS } from "#skein/threads/line";
import type { Pool } from "#skein/threads/pool";
import type { PoolThread } from "#skein/threads/thread";

import { failureOf } from "../support/failure.js";
import { entered, makeGate, openGate } from "./fixtures/gate.js";
import { isOpen, open } from "./fixtures/life-tasks.js";
import { unreached } from "./fixtures/never-imported.js";
import { double, passGate } from "./fixtures/tasks.js";

/** By this delay alarms are known for the limits of imports. */
const IMPORT_MS = 123_456;

/** Limits that were set and not called off: what rings them. */
const limits = new Set<() => void>();
/** Called once the next one is set, before any other message is heard. */
let onLimit: (() => void) | undefined;

/** Once an import has begun. */
async function limitSet(then: () => void): Promise<void> {
  await new Promise<void>((resolve) => {
    onLimit = () => {
      onLimit = undefined;
      queueMicrotask(() => {
        then();
        resolve();
      });
    };
  });
}

const clock: Clock = {
  nowMs: () => performance.now(),
  setAlarm(ring, delayMs) {
    if (delayMs === IMPORT_MS) {
      limits.add(ring);
      onLimit?.();
      return () => limits.delete(ring);
    }
    if (delayMs > 0) {
      const timer = setTimeout(ring, delayMs);
      return () => clearTimeout(timer);
    }
    const turn = setImmediate(ring);
    return () => clearImmediate(turn);
  },
};

let system: Clock;
before(() => (system = useClock(clock)));
after(() => useClock(system));

function ringLimit(): void {
  const [ring, ...others] = limits;
  assert.ok(ring !== undefined && others.length === 0, `${limits.size} limits are set`);
  limits.delete(ring);
  ring();
}

describe("the limit of time for an import", () => {
  it("ends with the import, also if that was asked for twice", async () => {
    await using pool = threads({ size: 1, importMs: IMPORT_MS, onThreadStart: open, name: "twice" });
    const { isOpen: has } = await pool.run(isOpen, []);
    assert.ok(has);
    assert.equal(limits.size, 0);
  });

  it("is for one import at a time, and the jobs of others go on elsewhere", async () => {
    await using pool = threads({ size: 1, importMs: IMPORT_MS, name: "hung" });
    const hung = failureOf(pool.run(unreached, []));
    const other = pool.run(double, [1]);
    await limitSet(ringLimit);
    const error = await hung;
    assert.ok(error instanceof WorkerLostError);
    assert.match(error.message, /never-imported\.js on a thread did not end within 123456 ms/);
    assert.equal(await other, 2);
    assert.equal(pool.statistics().lost, 1);
  });

  it("does not hold for an import that ended while the program was busy", async () => {
    await using pool = threads({ size: 1, importMs: IMPORT_MS, name: "unheard" });
    const job = pool.run(double, [1]);
    await limitSet(() => {
      const thread = (pool as Pool).threads[0] as PoolThread;
      // It has told of the import by then, but nobody here has heard it.
      for (const untilMs = performance.now() + 20_000; thread.count(PARKS) === 0 && performance.now() < untilMs;);
      ringLimit();
    });
    assert.equal(await job, 2);
    assert.equal(pool.statistics().lost, 0);
  });
});

describe("an import that has not begun", () => {
  it("has no limit: a job may have the thread for long", async () => {
    await using pool = threads({ size: 1, importMs: IMPORT_MS, name: "busy" });
    assert.equal(await pool.run(double, [1]), 2);
    const gate = makeGate();
    const busy = pool.run(passGate, [gate, 1]);
    await entered(gate, 1);
    const other = pool.run(isOpen, []);
    for (let times = 0; times < 3; times++) {
      ringLimit();
      for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
    }
    openGate(gate);
    await busy;
    assert.equal((await other).isOpen, false);
    assert.equal(limits.size, 0);
  });
});

describe("an import beside which a job runs", () => {
  it("has no limit while that does", async () => {
    await using pool = threads({ size: 1, importMs: IMPORT_MS, name: "beside" });
    assert.equal(await pool.run(double, [1]), 2);
    const hung = failureOf(pool.run(unreached, []));
    const begun = limitSet(() => undefined);
    await begun;
    const gate = makeGate();
    const busy = pool.run(passGate, [gate, 1]);
    await entered(gate, 1);
    ringLimit();
    for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
    openGate(gate);
    assert.equal(await busy, 1);
    ringLimit();
    assert.match(((await hung) as Error).message, /did not end within 123456 ms/);
  });
});

describe("a thread that is ended by a job", () => {
  it("costs nobody who waits for an import of it", async () => {
    await using pool = threads({ size: 1, name: "blamed" });
    await pool.ready(double);
    const gate = makeGate();
    const busy = failureOf(pool.run(passGate, [gate, 1]));
    await entered(gate, 1);
    const other = pool.run(isOpen, []);
    await (pool as Pool).threads[0]?.terminate();
    assert.ok((await busy) instanceof WorkerLostError);
    assert.equal((await other).isOpen, false);
  });
});
