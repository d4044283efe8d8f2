import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { describe, it } from "node:test";

import { CancelledError, sleep, TimeoutError } from "skein";
import { PQueue, type QueueAddOptions, type QueueEvents } from "skein/compat";
import { withVirtualClock } from "skein/testing";

import { codeOf, failureOf } from "../support/failure.js";
import { Calls, forAllSteps, runSteps, settled } from "../support/model-run.js";

/** A job that the test ends. */
class Held {
  readonly name: string;
  isStarted = false;
  end: () => void = () => assert.fail(`${this.name} has not started`);

  constructor(name: string) {
    this.name = name;
  }

  readonly run = (): Promise<string> => {
    this.isStarted = true;
    return new Promise((resolve) => {
      this.end = () => resolve(this.name);
    });
  };
}

/** Jobs with these names that note their start, and the queue that holds them back until `start()`. */
function noting(options: readonly (QueueAddOptions & { readonly id: string })[]): {
  readonly queue: PQueue;
  readonly started: string[];
} {
  const queue = new PQueue({ concurrency: 1, autoStart: false });
  const started: string[] = [];
  for (const option of options) void queue.add(() => started.push(option.id), option);
  return { queue, started };
}

describe("PQueue", () => {
  it("gives each job's outcome", async () => {
    const queue = new PQueue({ concurrency: 1 });
    const error = new Error("mine");
    const [value, failure] = await Promise.all([queue.add(() => 5), failureOf(queue.add(() => Promise.reject(error)))]);
    assert.deepEqual([value, failure], [5, error]);
  });

  it("runs at most so many at once", async () => {
    const queue = new PQueue({ concurrency: 2 });
    const held = ["a", "b", "c"].map((name) => new Held(name));
    const results = held.map((job) => queue.add(job.run));
    await settled();
    assert.deepEqual([queue.pending, queue.size, queue.isSaturated], [2, 1, true]);
    assert.deepEqual(
      held.map(({ isStarted }) => isStarted),
      [true, true, false],
    );
    held[1]?.end();
    await settled();
    assert.equal(held[2]?.isStarted, true);
    held[0]?.end();
    held[2]?.end();
    assert.deepEqual(await Promise.all(results), ["a", "b", "c"]);
  });

  it("runs by priority, then in the order of add", async () => {
    const { queue, started } = noting([
      { id: "a" },
      { id: "b", priority: 1 },
      { id: "c", priority: -1 },
      { id: "d", priority: 1 },
      { id: "e" },
    ]);
    assert.deepEqual([queue.sizeBy({ priority: 1 }), queue.sizeBy({ id: "c" }), queue.sizeBy({})], [2, 1, 5]);
    await queue.start().onIdle();
    assert.deepEqual(started, ["b", "d", "a", "e", "c"]);
  });

  it("moves a job that waits to another priority", async () => {
    const { queue, started } = noting([{ id: "a" }, { id: "b" }, { id: "c" }]);
    queue.setPriority("c", 1);
    queue.setPriority("a", -1);
    await queue.start().onIdle();
    assert.deepEqual(started, ["c", "b", "a"]);
  });

  it("starts nothing while paused", async () => {
    const queue = new PQueue();
    queue.pause();
    const job = queue.add(() => "ran");
    await settled();
    assert.deepEqual([queue.isPaused, queue.size, queue.isSaturated], [true, 1, false]);
    queue.start();
    assert.equal(await job, "ran");
  });

  it("lets jobs in as soon as the concurrency is raised", async () => {
    const queue = new PQueue({ concurrency: 1 });
    const jobs = [1, 2, 3].map(() => queue.add(settled));
    queue.concurrency = 3;
    assert.equal(queue.pending, 3);
    await Promise.all(jobs);
  });

  it("runs each job in the async context of its add (law 37)", async () => {
    const context = new AsyncLocalStorage<string>();
    const queue = new PQueue({ concurrency: 1, autoStart: false });
    const jobs = ["a", "b", "c"].map((name, index) =>
      context.run(name, () => queue.add(async () => context.getStore(), { priority: index })),
    );
    context.run("other", () => queue.start());
    assert.deepEqual(await Promise.all(jobs), ["a", "b", "c"]);
  });

  it("agrees with a model, whatever is added, aborted, cleared and ended in whatever order (laws 11, 16, 41)", () =>
    forAllSteps(["add", "abort", "end", "clear"], async (steps) => {
      const queue = new PQueue({ concurrency: 2 });
      const calls = new Calls<string>((value) => value);
      const held: Held[] = [];
      // What each is: waiting, running, deaf (aborted and running on), over.
      const model: { state: "waiting" | "running" | "deaf" | "over"; outcome: string }[] = [];
      const go = (): void => {
        for (const job of model) {
          const running = model.filter(({ state }) => state === "running" || state === "deaf").length;
          if (job.state === "waiting" && running < 2) job.state = "running";
        }
      };
      const count = (...states: string[]): number => model.filter(({ state }) => states.includes(state)).length;
      await runSteps(
        steps.map((step) => ({ ...step, settle: true })),
        ({ kind, pick, count: number }) => {
          const id = calls.any(pick);
          switch (kind) {
            case "add": {
              const job = new Held(`job ${held.length}`);
              held.push(job);
              calls.start((signal) => queue.add(job.run, { signal }));
              model.push({ state: "waiting", outcome: "waiting" });
              break;
            }
            case "abort": {
              if (id === undefined) break;
              calls.cancel(id);
              const job = model[id];
              if (job === undefined || job.state === "over" || job.state === "deaf") break;
              job.state = job.state === "running" ? "deaf" : "over";
              job.outcome = "This operation was aborted";
              break;
            }
            case "end": {
              const job = model[id ?? -1];
              if (id === undefined || job === undefined || (job.state !== "running" && job.state !== "deaf")) break;
              held[id]?.end();
              if (job.state === "running") job.outcome = `job ${id}`;
              job.state = "over";
              break;
            }
            case "clear":
              if (number > 1) break;
              queue.clear();
              for (const job of model) {
                if (job.state === "waiting") Object.assign(job, { state: "over", outcome: "cancelled" });
              }
              break;
            default:
              assert.fail(kind satisfies never);
          }
          go();
        },
        () => undefined,
        () => {
          assert.equal(queue.size, count("waiting"));
          assert.equal(queue.pending, count("running", "deaf"));
          return [calls.outcomes, model.map(({ outcome }) => outcome)];
        },
      );
    }));
});

describe("an aborted job of PQueue", () => {
  it("leaves the queue at once and rejects with the signal's reason (law 34)", async () => {
    const queue = new PQueue({ concurrency: 1, autoStart: false });
    const controller = new AbortController();
    let isStarted = false;
    const job = queue.add(() => (isStarted = true), { signal: controller.signal });
    controller.abort();
    assert.equal(queue.size, 0);
    assert.equal(await failureOf(job), controller.signal.reason);
    await queue.start().onIdle();
    assert.equal(isStarted, false);
  });

  it("does not start if it was let in but had not started", async () => {
    const queue = new PQueue();
    const controller = new AbortController();
    let isStarted = false;
    const job = queue.add(() => (isStarted = true), { signal: controller.signal });
    assert.equal(queue.pending, 1);
    controller.abort("now");
    assert.equal(await failureOf(job), "now");
    assert.deepEqual([isStarted, queue.pending], [false, 0]);
    await queue.onIdle();
  });

  it("is refused with a signal that was aborted before", async () => {
    const queue = new PQueue();
    assert.equal(await failureOf(queue.add(() => 1, { signal: AbortSignal.abort("before") })), "before");
    assert.equal(queue.size, 0);
  });

  it("rejects at once when it runs, and keeps its place until it ends (law 16)", async () => {
    const queue = new PQueue({ concurrency: 1 });
    const controller = new AbortController();
    const deaf = new Held("deaf");
    const job = queue.add(deaf.run, { signal: controller.signal, id: "deaf" });
    const next = queue.add(() => "next");
    await settled();
    controller.abort("enough");
    assert.equal(await failureOf(job), "enough");
    await settled();
    assert.deepEqual([queue.pending, queue.size], [1, 1]);
    assert.equal(queue.runningTasks[0]?.id, "deaf");
    deaf.end();
    assert.equal(await next, "next");
  });

  it("is told through the signal that it was given", async () => {
    const queue = new PQueue();
    const controller = new AbortController();
    let told: unknown;
    const job = queue.add(
      ({ signal }) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => {
            told = signal.reason;
            resolve("tidied up");
          });
        }),
      { signal: controller.signal },
    );
    await settled();
    controller.abort("enough");
    await failureOf(job);
    assert.ok(told instanceof CancelledError);
    assert.equal(told.reason, "enough");
    await queue.onIdle();
  });

  it("that fails afterwards is told to the owner, unless it fails by the abort (law 4)", async () => {
    const told: Error[] = [];
    const onWarning = (warning: Error): void => void told.push(warning);
    process.on("warning", onWarning);
    try {
      const queue = new PQueue();
      const controller = new AbortController();
      const options = { signal: controller.signal };
      const obedient = queue.add(({ signal }) => sleep(Infinity, signal), options);
      const asPlatform = queue.add(async ({ signal }) => {
        await settled();
        await settled();
        signal.throwIfAborted();
      }, options);
      const failing = queue.add(async () => {
        await settled();
        await settled();
        throw new Error("too late");
      }, options);
      await settled();
      controller.abort();
      await Promise.all([obedient, asPlatform, failing].map((job) => failureOf(job)));
      await queue.onIdle();
      await settled();
      assert.deepEqual(
        told.map(({ cause }) => (cause as Error).message),
        ["too late"],
      );
    } finally {
      process.off("warning", onWarning);
    }
  });
});

describe("a job of PQueue with a timeout", () => {
  it("rejects with TimeoutError at that time, and keeps its place until it ends (law 16)", () =>
    withVirtualClock(async (clock) => {
      const queue = new PQueue({ concurrency: 1, timeout: 20 });
      const order: string[] = [];
      const slow = failureOf(queue.add(() => sleep(50), { id: "slow" })).then((error) => {
        order.push(`timed out at ${clock.nowMs}`);
        return error;
      });
      const next = queue.add(() => void order.push(`next at ${clock.nowMs}`), { timeout: 1000 });
      assert.ok((await slow) instanceof TimeoutError);
      assert.deepEqual([queue.pending, queue.runningTasks[0]?.timeoutRemaining], [1, 0]);
      await next;
      assert.deepEqual(order, ["timed out at 20", "next at 50"]);
    }));

  it("counts from the job's start, not from its add", () =>
    withVirtualClock(async () => {
      const queue = new PQueue({ concurrency: 1 });
      const first = queue.add(() => sleep(100));
      const second = queue.add(() => sleep(10), { timeout: 20 });
      await Promise.all([first, second]);
    }));

  it("ends the job through the signal that it was given (law 18)", () =>
    withVirtualClock(async (clock) => {
      const queue = new PQueue({ concurrency: 1 });
      const job = queue.add(({ signal }) => sleep(1000, signal), { timeout: 20 });
      assert.ok((await failureOf(job)) instanceof TimeoutError);
      await queue.onIdle();
      assert.equal(clock.nowMs, 20);
      assert.equal(clock.pendingAlarms, 0);
    }));

  it("leaves no alarm behind when it is done in time (law 40)", () =>
    withVirtualClock(async (clock) => {
      await new PQueue({ timeout: 1000 }).add(() => sleep(1));
      assert.equal(clock.pendingAlarms, 0);
    }));

  it("says how long it has left", () =>
    withVirtualClock(async () => {
      const queue = new PQueue();
      const job = queue.add(() => sleep(50), { timeout: 100, id: "a", priority: 3 });
      await sleep(40);
      assert.deepEqual(queue.runningTasks, [
        { id: "a", priority: 3, startTime: 0, timeout: 100, timeoutRemaining: 60 },
      ]);
      await job;
      assert.deepEqual(queue.runningTasks, []);
    }));
});

describe("clearing a PQueue", () => {
  it("rejects what waits, and leaves what runs (law 41)", async () => {
    const queue = new PQueue({ concurrency: 1 });
    const running = queue.add(() => "ran");
    const waiting = failureOf(queue.add(() => "never"));
    queue.clear();
    assert.equal(queue.size, 0);
    assert.ok((await waiting) instanceof CancelledError);
    assert.equal(await running, "ran");
  });

  it("makes a paused queue idle", async () => {
    const queue = new PQueue({ autoStart: false });
    const waiting = failureOf(queue.add(() => 1));
    const idle = queue.onIdle();
    queue.clear();
    await Promise.all([idle, queue.onEmpty(), waiting]);
  });
});

describe("a rate limit of PQueue", () => {
  /** When the jobs started, all added at once. */
  const startsOf = (jobs: number, options: ConstructorParameters<typeof PQueue>[0], ms = 0): Promise<number[]> =>
    withVirtualClock(async (clock) => {
      const queue = new PQueue(options);
      const starts: number[] = [];
      const job = async (): Promise<void> => {
        starts.push(clock.nowMs);
        await sleep(ms);
      };
      await Promise.all(Array.from({ length: jobs }, () => queue.add(job)));
      assert.equal(clock.pendingAlarms, 0, "an idle queue keeps no process alive");
      return starts;
    });

  it("starts so many in each interval", async () => {
    assert.deepEqual(await startsOf(5, { intervalCap: 2, interval: 100 }), [0, 0, 100, 100, 200]);
  });

  it("counts jobs that still run in the next interval, if they are carried over", async () => {
    const options = { intervalCap: 2, interval: 100 };
    assert.deepEqual(await startsOf(4, options, 150), [0, 0, 100, 100]);
    assert.deepEqual(await startsOf(4, { ...options, carryoverIntervalCount: true }, 150), [0, 0, 200, 200]);
  });

  it("if strict, starts no more than so many in any span", () =>
    withVirtualClock(async (clock) => {
      for (const [strict, expected] of [
        [false, [0, 90, 100, 100]],
        [true, [0, 90, 100, 190]],
      ] as const) {
        const origin = clock.nowMs;
        const queue = new PQueue({ intervalCap: 2, interval: 100, strict });
        const starts: number[] = [];
        const job = (): void => void starts.push(clock.nowMs - origin);
        await queue.add(job);
        await sleep(90);
        await Promise.all([queue.add(job), queue.add(job), queue.add(job)]);
        assert.deepEqual(starts, expected);
      }
    }));

  it("tells when it is reached and when no job waits for it any more", () =>
    withVirtualClock(async (clock) => {
      const queue = new PQueue({ intervalCap: 1, interval: 100 });
      const events: string[] = [];
      queue.on("rateLimit", () => events.push(`reached at ${clock.nowMs}`));
      queue.on("rateLimitCleared", () => events.push(`cleared at ${clock.nowMs}`));
      const reached = queue.onRateLimit();
      const jobs = [queue.add(() => 1), queue.add(() => 2), queue.add(() => 3)];
      await reached;
      assert.deepEqual([queue.isRateLimited, queue.isSaturated], [true, true]);
      await queue.onRateLimitCleared();
      await Promise.all(jobs);
      assert.deepEqual(events, ["reached at 0", "cleared at 200"]);
    }));

  it("lets the process go when what waited was cleared", () =>
    withVirtualClock(async (clock) => {
      const queue = new PQueue({ intervalCap: 1, interval: 100 });
      const first = queue.add(() => 1);
      const second = failureOf(queue.add(() => 2));
      assert.equal(clock.pendingAlarms, 1);
      queue.clear();
      assert.equal(clock.pendingAlarms, 0);
      await Promise.all([first, second]);
    }));
});

describe("waiting for a PQueue", () => {
  it("ends at once if there is nothing to wait for", async () => {
    const queue = new PQueue();
    await Promise.all([queue.onIdle(), queue.onEmpty(), queue.onPendingZero(), queue.onSizeLessThan(1)]);
    await queue.onRateLimitCleared();
  });

  it("ends when there are few enough, when none waits, when none runs, when none is left", async () => {
    const queue = new PQueue({ concurrency: 1 });
    const held = ["a", "b", "c"].map((name) => new Held(name));
    const jobs = held.map((job) => queue.add(job.run));
    const told: string[] = [];
    const note = (what: string) => () => void told.push(what);
    const waits = [
      queue.onSizeLessThan(2).then(note("fewer than 2")),
      queue.onEmpty().then(note("empty")),
      queue.onPendingZero().then(note("none runs")),
      queue.onIdle().then(note("idle")),
    ];
    await settled();
    assert.deepEqual(told, []);
    held[0]?.end();
    await settled();
    assert.deepEqual(told, ["fewer than 2"]);
    held[1]?.end();
    await settled();
    assert.deepEqual(told, ["fewer than 2", "empty"]);
    held[2]?.end();
    await Promise.all([...waits, ...jobs]);
    assert.deepEqual(told, ["fewer than 2", "empty", "none runs", "idle"]);
  });

  it("onError rejects with the next failure", async () => {
    const queue = new PQueue();
    const error = new Error("mine");
    const failed = failureOf(queue.onError());
    await failureOf(queue.add(() => Promise.reject(error)));
    assert.equal(await failed, error);
  });
});

describe("the events of a PQueue", () => {
  const EVENTS: readonly (keyof QueueEvents)[] = [
    "add",
    "active",
    "next",
    "completed",
    "error",
    "empty",
    "idle",
    "pendingZero",
  ];

  it("come in this order", async () => {
    const queue = new PQueue({ concurrency: 1 });
    const events: string[] = [];
    for (const event of EVENTS) queue.on(event, () => events.push(event));
    const failing = queue.add(() => Promise.reject(new Error("mine")));
    const last = queue.add(() => 1);
    await Promise.allSettled([failing, last]);
    const first = ["add", "add", "active", "error", "empty", "next"];
    assert.deepEqual(events, [...first, "active", "completed", "pendingZero", "empty", "idle", "next"]);
  });

  it("give the result and the error", async () => {
    const queue = new PQueue();
    const given: unknown[] = [];
    const onResult = (result: unknown): void => void given.push(result);
    queue.once("completed", onResult);
    queue.on("error", (error) => given.push((error as Error).message));
    await queue.add(() => 5);
    await queue.add(() => 6);
    await failureOf(queue.add(() => Promise.reject(new Error("mine"))));
    assert.deepEqual(given, [5, "mine"]);
    queue.on("completed", onResult).off("completed", onResult);
    assert.equal(queue.listenerCount("completed"), 0);
    queue.off("error");
    assert.equal(queue.listenerCount("error"), 0);
  });

  it("do not stop the queue if a listener throws: the owner is told", async () => {
    const told: Error[] = [];
    const onWarning = (warning: Error): void => void told.push(warning);
    process.on("warning", onWarning);
    try {
      const queue = new PQueue();
      queue.on("next", () => {
        throw new Error("listener");
      });
      assert.equal(await queue.add(() => 5), 5);
      await queue.onIdle();
      await settled();
      assert.deepEqual(
        told.map(({ cause }) => (cause as Error).message),
        ["listener"],
      );
    } finally {
      process.off("warning", onWarning);
    }
  });
});

describe("addAll", () => {
  it("gives the results in order", async () => {
    assert.deepEqual(await new PQueue({ concurrency: 1 }).addAll([() => 1, async () => 2]), [1, 2]);
  });

  it("rejects with the first failure when all have ended (law 1)", () =>
    withVirtualClock(async (clock) => {
      const error = new Error("mine");
      const adding = new PQueue().addAll([() => Promise.reject(error), () => sleep(50)]);
      assert.equal(await failureOf(adding), error);
      assert.equal(clock.nowMs, 50);
    }));
});

describe("misuse of PQueue", () => {
  const wrong = [
    ["a concurrency of 0", () => new PQueue({ concurrency: 0 })],
    ["an intervalCap of 0", () => new PQueue({ intervalCap: 0 })],
    ["a negative interval", () => new PQueue({ interval: -1 })],
    ["a queueClass", () => new PQueue({ queueClass: Map } as never)],
    ["setting the concurrency to NaN", () => void (new PQueue().concurrency = Number.NaN)],
    ["no function to run", () => new PQueue().add(undefined as never)],
    ["a priority that is no number", () => new PQueue().add(() => 1, { priority: Number.NaN })],
    ["a negative timeout", () => new PQueue().add(() => 1, { timeout: -1 })],
    ["the priority of a job that does not wait", () => new PQueue().setPriority("x", 1)],
    ["no limit to wait for", () => new PQueue().onSizeLessThan(0)],
  ] as const;
  for (const [what, call] of wrong) {
    it(`is ${what}`, async () => assert.equal(await codeOf(call), "SKEIN_INVALID_ARGUMENT"));
  }
});
