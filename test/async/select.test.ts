import assert from "node:assert/strict";
import { describe, it, test, type TestContext } from "node:test";

import { channel, type Channel } from "#skein/async/channel";
import { joining } from "#skein/async/joining";
import { mutex } from "#skein/async/mutex";
import { after, select, SELECTABLE, type Selectable, type Selected, trySelect } from "#skein/async/select";
import { semaphore } from "#skein/async/semaphore";
import { type Waiter, WaitQueue } from "#skein/async/wait-queue";
import { seedRandom } from "#skein/core/random";
import { CancelledError, type Job, scope, sleep } from "skein";
import { settled, withVirtualClock } from "skein/testing";

import { codeOf, failureOf } from "../support/failure.js";
import { Calls, forAllSteps, type RandomOp, runSteps } from "../support/model-run.js";

function filled(...values: number[]): Channel<number> {
  const made = channel<number>(Infinity);
  for (const value of values) made.trySend(value);
  return made;
}

const got = (value: number): IteratorResult<number, undefined> => ({ done: false, value });
const END: IteratorResult<number, undefined> = { done: true, value: undefined };

/** Waits in the queues of this thread that are not over, of those that `run` makes. */
async function waitsLeftBy(t: TestContext, run: () => Promise<unknown>): Promise<number> {
  const made: Waiter<unknown, unknown>[] = [];
  const { park, suspend } = WaitQueue.prototype;
  const parking = t.mock.method(
    WaitQueue.prototype,
    "park",
    function (this: WaitQueue<unknown>, ...args: Parameters<typeof park>) {
      const waiter = park.apply(this, args) as Waiter<unknown, unknown>;
      made.push(waiter);
      return waiter;
    },
  );
  const suspending = t.mock.method(
    WaitQueue.prototype,
    "suspend",
    function (this: WaitQueue<unknown>, ...args: Parameters<typeof suspend>) {
      const suspension = suspend.apply(this, args);
      made.push(suspension.waiter as Waiter<unknown, unknown>);
      return suspension;
    },
  );
  try {
    await run();
  } finally {
    parking.mock.restore();
    suspending.mock.restore();
  }
  assert.ok(made.length > 0, "nothing waited, so this proves nothing");
  return made.filter((waiter) => waiter.list !== undefined || !waiter.isOver).length;
}

describe("a select", () => {
  it("does the one operation that can be done: receive, send, lock, join", async () => {
    await scope(async (s) => {
      const idle = channel<number>();
      const held = mutex();
      held.tryLock();
      const endless = s.spawn(() => idle.receive(s));
      const none = { idle: idle.receiving(), held: held.locking(), endless: joining(endless), late: after(1e9) };
      const done = s.spawn(() => 42);
      await done;
      assert.deepEqual(await select({ ...none, receive: filled(7).receiving() }), { case: "receive", value: got(7) });
      const room = channel<number>(1);
      assert.deepEqual(await select({ ...none, send: room.sending(8) }), { case: "send", value: undefined });
      assert.deepEqual(room.tryReceive(), { value: 8 });
      const free = mutex();
      assert.equal((await select({ ...none, lock: free.locking() })).case, "lock");
      assert.equal(free.isLocked, true);
      assert.deepEqual(await select({ ...none, join: joining(done) }), { case: "join", value: 42 });
      s.cancel("done");
    });
  });

  it("waits for the first that can be done, and does that one", async () => {
    await withVirtualClock(async (clock) => {
      const [first, second] = [channel<number>(), channel<number>()];
      assert.equal((await select({ first: first.receiving(), late: after(5) })).case, "late");
      assert.equal(clock.nowMs, 5);
      const selecting = select({ first: first.receiving(), second: second.receiving(), late: after(5) });
      await scope(async (s) => {
        s.spawn(async () => {
          await sleep(3, s);
          await second.send(1, s);
        });
        assert.deepEqual(await selecting, { case: "second", value: got(1) });
      });
      assert.equal(clock.nowMs, 8);
    });
  });

  it("of a closed channel is done at once; a sending case fails", async () => {
    const closed = channel<number>();
    closed.close();
    assert.deepEqual(await select({ closed: closed.receiving() }), { case: "closed", value: END });
    assert.equal(await codeOf(() => select({ closed: closed.sending(1) })), "SKEIN_CLOSED");
    const closing = channel<number>();
    const receiving = select({ closing: closing.receiving(), late: after(1e9) });
    closing.close();
    assert.deepEqual(await receiving, { case: "closing", value: END });
  });

  it("with a waiting sending case fails when the channel closes, and the value is not delivered", async () => {
    const values = channel<number>();
    const other = channel<number>();
    const sending = codeOf(() => select({ sent: values.sending(1), other: other.receiving() }));
    await settled();
    values.close();
    assert.equal(await sending, "SKEIN_CLOSED");
    assert.equal(other.statistics().waitingReceivers, 0);
    assert.equal(values.statistics().sent, 0);
  });

  it("without any enabled case waits until it is cancelled (law 30)", async () => {
    const controller = new AbortController();
    let isOver = false;
    const empty = failureOf(select({}, controller.signal)).finally(() => (isOver = true));
    const disabled = failureOf(select({ no: null, neither: undefined }, controller.signal));
    await settled();
    assert.equal(isOver, false);
    controller.abort("stop");
    for (const error of await Promise.all([empty, disabled]))
      assert.ok(error instanceof CancelledError && error.reason === "stop");
  });

  it("never takes a case that is null, though it could be done (law 30)", async () => {
    const [left, right] = [filled(...Array<number>(20).fill(1)), filled(...Array<number>(20).fill(2))];
    for (let i = 0; i < 40; i++) {
      const isLeft = i % 2 === 0;
      const won = await select({
        left: isLeft ? left.receiving() : null,
        right: isLeft ? undefined : right.receiving(),
      });
      assert.equal(won.case, isLeft ? "left" : "right");
    }
  });

  it("is a checkpoint although a case could be done at once (law 9)", async () => {
    const values = filled(1);
    assert.equal(await codeOf(() => select({ values: values.receiving() }, AbortSignal.abort())), "SKEIN_CANCELLED");
    assert.equal(values.length, 1);
  });
});

describe("trySelect", () => {
  it("does one that can be done, else none: the default", () => {
    const values = channel<number>(1);
    assert.equal(trySelect({ got: values.receiving(), late: after(0) }), undefined);
    assert.deepEqual(trySelect({ got: values.receiving(), sent: values.sending(1) }), {
      case: "sent",
      value: undefined,
    });
    assert.deepEqual(trySelect({ got: values.receiving(), sent: values.sending(2) }), { case: "got", value: got(1) });
    assert.deepEqual(values.statistics(), {
      ...values.statistics(),
      waitingReceivers: 0,
      waitingSenders: 0,
      length: 0,
    });
  });

  it("finds one if at all times at least one can be done (law 27)", () => {
    // The token is in one of the two channels at each moment, and moves between any two tries.
    const [left, right] = [channel<string>(2), channel<string>(2)];
    left.trySend("token");
    for (let round = 0; round < 200; round++) {
      const won = trySelect({ left: left.receiving(), right: right.receiving() });
      assert.ok(won !== undefined, `none was found in round ${round}`);
      (won.case === "left" ? right : left).trySend("token");
    }
  });

  it("throws what the operation throws that it takes", () => {
    const closed = channel<number>();
    closed.close();
    assert.throws(() => trySelect({ sent: closed.sending(1) }), { code: "SKEIN_CLOSED" });
  });
});

describe("the losers of a select leave no trace (law 26)", () => {
  it("no waiter, no value, no permit, no lock, no alarm", async (t) => {
    await withVirtualClock(async (clock) => {
      await scope(async (s) => {
        const [values, full, winner] = [channel<number>(), channel<number>(), channel<number>()];
        const lock = mutex();
        const guard = lock.tryLock();
        const permits = semaphore(1);
        const permit = permits.tryAcquire();
        const endless = s.spawn(() => channel<never>(0, s).receive());
        const cases = {
          values: values.receiving(),
          full: full.sending(1),
          lock: lock.locking(),
          permits: permits.acquiring(),
          late: after(1000),
          job: joining(endless),
          winner: winner.receiving(),
        };
        await settled();
        const left = await waitsLeftBy(t, async () => {
          const selecting = select(cases, s);
          await settled();
          assert.deepEqual(
            [values.statistics().waitingReceivers, full.statistics().waitingSenders, clock.pendingAlarms],
            [1, 1, 1],
          );
          assert.deepEqual([lock.statistics().waiting, permits.statistics().waiting], [1, 1]);
          winner.trySend(1);
          assert.equal((await selecting).case, "winner");
        });
        assert.equal(left, 0);
        assert.deepEqual(
          [values.statistics().waitingReceivers, full.statistics().waitingSenders, clock.pendingAlarms],
          [0, 0, 0],
        );
        assert.deepEqual([lock.statistics().waiting, permits.statistics().waiting], [0, 0]);
        assert.equal(full.statistics().sent, 0);
        guard?.release();
        permit?.release();
        assert.deepEqual([lock.isLocked, permits.statistics().free], [false, 1]);
        s.cancel("done");
      });
    });
  });

  it("cancelled, none of the operations happened and all have left (law 10)", async () => {
    await withVirtualClock(async (clock) => {
      const [values, full] = [channel<number>(), channel<number>()];
      const lock = mutex();
      const guard = lock.tryLock();
      const controller = new AbortController();
      const selecting = codeOf(() =>
        select(
          { values: values.receiving(), full: full.sending(1), lock: lock.locking(), late: after(9) },
          controller.signal,
        ),
      );
      await settled();
      controller.abort();
      assert.equal(await selecting, "SKEIN_CANCELLED");
      assert.equal(clock.pendingAlarms, 0);
      assert.equal(full.tryReceive(), undefined);
      assert.equal(values.trySend(1), false);
      guard?.release();
      assert.equal(lock.isLocked, false);
    });
  });

  it("done and cancelled in one turn it has one outcome (law 11)", async () => {
    for (const order of ["done first", "cancelled first"] as const) {
      const values = channel<number>(1);
      const controller = new AbortController();
      const selecting = select({ values: values.receiving() }, controller.signal).then(
        ({ value }) => value.value,
        (error: unknown) => (error as Error).constructor.name,
      );
      if (order === "done first") values.trySend(5);
      controller.abort();
      if (order === "cancelled first") values.trySend(5);
      const outcome = await selecting;
      assert.deepEqual([outcome, values.length], order === "done first" ? [5, 0] : ["CancelledError", 1]);
    }
  });

  it("the alarm that wins leaves the channels, and the other alarm", async () => {
    await withVirtualClock(async (clock) => {
      const values = channel<number>();
      const won = await select({ values: values.receiving(), soon: after(2), late: after(3) });
      assert.deepEqual(won, { case: "soon", value: undefined });
      assert.deepEqual([values.statistics().waitingReceivers, clock.pendingAlarms], [0, 0]);
      assert.equal((await select({ now: after(0), never: after(Infinity) })).case, "now");
      assert.equal(clock.nowMs, 2);
    });
  });
});

describe("one channel several times in a select", () => {
  it("gives one value to one case (law 26)", async () => {
    const values = channel<number>();
    const [first, second, third] = [1, 2, 3].map(() =>
      select({ a: values.receiving(), b: values.receiving(), c: values.receiving() }),
    );
    await settled();
    assert.equal(values.statistics().waitingReceivers, 9);
    for (const value of [1, 2, 3]) await values.send(value);
    assert.deepEqual(
      [await first, await second, await third].map((won) => won?.value),
      [got(1), got(2), got(3)],
    );
    assert.equal(values.statistics().waitingReceivers, 0);
    assert.equal(values.trySend(4), false);
  });

  it("the same operation given twice is two cases", async () => {
    const values = channel<number>();
    const operation = values.sending(1);
    const selecting = select({ a: operation, b: operation });
    await settled();
    assert.deepEqual([values.tryReceive(), values.tryReceive()], [{ value: 1 }, undefined]);
    assert.equal((await selecting).case, "a");
  });

  it("one lock wanted twice is taken once", async () => {
    const lock = mutex();
    const guard = lock.tryLock();
    const selecting = select({ a: lock.locking(), b: lock.locking() });
    await settled();
    guard?.release();
    const won = await selecting;
    won.value.release();
    assert.equal(lock.isLocked, false);
  });

  it("send and receive never meet each other (law 29)", async () => {
    const values = channel<number>();
    assert.equal(trySelect({ sent: values.sending(1), got: values.receiving() }), undefined);
    const selecting = select({ sent: values.sending(1), got: values.receiving() });
    await settled();
    assert.deepEqual([values.statistics().waitingSenders, values.statistics().waitingReceivers], [1, 1]);
    assert.equal(await values.receive(), 1);
    assert.equal((await selecting).case, "sent");
    const again = select({ sent: values.sending(1), got: values.receiving() });
    await settled();
    await values.send(2);
    assert.deepEqual(await again, { case: "got", value: got(2) });
    assert.deepEqual([values.statistics().waitingSenders, values.statistics().waitingReceivers], [0, 0]);
  });

  it("two such selects deal with each other, one each way (law 29)", async () => {
    for (let round = 0; round < 20; round++) {
      const values = channel<string>();
      const cases = (name: string) => ({ sent: values.sending(name), got: values.receiving() });
      const won = await Promise.all([select(cases("first")), select(cases("second"))]);
      const [sent, received] = won[0].case === "sent" ? won : [won[1], won[0]];
      assert.equal(sent.case, "sent");
      assert.deepEqual(received, {
        case: "got",
        value: { done: false, value: won[0].case === "sent" ? "first" : "second" },
      });
    }
  });

  it("many such selects all end, in pairs (law 29)", async () => {
    const values = channel<number>();
    const all = Array.from({ length: 100 }, (_, index) =>
      select({ sent: values.sending(index), got: values.receiving() }),
    );
    const won = await Promise.all(all);
    assert.equal(won.filter((one) => one.case === "sent").length, 50);
    const received = won.flatMap((one) => (one.case === "got" && !one.value.done ? [one.value.value] : []));
    assert.deepEqual(
      received.toSorted((a, b) => a - b),
      won.flatMap((one, index) => (one.case === "sent" ? [index] : [])),
    );
  });
});

describe("fairness", () => {
  const always = (values: number): Record<string, Selectable<IteratorResult<number, undefined>>> =>
    Object.fromEntries(
      Array.from({ length: values }, (_, index) => [`case${index}`, filled(...Array<number>(400).fill(0)).receiving()]),
    );

  it("each of several cases that can always be done gets at least a tenth of 100 picks (law 28)", async () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      seedRandom(seed);
      const cases = always(4);
      const picks = new Map<string, number>();
      for (let i = 0; i < 100; i++) {
        const won = await select(cases);
        picks.set(won.case, (picks.get(won.case) ?? 0) + 1);
      }
      assert.equal(picks.size, 4);
      for (const [name, count] of picks) assert.ok(count >= 10, `seed ${seed}: ${name} was picked ${count} times`);
    }
  });

  it("a case behind one that can't be done is not preferred", async () => {
    seedRandom(7);
    const idle = channel<number>();
    const cases = always(2);
    let first = 0;
    for (let i = 0; i < 400; i++) {
      const won = trySelect({
        case0: cases["case0"],
        idle: idle.receiving(),
        more: idle.receiving(),
        case1: cases["case1"],
      });
      if (won?.case === "case0") first++;
    }
    assert.ok(first > 150 && first < 250, `${first} of 400`);
  });

  it("the same seed picks the same (law 42)", async () => {
    const picks = async (seed: number): Promise<string> => {
      seedRandom(seed);
      const cases = always(4);
      const picked: string[] = [];
      for (let i = 0; i < 40; i++) picked.push((await select(cases)).case);
      return picked.join();
    };
    assert.equal(await picks(11), await picks(11));
    assert.notEqual(await picks(11), await picks(12));
  });

  it("biased, the first that can be done is taken (law 28)", async () => {
    const cases = { idle: channel<number>().receiving(), first: always(1)["case0"], second: always(1)["case0"] };
    for (let i = 0; i < 50; i++) assert.equal((await select(cases, undefined, { biased: true })).case, "first");
    assert.equal(trySelect(cases, { biased: true })?.case, "first");
  });
});

describe("the end of a job as a case", () => {
  it("wins when the job ends, with its result", async () => {
    await scope(async (s) => {
      const gate = channel<string>(0, s);
      const job = s.spawn(() => gate.receive());
      const selecting = select({ job: joining(job), idle: channel<number>().receiving() }, s);
      await settled();
      await gate.send("result");
      assert.deepEqual(await selecting, { case: "job", value: "result" });
    });
  });

  it("throws the error of a job that failed, before or while it waits", async () => {
    await scope(
      async (s) => {
        const gate = channel<string>(0, s);
        const job = s.spawn(async () => {
          throw new Error(await gate.receive());
        });
        const selecting = failureOf(select({ job: joining(job) }, s));
        await settled();
        await gate.send("broken");
        const error = await selecting;
        assert.ok(error instanceof Error && error.message === "broken");
        assert.equal(await failureOf(select({ job: joining(job) }, s)), error);
      },
      { supervise: true },
    );
  });

  it("gives the error of a job that had failed to the caller, who owns it from then on (law 5)", async () => {
    await scope(
      async (s) => {
        const job = s.spawn(() => assert.fail("broken"));
        await settled();
        const error = await failureOf(select({ job: joining(job) }, s));
        assert.ok(error instanceof Error && error.message === "broken");
      },
      { supervise: true },
    );
  });

  it("losing leaves the failure to the scope as if nobody had waited (laws 4, 26)", async () => {
    const outcome = scope(
      async (s) => {
        const gate = channel<void>(0, s);
        const job = s.spawn(async () => {
          await gate.receive();
          throw new Error("unseen");
        });
        await settled();
        const other = channel<number>();
        const selecting = select({ job: joining(job), other: other.receiving() }, s);
        await settled();
        await other.send(1);
        assert.equal((await selecting).case, "other");
        const controller = new AbortController();
        const joined = codeOf(() => job.join(controller.signal));
        await settled();
        controller.abort();
        assert.equal(await joined, "SKEIN_CANCELLED");
        await gate.send();
      },
      { supervise: true },
    );
    await assert.rejects(outcome, { message: "unseen" });
  });

  it("a join that is cancelled leaves nothing behind (law 40)", async (t) => {
    await scope(async (s) => {
      const job: Job<never> = s.spawn(() => channel<never>(0, s).receive());
      await settled();
      const left = await waitsLeftBy(t, async () => {
        for (let i = 0; i < 10; i++) {
          const controller = new AbortController();
          const joined = codeOf(() => job.join(controller.signal));
          controller.abort();
          assert.equal(await joined, "SKEIN_CANCELLED");
        }
      });
      assert.equal(left, 0);
      s.cancel("done");
    });
  });

  it("several joins of one job all get its result", async () => {
    await scope(async (s) => {
      const gate = channel<number>(0, s);
      const job = s.spawn(() => gate.receive());
      const joins = [job.join(), job.join(s), select({ job: joining(job) }).then(({ value }) => value), job];
      await gate.send(3);
      assert.deepEqual(await Promise.all([...joins, job.join(s)]), [3, 3, 3, 3, 3]);
    });
  });
});

describe("a case made by hand", () => {
  interface Made {
    readonly operation: Selectable<string>;
    readonly seen: string[];
  }
  function made(
    park: (won: (value: string) => void, failed: (error: unknown) => void) => void,
    attempt?: () => undefined,
  ): Made {
    const seen: string[] = [];
    const operation: Selectable<string> = {
      [SELECTABLE]: {
        attempt: attempt ?? (() => undefined),
        park: (won, failed) => {
          park(won, failed);
          return { leave: () => seen.push("leave"), left: () => seen.push("left") };
        },
      },
    };
    return { operation, seen };
  }

  it("may win while it is parked: the cases before it leave, those behind it never wait", async () => {
    const [before, behind] = [channel<number>(), channel<number>()];
    const { operation, seen } = made((won) => won("at once"));
    const won = await select({ before: before.receiving(), operation, behind: behind.receiving() });
    assert.deepEqual(won, { case: "operation", value: "at once" });
    assert.deepEqual([before.statistics().waitingReceivers, behind.statistics().waitingReceivers], [0, 0]);
    assert.deepEqual(seen, ["leave", "left"]);
  });

  it("may make a case before it win while it is parked, and then leaves", async () => {
    const [before, behind] = [channel<number>(), channel<number>()];
    const { operation, seen } = made(() => before.trySend(1));
    const won = await select({ before: before.receiving(), operation, behind: behind.receiving() });
    assert.deepEqual(won, { case: "before", value: got(1) });
    assert.deepEqual(seen, ["leave", "left"]);
    assert.equal(behind.statistics().waitingReceivers, 0);
  });

  it("may cancel the select while it is parked or tried: then none is done", async () => {
    for (const when of ["park", "attempt"] as const) {
      const controller = new AbortController();
      const stop = (): undefined => {
        controller.abort();
      };
      const { operation } = when === "park" ? made(stop) : made(() => undefined, stop);
      const values = channel<number>();
      const cases = { values: values.receiving(), operation, more: values.receiving() };
      assert.equal(await codeOf(() => select(cases, controller.signal, { biased: true })), "SKEIN_CANCELLED", when);
      assert.equal(values.statistics().waitingReceivers, 0);
    }
  });

  it("may throw while it is tried or parked: the select fails, and no other case waits", async () => {
    for (const when of ["park", "attempt"] as const) {
      const fail = (): never => {
        throw new Error(when);
      };
      const { operation } = when === "park" ? made(fail) : made(() => undefined, fail);
      const values = channel<number>();
      const error = await failureOf(select({ before: values.receiving(), operation, behind: values.receiving() }));
      assert.ok(error instanceof Error && error.message === when);
      assert.equal(values.statistics().waitingReceivers, 0);
    }
  });

  it("that cancels the select when it has left changes nothing: a case has been done", async () => {
    const controller = new AbortController();
    const values = channel<number>();
    const operation: Selectable<never> = {
      [SELECTABLE]: {
        attempt: () => undefined,
        park: () => ({ leave: () => undefined, left: () => controller.abort() }),
      },
    };
    const selecting = select({ operation, values: values.receiving() }, controller.signal);
    await settled();
    assert.equal(values.trySend(1), true);
    assert.deepEqual(await selecting, { case: "values", value: got(1) });
  });
});

describe("misuse", () => {
  const wrong: readonly [what: string, call: () => unknown, message: RegExp][] = [
    ["no cases", () => select(null as never), /object of named cases.*null/],
    ["a promise as a case", () => select({ late: Promise.resolve() as never }), /"late".*Promise/],
    ["a number as a case", () => trySelect({ n: 5 as never }), /"n".*number 5/],
    ["a negative delay", () => after(-1), /-1/],
    ["a delay that is none", () => after("1s" as never), /"1s"/],
    ["a promise to join", () => joining(Promise.resolve(1) as never), /expected a job.*Promise/],
    ["nothing to join", () => joining(undefined as never), /expected a job.*undefined/],
  ];
  for (const [what, call, message] of wrong) {
    it(`${what} is refused`, async () => {
      const error = await failureOf((async () => call())());
      assert.ok(
        error instanceof Error &&
          "code" in error &&
          error.code === "SKEIN_INVALID_ARGUMENT" &&
          message.test(error.message),
        String(error),
      );
    });
  }
});

test("the name of the case tells the type of its value", async () => {
  await scope(async (s) => {
    const job: Job<boolean> = s.spawn(() => true);
    const cases = {
      text: channel<string>(1).receiving(),
      sent: channel<number>(1).sending(1),
      job: joining(job),
      maybe: null as Selectable<Date> | null,
    };
    const won: Selected<typeof cases> = await select(cases);
    if (won.case === "text") {
      const result: IteratorResult<string, undefined> = won.value;
      // @ts-expect-error it may be the end
      const wrong: string = won.value.value;
      assert.ok(result ?? wrong);
    } else if (won.case === "job") {
      const result: boolean = won.value;
      assert.ok(result);
    } else if (won.case === "maybe") {
      const result: Date = won.value;
      assert.ok(result);
    } else {
      const name: "sent" = won.case;
      const result: undefined = won.value;
      assert.deepEqual([name, result], ["sent", undefined]);
    }
    // @ts-expect-error there is no such case
    assert.ok(won.case !== "other");
    // @ts-expect-error a case must be an operation
    await failureOf(select({ wrong: 5 }));
  });
});

/** The obvious version, biased: who waits stands in one line, and whoever comes deals with the first that fits. */
class Model {
  readonly outcomes: string[] = [];
  readonly buffers: number[][];
  waiting: { call: number; cases: readonly ModelCase[] }[] = [];
  readonly #capacities: readonly number[];

  constructor(capacities: readonly number[]) {
    this.#capacities = capacities;
    this.buffers = capacities.map(() => []);
  }

  select(cases: readonly ModelCase[]): void {
    const call = this.outcomes.push("waiting") - 1;
    for (const [index, one] of cases.entries()) {
      const value = this.#tryCase(call, one);
      if (value === undefined) continue;
      this.outcomes[call] = `${index}: ${value}`;
      return;
    }
    this.waiting.push({ call, cases });
  }

  #tryCase(call: number, { isSend, at }: ModelCase): string | undefined {
    const buffer = this.buffers[at] as number[];
    if (isSend) {
      if (this.#win({ isSend: false, at }, call) === undefined) {
        if (buffer.length >= (this.#capacities[at] as number)) return undefined;
        buffer.push(call);
      }
      return "sent";
    }
    const sender = this.#win({ isSend: true, at });
    if (sender !== undefined) buffer.push(sender);
    return buffer.shift()?.toString();
  }

  /** Ends the first wait that has such a case. */
  #win(wanted: ModelCase, value?: number): number | undefined {
    const fits = (one: ModelCase): boolean => one.at === wanted.at && one.isSend === wanted.isSend;
    const first = this.waiting.find(({ cases }) => cases.some(fits));
    if (first === undefined) return undefined;
    this.waiting = this.waiting.filter((one) => one !== first);
    this.outcomes[first.call] = `${first.cases.findIndex(fits)}: ${value ?? "sent"}`;
    return first.call;
  }

  cancel(call: number): void {
    if (this.outcomes[call] === "waiting") this.outcomes[call] = "cancelled";
    this.waiting = this.waiting.filter((one) => one.call !== call);
  }
}

interface ModelCase {
  readonly isSend: boolean;
  readonly at: number;
}

test("selects over three channels behave as the model, whatever is cancelled when (laws 10, 11, 21, 26, 29)", async () => {
  const KINDS = ["select", "select", "select", "select", "cancel"] as const;
  await forAllSteps(KINDS, async (steps) => {
    const capacities = [0, 0, 1];
    const channels = capacities.map((capacity) => channel<number>(capacity));
    const model = new Model(capacities);
    const calls = new Calls<string>(String);
    const apply = ({ kind, pick, count }: RandomOp<(typeof KINDS)[number]>): void => {
      if (kind === "cancel") {
        const call = calls.any(pick);
        if (call === undefined) return;
        calls.cancel(call);
        model.cancel(call);
        return;
      }
      // Each case is one of six, written in base six.
      const cases = Array.from({ length: Math.min(count, 3) }, (_, index) => {
        const digit = Math.floor(pick / 6 ** index) % 6;
        return { isSend: digit % 2 === 0, at: Math.floor(digit / 2) };
      });
      const value = calls.outcomes.length;
      const operations = cases.map(({ isSend, at }, index): [string, Selectable<unknown>] => {
        const one = channels[at] as Channel<number>;
        return [`${index}`, isSend ? one.sending(value) : one.receiving()];
      });
      calls.start(async (cancel) => {
        const won = await select(Object.fromEntries(operations), cancel, { biased: true });
        return `${won.case}: ${won.value === undefined ? "sent" : (won.value as { value: number }).value}`;
      });
      model.select(cases);
    };
    const check = (): void => {
      const count = (wanted: boolean, at: number): number =>
        model.waiting.reduce(
          (sum, { cases }) => sum + cases.filter((one) => one.at === at && one.isSend === wanted).length,
          0,
        );
      for (const [at, one] of channels.entries()) {
        const { length, waitingSenders, waitingReceivers } = one.statistics();
        assert.deepEqual(
          [length, waitingSenders, waitingReceivers],
          [model.buffers[at]?.length, count(true, at), count(false, at)],
        );
      }
    };
    await runSteps(steps, apply, check, () => [calls.outcomes, model.outcomes]);
  });
});
