import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { event } from "#skein/async/event";
import { CancelledError, channel, select } from "skein";

import { codeOf, failureOf } from "../support/failure.js";
import { Calls, forAllSteps, runSteps } from "../support/model-run.js";

describe("an event", () => {
  it("lets all go that wait when it is set, and stays set until cleared", async () => {
    const ready = event();
    assert.equal(ready.isSet, false);
    const waiting = Promise.all([ready.wait(), ready.wait()]);
    assert.deepEqual(ready.statistics(), { isSet: false, waiting: 2 });
    ready.set();
    await waiting;
    await ready.wait();
    ready.clear();
    assert.deepEqual(ready.statistics(), { isSet: false, waiting: 0 });
    void ready.wait();
    assert.equal(ready.statistics().waiting, 1);
  });

  it("lets those go that waited when it was set, though it is cleared in the same turn", async () => {
    const ready = event({ name: "ready" });
    const waiting = ready.wait();
    ready.set();
    ready.clear();
    await waiting;
    assert.equal(ready.isSet, false);
  });

  it("can be set from the start", async () => {
    const ready = event({ isSet: true });
    await ready.wait();
    assert.equal(ready.isSet, true);
  });

  it("lets a cancelled caller leave at once (laws 10 and 34)", async () => {
    const ready = event();
    const controller = new AbortController();
    const leaver = failureOf(ready.wait(controller.signal));
    controller.abort();
    assert.equal(ready.statistics().waiting, 0);
    assert.ok((await leaver) instanceof CancelledError);
  });

  it("is a checkpoint even when it is set (law 9)", async () => {
    const ready = event({ isSet: true });
    assert.ok((await failureOf(ready.wait(AbortSignal.abort()))) instanceof CancelledError);
  });

  it("takes part in select, and a case that loses leaves no trace (law 26)", async () => {
    const ready = event();
    const values = channel<number>();
    const waiting = select({ ready: ready.waiting(), value: values.receiving() });
    values.trySend(1);
    assert.equal((await waiting).case, "value");
    assert.equal(ready.statistics().waiting, 0);
    const next = select({ ready: ready.waiting(), value: values.receiving() });
    ready.set();
    assert.equal((await next).case, "ready");
    assert.equal(values.statistics().waitingReceivers, 0);
    assert.equal((await select({ ready: ready.waiting() })).case, "ready");
  });
});

describe("misuse of an event", () => {
  const wrong: readonly [what: string, call: () => unknown][] = [
    ["options that are none", () => event(true as unknown as object)],
    ["a flag that is none", () => event({ isSet: "no" as unknown as boolean })],
    ["a timeout in the place of a scope", () => event().wait(100 as unknown as AbortSignal)],
  ];
  for (const [what, call] of wrong) {
    it(`is refused: ${what}`, async () => assert.equal(await codeOf(call), "SKEIN_INVALID_ARGUMENT"));
  }
});

it("an event does what its model does, whatever is cancelled (laws 10, 11, 34)", () =>
  forAllSteps(["wait", "wait", "cancel", "set", "clear"], async (steps) => {
    const ready = event();
    let isSet = false;
    const outcomes: string[] = [];
    const calls = new Calls<unknown>(() => "went on");
    await runSteps(
      steps,
      ({ kind, pick }) => {
        if (kind === "wait") {
          calls.start((cancel) => ready.wait(cancel));
          outcomes.push(isSet ? "went on" : "waiting");
        } else if (kind === "cancel") {
          const call = calls.any(pick);
          if (call === undefined) return;
          calls.cancel(call);
          if (outcomes[call] === "waiting") outcomes[call] = "cancelled";
        } else {
          ready[kind]();
          isSet = kind === "set";
          if (!isSet) return;
          for (const [call, outcome] of outcomes.entries()) if (outcome === "waiting") outcomes[call] = "went on";
        }
      },
      () => {
        const waiting = outcomes.filter((outcome) => outcome === "waiting").length;
        assert.deepEqual(ready.statistics(), { isSet, waiting });
      },
      () => [calls.outcomes, outcomes],
    );
  }));
