/** Jobs for which no line has room, against a model that sorts. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { Call } from "#skein/threads/call";
import { JobQueue } from "#skein/threads/job-queue";

/** A call as the queue sees it. */
class Ranked extends Call {
  readonly priority: number;

  constructor(submittedMs: number, priority: number) {
    super({} as never, [], submittedMs);
    this.priority = priority;
  }

  override get options(): never {
    return { priority: this.priority } as never;
  }
}

const taken = (queue: JobQueue, most = Infinity): Call[] => {
  const calls: Call[] = [];
  queue.takeEach((call) => {
    if (calls.length >= most) return false;
    calls.push(call);
    return true;
  });
  return calls;
};

describe("jobs without a priority", () => {
  it("leave in order, and those put in front before them", () => {
    const queue = new JobQueue();
    const [a, b, c, d] = [1, 2, 3, 4].map((ms) => new Ranked(ms, 0)) as [Ranked, Ranked, Ranked, Ranked];
    queue.add(c);
    queue.add(d);
    queue.addInFront([a, b]);
    assert.equal(queue.remove(d), true);
    assert.equal(queue.remove(d), false);
    assert.equal(queue.isByPriority, false);
    assert.deepEqual(taken(queue), [a, b, c]);
    assert.equal(queue.size, 0);
  });

  it("that can't be taken now stay, in their order", () => {
    const queue = new JobQueue();
    const calls = [1, 2, 3].map((ms) => new Ranked(ms, 0));
    for (const call of calls) queue.add(call);
    queue.takeEach((call) => call === calls[0]);
    assert.deepEqual([...queue], [calls[1], calls[2]]);
  });
});

describe("jobs that leave while one is being taken", () => {
  for (const priority of [0, 1]) {
    const jobs = (): [JobQueue, Ranked, Ranked, Ranked] => {
      const queue = new JobQueue();
      const calls = [1, 2, 3].map((ms) => new Ranked(ms, priority)) as [Ranked, Ranked, Ranked];
      for (const call of calls) queue.add(call);
      return [queue, ...calls];
    };
    const order = priority === 0 ? "in order" : "by priority";

    it(`are not met, ${order}`, () => {
      const [queue, a, b, c] = jobs();
      const met: Call[] = [];
      queue.takeEach((call) => {
        met.push(call);
        if (call === a) queue.remove(b);
        return true;
      });
      assert.deepEqual(met, [a, c]);
      assert.equal(queue.size, 0);
    });

    it(`may be the one itself, ${order}`, () => {
      const [queue, a, b, c] = jobs();
      const met: Call[] = [];
      queue.takeEach((call) => {
        met.push(call);
        queue.remove(call);
        return true;
      });
      assert.deepEqual(met, [a, b, c]);
      assert.equal(queue.size, 0);
      queue.add(b);
      assert.deepEqual(taken(queue), [b]);
    });

    it(`may be all of them, ${order}`, () => {
      const [queue, a, b, c] = jobs();
      queue.takeEach(() => {
        for (const call of [a, b, c]) queue.remove(call);
        return true;
      });
      assert.equal(queue.size, 0);
      queue.add(c);
      assert.deepEqual(taken(queue), [c]);
    });

    it(`may go to another queue, ${order}`, () => {
      const [queue, a, b, c] = jobs();
      const other = new JobQueue();
      queue.takeEach((call) => {
        queue.remove(call);
        other.add(call);
        return true;
      });
      assert.equal(queue.size, 0);
      assert.deepEqual(taken(other), [a, b, c]);
    });
  }
});

describe("a priority", () => {
  it("is worth a second a step, so that none waits for ever", () => {
    const queue = new JobQueue();
    const low = new Ranked(0, 0);
    const early = new Ranked(1500, 2);
    const late = new Ranked(2500, 2);
    for (const call of [low, late, early]) queue.add(call);
    assert.equal(queue.isByPriority, true);
    assert.deepEqual(taken(queue), [early, low, late]);
    assert.equal(queue.isByPriority, false);
  });

  it("leaves those put in front before those of the same rank, as they came earlier", () => {
    const queue = new JobQueue();
    const [first, second, third, fourth] = [0, 0, 0, 0].map((ms) => new Ranked(ms, 0)) as [
      Ranked,
      Ranked,
      Ranked,
      Ranked,
    ];
    const urgent = new Ranked(0, 1);
    for (const call of [urgent, third, fourth]) queue.add(call);
    queue.addInFront([second]);
    queue.addInFront([first]);
    assert.deepEqual(taken(queue), [urgent, first, second, third, fourth]);
  });

  it("orders as a sort by rank and arrival does, whatever comes and goes", () => {
    const operation = fc.oneof(
      fc.record({
        kind: fc.constant("add" as const),
        ms: fc.integer({ min: 0, max: 5000 }),
        priority: fc.integer({ min: -2, max: 2 }),
      }),
      fc.record({ kind: fc.constant("remove" as const), at: fc.nat(20) }),
      fc.record({ kind: fc.constant("take" as const), count: fc.nat(4) }),
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const queue = new JobQueue();
        // One that stays keeps the queue by priority, so that the rule is one all through.
        const last = new Ranked(1e9, 1);
        queue.add(last);
        const model: Ranked[] = [];
        const rank = (call: Ranked): number => call.submittedMs - 1000 * call.priority;
        for (const step of operations) {
          if (step.kind === "add") {
            const call = new Ranked(step.ms, step.priority);
            queue.add(call);
            // Behind those of its rank: a stable sort.
            model.push(call);
            model.sort((a, b) => rank(a) - rank(b));
          } else if (step.kind === "remove") {
            const call = model[step.at];
            if (call === undefined) continue;
            model.splice(step.at, 1);
            assert.equal(queue.remove(call), true);
          } else {
            const count = Math.min(step.count, model.length);
            assert.deepEqual(taken(queue, count), model.splice(0, count));
          }
          assert.equal(queue.size, model.length + 1);
        }
        assert.deepEqual(taken(queue), [...model, last]);
      }),
    );
  });
});
