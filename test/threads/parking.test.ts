/** How a thread goes to sleep, with a line that nobody else reads. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import { host } from "#host";
import { heap } from "#skein/shared/heap";
import * as at from "#skein/threads/line";
import { Parking, wake } from "#skein/threads/parking";
import { StandBys } from "#skein/threads/stand-bys";

/** A thread that may block. */
class Sleeper {
  readonly line: at.Line = at.Line.make(heap());
  readonly standBys = new StandBys();
  readonly messages: string[] = [];
  readonly received: string[] = [];
  awakenings = 0;
  readonly parking: Parking = new Parking(
    this.line,
    at.Board.make(heap(), 1),
    2,
    { hasOwn: false, hasAny: false },
    this.standBys,
    () => this.awakenings++,
    () => {
      // Behind the word: who posts after this look finds it there.
      assert.equal(this.line.cells[at.STATE], at.PARKED);
      const next = this.messages.shift();
      if (next !== undefined) this.received.push(next);
      return next !== undefined;
    },
  );

  constructor(t: TestContext) {
    t.mock.method(host, "isLoopQuiet", () => true);
  }

  get blocks(): number {
    return this.line.cells[at.COUNTS + at.BLOCKS] as number;
  }
}

describe("a thread that is about to block", () => {
  it("takes in a message that was posted before it said so, when nobody saw that it sleeps", (t) => {
    const sleeper = new Sleeper(t);
    // The order of who posts: the message, then a look at the word.
    sleeper.messages.push("load");
    assert.equal(wake(sleeper.line), false);
    sleeper.parking.park(true);
    assert.deepEqual(sleeper.received, ["load"]);
    assert.equal(sleeper.blocks, 0);
    assert.equal(sleeper.awakenings, 1);
    assert.equal(sleeper.line.cells[at.STATE], at.AWAKE);
  });

  it("says first that it stands by, and asks when it is awake whether it was wanted", (t) => {
    const sleeper = new Sleeper(t);
    const order: string[] = [];
    const stateNow = (): number => sleeper.line.cells[at.STATE] as number;
    let isWanted = false;
    sleeper.standBys.add({
      sleeps: () => order.push(`sleeps ${stateNow()}`),
      awakes: () => order.push(`awakes ${stateNow()}`) > 0 && isWanted,
      run: () => order.push("runs"),
    });
    sleeper.parking.park(true);
    assert.equal(sleeper.standBys.hasWork, false);
    isWanted = true;
    sleeper.parking.park(true);
    assert.equal(sleeper.standBys.hasWork, true);
    sleeper.standBys.run();
    const slept = [`sleeps ${at.AWAKE}`, `awakes ${at.AWAKE}`];
    assert.deepEqual(order, [...slept, ...slept, "runs"]);
    assert.equal(sleeper.standBys.hasWork, false);
  });

  it("stands by for the last four things that it was told to", () => {
    const standBys = new StandBys();
    const slept: number[] = [];
    const all = Array.from({ length: 6 }, (_, i) => ({ sleeps: () => slept.push(i), awakes: () => true, run() {} }));
    for (const i of [0, 1, 2, 3, 1, 1, 4, 5]) standBys.add(all[i] as (typeof all)[number]);
    standBys.sleep();
    assert.deepEqual(slept, [5, 4, 1, 3]);
  });

  it("blocks where there is none, for a while", (t) => {
    const sleeper = new Sleeper(t);
    sleeper.parking.park(true);
    assert.equal(sleeper.blocks, 1);
    assert.equal(sleeper.awakenings, 1);
  });
});
