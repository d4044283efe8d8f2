import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { event } from "#skein/async/event";
import { once } from "#skein/async/once";
import { CancelledError, DeadlockError, type Scope, scope } from "skein";

import { codeOf, failureOf } from "../support/failure.js";
import { Calls, forAllSteps, runSteps, settled } from "../support/model-run.js";

describe("a once", () => {
  it("runs one function, and gives its result to all that ask, then and later", async () => {
    const settings = once<number>();
    let runs = 0;
    const ask = () =>
      settings.run(async () => {
        await settled();
        return ++runs;
      });
    assert.equal(settings.tryGet(), undefined);
    const asking = Promise.all([ask(), ask(), ask()]);
    assert.deepEqual(settings.statistics(), { isDone: false, isRunning: true, waiting: 2 });
    assert.deepEqual(await asking, [1, 1, 1]);
    assert.equal(await ask(), 1);
    assert.equal(settings.isDone, true);
    assert.deepEqual(settings.tryGet(), { value: 1 });
  });

  it("keeps undefined as a result too", async () => {
    const nothing = once<undefined>();
    let runs = 0;
    await nothing.run(() => void runs++);
    await nothing.run(() => void runs++);
    assert.equal(runs, 1);
  });

  it("does not keep a failure: it is its own caller's, and the next in line runs", async () => {
    const settings = once<string>();
    const boom = new Error("boom");
    const order: string[] = [];
    const run = (name: string, result: () => Promise<string>) =>
      settings.run(() => {
        order.push(name);
        return result();
      });
    const outcomes = await Promise.allSettled([
      run("first", () => Promise.reject(boom)),
      run("second", () => Promise.resolve("b")),
      run("third", () => Promise.resolve("c")),
    ]);
    assert.deepEqual(order, ["first", "second"]);
    assert.deepEqual(outcomes, [
      { status: "rejected", reason: boom },
      { status: "fulfilled", value: "b" },
      { status: "fulfilled", value: "b" },
    ]);
  });

  it("can be tried again after a synchronous failure", async () => {
    const settings = once<number>();
    const throws = (): never => {
      throw new Error("boom");
    };
    await failureOf(settings.run(throws));
    assert.deepEqual(settings.statistics(), { isDone: false, isRunning: false, waiting: 0 });
    assert.equal(await settings.run(() => 2), 2);
  });

  it("passes the run on when its caller is cancelled, with the function's scope (law 10)", async () => {
    const settings = once<string>();
    const never = event();
    const controller = new AbortController();
    const first = failureOf(
      settings.run(async (s) => {
        await never.wait(s);
        return "first";
      }, controller.signal),
    );
    const second = settings.run(() => "second");
    controller.abort();
    assert.ok((await first) instanceof CancelledError);
    assert.equal(await second, "second");
  });

  it("lets a waiting caller leave alone and at once (law 34)", async () => {
    const settings = once<number>();
    const go = event();
    const running = settings.run(async () => {
      await go.wait();
      return 1;
    });
    const controller = new AbortController();
    const leaver = failureOf(settings.run(() => 2, controller.signal));
    controller.abort();
    assert.equal(settings.statistics().waiting, 0);
    assert.ok((await leaver) instanceof CancelledError);
    go.set();
    assert.equal(await running, 1);
  });

  it("passes a turn on if its caller was cancelled before it could run (law 11)", async () => {
    const settings = once<string>();
    const controller = new AbortController();
    const go = event();
    const first = failureOf(
      settings.run(async () => {
        await go.wait();
        throw new Error("boom");
      }),
    );
    let ranCancelled = false;
    const second = failureOf(
      settings.run(() => {
        ranCancelled = true;
        return "second";
      }, controller.signal),
    );
    const third = settings.run(() => "third");
    go.set();
    // The turn passes to the second in the promise job that ends the first; it is
    // cancelled in the one after that.
    while (settings.statistics().waiting === 2) await Promise.resolve();
    controller.abort();
    await first;
    const outcome = await second;
    assert.ok(outcome instanceof CancelledError);
    assert.equal(ranCancelled, false);
    assert.equal(await third, "third");
  });

  it("is a checkpoint even when it is done (law 9)", async () => {
    const settings = once<number>();
    await settings.run(() => 1);
    assert.ok((await failureOf(settings.run(() => 2, AbortSignal.abort()))) instanceof CancelledError);
  });

  it("reports a run that waits for itself", async () => {
    const settings = once<number>({ name: "settings" });
    const error = await failureOf(settings.run((s) => s.spawn((job: Scope) => settings.run(() => 1, job))));
    assert.ok(error instanceof DeadlockError);
    assert.match(error.message, /once "settings"/);
    assert.equal(await scope((s) => settings.run(() => 3, s)), 3);
  });
});

describe("misuse of a once", () => {
  const wrong: readonly [what: string, call: () => unknown][] = [
    ["options that are none", () => once(null as unknown as object)],
    ["no function", () => once().run(1 as unknown as () => void)],
    ["a timeout in the place of a scope", () => once().run(() => 1, 100 as unknown as AbortSignal)],
  ];
  for (const [what, call] of wrong) {
    it(`is refused: ${what}`, async () => assert.equal(await codeOf(call), "SKEIN_INVALID_ARGUMENT"));
  }
});

it("a once runs one function at a time and none after a success, whatever is cancelled (laws 10, 11, 34)", () =>
  forAllSteps(["run", "run", "cancel", "fail", "succeed"], async (steps) => {
    const settings = once<string>();
    const outcomes: string[] = [];
    let queue: number[] = [];
    let kept: string | undefined;
    // The functions that run now: never more than one.
    const running: { call: number; end: (succeeds: boolean) => void }[] = [];
    const calls = new Calls<string>((value) => value);
    const endFirst = (outcome: string): void => {
      const call = queue.shift() as number;
      outcomes[call] = outcome;
    };
    await runSteps(
      // A run that was handed on starts a promise job later; the model has no such time.
      steps.map((step) => ({ ...step, settle: true })),
      ({ kind, pick }) => {
        if (kind === "run") {
          const call = outcomes.length;
          calls.start((cancel) =>
            settings.run(async (s) => {
              const over = event();
              let succeeds = false;
              running.push({ call, end: (how) => ((succeeds = how), over.set()) });
              assert.equal(running.length, 1);
              try {
                await over.wait(s);
              } finally {
                running.pop();
              }
              if (!succeeds) throw new Error("failed");
              return `result of ${call}`;
            }, cancel),
          );
          outcomes.push(kept ?? "waiting");
          if (kept === undefined) queue.push(call);
        } else if (kind === "cancel") {
          const call = calls.any(pick);
          if (call === undefined) return;
          calls.cancel(call);
          if (queue.includes(call)) outcomes[call] = "cancelled";
          queue = queue.filter((other) => other !== call);
        } else {
          const [run] = running;
          assert.equal(run?.call, queue[0]);
          run?.end(kind === "succeed");
          if (run === undefined) return;
          if (kind === "fail") return endFirst("failed");
          kept = `result of ${run.call}`;
          while (queue.length > 0) endFirst(kept);
        }
      },
      () => undefined,
      () => [calls.outcomes, outcomes],
    );
    assert.equal(settings.isDone, kept !== undefined);
    assert.equal(settings.statistics().waiting, Math.max(0, queue.length - 1));
    await calls.cancelAll();
    assert.equal(settings.statistics().isRunning, false);
  }));
