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

  it("does not, if it was wanted before it said so, when nobody saw that it sleeps", (t) => {
    const sleeper = new Sleeper(t);
    const order: string[] = [];
    sleeper.standBys.add({
      sleeps() {
        assert.equal(sleeper.line.cells[at.STATE], at.AWAKE, "it says where it is looked for before that it sleeps");
        order.push("sleeps");
        // Wanted right now, by one who saw that the thread is awake.
        assert.equal(wake(sleeper.line), false);
      },
      get isWanted() {
        assert.equal(sleeper.line.cells[at.STATE], at.PARKED, "and looks behind it");
        return true;
      },
      awakes: () => order.push("awakes") > 0,
      run: () => void order.push("runs"),
    });
    sleeper.parking.park(true);
    assert.deepEqual([sleeper.blocks, sleeper.awakenings], [0, 1]);
    assert.equal(sleeper.standBys.hasWork, true);
    sleeper.standBys.run();
    assert.deepEqual(order, ["sleeps", "awakes", "runs"]);
    assert.equal(sleeper.standBys.hasWork, false);
  });

  it("blocks where there is none, for a while", (t) => {
    const sleeper = new Sleeper(t);
    sleeper.parking.park(true);
    assert.equal(sleeper.blocks, 1);
    assert.equal(sleeper.awakenings, 1);
  });
});
