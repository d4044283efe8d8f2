import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { rateLimit, type RateLimit, type RateLimitOptions } from "#skein/async/rate-limit";
import * as fc from "fast-check";
import { channel, scope, select, sleep } from "skein";
import { settled, withVirtualClock } from "skein/testing";

import { codeOf } from "../support/failure.js";
import { Calls } from "../support/model-run.js";

/** Asks for permits, all at 0, and gives when each request was granted. */
async function grants(options: RateLimitOptions, counts: readonly number[]): Promise<number[]> {
  return withVirtualClock(async (clock) => {
    const limit = rateLimit(options);
    const at = await Promise.all(
      counts.map(async (count) => {
        await limit.take(count);
        return clock.nowMs;
      }),
    );
    assert.equal(clock.pendingAlarms, 0);
    return at;
  });
}

describe("a sliding window", () => {
  it("grants as many as fit, and the others when those have left the window", async () => {
    assert.deepEqual(await grants({ permits: 2, perMs: 10 }, [1, 1, 1, 1, 1]), [0, 0, 10, 10, 20]);
    assert.deepEqual(await grants({ permits: 3, perMs: 10 }, [2, 2, 1, 3]), [0, 10, 10, 20]);
  });

  it("has no border across which twice as many could pass", () =>
    withVirtualClock(async (clock) => {
      const limit = rateLimit({ permits: 2, perMs: 10 });
      await sleep(9);
      assert.deepEqual([limit.tryTake(), limit.tryTake(), limit.tryTake()], [true, true, false]);
      await sleep(2);
      assert.equal(limit.tryTake(), false);
      await limit.take();
      assert.equal(clock.nowMs, 19);
    }));
});

describe("a token bucket", () => {
  it("grants its burst at once, then one at a time", async () => {
    const options = { permits: 2, perMs: 10, algorithm: "token-bucket" } as const;
    assert.deepEqual(await grants(options, [1, 1, 1, 1, 2]), [0, 0, 5, 10, 20]);
    assert.deepEqual(await grants({ ...options, burst: 1 }, [1, 1, 1]), [0, 5, 10]);
    assert.deepEqual(await grants({ ...options, burst: 4 }, [4, 1, 1]), [0, 5, 10]);
  });

  it("fills up while nobody takes, to its burst and no further", () =>
    withVirtualClock(async () => {
      const limit = rateLimit({ permits: 1, perMs: 10, algorithm: "token-bucket", burst: 3 });
      assert.equal(limit.statistics().free, 3);
      assert.equal(limit.tryTake(3), true);
      await sleep(25);
      assert.equal(limit.statistics().free, 2);
      await sleep(500);
      assert.deepEqual(limit.statistics(), { free: 3, waiting: 0, taken: 3 });
    }));
});

describe("a rate limit", () => {
  it("is first come, first served: tryTake passes nobody who waits (law 31)", () =>
    withVirtualClock(
      async (clock) => {
        const limit = rateLimit({ permits: 2, perMs: 10 });
        assert.equal(limit.tryTake(), true);
        const large = limit.take(2);
        await settled();
        assert.deepEqual(limit.statistics(), { free: 1, waiting: 1, taken: 1 });
        assert.equal(limit.tryTake(), false);
        await clock.advance(10);
        await large;
        assert.equal(limit.statistics().taken, 3);
      },
      { autojump: false },
    ));

  it("a cancelled request leaves at once, takes nothing, and lets those behind it go on (laws 10, 32, 34)", () =>
    withVirtualClock(
      async (clock) => {
        const limit = rateLimit({ permits: 2, perMs: 10 });
        limit.tryTake();
        const controller = new AbortController();
        const large = codeOf(() => limit.take(2, controller.signal));
        const small = limit.take();
        await settled();
        controller.abort();
        await small;
        assert.equal(await large, "SKEIN_CANCELLED");
        assert.deepEqual([limit.statistics().taken, limit.statistics().waiting, clock.pendingAlarms], [2, 0, 0]);
      },
      { autojump: false },
    ));

  it("is a checkpoint even if permits are free (law 9)", async () => {
    const limit = rateLimit({ permits: 2, perMs: 10 });
    assert.equal(await codeOf(() => limit.take(1, AbortSignal.abort())), "SKEIN_CANCELLED");
    assert.equal(limit.statistics().taken, 0);
  });

  it("wraps a function: each call takes one permit, and a cancelled one does not run", () =>
    withVirtualClock(async (clock) => {
      const limit = rateLimit({ permits: 1, perMs: 10 });
      const calls: [number, number][] = [];
      const code = await codeOf(() =>
        scope(
          async (s) => {
            const note = limit.wrap(async (value: number) => {
              calls.push([value, clock.nowMs]);
              return value * 2;
            }, s);
            assert.deepEqual(await Promise.all([note(1), note(2)]), [2, 4]);
            await note(3);
          },
          { timeoutMs: 15 },
        ),
      );
      assert.equal(code, "SKEIN_TIMEOUT");
      assert.deepEqual(calls, [
        [1, 0],
        [2, 10],
      ]);
      assert.equal(clock.pendingAlarms, 0);
    }));

  it("is a case of select, which takes nothing if it loses (law 26)", () =>
    withVirtualClock(async (clock) => {
      const limit = rateLimit({ permits: 1, perMs: 10 });
      assert.equal((await select({ permit: limit.taking() })).case, "permit");
      const values = channel<string>();
      const waiting = select({ permit: limit.taking(), value: values.receiving() });
      await Promise.resolve();
      assert.equal(limit.statistics().waiting, 1);
      assert.equal(values.trySend("sent"), true);
      assert.equal((await waiting).case, "value");
      assert.deepEqual([limit.statistics().taken, limit.statistics().waiting, clock.pendingAlarms], [1, 0, 0]);
      assert.equal((await select({ permit: limit.taking(), value: values.receiving() })).case, "permit");
      assert.equal(clock.nowMs, 10);
    }));
});

describe("misuse of a rate limit", () => {
  const limit = rateLimit({ permits: 2, perMs: 10 });
  const wrong: readonly [what: string, call: () => unknown][] = [
    ["no options", () => rateLimit(null as unknown as RateLimitOptions)],
    ["a number in the place of options", () => rateLimit(5 as unknown as RateLimitOptions)],
    ["0 permits", () => rateLimit({ permits: 0, perMs: 10 })],
    ["no time", () => rateLimit({ permits: 1, perMs: 0 })],
    ["a time without end", () => rateLimit({ permits: 1, perMs: Infinity })],
    ["an unknown algorithm", () => rateLimit({ permits: 1, perMs: 1, algorithm: "leaky" as "token-bucket" })],
    ["a burst of 0", () => rateLimit({ permits: 1, perMs: 1, algorithm: "token-bucket", burst: 0 })],
    ["a burst for a sliding window", () => rateLimit({ permits: 1, perMs: 1, burst: 2 })],
    ["a count of 0", () => limit.take(0)],
    ["a count above the permits", () => limit.take(3)],
    ["a scope in the place of the count", () => limit.take({} as unknown as number)],
    ["a case with a count above the permits", () => limit.taking(3)],
    ["tryTake with a broken count", () => limit.tryTake(1.5)],
    ["wrap and no function", () => limit.wrap(1 as unknown as () => void)],
  ];
  for (const [what, call] of wrong) {
    it(`is refused: ${what}`, async () => {
      assert.equal(await codeOf(call), "SKEIN_INVALID_ARGUMENT");
    });
  }

  it("does not include tryTake above the permits, which is simply refused", () => {
    assert.equal(limit.tryTake(3), false);
  });
});

/** What a rate limit should do, in the most obvious way, millisecond by millisecond. */
class Model {
  readonly outcomes: string[] = [];
  readonly queue: { call: number; count: number }[] = [];
  readonly taken: { atMs: number; count: number }[] = [];
  nowMs = 0;
  /** Of a bucket: a permit drops every `eachMs`. */
  tokens: number;
  filledMs = 0;
  readonly options: RateLimitOptions & { readonly burst: number };
  constructor(options: RateLimitOptions & { readonly burst: number }) {
    this.options = options;
    this.tokens = options.burst;
  }
  fits(count: number): boolean {
    const { permits, perMs, algorithm } = this.options;
    if (algorithm === "token-bucket") return this.tokens >= count;
    const inWindow = this.taken.filter(({ atMs }) => atMs + perMs > this.nowMs);
    return inWindow.reduce((sum, one) => sum + one.count, count) <= permits;
  }
  take(count: number): void {
    this.queue.push({ call: this.outcomes.push("waiting") - 1, count });
    this.grant();
  }
  tryTake(count: number): void {
    if (this.queue.length === 0 && this.fits(count)) this.take(count);
    else this.outcomes.push("refused");
  }
  cancel(call: number): void {
    const at = this.queue.findIndex((request) => request.call === call);
    if (at < 0) return;
    this.queue.splice(at, 1);
    this.outcomes[call] = "cancelled";
    this.grant();
  }
  tick(): void {
    this.nowMs++;
    const eachMs = this.options.perMs / this.options.permits;
    // The clock of a bucket that is full stands still.
    if (this.tokens === this.options.burst) this.filledMs = this.nowMs;
    else if (this.nowMs - this.filledMs === eachMs) {
      this.tokens++;
      this.filledMs = this.nowMs;
    }
    this.grant();
  }
  grant(): void {
    for (let first = this.queue[0]; first !== undefined && this.fits(first.count); first = this.queue[0]) {
      this.queue.shift();
      if (this.tokens === this.options.burst) this.filledMs = this.nowMs;
      this.tokens -= first.count;
      this.taken.push({ atMs: this.nowMs, count: first.count });
      this.outcomes[first.call] = `granted at ${this.nowMs}`;
    }
  }
}

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom("take", "take", "select", "try", "cancel", "advance", "advance"),
    pick: fc.nat({ max: 1000 }),
    count: fc.integer({ min: 1, max: 4 }),
  }),
  { maxLength: 30, size: "max" },
);

for (const algorithm of ["sliding-window", "token-bucket"] as const) {
  it(`a ${algorithm} does what its model does, whatever is cancelled (laws 10, 11, 31, 32, 34)`, () =>
    fc.assert(
      fc.asyncProperty(steps, (list) =>
        withVirtualClock(
          async (clock) => {
            const options = { permits: 4, perMs: 8, algorithm };
            const limit = rateLimit(options);
            const model = new Model({ ...options, burst: 4 });
            const calls = new Calls<string>((text) => text);
            const granted = async (taking: Promise<unknown>): Promise<string> => {
              await taking;
              return `granted at ${clock.nowMs}`;
            };
            for (const { kind, pick, count } of list) {
              if (kind === "take") {
                calls.start((cancel) => granted(limit.take(count, cancel)));
                model.take(count);
              } else if (kind === "select") {
                calls.start((cancel) => granted(select({ only: limit.taking(count) }, cancel)));
                model.take(count);
              } else if (kind === "try") {
                calls.done(limit.tryTake(count) ? `granted at ${clock.nowMs}` : undefined);
                model.tryTake(count);
              } else if (kind === "cancel") {
                const call = calls.any(pick);
                if (call === undefined) continue;
                calls.cancel(call);
                model.cancel(call);
              } else {
                await clock.advance(pick % 7);
                for (let i = 0; i < pick % 7; i++) model.tick();
                assert.deepEqual(calls.outcomes, model.outcomes);
              }
              assert.equal(limit.statistics().waiting, model.queue.length);
              assert.equal(clock.pendingAlarms, model.queue.length > 0 ? 1 : 0);
            }
            await clock.advance(200);
            for (let i = 0; i < 200; i++) model.tick();
            assert.deepEqual(calls.outcomes, model.outcomes);
            assert.equal(clock.pendingAlarms, 0);
          },
          { autojump: false },
        ),
      ),
      { numRuns: 100 },
    ));
}

it("no stretch of time has more than a rate limit allows, whatever the numbers", () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.double({ min: 0.1, max: 50, noNaN: true }),
      fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
      fc.array(
        fc.record({ count: fc.integer({ min: 1, max: 6 }), gapMs: fc.double({ min: 0, max: 30, noNaN: true }) }),
        {
          maxLength: 25,
        },
      ),
      (permits, perMs, burst, requests) =>
        withVirtualClock(async (clock) => {
          const limit: RateLimit =
            burst === undefined
              ? rateLimit({ permits, perMs })
              : rateLimit({ permits, perMs, algorithm: "token-bucket", burst });
          const most = burst ?? permits;
          const taken: { readonly atMs: number; readonly count: number }[] = [];
          const take = async (count: number): Promise<void> => {
            await limit.take(count);
            taken.push({ atMs: clock.nowMs, count });
          };
          const all: Promise<void>[] = [];
          for (const { count, gapMs } of requests) {
            await sleep(gapMs);
            all.push(take(Math.min(count, most)));
          }
          await Promise.all(all);
          for (const { atMs: fromMs } of taken) {
            const within = taken.filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + perMs);
            const sum = within.reduce((total, { count }) => total + count, 0);
            assert.ok(sum <= (burst === undefined ? permits : permits + burst), `${sum} from ${fromMs} on`);
          }
          assert.equal(clock.pendingAlarms, 0);
        }),
    ),
    { numRuns: 150 },
  ));
