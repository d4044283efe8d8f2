import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type RacyHits, racyQueue } from "./fixtures/racy-queue.js";
import { hammer } from "./hammer.js";
import { History } from "./history.js";
import { checkLinearizability, isPending } from "./linearizability.js";
import { ENDED } from "./models.js";
import { historiesOf, logCapacity, makeRounds } from "./rounds.js";

describe("a history", () => {
  it("has what was called, by round, and what a stopped thread has left", () => {
    const history = History.make(2, 4);
    const first = History.at(history.memory).writer(1);
    first.begin(0, 0, 7);
    first.end(70);
    first.begin(1, 1, 8); // and is stopped
    let isTold = false;
    history.ended(1, () => (isTold = true));
    assert.ok(isTold);
    const second = History.at(history.memory).writer(1);
    assert.equal(second.begun, 2);
    second.begin(1, 0, 9);
    second.end(90);
    assert.equal(history.begun, 3);
    const [one = [], two = []] = history.read(2, (verb, argument, result) => ({
      op: `verb ${verb}`,
      argument,
      result,
    }));
    const told = [...one, ...two].map(({ thread, op, argument, result }) => [thread, op, argument, result]);
    assert.deepEqual(told, [
      [1, "verb 0", 7, 70],
      [1, "verb 1", 8, undefined],
      [3, "verb 0", 9, 90],
      [-1, ENDED, 1, undefined],
    ]);
    const moments = [...one, ...two].flatMap(({ begin, end }) => [begin, end]);
    const [begun, ended, stopped, never, later, latest, tellBegun, tellEnded] = moments as [number, ...number[]];
    assert.equal(never, Infinity);
    const inOrder = [begun, ended, stopped, tellBegun, tellEnded, later, latest];
    assert.deepEqual(
      inOrder,
      inOrder.toSorted((a, b) => (a as number) - (b as number)),
    );
    assert.deepEqual([one.length, two.filter(isPending).length], [1, 1]);
    second.begin(1, 0, 9);
    assert.throws(() => second.begin(1, 0, 9), /a log has room for 4 records/);
  });

  const hits = new URL("./fixtures/racy-queue.js", import.meta.url);

  for (const threads of [2, 4]) {
    it(`shows that a queue without a lock loses what ${threads} threads send at once`, async () => {
      const rounds = makeRounds({ threads, rounds: 20, calls: 1, seed: 1 });
      const history = History.make(threads, logCapacity(rounds));
      const subject = racyQueue(threads);
      const queues = Array.from({ length: rounds.rounds }, () => subject.make());
      const data: RacyHits = { queues, rounds, history: history.memory };
      await hammer(hits, threads, data);
      const histories = historiesOf(subject, rounds, history);
      assert.equal(histories.length, rounds.rounds);
      for (const operations of histories) {
        assert.ok(!checkLinearizability(operations, subject.model).isLinearizable);
      }
    });
  }
});
