import assert from "node:assert/strict";
import { describe, it, test } from "node:test";

import { channel } from "#skein/async/channel";
import { oneshot } from "#skein/async/oneshot";
import { after, ClosedError, scope, select, type SkeinError } from "skein";
import { settled, withVirtualClock } from "skein/testing";

import { codeOf, failureOf } from "../support/failure.js";
import { Calls, forAllSteps, type RandomOp, runSteps } from "../support/model-run.js";

describe("a oneshot", () => {
  it("carries a value to a receiver that waits", async () => {
    const answer = oneshot<number>();
    const receiving = answer.receive();
    await settled();
    assert.equal(answer.statistics().isWaiting, true);
    answer.send(42);
    assert.equal(await receiving, 42);
    assert.deepEqual(answer.statistics(), { isSent: true, isReceived: true, isWaiting: false, isClosed: true });
  });

  it("carries a value to a receiver that comes later, also if the sender then closes", async () => {
    const answer = oneshot<number>();
    answer.send(42);
    answer.close();
    assert.equal(await answer.receive(), 42);
  });

  it("closed without a value ends the receiver", async () => {
    const answer = oneshot<number>({ name: "answer" });
    const receiving = failureOf(answer.receive());
    await settled();
    answer.close();
    const error = await receiving;
    assert.ok(error instanceof ClosedError && error.message === `oneshot "answer" is closed`, String(error));
    assert.equal(await codeOf(() => answer.receive()), "SKEIN_CLOSED");
  });

  it("answers a request that came through a channel", async () => {
    await scope(async (s) => {
      const requests = channel<{ square: number; answer: ReturnType<typeof oneshot<number>> }>(0, s);
      s.spawn(async () => {
        for await (const { square, answer } of requests) answer.send(square * square);
      });
      const answer = oneshot<number>({}, s);
      await requests.send({ square: 7, answer });
      assert.equal(await answer.receive(), 49);
      requests.close();
    });
  });

  it("whose receive was cancelled keeps the value (law 10)", async () => {
    const answer = oneshot<number>();
    const controller = new AbortController();
    const cancelled = codeOf(() => answer.receive(controller.signal));
    await settled();
    controller.abort();
    answer.send(1);
    assert.equal(await cancelled, "SKEIN_CANCELLED");
    assert.equal(await codeOf(() => answer.receive(AbortSignal.abort())), "SKEIN_CANCELLED");
    assert.equal(await answer.receive(), 1);
  });

  it("gives the value and not the cancellation if both come in one turn (law 11)", async () => {
    const answer = oneshot<number>();
    const controller = new AbortController();
    const receiving = answer.receive(controller.signal);
    answer.send(1);
    controller.abort();
    assert.equal(await receiving, 1);
  });

  it("whose receiver cancelled gives the value back", async () => {
    const lost: number[] = [];
    const answer = oneshot<number>({ onUndelivered: (value) => lost.push(value) });
    answer.send(1);
    answer.cancel();
    answer.cancel();
    assert.deepEqual(lost, [1]);
    assert.equal(answer.tryReceive(), undefined);
    assert.equal(await codeOf(() => answer.receive()), "SKEIN_CLOSED");
  });

  it("whose receiver cancelled before can't be sent to, and then the sender has the value", async () => {
    const answer = oneshot<number>({ onUndelivered: () => assert.fail("it was not accepted") });
    answer.cancel();
    assert.equal(answer.trySend(1), false);
    assert.equal(await codeOf(() => answer.send(1)), "SKEIN_CLOSED");
  });

  it("is a case of a select, and losing takes nothing (law 26)", async () => {
    await withVirtualClock(async () => {
      const answer = oneshot<number>();
      assert.equal((await select({ answer: answer.receiving(), late: after(5) })).case, "late");
      assert.equal(answer.statistics().isWaiting, false);
      answer.send(1);
      const won = await select({ answer: answer.receiving(), late: after(5) });
      assert.deepEqual(won, { case: "answer", value: { done: false, value: 1 } });
      const none = oneshot<number>();
      none.close();
      assert.deepEqual((await select({ none: none.receiving() })).value, { done: true, value: undefined });
    });
  });
});

describe("misuse", () => {
  const used = oneshot<number>();
  used.send(1);
  used.tryReceive();
  const awaited = oneshot<number>();
  void awaited.receive();
  const wrong: readonly [what: string, call: () => unknown, code: string][] = [
    ["a second value", () => used.send(2), "SKEIN_ONESHOT_USED"],
    ["a second receive", () => used.receive(), "SKEIN_ONESHOT_USED"],
    ["a second receive in a select", () => select({ used: used.receiving() }), "SKEIN_ONESHOT_USED"],
    ["a second receiver that waits", () => awaited.receive(), "SKEIN_ONESHOT_USED"],
    ["a second receiver in a select", () => select({ awaited: awaited.receiving() }), "SKEIN_ONESHOT_USED"],
    ["options that are none", () => oneshot(5 as never), "SKEIN_INVALID_ARGUMENT"],
  ];
  for (const [what, call, code] of wrong) {
    it(`${what} is refused`, async () => assert.equal(await codeOf(call), code));
  }
  it("try-forms say no and never throw", () => {
    assert.equal(used.trySend(2), false);
    assert.equal(used.tryReceive(), undefined);
  });
});

const KINDS = ["trySend", "receive", "receive", "tryReceive", "cancelCall", "cancelCall", "close", "cancel"] as const;

test("a value sent is received once or given back once, whatever is cancelled when (laws 10, 11)", async () => {
  await forAllSteps(KINDS, async (steps) => {
    const lost: number[] = [];
    const shot = oneshot<number>({ onUndelivered: (value) => lost.push(value) });
    const calls = new Calls<number>(String);
    let sent: number | undefined;
    // The model: where the value is, and who waits.
    const outcomes: string[] = [];
    let place: "none" | "here" | "gone" | "closed" = "none";
    let waiting: number | undefined;
    const end = (message: string): void => {
      if (waiting !== undefined) outcomes[waiting] = message;
      waiting = undefined;
      place = "closed";
    };
    let closedBy = "";
    const apply = ({ kind, pick }: RandomOp<(typeof KINDS)[number]>): void => {
      const used = place === "gone" ? "received" : waiting === undefined ? undefined : "waits";
      if (kind === "trySend") {
        const isAccepted = shot.trySend(pick);
        assert.equal(isAccepted, place === "none");
        if (!isAccepted) return;
        sent = pick;
        place = waiting === undefined ? "here" : "gone";
        closedBy = `oneshot "oneshot" is closed`;
        if (waiting !== undefined) outcomes[waiting] = String(pick);
        waiting = undefined;
      } else if (kind === "receive") {
        calls.start((cancel) =>
          shot.receive(cancel).catch((error: unknown) => {
            throw (error as SkeinError).code === "SKEIN_ONESHOT_USED" ? new Error("misuse") : error;
          }),
        );
        const call = outcomes.push("waiting") - 1;
        if (used !== undefined) outcomes[call] = "misuse";
        else if (place === "here") {
          outcomes[call] = String(sent);
          place = "gone";
        } else if (place === "closed") outcomes[call] = closedBy;
        else waiting = call;
      } else if (kind === "tryReceive") {
        calls.done(shot.tryReceive()?.value);
        outcomes.push(place === "here" ? String(sent) : "refused");
        if (place === "here") place = "gone";
      } else if (kind === "cancelCall") {
        const call = calls.any(pick);
        if (call === undefined) return;
        calls.cancel(call);
        if (call === waiting) {
          outcomes[call] = "cancelled";
          waiting = undefined;
        }
      } else if (kind === "close") {
        shot.close();
        if (place === "none") end((closedBy = `oneshot "oneshot" is closed`));
      } else {
        shot.cancel();
        if (place === "none") end((closedBy = `oneshot "oneshot" is closed: nobody receives any more`));
        if (place === "here") place = "closed";
      }
    };
    const check = (): void => {
      assert.deepEqual(lost, place === "closed" && sent !== undefined ? [sent] : []);
      assert.equal(shot.statistics().isWaiting, waiting !== undefined);
    };
    await runSteps(steps, apply, check, () => [calls.outcomes, outcomes]);
  });
});
