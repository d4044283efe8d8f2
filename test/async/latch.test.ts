import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { latch } from "#skein/async/latch";
import { CancelledError, channel, select } from "skein";

import { codeOf, failureOf } from "../support/failure.js";
import { Calls, forAllSteps, runSteps, settled } from "../support/model-run.js";

describe("a latch", () => {
  it("opens for all that wait when it has been counted down, and stays open", async () => {
    const gate = latch(2);
    const waiting = Promise.all([gate.wait(), gate.wait()]);
    gate.countDown();
    assert.equal(gate.isOpen, false);
    assert.deepEqual(gate.statistics(), { count: 1, waiting: 2 });
    gate.countDown();
    assert.equal(gate.isOpen, true);
    await waiting;
    await gate.wait();
    assert.deepEqual(gate.statistics(), { count: 0, waiting: 0 });
  });

  it("can be counted down by several at once, and not below 0", async () => {
    const gate = latch({ count: 3, name: "gate" });
    gate.countDown(2);
    assert.equal(gate.count, 1);
    gate.countDown(5);
    assert.equal(gate.count, 0);
    gate.countDown();
    assert.equal(gate.count, 0);
    await gate.wait();
  });

  it("is open from the start with a count of 0", () => assert.equal(latch(0).isOpen, true));

  it("lets a cancelled caller leave at once, and counts on (laws 10 and 34)", async () => {
    const gate = latch(1);
    const controller = new AbortController();
    const leaver = failureOf(gate.wait(controller.signal));
    const other = gate.wait();
    controller.abort();
    assert.deepEqual(gate.statistics(), { count: 1, waiting: 1 });
    assert.ok((await leaver) instanceof CancelledError);
    gate.countDown();
    await other;
  });

  it("is a checkpoint even when it is open (law 9)", async () => {
    assert.ok((await failureOf(latch(0).wait(AbortSignal.abort()))) instanceof CancelledError);
  });

  it("takes part in select, and a case that loses leaves no trace (law 26)", async () => {
    const gate = latch(1);
    const values = channel<number>();
    const waiting = select({ open: gate.waiting(), value: values.receiving() });
    assert.equal(gate.statistics().waiting, 1);
    values.trySend(1);
    assert.equal((await waiting).case, "value");
    assert.equal(gate.statistics().waiting, 0);
    const next = select({ open: gate.waiting(), value: values.receiving() });
    gate.countDown();
    assert.equal((await next).case, "open");
    assert.equal(values.statistics().waitingReceivers, 0);
    assert.equal((await select({ open: gate.waiting() })).case, "open");
  });
});

describe("misuse of a latch", () => {
  const wrong: readonly [what: string, call: () => unknown][] = [
    ["a negative count", () => latch(-1)],
    ["half a count", () => latch({ count: 0.5 })],
    ["options that are none", () => latch(null as unknown as number)],
    ["a step of 0", () => latch(1).countDown(0)],
    ["a timeout in the place of a scope", () => latch(1).wait(100 as unknown as AbortSignal)],
  ];
  for (const [what, call] of wrong) {
    it(`is refused: ${what}`, async () => assert.equal(await codeOf(call), "SKEIN_INVALID_ARGUMENT"));
  }
});

it("a latch does what its model does, whatever is cancelled (laws 10, 11, 34)", () =>
  forAllSteps(["wait", "wait", "cancel", "down"], async (steps) => {
    const gate = latch(7);
    let count = 7;
    const outcomes: string[] = [];
    const calls = new Calls<unknown>(() => "open");
    await runSteps(
      steps,
      (op) => {
        if (op.kind === "wait") {
          calls.start((cancel) => gate.wait(cancel));
          outcomes.push(count === 0 ? "open" : "waiting");
        } else if (op.kind === "cancel") {
          const call = calls.any(op.pick);
          if (call === undefined) return;
          calls.cancel(call);
          if (outcomes[call] === "waiting") outcomes[call] = "cancelled";
        } else {
          gate.countDown(op.count);
          count = Math.max(0, count - op.count);
          if (count > 0) return;
          for (const [call, outcome] of outcomes.entries()) if (outcome === "waiting") outcomes[call] = "open";
        }
      },
      () => {
        const waiting = outcomes.filter((outcome) => outcome === "waiting").length;
        assert.deepEqual(gate.statistics(), { count, waiting });
      },
      () => [calls.outcomes, outcomes],
    );
    await settled();
  }));
