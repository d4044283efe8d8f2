import assert from "node:assert/strict";
import { describe, it, test } from "node:test";

import { type Watcher, watch } from "#skein/async/watch";
import { ClosedError, scope, select, sleep } from "skein";
import { settled, withVirtualClock } from "skein/testing";

import { codeOf, failureOf } from "../support/failure.js";
import { Calls, forAllSteps, type RandomOp, runSteps } from "../support/model-run.js";

describe("a watcher", () => {
  it("is given the value at its first call, then only what is new", async () => {
    const state = watch("a");
    const watcher = state.watcher();
    assert.equal(watcher.hasChanged, true);
    assert.equal(await watcher.changed(), "a");
    assert.equal(watcher.hasChanged, false);
    assert.equal(watcher.tryChanged(), undefined);
    state.set("b");
    assert.deepEqual(watcher.tryChanged(), { value: "b" });
  });

  it("that was busy is given the last of several values, once", async () => {
    const state = watch(0);
    const watcher = state.watcher();
    for (const value of [1, 2, 3]) state.set(value);
    assert.equal(await watcher.changed(), 3);
    assert.equal(watcher.tryChanged(), undefined);
  });

  it("that comes to wait after the change was made does not sleep through it (law 25)", async () => {
    const state = watch(0);
    const watcher = state.watcher();
    await watcher.changed();
    const waiting = watcher.changed();
    state.set(1);
    state.set(2); // in the turn in which the wait ended, before its code goes on
    assert.equal(await waiting, 1);
    assert.equal(await watcher.changed(), 2);
  });

  it("is given the last value after the close, and then ends (law 25)", async () => {
    const state = watch(0);
    const [early, waiting] = [state.watcher(), state.watcher()];
    await waiting.changed();
    const ending = failureOf(waiting.changed());
    await settled();
    const changes = [waiting.values().next(), waiting.values().next()];
    state.set(5);
    state.close();
    state.close();
    assert.equal(await early.changed(), 5);
    assert.equal(await codeOf(() => early.changed()), "SKEIN_CLOSED");
    assert.equal(await state.watcher().changed(), 5);
    assert.equal(state.value, 5);
    assert.deepEqual(await Promise.all(changes), [
      { done: false, value: 5 },
      { done: false, value: 5 },
    ]);
    await assert.rejects(ending);
  });

  it("that waits at the close ends", async () => {
    const state = watch(0);
    const watcher = state.watcher();
    await watcher.changed();
    const failing = failureOf(watcher.changed());
    const loop = watcher.values().next();
    const selecting = select({ changed: watcher.changing() });
    await settled();
    state.close();
    assert.ok((await failing) instanceof ClosedError);
    assert.deepEqual(await loop, { done: true, value: undefined });
    assert.deepEqual((await selecting).value, { done: true, value: undefined });
    assert.equal(state.statistics().waiting, 0);
  });

  it("cancelled has been given nothing: the next call gives it (law 10)", async () => {
    const state = watch(0);
    const watcher = state.watcher();
    assert.equal(await codeOf(() => watcher.changed(AbortSignal.abort())), "SKEIN_CANCELLED");
    assert.equal(await watcher.changed(), 0);
    const controller = new AbortController();
    const waiting = codeOf(() => watcher.changed(controller.signal));
    await settled();
    controller.abort();
    assert.equal(await waiting, "SKEIN_CANCELLED");
    state.set(1);
    assert.equal(await watcher.changed(), 1);
    assert.equal(state.statistics().waiting, 0);
  });

  it("in a loop sees values in their order, the last one always", async () => {
    await withVirtualClock(async () => {
      const seen: number[] = [];
      await scope(async (s) => {
        const percent = watch(0, {}, s);
        s.spawn(async () => {
          for await (const done of percent.watcher()) {
            seen.push(done);
            await sleep(3, s);
          }
        });
        for (let done = 1; done <= 10; done++) {
          await sleep(1, s);
          percent.set(done);
        }
        percent.close();
      });
      assert.equal(seen.at(-1), 10);
      assert.deepEqual(
        seen,
        seen.toSorted((a, b) => a - b),
      );
      assert.ok(seen.length < 10);
    });
  });

  it("as a losing case of a select has been given nothing (law 26)", async () => {
    const [first, second] = [watch(0), watch(0)];
    const watchers = [first.watcher(), second.watcher()] as const;
    await Promise.all(watchers.map((one) => one.changed()));
    const selecting = select({ first: watchers[0].changing(), second: watchers[1].changing() });
    await settled();
    second.set(1);
    first.set(1);
    assert.equal((await selecting).case, "second");
    assert.deepEqual([watchers[0].hasChanged, watchers[1].hasChanged], [true, false]);
    assert.equal(first.statistics().waiting, 0);
  });
});

describe("a watch", () => {
  it("is updated from its latest value", () => {
    const count = watch(1);
    count.update((latest) => latest + 1);
    assert.equal(count.value, 2);
    assert.deepEqual(count.statistics(), { changes: 1, waiting: 0, isClosed: false });
  });

  it("keeps its value if the update throws", () => {
    const count = watch(1);
    assert.throws(() => count.update(() => assert.fail("no")), { message: "no" });
    assert.deepEqual([count.value, count.statistics().changes], [1, 0]);
  });

  it("counts an equal value as a change", async () => {
    const state = watch(1);
    const watcher = state.watcher();
    await watcher.changed();
    state.set(1);
    assert.equal(watcher.hasChanged, true);
  });
});

describe("misuse", () => {
  const closed = watch(0);
  closed.close();
  const wrong: readonly [what: string, call: () => unknown, code: string][] = [
    ["setting a closed watch", () => closed.set(1), "SKEIN_CLOSED"],
    ["updating a closed watch", () => closed.update(() => assert.fail("not called")), "SKEIN_CLOSED"],
    ["updating by what is no function", () => watch(0).update(5 as never), "SKEIN_INVALID_ARGUMENT"],
    ["options that are none", () => watch(0, "state" as never), "SKEIN_INVALID_ARGUMENT"],
  ];
  for (const [what, call, code] of wrong) {
    it(`${what} is refused`, async () => {
      assert.equal(await codeOf(call), code);
      assert.equal(closed.value, 0);
    });
  }
});

/** The obvious version. */
class Model {
  readonly outcomes: string[] = [];
  readonly watchers: { seen: number; waiting: number[] }[] = [];
  version = 0;
  isClosed = false;

  set(): void {
    if (this.isClosed) return;
    this.version++;
    for (const one of this.watchers) {
      for (const call of one.waiting.splice(0)) {
        this.outcomes[call] = String(this.version);
        one.seen = this.version;
      }
    }
  }

  changed(index: number, waits: boolean): void {
    const call = this.outcomes.push("waiting") - 1;
    const one = this.watchers[index];
    if (one === undefined) return;
    if (one.seen < this.version) this.outcomes[call] = String((one.seen = this.version));
    else if (!waits) this.outcomes[call] = "refused";
    else if (this.isClosed) this.outcomes[call] = `watch "watch" is closed`;
    else one.waiting.push(call);
  }

  close(): void {
    this.isClosed = true;
    for (const one of this.watchers)
      for (const call of one.waiting.splice(0)) this.outcomes[call] = `watch "watch" is closed`;
  }

  cancelCall(call: number): void {
    if (this.outcomes[call] === "waiting") this.outcomes[call] = "cancelled";
    for (const one of this.watchers) one.waiting = one.waiting.filter((waiting) => waiting !== call);
  }
}

const KINDS = [
  "set",
  "set",
  "set",
  "watcher",
  "changed",
  "changed",
  "changed",
  "tryChanged",
  "cancelCall",
  "cancelCall",
  "close",
] as const;

test("a watch behaves as the model, whatever is cancelled when (laws 10, 11, 25)", async () => {
  await forAllSteps(KINDS, async (steps) => {
    const state = watch(0);
    const model = new Model();
    const watchers: Watcher<number>[] = [];
    const calls = new Calls<number>(String);
    const apply = ({ kind, pick }: RandomOp<(typeof KINDS)[number]>): void => {
      const index = watchers.length === 0 ? -1 : pick % watchers.length;
      const watcher = watchers[index];
      if (kind === "set") {
        if (!state.isClosed) state.set(model.version + 1);
        model.set();
      } else if (kind === "close") {
        if (pick > 300) return; // or most runs would end too soon
        state.close();
        model.close();
      } else if (kind === "watcher") {
        watchers.push(state.watcher());
        model.watchers.push({ seen: -1, waiting: [] });
      } else if (kind === "cancelCall") {
        const call = calls.any(pick);
        if (call === undefined) return;
        calls.cancel(call);
        model.cancelCall(call);
      } else if (watcher !== undefined && kind === "changed") {
        calls.start((cancel) => watcher.changed(cancel));
        model.changed(index, true);
      } else if (watcher !== undefined) {
        calls.done(watcher.tryChanged()?.value);
        model.changed(index, false);
      }
    };
    const check = (): void => {
      assert.deepEqual(state.statistics(), {
        changes: model.version,
        waiting: model.watchers.reduce((sum, one) => sum + one.waiting.length, 0),
        isClosed: model.isClosed,
      });
    };
    await runSteps(steps, apply, check, () => [calls.outcomes, model.outcomes]);
  });
});
