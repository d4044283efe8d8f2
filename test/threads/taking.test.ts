/** Where threads get calls, and whom they wake for the others. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { threads } from "skein";
import { Barrier } from "skein/shared";
import { heap } from "#skein/shared/heap";
import * as at from "#skein/threads/line";
import type { Pool } from "#skein/threads/pool";
import { Taking } from "#skein/threads/taking";
import type { PoolThread } from "#skein/threads/thread";

import { entered, makeGate, openGate } from "./fixtures/gate.js";
import { meet, passLater } from "./fixtures/life-tasks.js";
import { passGate } from "./fixtures/tasks.js";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("as many threads as there are jobs", () => {
  it("wake, however many they are", { timeout: 30_000 }, async () => {
    await using pool = threads({ size: 4, jobsPerThread: 2, name: "sleepers" });
    await pool.ready(meet);
    // With a job that waits they sleep in their event loops, and don't look by themselves.
    const gate = makeGate();
    const waiting = Array.from({ length: 4 }, () => pool.run(passLater, [gate, 1]));
    await entered(gate, 4);
    while (!(pool as Pool).threads.every((thread) => thread?.isParked)) await turn();
    using barrier = new Barrier({ parties: 4 });
    await Promise.all(Array.from({ length: 4 }, () => pool.run(meet, [barrier])));
    openGate(gate);
    await Promise.all(waiting);
  });
});

describe("jobs that block until the others have begun", () => {
  it(
    "each get a thread, though the first to come is the first there with a shared object",
    { timeout: 30_000 },
    async () => {
      await using pool = threads({ size: 2, jobsPerThread: 4, name: "bringing" });
      await pool.ready(meet);
      // One thread is busy, so the other takes all that there is.
      const gate = makeGate();
      const busy = pool.run(passGate, [gate, 1]);
      await entered(gate, 1);
      const other = (pool as Pool).threads.find((thread) => thread?.isRunning === false) as PoolThread;
      using barrier = new Barrier({ parties: 2 });
      const meeting = [pool.run(meet, [barrier]), pool.run(meet, [barrier])];
      while (other.count(at.RUNS) === 0) await turn();
      openGate(gate);
      await Promise.all([busy, ...meeting]);
    },
  );
});

const FUNCTION = 7;

/** The lines of a pool of some threads, of which one is here. */
class Lines {
  readonly board: at.Board;
  readonly lines: readonly at.Line[];
  readonly taking: Taking;
  readonly passedOn: number[] = [];
  readonly givenBack: number[] = [];

  constructor(size: number, canRun: boolean | (() => boolean) = true) {
    const inHeap = heap();
    this.board = at.Board.make(inHeap, size);
    this.lines = Array.from({ length: size }, () => at.Line.make(inHeap));
    for (const [number, { offset }] of this.lines.entries()) this.board.cells[at.BOARD_LINES + number] = offset / 16;
    this.taking = new Taking(
      inHeap,
      this.#line(0),
      this.board,
      { line: 0, board: 0, size, number: 0, cores: size, jobsAtOnce: 1 },
      typeof canRun === "function" ? canRun : () => canRun,
      (call) => this.givenBack.push(call),
      (functions) => this.passedOn.push(...functions),
    );
  }

  #line(number: number): at.Line {
    return this.lines[number] as at.Line;
  }

  publish(number: number, call: number, state = at.QUEUED): void {
    const line = this.#line(number);
    const published = line.cells[at.PUBLISHED] as number;
    const record = line.call(published);
    line.cells[record + at.CALL_NUMBER] = call;
    line.cells[record + at.CALL_FUNCTION] = FUNCTION;
    line.cells[record + at.CALL_STATE] = state;
    line.cells[at.PUBLISHED] = (published + 1) | 0;
  }

  park(number: number): void {
    this.#line(number).cells[at.STATE] = at.PARKED;
  }

  /** Those that sleep. */
  get parked(): number[] {
    return [...this.lines.keys()].filter((number) => this.#line(number).cells[at.STATE] === at.PARKED);
  }

  /** The call that is taken next; `undefined` if none is. */
  take(isFirst = true): number | undefined {
    if (!this.taking.next(isFirst)) return undefined;
    const { line, record } = this.taking;
    const call = line.cells[record + at.CALL_NUMBER];
    line.cells[record + at.CALL_STATE] = at.FREE;
    return call;
  }
}

describe("a thread that was idle and takes a call", () => {
  it("wakes one that sleeps with calls on its line", () => {
    for (const state of [at.QUEUED, at.QUEUED_HERE]) {
      const lines = new Lines(4);
      lines.publish(0, 1);
      lines.publish(2, 2, state);
      for (const number of [1, 2, 3]) lines.park(number);
      assert.equal(lines.take(), 1);
      assert.deepEqual(lines.parked, [1, 3]);
    }
  });

  it("wakes nobody if there is nothing else", () => {
    const lines = new Lines(4);
    lines.publish(0, 1);
    for (const number of [1, 2, 3]) lines.park(number);
    assert.equal(lines.take(), 1);
    assert.deepEqual(lines.parked, [1, 2, 3]);
  });

  it("wakes another for what it leaves on its line", () => {
    const lines = new Lines(3);
    lines.publish(0, 1);
    lines.publish(0, 2);
    lines.park(1);
    lines.park(2);
    assert.equal(lines.take(), 1);
    assert.deepEqual(lines.parked, [2]);
  });

  it("wakes the one that it takes it from, which may have been meant to look for others", () => {
    const lines = new Lines(3);
    lines.publish(2, 1);
    lines.park(1);
    lines.park(2);
    assert.equal(lines.take(), 1);
    assert.deepEqual(lines.parked, [1]);
  });
});

describe("a thread that is to stop", () => {
  it("wakes another for the call for which it may have been woken", () => {
    const lines = new Lines(3);
    lines.publish(2, 1);
    lines.park(1);
    // Woken by who has left a call on its line, and told to stop before it has looked.
    const { cells } = lines.lines[0] as at.Line;
    cells[at.STOPPING] = 1;
    assert.equal(lines.take(), undefined);
    assert.deepEqual(lines.parked, []);
  });

  it("wakes nobody behind calls that it has run, for which it passed that on", () => {
    const lines = new Lines(3);
    lines.park(1);
    const { cells } = lines.lines[0] as at.Line;
    cells[at.STOPPING] = 1;
    assert.equal(lines.take(false), undefined);
    assert.deepEqual(lines.parked, [1]);
  });
});

describe("a thread that was idle and can run none of the calls there are", () => {
  it("has the pool wake one that can", () => {
    const lines = new Lines(3, false);
    lines.publish(1, 1);
    lines.publish(1, 2);
    lines.park(2);
    assert.equal(lines.take(), undefined);
    assert.deepEqual(lines.passedOn, [FUNCTION]);
    // Once for each.
    assert.equal(lines.take(), undefined);
    assert.deepEqual(lines.passedOn, [FUNCTION]);
  });

  it("wakes the one on whose line they are, if that sleeps", () => {
    const lines = new Lines(3, false);
    lines.publish(2, 1);
    lines.park(1);
    lines.park(2);
    assert.equal(lines.take(), undefined);
    assert.deepEqual(lines.parked, [1]);
  });
});

describe("a thread that looks for calls on another's line", () => {
  it("finds the end of it when that thread has passed more than was published at the first look", () => {
    const lines = new Lines(2);
    lines.publish(1, 1);
    assert.equal(lines.take(), 1);
    // The order of the two reads, stood still between them: PUBLISHED was 2, PASSED is 3 already. What
    // comes behind that is reached only by going on from there, all around the count of calls.
    lines.publish(1, 2);
    const { cells } = lines.lines[1] as at.Line;
    for (const call of [3, 4]) lines.publish(1, call);
    cells[at.PASSED] = 3;
    cells[at.PUBLISHED] = 2;
    assert.equal(lines.take(), 2);
    assert.equal(lines.take(), undefined);
    assert.equal(lines.take(), undefined);
  });

  it("finds what is there when that thread passed nothing for 2^31 calls", () => {
    const lines = new Lines(2);
    const { cells } = lines.lines[1] as at.Line;
    cells[at.PASSED] = 5;
    cells[at.PUBLISHED] = (5 + 2 ** 31 + 10) | 0;
    lines.publish(1, 1);
    assert.equal(lines.take(), 1);
    assert.equal(lines.take(), undefined);
    lines.publish(1, 2);
    assert.equal(lines.take(), 2);
  });

  it("may find one that is not published, where the thread has passed those that it goes through", () => {
    const line = (): at.Line => lines.lines[1] as at.Line;
    let looks = 0;
    // It stands still here, at the first of two calls, which it can't run.
    const canRun = (): boolean => {
      if (looks++ > 0) return true;
      const { cells } = line();
      // Meanwhile the thread of the line runs both, and the ring comes round to the second.
      for (const count of [0, 1]) cells[line().call(count) + at.CALL_STATE] = at.FREE;
      cells[at.PASSED] = 2;
      cells[line().call(at.RECORDS + 1) + at.CALL_NUMBER] = 3;
      Atomics.store(cells, line().call(at.RECORDS + 1) + at.CALL_STATE, at.QUEUED);
      return false;
    };
    const lines = new Lines(2, canRun);
    for (const call of [1, 2]) lines.publish(1, call);
    assert.equal(lines.take(), 3);
    assert.deepEqual(lines.givenBack, []);
  });
});
