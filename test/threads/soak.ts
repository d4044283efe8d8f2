/**
 * Random jobs with random faults on one pool, each submission accounted for: a job ends
 * as it should, once, whatever happens beside it, and no memory of the lines is lost.
 *
 * Started by `npm run soak`, and for a short while by a test.
 */
import assert from "node:assert/strict";

import { heap } from "#skein/shared/heap";
import { CancelledError, scope, threads, TimeoutError, TransferError, WorkerLostError } from "skein";
import type { ThreadPool } from "skein/threads";

import * as faults from "./fixtures/fault-tasks.js";
import { unreachable } from "./fixtures/throws-on-threads.js";

/** Numbers that look random and follow from a seed. */
function randomFrom(seed: number): (bound: number) => number {
  let state = seed >>> 0 || 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}

type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** What was submitted, and what must come of it. */
interface Case {
  readonly what: string;
  readonly outcome: Promise<Outcome>;
  readonly check: (outcome: Outcome) => void;
}

async function outcomeOf(promise: PromiseLike<unknown>): Promise<Outcome> {
  try {
    return { value: await promise };
  } catch (error) {
    return { error };
  }
}

const gives = (expected: unknown) => (outcome: Outcome) => assert.deepEqual(outcome, { value: expected });

const failsWith =
  (...checks: readonly ((error: unknown) => unknown)[]) =>
  (outcome: Outcome) => {
    assert.ok("error" in outcome, "it was expected to fail");
    for (const check of checks) assert.ok(check(outcome.error), String(outcome.error));
  };

const isLost = (error: unknown): boolean => error instanceof WorkerLostError;
const isRefused =
  (order: number) =>
  (error: unknown): boolean =>
    error instanceof Error &&
    error.name === "OrderError" &&
    (error as { order?: unknown }).order === order &&
    error.message === `order ${order} is refused`;

type Make = (pool: ThreadPool, i: number, random: (bound: number) => number) => Omit<Case, "what">;

const run =
  (start: (pool: ThreadPool, i: number) => PromiseLike<unknown>, check: (i: number) => Case["check"]): Make =>
  (pool, i) => ({ outcome: outcomeOf(start(pool, i)), check: check(i) });

const HONEST: Readonly<Record<string, Make>> = {
  "a sum": run(
    (pool, i) => pool.run(faults.add, [i, 1]),
    (i) => gives(i + 1),
  ),
  "an object": run(
    (pool, i) => pool.run(faults.unpack, [{ id: i, text: "a text that is longer than a record", items: [1, 2] }]),
    (i) => gives({ id: i + 1, text: "a text that is longer than a record", items: [1, 2, i] }),
  ),
  "many bytes back": run(
    (pool, i) => pool.run(faults.fillBytes, [70_000, i & 255]),
    (i) => (outcome) => {
      assert.ok("value" in outcome);
      const bytes = outcome.value as Uint8Array;
      assert.equal(bytes.length, 70_000);
      assert.ok(bytes.every((byte) => byte === (i & 255)));
    },
  ),
  "bytes moved there": (pool, i) => {
    const bytes = new Uint8Array(1000).fill(i & 1);
    const job = scope((s) => s.spawn(faults.sumBytes, [bytes], { on: pool, transfer: [bytes.buffer] }));
    // Moved to a thread that ended before it began, they are gone.
    return { outcome: outcomeOf(job), check: givesOrIsLost(1000 * (i & 1)) };
  },
  "a job of a scope": run(
    (pool, i) => scope((s) => s.spawn(faults.add, [i, 2], { on: pool })),
    (i) => gives(i + 2),
  ),
  "a job that waits": run(
    (pool, i) => scope((s) => s.spawn(faults.later, [i], { on: pool })),
    (i) => givesOrIsLost(i),
  ),
  "an error": run(
    (pool, i) => pool.run(faults.throwError, [i]),
    (i) => failsWith(isRefused(i)),
  ),
  "a rejection": run(
    (pool, i) => pool.run(faults.rejectLater, [i]),
    (i) => failsWith(isRefused(i)),
  ),
  "nothing thrown": run(
    (pool) => pool.run(faults.throwNothing, []),
    () => failsWith((error) => error === undefined),
  ),
  "an aggregate": run(
    (pool, i) => pool.run(faults.throwMany, [i]),
    (i) => failsWith((error) => isRefused(i)((error as AggregateError).errors[0])),
  ),
  "an argument that can't cross": run(
    (pool) => pool.run(faults.unpack, [{ id: 1, text: Symbol("no"), items: [] } as never]),
    () => failsWith((error) => error instanceof TransferError),
  ),
  "a result that can't cross": run(
    (pool) => pool.run(faults.giveSymbol, []),
    () => failsWith((error) => error instanceof TransferError),
  ),
  "an import that fails": run(
    (pool) => pool.run(unreachable, []),
    () => failsWith(isLost),
  ),
  "a stack too deep": run(
    (pool) => pool.run(faults.overflowStack, []),
    () => failsWith((error) => error instanceof RangeError),
  ),
  "a job cancelled at some moment": (pool, i, random) => {
    const delay = random(3);
    const job = scope(async (s) => {
      const spawned = s.spawn(faults.later, [i], { on: pool });
      for (let turn = 0; turn < delay; turn++) await new Promise((resolve) => setImmediate(resolve));
      spawned.cancel("changed its mind");
      return spawned;
    });
    return {
      outcome: outcomeOf(job),
      check: (outcome) => {
        if ("value" in outcome) assert.equal(outcome.value, i);
        else assert.ok(outcome.error instanceof CancelledError || isLost(outcome.error), String(outcome.error));
      },
    };
  },
};

function givesOrIsLost(value: unknown): Case["check"] {
  return (outcome) => ("error" in outcome ? failsWith(isLost)(outcome) : gives(value)(outcome));
}

const FAULTS: Readonly<Record<string, Make>> = {
  "an exit": run(
    (pool, i) => pool.run(faults.exit, [i & 127]),
    () => failsWith(isLost),
  ),
  "an error in the background": run(
    (pool, i) => pool.run(faults.throwMeanwhile, [i]),
    () => failsWith(isLost),
  ),
  "an error afterwards": run(
    (pool, i) => pool.run(faults.throwAfterwards, [i]),
    (i) => gives(i),
  ),
  "a rejection afterwards": run(
    (pool, i) => pool.run(faults.rejectAfterwards, [i]),
    (i) => gives(i),
  ),
  "an endless loop": run(
    (pool) => scope((s) => s.spawn(faults.loop, [], { on: pool, timeoutMs: 5 }), { graceMs: 5 }),
    () => failsWith((error) => error instanceof TimeoutError),
  ),
  "a job that hangs": run(
    (pool) => scope((s) => s.spawn(faults.hang, [], { on: pool, timeoutMs: 5 }), { graceMs: 5 }),
    // What an earlier job of its thread left behind may end both.
    () => failsWith((error) => error instanceof TimeoutError || isLost(error)),
  ),
  "memory used up": run(
    (pool) => pool.run(faults.useUpMemory, []),
    () => failsWith(isLost),
  ),
};

export interface SoakReport {
  readonly submitted: number;
  readonly faults: number;
  readonly threadsLost: number;
  readonly usedBytes: number;
  readonly residentMb: number;
}

/**
 * @param isOver - asked between rounds
 * @param onRound - told of the figures after each
 */
export async function soak(
  seed: number,
  isOver: (rounds: number) => boolean,
  onRound: (report: SoakReport) => void = () => undefined,
): Promise<SoakReport> {
  const random = randomFrom(seed);
  const pool = threads({ size: 2, name: "soak", resourceLimits: { maxOldGenerationSizeMb: 48 } });
  let submitted = 0;
  let faultCount = 0;
  let firstBytes: number | undefined;
  const report = (): SoakReport => ({
    submitted,
    faults: faultCount,
    threadsLost: pool.statistics().lost,
    usedBytes: heap().statistics().usedBytes,
    residentMb: Math.round(process.memoryUsage.rss() / 2 ** 20),
  });
  for (let rounds = 0; !isOver(rounds); rounds++) {
    const cases: Case[] = [];
    const jobs = 50 + random(400);
    for (let i = 0; i < jobs; i++) {
      // Memory takes long to use up: rarely.
      const isFault = random(50) === 0;
      const names = Object.keys(isFault ? FAULTS : HONEST);
      let what = names[random(names.length)] as string;
      if (what === "memory used up" && random(4) > 0) what = "an exit";
      const make = (isFault ? FAULTS : HONEST)[what] as Make;
      if (isFault) faultCount++;
      cases.push({ what, ...make(pool, i, random) });
      // Submissions come in bursts of random length.
      if (random(20) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    submitted += jobs;
    for (const { what, outcome, check } of cases) {
      try {
        check(await inTime(outcome));
      } catch (error) {
        throw new Error(`seed ${seed}, round ${rounds}: ${what} went wrong`, { cause: error });
      }
    }
    await pool.drain();
    const { running, queued } = pool.statistics();
    assert.deepEqual({ running, queued }, { running: 0, queued: 0 });
    const { usedBytes } = heap().statistics();
    // What lives between rounds: the lines, and what each thread keeps for itself.
    firstBytes ??= usedBytes;
    assert.ok(usedBytes <= firstBytes + 65_536, `seed ${seed}: the heap grew from ${firstBytes} to ${usedBytes} bytes`);
    onRound(report());
  }
  const last = report();
  await pool.close();
  return last;
}

/** Within bounded time, whatever the fault. */
async function inTime<T>(promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("it did not settle within 30 s")), 30_000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
