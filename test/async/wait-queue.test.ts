import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { settled } from "skein/testing";
import { CancelNode } from "#skein/async/cancel";
import { suspend, timeWaits, WaitQueue } from "#skein/async/wait-queue";
import { useClock } from "#skein/core/clock";
import {
  makeRingMemory,
  probe,
  ProbeKind,
  ProbeOutcome,
  type ProbeRecord,
  ProbeRing,
  ProbeRingReader,
} from "#skein/core/probe";
import fc from "fast-check";

import { type Followed, follow, outcomesOf } from "../support/follow.js";

type Step = { readonly do: "wait" | "claim" | "reject" } | { readonly do: "cancel"; readonly which: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom("wait", "wait", "claim", "reject" as const) }),
  fc.record({ do: fc.constant("cancel" as const), which: fc.nat(20) }),
);

describe("a queue of waits", () => {
  it("gives each wait exactly one outcome, the oldest first, whatever comes when (laws 11 and 21)", () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.record({ step, settle: fc.boolean() }), { maxLength: 40 }), async (steps) => {
        const queue = new WaitQueue<string, number>("test");
        const nodes: CancelNode[] = [];
        const waits: Followed[] = [];
        const model: string[] = [];
        let order: number[] = [];
        for (const { step: one, settle } of steps) {
          if (one.do === "wait") {
            const index = waits.length;
            const node = new CancelNode(`${index}`, undefined);
            nodes.push(node);
            waits.push(follow(queue.wait(node, index)));
            model.push("waiting");
            order.push(index);
          } else if (one.do === "cancel") {
            nodes[one.which]?.cancelTree("why");
            if (order.includes(one.which)) model[one.which] = "SKEIN_CANCELLED";
            order = order.filter((index) => index !== one.which);
          } else {
            const oldest = order.shift();
            const waiter = queue.claim();
            assert.equal(waiter?.payload, oldest);
            if (one.do === "claim") waiter?.resolve("value");
            else waiter?.reject(new RangeError("refused"));
            if (oldest !== undefined) model[oldest] = one.do === "claim" ? "value" : "RangeError";
          }
          assert.equal(queue.size, order.length);
          assert.equal(queue.oldest?.payload, order[0]);
          if (settle) await settled();
        }
        assert.deepEqual(await outcomesOf(waits), model);
        // Nothing is left on a node whose wait is over (law 40).
        for (const [index, node] of nodes.entries())
          assert.equal(node.listeners().length, order.includes(index) ? 1 : 0);
      }),
      { numRuns: 60 },
    ));

  it("lets a claimed wait keep its value although its cancellation follows in the same turn (law 11)", async () => {
    const queue = new WaitQueue<string>("test");
    const node = new CancelNode("node", undefined);
    const wait = follow(queue.wait(node, undefined));
    queue.claim()?.resolve("mine");
    node.cancelTree("why");
    await settled();
    assert.equal(wait.outcome, "mine");
  });

  it("tells after a wait has left unclaimed, and others may be claimed then", async () => {
    const left: number[] = [];
    const queue: WaitQueue<string, number> = new WaitQueue("test", (waiter) => {
      left.push(waiter.payload);
      queue.claim()?.resolve("next");
    });
    const node = new CancelNode("node", undefined);
    const waits = [0, 1, 2].map((index) => follow(queue.wait(node, index)));
    // All three hang on one node: the first to be told lets the second go on,
    // which is told after it and has its outcome by then.
    node.cancelTree("why");
    await settled();
    assert.deepEqual(
      waits.map(({ outcome }) => outcome),
      ["SKEIN_CANCELLED", "next", "SKEIN_CANCELLED"],
    );
    assert.deepEqual(left, [0, 2]);
    assert.equal(queue.size, 0);
  });

  it("takes parked waits back as if they had never been", () => {
    const queue = new WaitQueue<string>("test");
    const parked = queue.park(
      undefined,
      () => assert.fail("resolved"),
      () => assert.fail("rejected"),
    );
    parked.leave();
    parked.leave();
    parked.cancel(new Error("late"));
    parked.resolve("late");
    assert.equal(queue.claim(), undefined);
  });

  it("suspends outside any queue as well", async () => {
    const { waiter, promise } = suspend<string>("test", undefined, undefined);
    waiter.resolve("value");
    waiter.reject(new Error("late"));
    assert.equal(await promise, "value");
  });

  it("reports a wait's begin and end, with its label, scope and outcome", async () => {
    const memory = makeRingMemory(16);
    const queue = new WaitQueue<string>("test");
    const node = new CancelNode("node", undefined);
    const records: ProbeRecord[] = [];
    const early = queue.wait(node, undefined); // not recorded, nor is its end
    try {
      probe.ring = new ProbeRing(memory);
      queue.claim()?.resolve("early");
      for (const end of ["done", "failed", "cancelled"] as const) {
        const wait = follow(queue.wait(node, undefined));
        if (end === "cancelled") node.cancelTree("why");
        else if (end === "done") queue.claim()?.resolve(end);
        else queue.claim()?.reject(new Error(end));
        await settled();
        assert.notEqual(wait.outcome, "waiting");
      }
    } finally {
      probe.ring = undefined;
    }
    await early;
    const reader = new ProbeRingReader(memory);
    reader.drain(records);
    const waits = records.filter(({ kind }) => kind === ProbeKind.waitBegin || kind === ProbeKind.waitEnd);
    const numbers = [...new Set(waits.map(({ subject }) => subject))];
    assert.equal(numbers.length, 3);
    assert.deepEqual(
      waits.map(({ kind, subject, other, value }) => [kind, numbers.indexOf(subject), other, value]),
      [
        [ProbeKind.waitBegin, 0, node.id, 1],
        [ProbeKind.waitEnd, 0, 0, ProbeOutcome.done],
        [ProbeKind.waitBegin, 1, node.id, 1],
        [ProbeKind.waitEnd, 1, 0, ProbeOutcome.failed],
        [ProbeKind.waitBegin, 2, node.id, 1],
        [ProbeKind.waitEnd, 2, 0, ProbeOutcome.cancelled],
      ],
    );
    assert.deepEqual(reader.texts.slice(1), ["test"]);
  });
});

describe("when a wait began", () => {
  const node = new CancelNode("timed", undefined);
  const queue = new WaitQueue<void>("a wait");
  const waits = (count: number) => Array.from({ length: count }, () => queue.suspend(node, undefined).waiter);
  const turnEnds = async (): Promise<void> => new Promise(setImmediate);

  /** So many in a turn that those of the next are timed together. */
  async function manyInTurn(): Promise<void> {
    for (const waiter of waits(200)) waiter.leave();
    await turnEnds();
  }

  it("is known at the end of its turn, or when many have begun in it", async () => {
    await manyInTurn();
    const beforeMs = Math.trunc(performance.now());
    const waiters = waits(200);
    assert.equal(waiters.filter(({ beganMs }) => beganMs > 0).length, 192);
    await turnEnds();
    const afterMs = performance.now();
    for (const { beganMs } of waiters) assert.ok(beganMs >= beforeMs && beganMs <= afterMs);
    for (const waiter of waiters) waiter.leave();
  });

  it("is known at once where few begin in a turn", async () => {
    await manyInTurn();
    const [first] = waits(1);
    assert.equal(first?.beganMs, 0);
    await turnEnds();
    assert.ok((first?.beganMs as number) > 0);
    const others = waits(65);
    assert.deepEqual(
      others.map(({ beganMs }) => beganMs > 0),
      others.map((_, i) => i < 64),
      "then it is tried again",
    );
    for (const waiter of [first, ...others]) waiter?.leave();
  });

  it("is known at once to who asks, and where time is not the host's", async () => {
    await manyInTurn();
    const [first] = waits(1);
    assert.equal(first?.beganMs, 0);
    timeWaits();
    assert.ok((first?.beganMs as number) > 0);
    const before = useClock({ nowMs: () => 7.5, setAlarm: () => () => undefined });
    try {
      const [second] = waits(1);
      assert.equal(second?.beganMs, 7);
      second?.leave();
    } finally {
      useClock(before);
    }
    first?.leave();
  });
});
