import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as fc from "fast-check";

import { event } from "#skein/async/event";
import { semaphore, type Semaphore, type SemaphoreToken } from "#skein/async/semaphore";
import { CancelledError, channel, DeadlockError, type Scope, scope, select, TimeoutError } from "skein";
import { withVirtualClock } from "skein/testing";

import { codeOf, failureOf } from "../support/failure.js";
import { Calls, forAllSteps, runSteps, settled } from "../support/model-run.js";

/** Starts to acquire, and notes `name` in `order` when granted. */
async function noted(sem: Semaphore, count: number, name: string, order: string[]): Promise<SemaphoreToken> {
  const token = await sem.acquire(count);
  order.push(name);
  return token;
}

describe("a semaphore", () => {
  it("hands out its permits and no more", async () => {
    const sem = semaphore({ permits: 3, name: "db" });
    const two = await sem.acquire(2);
    assert.equal(two.count, 2);
    assert.equal(sem.tryAcquire(2), undefined);
    assert.ok(sem.tryAcquire());
    assert.deepEqual(sem.statistics(), { permits: 3, free: 0, held: 3, waiting: 0 });
    two.release();
    assert.deepEqual(sem.statistics(), { permits: 3, free: 2, held: 1, waiting: 0 });
  });

  it("takes back from a token only what it holds, however often it is released (law 33)", async () => {
    const sem = semaphore(2);
    const first = await sem.acquire();
    first.release();
    const second = await sem.acquire(2);
    first.release();
    first[Symbol.dispose]();
    assert.equal(first.isHeld, false);
    assert.equal(second.isHeld, true);
    assert.equal(sem.statistics().free, 0);
  });

  it("releases a token at the end of a using block", async () => {
    const sem = semaphore(1);
    {
      using token = await sem.acquire();
      assert.equal(token.isHeld, true);
      assert.equal(sem.statistics().free, 0);
    }
    assert.equal(sem.statistics().free, 1);
  });

  it("serves requests in order of arrival: who releases and acquires again goes behind them (law 31)", async () => {
    const sem = semaphore(1);
    const order: string[] = [];
    const first = await sem.acquire();
    const waiting = noted(sem, 1, "waiting", order);
    first.release();
    const again = noted(sem, 1, "again", order);
    (await waiting).release();
    (await again).release();
    assert.deepEqual(order, ["waiting", "again"]);
  });

  it("does not let tryAcquire pass a waiting request, though permits are free (law 31)", async () => {
    const sem = semaphore(2);
    const held = await sem.acquire();
    const large = sem.acquire(2);
    assert.equal(sem.statistics().free, 1);
    assert.equal(sem.tryAcquire(), undefined);
    held.release();
    (await large).release();
    assert.ok(sem.tryAcquire());
  });

  it("gives a released permit to the waiting request in the same turn (law 31)", async () => {
    const sem = semaphore(1);
    const held = await sem.acquire();
    const waiting = sem.acquire();
    held.release();
    assert.equal(sem.tryAcquire(), undefined);
    assert.equal((await waiting).isHeld, true);
  });

  it("does not starve a large request by small ones (law 32)", async () => {
    const sem = semaphore(4);
    const order: string[] = [];
    const held = [await sem.acquire(2), await sem.acquire(2)];
    const waiting = [noted(sem, 4, "large", order), noted(sem, 1, "small", order), noted(sem, 1, "small", order)];
    held[0]?.release();
    await settled();
    assert.deepEqual(order, []);
    held[1]?.release();
    await settled();
    assert.deepEqual(order, ["large"]);
    (await waiting[0])?.release();
    await settled();
    assert.deepEqual(order, ["large", "small", "small"]);
  });

  it("lets the requests behind a cancelled large one go on at once (laws 32 and 34)", async () => {
    const sem = semaphore(2);
    const order: string[] = [];
    const held = await sem.acquire();
    const controller = new AbortController();
    const large = failureOf(sem.acquire(2, controller.signal));
    void noted(sem, 1, "small", order);
    await settled();
    assert.deepEqual(order, []);
    controller.abort();
    assert.deepEqual(sem.statistics(), { permits: 2, free: 0, held: 2, waiting: 0 });
    assert.ok((await large) instanceof CancelledError);
    assert.deepEqual(order, ["small"]);
    held.release();
  });

  it("gives a cancelled request nothing, and its place to nobody (laws 10 and 34)", async () => {
    const sem = semaphore(1);
    const held = await sem.acquire();
    const controller = new AbortController();
    const waiting = failureOf(sem.acquire(1, controller.signal));
    assert.equal(sem.statistics().waiting, 1);
    controller.abort();
    assert.equal(sem.statistics().waiting, 0);
    held.release();
    assert.equal(sem.statistics().free, 1);
    assert.ok((await waiting) instanceof CancelledError);
  });

  it("has one outcome when release and cancellation meet in a turn, and the permit follows it (law 11)", async () => {
    for (const releaseFirst of [true, false]) {
      const sem = semaphore(1);
      const held = await sem.acquire();
      const controller = new AbortController();
      const waiting = sem.acquire(1, controller.signal).then(
        () => "acquired",
        () => "cancelled",
      );
      if (releaseFirst) held.release();
      controller.abort();
      held.release();
      assert.equal(await waiting, releaseFirst ? "acquired" : "cancelled");
      assert.equal(sem.statistics().held, releaseFirst ? 1 : 0);
    }
  });

  it("is a checkpoint even when the permit is free (law 9)", async () => {
    const sem = semaphore(1);
    assert.ok((await failureOf(sem.acquire(1, AbortSignal.abort()))) instanceof CancelledError);
    assert.equal(sem.statistics().held, 0);
  });

  it("can have any number of permits", async () => {
    const sem = semaphore(Infinity);
    await sem.acquire(1000);
    assert.equal(sem.statistics().free, Infinity);
    assert.equal(sem.statistics().held, 1000);
  });

  it("keeps nothing of a wait that is over (law 40)", async () => {
    const sem = semaphore(1);
    await sem.acquire();
    await scope(async (s) => {
      const node = s as unknown as { listeners(): readonly unknown[] };
      const before = node.listeners().length;
      for (let round = 0; round < 10; round++) {
        const inner = s.spawn((job: Scope) => sem.acquire(1, job));
        await settled();
        inner.cancel();
        await failureOf(inner);
      }
      assert.equal(node.listeners().length, before);
    });
    assert.equal(sem.statistics().waiting, 0);
  });
});

describe("with, wrap and wrapIterator", () => {
  it("hold a permit while the function runs, and release it if it fails", async () => {
    const sem = semaphore(1);
    assert.equal(await sem.with(() => sem.statistics().held), 1);
    const boom = new Error("boom");
    assert.equal(await failureOf(sem.with(() => Promise.reject(boom))), boom);
    const synchronous = (): never => {
      throw boom;
    };
    assert.equal(await failureOf(sem.with(synchronous)), boom);
    assert.equal(sem.statistics().held, 0);
  });

  it("give a function that takes a scope one, and release when that has ended (law 16)", async () => {
    const sem = semaphore(1);
    const done = event();
    const result = sem.with(async (s) => {
      s.spawn(() => done.wait());
      return 7;
    });
    await settled();
    assert.equal(sem.statistics().held, 1);
    done.set();
    assert.equal(await result, 7);
    assert.equal(sem.statistics().held, 0);
  });

  it("never run the function if cancelled before the permit came (law 10)", async () => {
    const sem = semaphore(1);
    await sem.acquire();
    const controller = new AbortController();
    let runs = 0;
    const waiting = failureOf(sem.with(() => runs++, controller.signal));
    controller.abort();
    assert.ok((await waiting) instanceof CancelledError);
    assert.equal(runs, 0);
  });

  it("give the permit back if the scope was cancelled between grant and start (law 11)", async () => {
    const sem = semaphore(1);
    const held = await sem.acquire();
    const controller = new AbortController();
    let runs = 0;
    const waiting = failureOf(sem.with(async (_s) => runs++, controller.signal));
    held.release();
    controller.abort();
    assert.ok((await waiting) instanceof CancelledError);
    assert.equal(runs, 0);
    assert.equal(sem.statistics().held, 0);
  });

  it("bound how many calls of a wrapped function run at once", async () => {
    const sem = semaphore(2);
    let running = 0;
    let most = 0;
    const square = sem.wrap(async (value: number) => {
      most = Math.max(most, ++running);
      await settled();
      running--;
      return value * value;
    });
    assert.deepEqual(await Promise.all([1, 2, 3, 4, 5].map((value) => square(value))), [1, 4, 9, 16, 25]);
    assert.equal(most, 2);
  });

  it("pass on the values of an iterable, each step with a permit", async () => {
    const sem = semaphore(1);
    const seen: number[] = [];
    for await (const value of sem.wrapIterator([1, Promise.resolve(2), 3])) {
      seen.push(value);
      assert.equal(sem.statistics().held, 0);
    }
    assert.deepEqual(seen, [1, 2, 3]);
    async function* source(): AsyncGenerator<number> {
      yield sem.statistics().held;
      yield sem.statistics().held;
    }
    seen.length = 0;
    for await (const value of sem.wrapIterator(source())) seen.push(value);
    assert.deepEqual(seen, [1, 1]);
    assert.equal(sem.statistics().held, 0);
  });

  it("close the source when the loop is left, though a step is pending (law 38)", async () => {
    const sem = semaphore(2);
    let closed = false;
    const source: AsyncIterableIterator<number> = {
      next: () => new Promise(() => undefined),
      return: () => {
        closed = true;
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
    const steps = sem.wrapIterator(source);
    void steps.next();
    await settled();
    await steps.return?.();
    assert.equal(closed, true);
    assert.deepEqual(await steps.next(), { done: true, value: undefined });
  });

  it("close a synchronous source when one of its promises fails", async () => {
    const sem = semaphore(1);
    let closed = false;
    function* source(): Generator<Promise<number>> {
      try {
        yield Promise.reject(new Error("boom"));
        yield Promise.resolve(2);
      } finally {
        closed = true;
      }
    }
    const steps = sem.wrapIterator(source());
    assert.equal(((await failureOf(steps.next())) as Error).message, "boom");
    assert.equal(closed, true);
    assert.deepEqual(await steps.next(), { done: true, value: undefined });
    assert.equal(sem.statistics().held, 0);
  });
});

describe("nested use of one semaphore", () => {
  it("that needs the block's own permit fails and names semaphore and scope", async () => {
    const sem = semaphore({ permits: 1, name: "db" });
    const error = await failureOf(sem.with((s) => sem.acquire(1, s)));
    assert.ok(error instanceof DeadlockError);
    assert.match(error.message, /semaphore "db"/);
    assert.match(error.message, /scope "with db"/);
    assert.deepEqual(sem.statistics(), { permits: 1, free: 1, held: 0, waiting: 0 });
  });

  it("is seen through jobs, inner scopes and shields", async () => {
    const sem = semaphore(1);
    const error = await failureOf(
      sem.with((s) =>
        s.spawn(async (job: Scope) => {
          await job.shield((shielded) => scope((inner) => sem.with(() => 1, inner), {}, shielded));
        }),
      ),
    );
    assert.ok(error instanceof DeadlockError);
  });

  it("by two blocks that each wait for the other's permit fails in the last to come", async () => {
    const sem = semaphore(2);
    const bothHold = event();
    const outcomes = await Promise.allSettled(
      ["a", "b"].map((name) =>
        sem.with(async (s) => {
          if (name === "b") bothHold.set();
          await bothHold.wait(s);
          return sem.with(() => name, s);
        }),
      ),
    );
    // One fails and so gives its permit back; the other goes on with it.
    assert.deepEqual(outcomes.map((outcome) => outcome.status).sort(), ["fulfilled", "rejected"]);
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    assert.ok(failed?.reason instanceof DeadlockError);
    assert.equal(sem.statistics().free, 2);
  });

  it("behind a large request that its own block keeps waiting fails", async () => {
    const sem = semaphore(2);
    const large: Promise<SemaphoreToken>[] = [];
    const error = await failureOf(
      sem.with((s) => {
        large.push(sem.acquire(2));
        return sem.acquire(1, s);
      }),
    );
    assert.ok(error instanceof DeadlockError);
    assert.equal((await (large[0] as Promise<SemaphoreToken>)).count, 2);
  });

  it("waits while a permit is held outside any block, for it may be released", async () => {
    const sem = semaphore(2);
    const token = await sem.acquire();
    const result = sem.with((s) => sem.with(() => "inner", s));
    await settled();
    assert.equal(sem.statistics().waiting, 1);
    token.release();
    assert.equal(await result, "inner");
  });

  it("waits while another block can still end", async () => {
    const sem = semaphore(2);
    const gate = event();
    const other = sem.with((s) => gate.wait(s));
    const nested = sem.with((s) => sem.with(() => "inner", s));
    await settled();
    gate.set();
    await other;
    assert.equal(await nested, "inner");
  });

  it("is not suspected in jobs that share a scope, or in promises side by side (no false alarm)", async () => {
    const sem = semaphore(1);
    let runs = 0;
    const work = async (s: Scope): Promise<void> => {
      using token = await sem.acquire(1, s);
      assert.equal(token.isHeld, true);
      await settled();
      runs++;
    };
    await scope(async (s) => {
      for (let job = 0; job < 3; job++) s.spawn(() => work(s));
      await Promise.all([work(s), work(s), sem.with(() => runs++, s), sem.with((inner) => inner.checkpoint(), s)]);
    });
    assert.equal(runs, 6);
  });

  it("is not suspected of a request that a deadline inside the block ends, nor of one with a signal", async () => {
    const sem = semaphore(1);
    const error = await withVirtualClock(() =>
      failureOf(sem.with((s) => scope((inner) => sem.acquire(1, inner), { timeoutMs: 1 }, s))),
    );
    assert.ok(error instanceof TimeoutError);
    const controller = new AbortController();
    const cancelled = sem.with(async (_s) => {
      const waiting = failureOf(sem.acquire(1, controller.signal));
      controller.abort();
      return waiting;
    });
    assert.ok((await cancelled) instanceof CancelledError);
  });

  it("is suspected under a deadline that is the block's own too", async () => {
    const sem = semaphore(1);
    const error = await withVirtualClock(() =>
      failureOf(scope((s) => sem.with((inner) => sem.acquire(1, inner), s), { timeoutMs: 1000 })),
    );
    assert.ok(error instanceof DeadlockError);
  });

  it("is not suspected behind a large request that may leave (no false alarm)", async () => {
    const sem = semaphore(2);
    const controller = new AbortController();
    const large: Promise<unknown>[] = [];
    const result = sem.with(async (s) => {
      large.push(failureOf(sem.acquire(2, controller.signal)));
      return sem.with(() => "inner", s);
    });
    await settled();
    assert.equal(sem.statistics().waiting, 2);
    controller.abort();
    assert.equal(await result, "inner");
    assert.ok((await large[0]) instanceof CancelledError);
  });

  it("is not suspected because of a wait that has ended (no false alarm)", async () => {
    for (const end of ["granted", "cancelled"]) {
      const sem = semaphore(2);
      const token = await sem.acquire();
      const release = event();
      const holding = sem.with(async (s) => {
        const job = s.spawn((inner: Scope) => sem.with(() => 1, inner));
        await settled();
        if (end === "granted") token.release();
        else job.cancel();
        await job.join().catch(() => undefined);
        await release.wait(s);
      });
      await settled();
      await settled();
      token.release();
      const nested = sem.with((s) => sem.with(() => "inner", s));
      await settled();
      assert.equal(sem.statistics().waiting, 1);
      release.set();
      await holding;
      assert.equal(await nested, "inner");
    }
  });

  it("is forgotten when a block ends before a request that nobody awaited", async () => {
    const sem = semaphore(2);
    const token = await sem.acquire();
    const left: Promise<SemaphoreToken>[] = [];
    await sem.with(async (s) => void left.push(sem.acquire(1, s)));
    const late = await (left[0] as Promise<SemaphoreToken>);
    token.release();
    const nested = sem.with((s) => sem.with(() => "inner", s));
    await settled();
    assert.equal(sem.statistics().waiting, 1);
    late.release();
    assert.equal(await nested, "inner");
  });

  it("always ends, and fails only with fewer permits than all chains of blocks could hold plus one", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 16 }),
        async (chains, permits) => {
          const sem = semaphore(permits);
          // Each chain takes a permit inside a block inside a block, with pauses of some promise jobs.
          const run = (pauses: readonly number[], cancel?: Scope): Promise<void> =>
            sem.with(async (s) => {
              for (let job = 0; job < (pauses[0] ?? 0); job++) await Promise.resolve();
              if (pauses.length > 1) await run(pauses.slice(1), s);
            }, cancel);
          const outcomes = await Promise.allSettled(chains.map((pauses) => run(pauses)));
          const failures = outcomes.filter((outcome) => outcome.status === "rejected");
          for (const failure of failures) assert.ok(failure.reason instanceof DeadlockError);
          const heldByWaiting = chains.reduce((sum, pauses) => sum + pauses.length - 1, 0);
          if (permits > heldByWaiting) assert.equal(failures.length, 0);
          if (permits < Math.max(...chains.map((pauses) => pauses.length))) assert.notEqual(failures.length, 0);
          assert.deepEqual(sem.statistics(), { permits, free: permits, held: 0, waiting: 0 });
        },
      ),
      { numRuns: 300 },
    ));

  it("is forgotten when the waits in a block have ended", async () => {
    const sem = semaphore(2);
    const token = await sem.acquire();
    await sem.with(async (s) => {
      const job = s.spawn((inner: Scope) => sem.acquire(1, inner));
      await settled();
      job.cancel();
      await failureOf(job);
      const again = s.spawn((inner: Scope) => sem.with(() => "granted", inner));
      await settled();
      token.release();
      assert.equal(await again, "granted");
    });
    assert.equal(
      await failureOf(sem.with((s) => sem.acquire(2, s))).then((error) => error instanceof DeadlockError),
      true,
    );
    assert.equal(sem.statistics().free, 2);
  });
});

describe("a semaphore in a select", () => {
  it("is acquired by the case that wins, and left alone by one that loses (law 26)", async () => {
    const sem = semaphore(1);
    const values = channel<number>(1);
    const won = await select({ permit: sem.acquiring(), value: values.receiving() });
    assert.equal(won.case, "permit");
    const waiting = select({ permit: sem.acquiring(), value: values.receiving() });
    assert.equal(sem.statistics().waiting, 1);
    await values.send(1);
    assert.equal((await waiting).case, "value");
    assert.equal(sem.statistics().waiting, 0);
    if (won.case === "permit") won.value.release();
    assert.equal(sem.statistics().free, 1);
  });

  it("hands a released permit to a case that waits", async () => {
    const sem = semaphore(1);
    const held = await sem.acquire();
    const waiting = select({ permit: sem.acquiring() });
    held.release();
    assert.equal((await waiting).value.isHeld, true);
  });

  it("never does two cases: a large one that leaves lets no other case of the same select go on (law 26)", async () => {
    for (const end of ["value", "cancel"]) {
      const sem = semaphore(2);
      await sem.acquire();
      const values = channel<string>();
      const controller = new AbortController();
      // The one in front makes the small case wait behind the large one.
      const front = new AbortController();
      const inFront = failureOf(sem.acquire(2, front.signal));
      const waiting = select(
        { large: sem.acquiring(2), small: sem.acquiring(1), value: values.receiving() },
        controller.signal,
      ).then(
        (won) => won.case,
        () => "cancelled",
      );
      front.abort();
      await inFront;
      if (end === "value") assert.equal(values.trySend("sent"), true);
      else controller.abort();
      assert.equal(await waiting, end === "value" ? "value" : "cancelled");
      assert.deepEqual(sem.statistics(), { permits: 2, free: 1, held: 1, waiting: 0 });
    }
  });

  it("lets those behind a losing case go on (law 32)", async () => {
    const sem = semaphore(2);
    await sem.acquire();
    const values = channel<string>();
    const waiting = select({ large: sem.acquiring(2), value: values.receiving() });
    const behind = sem.acquire(1);
    values.trySend("sent");
    await waiting;
    assert.equal((await behind).isHeld, true);
  });
});

describe("misuse of a semaphore", () => {
  const sem = semaphore(2);
  const wrong: readonly [what: string, call: () => unknown][] = [
    ["0 permits", () => semaphore(0)],
    ["half a permit", () => semaphore({ permits: 0.5 })],
    ["no permits given", () => semaphore({} as { permits: number })],
    ["no options", () => semaphore(null as unknown as number)],
    ["a count of 0", () => sem.acquire(0)],
    ["a count that is no number", () => sem.acquire("1" as unknown as number)],
    ["a scope in the place of the count", () => sem.acquire({} as unknown as number)],
    ["a count above the permits", () => sem.acquire(3)],
    ["tryAcquire with a broken count", () => sem.tryAcquire(1.5)],
    ["a case with a count above the permits", () => sem.acquiring(3)],
    ["a timeout in the place of a scope", () => sem.acquire(1, 100 as unknown as AbortSignal)],
    ["with and no function", () => sem.with(1 as unknown as () => void)],
    ["wrap and no function", () => sem.wrap(1 as unknown as () => void)],
    ["wrapIterator and no iterable", () => sem.wrapIterator(1 as unknown as number[])],
  ];
  for (const [what, call] of wrong) {
    it(`is refused: ${what}`, async () => {
      assert.equal(await codeOf(call), "SKEIN_INVALID_ARGUMENT");
      assert.equal(sem.statistics().held, 0);
    });
  }

  it("does not include tryAcquire above the permits, which is simply refused", () => {
    assert.equal(sem.tryAcquire(3), undefined);
  });
});

/** What a semaphore should do, in the most obvious way. */
class Model {
  readonly outcomes: string[] = [];
  free: number;
  readonly queue: { call: number; count: number }[] = [];
  readonly held = new Map<number, number>();

  constructor(permits: number) {
    this.free = permits;
  }
  acquire(count: number): void {
    this.queue.push({ call: this.outcomes.push("waiting") - 1, count });
    this.grant();
  }
  tryAcquire(count: number): void {
    const isFree = this.queue.length === 0 && count <= this.free;
    if (isFree) this.acquire(count);
    else this.outcomes.push("refused");
  }
  cancel(call: number): void {
    const at = this.queue.findIndex((request) => request.call === call);
    if (at < 0) return;
    this.queue.splice(at, 1);
    this.outcomes[call] = "cancelled";
    this.grant();
  }
  release(call: number): void {
    this.free += this.held.get(call) ?? 0;
    this.held.delete(call);
    this.grant();
  }
  grant(): void {
    for (let first = this.queue[0]; first !== undefined && first.count <= this.free; first = this.queue[0]) {
      this.queue.shift();
      this.free -= first.count;
      this.held.set(first.call, first.count);
      this.outcomes[first.call] = `holds ${first.count}`;
    }
  }
}

it("a semaphore does what its model does, whatever is cancelled (laws 10, 11, 31, 32, 34)", () =>
  forAllSteps(["acquire", "acquire", "select", "try", "cancel", "cancel", "release"], async (steps) => {
    const permits = 4;
    const sem = semaphore(permits);
    const model = new Model(permits);
    const calls = new Calls<SemaphoreToken>((token) => `holds ${token.count}`);
    await runSteps(
      steps,
      ({ kind, pick, count }) => {
        if (kind === "acquire") {
          calls.start((cancel) => sem.acquire(count, cancel));
          model.acquire(count);
        } else if (kind === "select") {
          calls.start(async (cancel) => (await select({ only: sem.acquiring(count) }, cancel)).value);
          model.acquire(count);
        } else if (kind === "try") {
          calls.done(sem.tryAcquire(count));
          model.tryAcquire(count);
        } else if (kind === "cancel") {
          const call = calls.any(pick);
          if (call === undefined) return;
          calls.cancel(call);
          model.cancel(call);
        } else {
          const chosen = calls.anyWithValue(pick);
          if (chosen === undefined) return;
          chosen.value.release();
          model.release(chosen.call);
        }
      },
      () => {
        const { free, waiting } = sem.statistics();
        assert.deepEqual({ free, waiting }, { free: model.free, waiting: model.queue.length });
      },
      () => [calls.outcomes, model.outcomes],
    );
  }));
