/** Real threads at the structures of this room, and an order that explains what each of them saw. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { SharedObject } from "skein/shared";

import { hammer, hammerWithStops } from "../support/hammer.js";
import { History } from "../support/history.js";
import { type Operation, requireLinearizable } from "../support/linearizability.js";
import { ENDED } from "../support/models.js";
import { historiesOf, isDone, isInTheMiddle, logCapacity, makeRounds, type Rounds } from "../support/rounds.js";
import type { LinearizabilityHits } from "./fixtures/linearizability-hits.js";
import { SUBJECTS } from "./fixtures/linearizability-subjects.js";

const hits = new URL("./fixtures/linearizability-hits.js", import.meta.url);

/** The histories that `run` has its threads make, each of which is linearizable. */
async function explainedHistories(
  name: string,
  rounds: Rounds,
  run: (data: LinearizabilityHits, history: History) => Promise<unknown>,
): Promise<Operation[][]> {
  const subject = SUBJECTS[name];
  assert.ok(subject);
  const structures: SharedObject[] = Array.from({ length: rounds.rounds }, () => subject.make());
  const history = History.make(rounds.threads, logCapacity(rounds));
  await run({ subject: name, structures, rounds, history: history.memory }, history);
  for (const structure of structures) structure.dispose();
  const histories = historiesOf(subject, rounds, history);
  for (const [round, operations] of histories.entries()) {
    requireLinearizable(operations, subject.model, `${name}, round ${round}, seed ${rounds.seed}`);
  }
  return histories;
}

/** Operations that overlap with the one that began before them, on another thread. */
function overlapsIn(history: readonly Operation[]): number {
  const byBegin = history.toSorted((a, b) => a.begin - b.begin);
  return byBegin.filter(({ begin }, i) => i > 0 && begin <= (byBegin[i - 1] as Operation).end).length;
}

for (const name of Object.keys(SUBJECTS)) {
  describe(`what threads see of ${name}`, () => {
    for (const threads of [2, 4]) {
      it(`has an order that explains it, with ${threads} of them`, async () => {
        const rounds = makeRounds({ threads, rounds: 150, calls: 30, seed: threads });
        const histories = await explainedHistories(name, rounds, async (data) => hammer(hits, threads, data));
        // Else they would have worked one after another, and shown nothing.
        const all = histories.reduce((sum, history) => sum + history.length, 0);
        const overlaps = histories.reduce((sum, history) => sum + overlapsIn(history), 0);
        assert.ok(overlaps > 0, `none of ${all} operations overlap`);
      });
    }

    it("has an order that explains it, while threads are stopped anywhere", async () => {
      const threads = 4;
      const rounds = makeRounds({ threads, rounds: 24, calls: 30, seed: 7 });
      const histories = await explainedHistories(name, rounds, async (data, history) => {
        const end = logCapacity(rounds) * threads;
        await hammerWithStops(hits, threads, data, {
          count: 6,
          together: 2,
          ready: (index) => isInTheMiddle(rounds, index),
          progress: () => (isDone(rounds) ? end : history.begun),
          every: 100,
          end,
          ended: (index, tell) => history.ended(index, tell),
        });
      });
      assert.ok(histories.flat().some(({ op }) => op === ENDED));
    });
  });
}
