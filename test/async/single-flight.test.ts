import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { event } from "#skein/async/event";
import { singleFlight } from "#skein/async/single-flight";
import { CancelledError, DeadlockError, type Scope, scope } from "skein";

import { codeOf, failureOf } from "../support/failure.js";
import { Calls, forAllSteps, runSteps, settled } from "../support/model-run.js";

/** A single flight whose runs end when told to. */
function gated() {
  const go = event();
  const seen: string[] = [];
  const flight = singleFlight(
    async (s: Scope, key: string, extra: number) => {
      seen.push(`start ${key}`);
      try {
        await go.wait(s);
        seen.push(`end ${key}`);
        return key.length + extra;
      } catch (error) {
        seen.push(`cancelled ${key}`);
        throw error;
      }
    },
    (key) => key,
  );
  return { go, seen, flight };
}

describe("a single flight", () => {
  it("shares one run among calls with the same key, with the first one's arguments", async () => {
    const { go, seen, flight } = gated();
    const asking = Promise.all([flight.run(["a", 1]), flight.run(["a", 5]), flight.run(["bb", 1])]);
    assert.deepEqual(flight.statistics(), { running: 2, waiting: 3 });
    go.set();
    assert.deepEqual(await asking, [2, 2, 3]);
    assert.deepEqual(seen, ["start a", "start bb", "end a", "end bb"]);
    assert.deepEqual(flight.statistics(), { running: 0, waiting: 0 });
  });

  it("keeps no result: a call after the run has ended runs again", async () => {
    const { go, seen, flight } = gated();
    go.set();
    await flight.run(["a", 1]);
    await flight.run(["a", 1]);
    assert.deepEqual(seen, ["start a", "end a", "start a", "end a"]);
  });

  it("gives a failure to all callers of the run", async () => {
    const boom = new Error("boom");
    const flight = singleFlight(
      (_s: Scope, _key: number) => Promise.reject(boom),
      (key) => key,
    );
    const failures = await Promise.all([failureOf(flight.run([1])), failureOf(flight.run([1]))]);
    assert.deepEqual(failures, [boom, boom]);
    const throws = singleFlight(
      (_s: Scope): never => {
        throw boom;
      },
      () => 1,
    );
    assert.equal(await failureOf(throws.run([])), boom);
    assert.equal(throws.statistics().running, 0);
  });

  it("lets a cancelled caller leave alone, and the run go on (laws 10 and 34)", async () => {
    const { go, seen, flight } = gated();
    const controller = new AbortController();
    const leaver = failureOf(flight.run(["a", 1], controller.signal));
    const other = flight.run(["a", 1]);
    controller.abort();
    assert.deepEqual(flight.statistics(), { running: 1, waiting: 1 });
    assert.ok((await leaver) instanceof CancelledError);
    go.set();
    assert.equal(await other, 2);
    assert.deepEqual(seen, ["start a", "end a"]);
  });

  it("cancels the run when all callers have left, and the last one ends after it (law 1)", async () => {
    const cleaned = event();
    let hasEnded = false;
    const flight = singleFlight(
      async (s: Scope, _key: string) => {
        s.defer(async () => {
          await cleaned.wait();
          hasEnded = true;
        });
        await event().wait(s);
      },
      (key) => key,
    );
    const controllers = [new AbortController(), new AbortController()];
    const settledCalls: number[] = [];
    const calls = controllers.map((controller, index) =>
      failureOf(flight.run(["a"], controller.signal)).then((error) => {
        settledCalls.push(index);
        return error;
      }),
    );
    controllers[0]?.abort();
    await settled();
    assert.deepEqual(settledCalls, [0]);
    controllers[1]?.abort();
    await settled();
    assert.deepEqual(settledCalls, [0], "the run's cleanup is not done");
    assert.equal(hasEnded, false);
    cleaned.set();
    assert.ok((await calls[1]) instanceof CancelledError);
    assert.equal(hasEnded, true);
  });

  it("starts anew for a caller that comes while the run is being cancelled", async () => {
    const { go, seen, flight } = gated();
    const controller = new AbortController();
    const leaver = failureOf(flight.run(["a", 1], controller.signal));
    controller.abort();
    const newcomer = flight.run(["a", 2]);
    assert.deepEqual(flight.statistics(), { running: 1, waiting: 1 });
    go.set();
    assert.equal(await newcomer, 3);
    assert.ok((await leaver) instanceof CancelledError);
    assert.deepEqual(seen, ["start a", "start a", "cancelled a", "end a"]);
  });

  it("tells the last caller what went wrong while the run was cancelled (law 4)", async () => {
    const boom = new Error("cleanup failed");
    const flight = singleFlight(
      async (s: Scope, _key: string) => {
        try {
          await event().wait(s);
        } catch {
          throw boom;
        }
      },
      (key) => key,
    );
    const controller = new AbortController();
    const leaver = failureOf(flight.run(["a"], controller.signal));
    controller.abort();
    assert.equal(await leaver, boom);
  });

  it("is cancelled once by a scope that holds all callers, which ends after the run (law 1)", async () => {
    const { seen, flight } = gated();
    const error = await failureOf(
      scope(async (s) => {
        s.spawn(() => flight.run(["a", 1], s));
        s.spawn(() => flight.run(["a", 1], s));
        await settled();
        s.cancel("enough");
        s.checkpoint();
      }),
    );
    assert.ok(error instanceof CancelledError);
    assert.deepEqual(seen, ["start a", "cancelled a"]);
    assert.deepEqual(flight.statistics(), { running: 0, waiting: 0 });
  });

  it("is a checkpoint before anything starts (law 9)", async () => {
    const { seen, flight } = gated();
    assert.ok((await failureOf(flight.run(["a", 1], AbortSignal.abort()))) instanceof CancelledError);
    assert.deepEqual(seen, []);
  });

  it("reports a run that waits for itself", async () => {
    const flight = singleFlight(
      (s: Scope, key: string): Promise<string> => flight.run([key], s),
      (key) => key,
      { name: "pages" },
    );
    const error = await failureOf(flight.run(["a"]));
    assert.ok(error instanceof DeadlockError);
    assert.match(error.message, /"pages"/);
    assert.equal(flight.statistics().running, 0);
  });
});

describe("misuse of a single flight", () => {
  const wrong: readonly [what: string, call: () => unknown][] = [
    ["no function", () => singleFlight(1 as unknown as () => void, () => 1)],
    ["no key function", () => singleFlight(() => 1, 1 as unknown as () => void)],
    [
      "options that are none",
      () =>
        singleFlight(
          () => 1,
          () => 1,
          null as unknown as object,
        ),
    ],
    ["arguments not in an array", () => gated().flight.run("a" as unknown as ["a", 1])],
    ["a timeout in the place of a scope", () => gated().flight.run(["a", 1], 100 as unknown as AbortSignal)],
  ];
  for (const [what, call] of wrong) {
    it(`is refused: ${what}`, async () => assert.equal(await codeOf(call), "SKEIN_INVALID_ARGUMENT"));
  }
});

it("a single flight does what its model does, whatever is cancelled (laws 10, 11, 34, 41)", () =>
  forAllSteps(["run", "run", "run", "cancel", "cancel", "end"], async (steps) => {
    let runs = 0;
    const open = new Map<number, ReturnType<typeof event>>();
    const flight = singleFlight(
      async (s: Scope, _key: number) => {
        const run = runs++;
        const over = event();
        open.set(run, over);
        try {
          await over.wait(s);
          return `run ${run}`;
        } finally {
          open.delete(run);
        }
      },
      (key) => key,
    );
    const calls = new Calls<string>((value) => value);
    const outcomes: string[] = [];
    const model = new Map<number, { run: number; callers: number[] }>();
    let modelRuns = 0;
    await runSteps(
      steps,
      ({ kind, pick, count }) => {
        const key = count % 2;
        if (kind === "run") {
          calls.start((cancel) => flight.run([key], cancel));
          const entry = model.get(key) ?? { run: modelRuns++, callers: [] };
          entry.callers.push(outcomes.push("waiting") - 1);
          model.set(key, entry);
        } else if (kind === "cancel") {
          const call = calls.any(pick);
          if (call === undefined) return;
          calls.cancel(call);
          for (const [of, entry] of model) {
            if (!entry.callers.includes(call)) continue;
            outcomes[call] = "cancelled";
            entry.callers = entry.callers.filter((other) => other !== call);
            if (entry.callers.length === 0) model.delete(of);
          }
        } else {
          // Between the end of a run and its callers' being told lie promise jobs,
          // so this is the last thing that is done to the key in its turn.
          const entry = model.get(key);
          if (entry === undefined) return;
          open.get(entry.run)?.set();
        }
      },
      () => assert.equal(runs, modelRuns),
      () => {
        for (const [key, entry] of model) {
          if (open.has(entry.run)) continue;
          for (const call of entry.callers) outcomes[call] = `run ${entry.run}`;
          model.delete(key);
        }
        return [calls.outcomes, outcomes];
      },
    );
    assert.deepEqual(new Set(open.keys()), new Set(Array.from(model.values(), (entry) => entry.run)));
    await calls.cancelAll();
    assert.deepEqual(flight.statistics(), { running: 0, waiting: 0 });
    assert.equal(open.size, 0);
  }));
