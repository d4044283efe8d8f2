import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { channel, scope, sleep } from "skein";
import { sequencer, withVirtualClock } from "skein/testing";
import fc from "fast-check";

import { codeOf } from "../support/failure.js";

describe("a sequencer", () => {
  it("passes its numbers in order, whichever job holds them and whenever it gets there", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(3), { minLength: 1, maxLength: 10 }),
        fc.array(fc.nat(4), { minLength: 4, maxLength: 4 }),
        async (owners, delays) => {
          const seq = sequencer();
          const seen: number[] = [];
          await scope(async (s) => {
            for (const [owner, delay] of delays.entries()) {
              s.spawn(async () => {
                for (let turn = 0; turn < delay; turn++) await Promise.resolve();
                for (const [position, by] of owners.entries()) {
                  if (by !== owner) continue;
                  await seq(position);
                  seen.push(position);
                }
              });
            }
          });
          assert.deepEqual(
            seen,
            owners.map((_, position) => position),
          );
        },
      ),
      { numRuns: 30 },
    ));

  it("passes a number after all that the one before set going has come to rest", async () => {
    const seq = sequencer();
    const seen: string[] = [];
    await scope(async (s) => {
      const words = channel<string>(0, s);
      s.spawn(async () => {
        await seq(0);
        await words.send("a");
        await new Promise(setImmediate);
        seen.push("sent");
      });
      s.spawn(async () => {
        seen.push(await words.receive());
      });
      await seq(1);
      seen.push("one");
    });
    assert.deepEqual(seen, ["a", "sent", "one"]);
  });

  it("passes a number although the job of the one before is blocked", async () => {
    const seq = sequencer();
    await scope(async (s) => {
      const words = channel<string>(0, s);
      const receiver = s.spawn(async () => {
        await seq(0);
        return words.receive();
      });
      await seq(1);
      assert.equal(words.statistics().waitingReceivers, 1);
      await words.send("late");
      assert.equal(await receiver, "late");
    });
  });

  it("comes before time: a virtual clock jumps when all numbers that are there have passed", () =>
    withVirtualClock(async (clock) => {
      const seq = sequencer();
      const seen: (string | number)[] = [];
      const sleeper = sleep(5).then(() => seen.push("slept"));
      const last = seq(2).then(() => seen.push(2, clock.nowMs));
      await seq(0);
      seen.push(0);
      await seq(1);
      seen.push(1);
      await last;
      await sleeper;
      assert.deepEqual(seen, [0, 1, 2, 0, "slept"]);
    }));

  it("refuses a number given twice, and what is no position", async () => {
    const seq = sequencer();
    await seq(0);
    void seq(2);
    for (const position of [0, 2, -1, 0.5, Number.NaN, "1" as never]) {
      assert.equal(await codeOf(() => seq(position)), "SKEIN_INVALID_ARGUMENT");
    }
  });
});
