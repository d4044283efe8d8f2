/** The pool's side of outcomes, with a line that nobody else writes and nobody signals for. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { nowMs } from "#clock";
import { sleep } from "skein";
import { withVirtualClock } from "skein/testing";
import { heap } from "#skein/shared/heap";
import { Inbox, type InboxOwner } from "#skein/threads/inbox";
import {
  Board,
  BOARD_AWAKE,
  BYTES_COLLECTED,
  COLLECTED,
  DONE,
  FINISHED,
  Line,
  OUTCOME_BYTES_END,
  OUTCOME_CALL,
  OUTCOME_KIND,
  RECORDS,
  TOLD_MS,
} from "#skein/threads/line";

/** Of the virtual clock, which stands still meanwhile. */
const turn = (): Promise<void> => sleep(0);

/** Enough for a pool that does not look to go to sleep. */
async function someTurns(): Promise<void> {
  for (let i = 0; i < 10; i++) await turn();
}

/** A pool of one thread, which puts outcomes but never tells. */
class SilentPool implements InboxOwner {
  unsettled = 0;
  readonly threads: InboxOwner["threads"] = [];
  readonly board: Board = Board.make(heap(), 1);
  readonly cores = 2;
  readonly #line = Line.make(heap());
  /** How often its lines were looked at. */
  collects = 0;
  readonly outcomes: number[] = [];
  hasQueued = false;
  watchesWhenTaken = false;
  /** Looks for room. */
  looks = 0;
  readonly inbox: Inbox = new Inbox(this);

  constructor() {
    this.setFreeCores(0);
  }

  get lines(): readonly Line[] {
    this.collects++;
    return [this.#line];
  }

  setFreeCores(free: number): void {
    this.board.cells[BOARD_AWAKE] = this.cores - free;
  }

  submit(): void {
    this.unsettled++;
    this.inbox.watch();
  }

  putOutcome(call: number): void {
    const { cells } = this.#line;
    const finished = cells[FINISHED] as number;
    const record = this.#line.outcome(finished);
    cells[record + OUTCOME_CALL] = call;
    cells[record + OUTCOME_KIND] = DONE;
    cells[record + OUTCOME_BYTES_END] = 0;
    cells[FINISHED] = finished + 1;
  }

  /** The last one, which a thread tells at once: nothing holds the process after it. */
  endWith(call: number): void {
    this.putOutcome(call);
    this.#line.float64[TOLD_MS >> 1] = nowMs();
    this.inbox.signalled(this.#line);
    assert.equal(this.unsettled, 0);
  }

  outcome(line: Line, record: number): void {
    this.outcomes.push(line.cells[record + OUTCOME_CALL] as number);
    this.unsettled--;
    if (this.watchesWhenTaken) this.inbox.watch();
  }

  collected(): void {}

  waited(): void {
    this.looks++;
  }
}

/** A pool whose threads have finished as many calls as their rings have room for, again and again. */
class FloodedPool implements InboxOwner {
  readonly unsettled = Infinity;
  readonly hasQueued = false;
  readonly threads: InboxOwner["threads"] = [];
  readonly board = undefined;
  readonly cores = 2;
  readonly lines: readonly Line[] = Array.from({ length: 6 }, () => Line.make(heap()));
  readonly taken: number[] = this.lines.map(() => 0);
  readonly inbox: Inbox = new Inbox(this);

  collectWhenFull(): void {
    for (const { cells } of this.lines) cells[FINISHED] = ((cells[COLLECTED] as number) + RECORDS) | 0;
    this.inbox.collect();
  }

  outcome(line: Line): void {
    const place = this.lines.indexOf(line);
    this.taken[place] = (this.taken[place] as number) + 1;
  }

  collected(): void {}

  waited(): void {}
}

describe("the inbox of a pool", () => {
  it("takes from all lines in turn, though the first ones are always full", () => {
    const pool = new FloodedPool();
    for (let i = 0; i < pool.lines.length; i++) pool.collectWhenFull();
    assert.deepEqual(new Set(pool.taken), new Set([4 * RECORDS]));
  });

  it("gives the bytes of outcomes back by an atomic store, behind all that it has read of them", (t) => {
    const pool = new FloodedPool();
    const { cells } = pool.lines[0] as Line;
    const last = (pool.lines[0] as Line).outcome(RECORDS - 1);
    cells[last + OUTCOME_BYTES_END] = 640;
    const takenBefore: number[] = [];
    const { store } = Atomics;
    t.mock.method(Atomics, "store", (view: Int32Array, index: number, value: number) => {
      if (view === cells && index === BYTES_COLLECTED) takenBefore.push(pool.taken[0] as number, value);
      return store(view, index, value);
    });
    pool.collectWhenFull();
    assert.deepEqual(takenBefore, [RECORDS, 640]);
    assert.equal(cells[BYTES_COLLECTED], 640);
  });

  it("finds the outcome of the first of two calls while it is armed, though the thread puts off telling it", () =>
    withVirtualClock(async () => {
      const pool = new SilentPool();
      pool.submit();
      pool.submit();
      await sleep(10);
      assert.equal(pool.inbox.isArmed, true);
      pool.putOutcome(1);
      await sleep(100);
      assert.deepEqual(pool.outcomes, [1]);
      pool.endWith(2);
    }));

  it("does so too if the second call came when it was armed for the first", () =>
    withVirtualClock(async () => {
      const pool = new SilentPool();
      pool.submit();
      await sleep(10);
      assert.equal(pool.inbox.isArmed, true);
      pool.submit();
      pool.putOutcome(1);
      await sleep(100);
      assert.deepEqual(pool.outcomes, [1]);
      pool.endWith(2);
    }));

  it("looks for room while it is armed, though the only job waits for that", () =>
    withVirtualClock(async () => {
      const pool = new SilentPool();
      pool.hasQueued = true;
      pool.submit();
      await sleep(100);
      assert.equal(pool.inbox.isArmed, true);
      assert.ok(pool.looks > 0);
      pool.endWith(1);
    }));

  it("looks once a turn, though what it takes has the pool watch", () =>
    withVirtualClock(async () => {
      const pool = new SilentPool();
      pool.setFreeCores(1);
      for (let call = 0; call < 100; call++) pool.submit();
      pool.watchesWhenTaken = true;
      for (let call = 0; call < 50; call++) {
        pool.putOutcome(call);
        await turn();
      }
      const before = pool.collects;
      await turn();
      assert.ok(pool.collects - before <= 2, `${pool.collects - before} looks in a turn`);
      for (let call = 50; call < 99; call++) pool.putOutcome(call);
      pool.endWith(99);
    }));

  it("learns from each wait, also from that for the only job, how long the next is worth a look", () =>
    withVirtualClock(async () => {
      const pool = new SilentPool();
      for (let call = 0; call < 50; call++) {
        pool.submit();
        await sleep(10);
        pool.endWith(call);
      }
      pool.setFreeCores(1);
      pool.submit();
      await someTurns();
      assert.equal(pool.inbox.isArmed, true);
      pool.endWith(50);
      for (let call = 0; call < 150; call++) {
        pool.submit();
        pool.putOutcome(call);
        while (pool.unsettled > 0) await turn();
      }
      pool.submit();
      await someTurns();
      assert.equal(pool.inbox.isArmed, false);
      pool.endWith(51);
    }));
});
