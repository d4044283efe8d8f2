import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { barrier } from "#skein/async/barrier";
import { CancelledError, scope } from "skein";

import { codeOf, failureOf } from "../support/failure.js";
import { Calls, forAllSteps, runSteps, settled } from "../support/model-run.js";

describe("a barrier", () => {
  it("lets all parties go when the last has come, each with its place", async () => {
    const meeting = barrier(3);
    const first = meeting.wait();
    const second = meeting.wait();
    await settled();
    assert.deepEqual(meeting.statistics(), { parties: 3, waiting: 2, rounds: 0 });
    assert.deepEqual(await Promise.all([first, second, meeting.wait()]), [0, 1, 2]);
    assert.deepEqual(meeting.statistics(), { parties: 3, waiting: 0, rounds: 1 });
  });

  it("keeps jobs in step, round after round", async () => {
    const meeting = barrier(3);
    const seen: number[] = [];
    await scope(async (s) => {
      for (let job = 0; job < 3; job++) {
        s.spawn(async () => {
          for (let round = 0; round < 4; round++) {
            seen.push(round);
            await meeting.wait(s);
          }
        });
      }
    });
    assert.deepEqual(seen, [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
  });

  it("does not mix rounds: who comes back at once waits for the next", async () => {
    const meeting = barrier(2);
    const first = meeting.wait();
    await meeting.wait();
    const early = meeting.wait();
    await settled();
    assert.equal(meeting.statistics().waiting, 1);
    assert.equal(await first, 0);
    assert.equal(await meeting.wait(), 1);
    assert.equal(await early, 0);
  });

  it("goes on without a cancelled party, whose place another takes (laws 10 and 34)", async () => {
    const meeting = barrier(3);
    const controller = new AbortController();
    const leaver = failureOf(meeting.wait(controller.signal));
    const second = meeting.wait();
    controller.abort();
    assert.equal(meeting.statistics().waiting, 1);
    assert.ok((await leaver) instanceof CancelledError);
    const third = meeting.wait();
    await settled();
    assert.equal(meeting.statistics().waiting, 2);
    assert.deepEqual(await Promise.all([second, third, meeting.wait()]), [0, 1, 2]);
  });

  it("is a checkpoint even for the last party, which then has not come (law 9)", async () => {
    const meeting = barrier(2);
    void meeting.wait();
    assert.ok((await failureOf(meeting.wait(AbortSignal.abort()))) instanceof CancelledError);
    assert.equal(meeting.statistics().waiting, 1);
  });

  it("of one party holds nobody up", async () => {
    const alone = barrier({ parties: 1, name: "alone" });
    assert.equal(await alone.wait(), 0);
    assert.equal(await alone.wait(), 0);
    assert.equal(alone.statistics().rounds, 2);
  });
});

describe("misuse of a barrier", () => {
  const wrong: readonly [what: string, call: () => unknown][] = [
    ["no parties", () => barrier(0)],
    ["half a party", () => barrier({ parties: 1.5 })],
    ["endless parties", () => barrier(Infinity)],
    ["options that are none", () => barrier(null as unknown as number)],
    ["a timeout in the place of a scope", () => barrier(2).wait(100 as unknown as AbortSignal)],
  ];
  for (const [what, call] of wrong) {
    it(`is refused: ${what}`, async () => assert.equal(await codeOf(call), "SKEIN_INVALID_ARGUMENT"));
  }
});

it("a barrier does what its model does, whatever is cancelled (laws 10, 11, 34)", () =>
  forAllSteps(["wait", "wait", "cancel"], async (steps) => {
    const parties = 3;
    const meeting = barrier(parties);
    const outcomes: string[] = [];
    let here: number[] = [];
    const calls = new Calls<number>(String);
    await runSteps(
      steps,
      ({ kind, pick }) => {
        if (kind === "wait") {
          calls.start((cancel) => meeting.wait(cancel));
          here.push(outcomes.push("waiting") - 1);
          if (here.length < parties) return;
          for (const [place, call] of here.entries()) outcomes[call] = String(place);
          here = [];
          return;
        }
        const call = calls.any(pick);
        if (call === undefined) return;
        calls.cancel(call);
        if (here.includes(call)) outcomes[call] = "cancelled";
        here = here.filter((other) => other !== call);
      },
      () => assert.equal(meeting.statistics().waiting, here.length),
      () => [calls.outcomes, outcomes],
    );
  }));
