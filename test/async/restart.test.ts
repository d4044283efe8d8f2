import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type Clock, useClock } from "#skein/core/clock";
import { restarting } from "#skein/async/restart";
import { CancelledError, channel, scope } from "skein";

/** Runs with a clock that jumps to each alarm at once, and notes the delays asked for. */
async function withJumpingClock(run: (delays: number[]) => Promise<void>): Promise<void> {
  let now = 0;
  const delays: number[] = [];
  const clock: Clock = {
    nowMs: () => now,
    setAlarm(ring, delayMs) {
      delays.push(delayMs);
      const immediate = setImmediate(() => {
        now += delayMs;
        ring();
      });
      return () => clearImmediate(immediate);
    },
  };
  const before = useClock(clock);
  try {
    await run(delays);
  } finally {
    useClock(before);
  }
}

describe("restarting", () => {
  it("runs the body again after each failure, and gives its result", async () => {
    let runs = 0;
    const seen: string[] = [];
    const body = () => {
      runs++;
      if (runs < 3) throw new Error(`failure ${runs}`);
      return runs;
    };
    const onRestart = (error: unknown, restarts: number) => seen.push(`${(error as Error).message} / ${restarts}`);
    assert.equal(await scope((s) => s.spawn(restarting(body, { onRestart }))), 3);
    assert.deepEqual(seen, ["failure 1 / 1", "failure 2 / 2"]);
  });

  it("gives up when it fails more often than allowed within the window, with all those failures", async () => {
    let runs = 0;
    const body = () => {
      throw new Error(`failure ${++runs}`);
    };
    await assert.rejects(
      scope((s) => s.spawn(restarting(body, { mostRestarts: 2 }))),
      (error) =>
        error instanceof AggregateError &&
        error.errors.map((one: Error) => one.message).join() === "failure 1,failure 2,failure 3",
    );
  });

  it("pauses as the backoff says, and failures outside the window do not count", async () => {
    await withJumpingClock(async (delays) => {
      let runs = 0;
      const body = () => {
        if (++runs <= 5) throw new Error("again");
        return "served";
      };
      const backoff = { delays: () => [1000, 1000, 1000, 1000, 1000] };
      assert.equal(
        await scope((s) => s.spawn(restarting(body, { mostRestarts: 1, withinMs: 900, backoff }))),
        "served",
      );
      assert.deepEqual(delays, [1000, 1000, 1000, 1000, 1000]);
    });
  });

  it("gives up when the backoff ends", async () => {
    const body = () => {
      throw new Error("again");
    };
    await assert.rejects(
      scope((s) => s.spawn(restarting(body, { mostRestarts: 99, backoff: { delays: () => [0] } }))),
      {
        message: /failed 2 times/,
      },
    );
  });

  it("restarts one for one: the other jobs of the scope are not touched", async () => {
    let isServed = false;
    await scope(async (s) => {
      const requests = channel<string>(0, s);
      let runs = 0;
      s.spawn(
        restarting(async () => {
          if (++runs === 1) throw new Error("crash");
          isServed = (await requests.receive()) === "request";
        }),
      );
      await s.spawn(() => requests.send("request"));
    });
    assert.equal(isServed, true);
  });

  it("does not restart what was cancelled", async () => {
    let runs = 0;
    await assert.rejects(
      scope(async (s) => {
        const job = s.spawn(
          restarting((inner) => {
            runs++;
            return channel<never>(0, inner).receive();
          }),
        );
        await new Promise((resolve) => setImmediate(resolve));
        s.cancel("enough");
        await job;
      }),
      CancelledError,
    );
    assert.equal(runs, 1);
  });

  it("refuses limits that are no numbers", () => {
    for (const options of [{ mostRestarts: -1 }, { withinMs: Number.NaN }]) {
      assert.throws(() => restarting(() => 1, options), { code: "SKEIN_INVALID_ARGUMENT" });
    }
  });
});
