import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Alarm, AlarmQueue } from "#skein/core/alarm-queue";
import fc from "fast-check";

class Numbered extends Alarm {
  readonly number: number;
  constructor(number: number) {
    super();
    this.number = number;
  }
  override ring(): void {
    assert.fail("a queue rings nothing");
  }
}

type Step =
  | { readonly do: "add"; readonly dueMs: number }
  | { readonly do: "take"; readonly nowMs: number; readonly among: number }
  | { readonly do: "remove"; readonly which: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("add" as const), dueMs: fc.nat(6) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("take" as const), nowMs: fc.nat(8), among: fc.nat(150) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("remove" as const), which: fc.nat(100) }) },
);

describe("a queue of alarms", () => {
  it("gives those that are due in order of their moments, then of setting, less those called off (law 20)", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150, size: "max" }), (steps) => {
        const queue = new AlarmQueue();
        const alarms: Numbered[] = [];
        let model: { readonly dueMs: number; readonly number: number }[] = [];
        for (const one of steps) {
          if (one.do === "add") {
            const alarm = new Numbered(alarms.length);
            queue.add(alarm, one.dueMs);
            alarms.push(alarm);
            model.push({ dueMs: one.dueMs, number: alarm.number });
            model.sort((a, b) => a.dueMs - b.dueMs || a.number - b.number);
          } else if (one.do === "take") {
            // Orders count from 1, numbers from 0.
            const [first] = model;
            const isDue = first !== undefined && first.dueMs <= one.nowMs && first.number + 1 <= one.among;
            const taken = queue.takeDue(one.nowMs, one.among) as Numbered | undefined;
            assert.equal(taken?.number, isDue ? first.number : undefined);
            if (isDue) model.shift();
          } else {
            const isIn = model.some(({ number }) => number === one.which);
            const alarm = alarms[one.which];
            if (alarm !== undefined) assert.equal(queue.remove(alarm), isIn);
            model = model.filter(({ number }) => number !== one.which);
          }
          assert.equal(queue.size, model.length);
          assert.equal(queue.firstDueMs, model[0]?.dueMs ?? Infinity);
          assert.equal(queue.lastOrder, alarms.length);
          for (const alarm of alarms) {
            assert.equal(
              alarm.place !== -1,
              model.some(({ number }) => number === alarm.number),
            );
          }
        }
      }),
    );
  });

  it("takes an alarm again after it left", () => {
    const queue = new AlarmQueue();
    const alarm = new Numbered(0);
    for (const dueMs of [5, 1]) {
      queue.add(alarm, dueMs);
      assert.equal(queue.takeDue(dueMs - 1), undefined);
      assert.equal(queue.takeDue(dueMs), alarm);
      assert.equal(queue.takeDue(dueMs), undefined);
    }
  });
});
