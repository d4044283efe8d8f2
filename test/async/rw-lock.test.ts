import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type ReadGuard, rwLock, type WriteGuard } from "#skein/async/rw-lock";
import { CancelledError, channel, MisuseError, type Scope, scope, select } from "skein";

import { codeOf, failureOf } from "../support/failure.js";
import { Calls, forAllSteps, runSteps, settled } from "../support/model-run.js";

describe("a reader-writer lock", () => {
  it("lets in many readers or one writer", async () => {
    const lock = rwLock();
    const readers = [await lock.read(), await lock.read()];
    assert.deepEqual(lock.statistics(), { readers: 2, isWriting: false, waiting: 0 });
    assert.equal(lock.tryWrite(), undefined);
    for (const reader of readers) reader.release();
    using writer = await lock.write();
    assert.equal(writer.isHeld, true);
    assert.equal(lock.tryRead(), undefined);
    assert.equal(lock.tryWrite(), undefined);
    assert.deepEqual(lock.statistics(), { readers: 0, isWriting: true, waiting: 0 });
  });

  it("makes readers that come after a waiting writer wait behind it (law 35)", async () => {
    const lock = rwLock();
    const first = await lock.read();
    const writing = lock.write();
    const reading = lock.read();
    assert.equal(lock.tryRead(), undefined);
    assert.equal(lock.statistics().waiting, 2);
    first.release();
    const writer = await writing;
    assert.deepEqual(lock.statistics(), { readers: 0, isWriting: true, waiting: 1 });
    writer.release();
    assert.equal((await reading).isHeld, true);
  });

  it("lets in together the readers that wait next to each other, up to the next writer (law 31)", async () => {
    const lock = rwLock();
    const writer = await lock.write();
    const readers = [lock.read(), lock.read()];
    const second = lock.write();
    void lock.read();
    writer.release();
    assert.deepEqual(lock.statistics(), { readers: 2, isWriting: false, waiting: 2 });
    for (const reader of readers) (await reader).release();
    assert.equal((await second).isHeld, true);
  });

  it("lets the readers behind a cancelled writer go on at once (laws 32 and 34)", async () => {
    const lock = rwLock();
    await lock.read();
    const controller = new AbortController();
    const writing = failureOf(lock.write(controller.signal));
    const reading = lock.read();
    controller.abort();
    assert.deepEqual(lock.statistics(), { readers: 2, isWriting: false, waiting: 0 });
    assert.ok((await writing) instanceof CancelledError);
    assert.equal((await reading).isHeld, true);
  });

  it("never frees another's lock by a second release (law 33)", async () => {
    const lock = rwLock();
    const first = await lock.write();
    first.release();
    await lock.write();
    first.release();
    assert.equal(lock.statistics().isWriting, true);
    const other = rwLock();
    const [reader] = [await other.read(), await other.read()];
    reader?.release();
    reader?.release();
    assert.equal(other.statistics().readers, 1);
  });

  it("is a checkpoint even when it is free (law 9)", async () => {
    const lock = rwLock();
    assert.ok((await failureOf(lock.read(AbortSignal.abort()))) instanceof CancelledError);
    assert.ok((await failureOf(lock.write(AbortSignal.abort()))) instanceof CancelledError);
    assert.deepEqual(lock.statistics(), { readers: 0, isWriting: false, waiting: 0 });
  });

  it("can be downgraded with no writer in between, letting in the readers that wait next", async () => {
    const lock = rwLock();
    const writer = await lock.write();
    const reading = lock.read();
    const writing = lock.write();
    const reader = writer.downgrade();
    assert.equal(writer.isHeld, false);
    assert.equal(reader.isHeld, true);
    assert.deepEqual(lock.statistics(), { readers: 2, isWriting: false, waiting: 1 });
    writer.release();
    assert.equal(lock.statistics().readers, 2);
    reader.release();
    (await reading).release();
    assert.equal((await writing).isHeld, true);
  });

  it("is held by withRead and withWrite until the function, or its scope, has ended", async () => {
    const lock = rwLock();
    assert.equal(await lock.withRead(() => lock.statistics().readers), 1);
    assert.equal(await lock.withWrite(() => lock.statistics().isWriting), true);
    let writingInJob = false;
    await lock.withWrite(async (s) => {
      s.spawn(async () => {
        await settled();
        writingInJob = lock.statistics().isWriting;
      });
    });
    assert.equal(writingInJob, true);
    const boom = new Error("boom");
    assert.equal(await failureOf(lock.withWrite(() => Promise.reject(boom))), boom);
    assert.deepEqual(lock.statistics(), { readers: 0, isWriting: false, waiting: 0 });
  });

  it("takes part in select, and a writer that loses lets those behind it go on (law 26)", async () => {
    const lock = rwLock();
    await lock.read();
    const values = channel<number>();
    const waiting = select({ write: lock.writing(), value: values.receiving() });
    const reading = select({ read: lock.reading() });
    assert.equal(lock.statistics().waiting, 2);
    values.trySend(1);
    assert.equal((await waiting).case, "value");
    assert.equal((await reading).value.isHeld, true);
    assert.deepEqual(lock.statistics(), { readers: 2, isWriting: false, waiting: 0 });
  });
});

describe("nested use of a reader-writer lock", () => {
  const refused: readonly [what: string, call: (lock: ReturnType<typeof rwLock>) => Promise<unknown>, says: RegExp][] =
    [
      ["an upgrade", (lock) => lock.withRead((s) => lock.write(s)), /can't be upgraded/],
      ["writing in writing", (lock) => lock.withWrite((s) => lock.write(s)), /Lock once, outside/],
      ["reading in writing", (lock) => lock.withWrite((s) => lock.withRead(() => 1, s)), /Lock once, outside/],
    ];
  for (const [what, call, says] of refused) {
    it(`is refused, and named, where it would wait for ever: ${what} (law 33)`, async () => {
      const lock = rwLock({ name: "index" });
      const error = await failureOf(call(lock));
      assert.ok(error instanceof MisuseError);
      assert.equal(error.code, "SKEIN_ALREADY_HELD");
      assert.match(error.message, /rwLock "index"/);
      assert.match(error.message, says);
      assert.deepEqual(lock.statistics(), { readers: 0, isWriting: false, waiting: 0 });
    });
  }

  it("for reading is granted though a writer waits, because that waits for the block anyway", async () => {
    const lock = rwLock();
    const order: string[] = [];
    const writers: Promise<WriteGuard>[] = [];
    await lock.withRead(async (s) => {
      writers.push(lock.write());
      await s.spawn((job: Scope) => lock.withRead(() => order.push("inner"), job));
    });
    await writers[0];
    order.push("writer");
    assert.deepEqual(order, ["inner", "writer"]);
  });

  it("is not suspected in jobs that share a scope (no false alarm)", async () => {
    const lock = rwLock();
    let writes = 0;
    await scope(async (s) => {
      for (let job = 0; job < 3; job++) {
        s.spawn(async () => {
          using guard = await lock.write(s);
          assert.equal(guard.isHeld, true);
          await settled();
          writes++;
        });
      }
    });
    assert.equal(writes, 3);
  });
});

describe("misuse of a reader-writer lock", () => {
  it("is refused: a downgrade of a released guard", async () => {
    const lock = rwLock();
    const writer = await lock.write();
    writer.release();
    assert.equal(await codeOf(() => writer.downgrade()), "SKEIN_NOT_HELD");
    assert.equal(lock.statistics().readers, 0);
  });

  const wrong: readonly [what: string, call: () => unknown][] = [
    ["options that are none", () => rwLock(null as unknown as object)],
    ["a timeout in the place of a scope", () => rwLock().read(100 as unknown as AbortSignal)],
    ["a timeout in the place of a scope, writing", () => rwLock().write(100 as unknown as AbortSignal)],
    ["withRead and no function", () => rwLock().withRead(1 as unknown as () => void)],
    ["withWrite and no function", () => rwLock().withWrite(1 as unknown as () => void)],
  ];
  for (const [what, call] of wrong) {
    it(`is refused: ${what}`, async () => assert.equal(await codeOf(call), "SKEIN_INVALID_ARGUMENT"));
  }
});

/** What a reader-writer lock should do, in the most obvious way. */
class Model {
  readonly outcomes: string[] = [];
  readonly holders = new Map<number, "read" | "write">();
  readonly queue: { call: number; kind: "read" | "write" }[] = [];

  take(kind: "read" | "write"): void {
    this.queue.push({ call: this.outcomes.push("waiting") - 1, kind });
    this.grant();
  }
  tryTake(kind: "read" | "write"): void {
    if (this.queue.length === 0 && this.isFreeFor(kind)) this.take(kind);
    else this.outcomes.push("refused");
  }
  cancel(call: number): void {
    const at = this.queue.findIndex((waiting) => waiting.call === call);
    if (at < 0) return;
    this.queue.splice(at, 1);
    this.outcomes[call] = "cancelled";
    this.grant();
  }
  release(call: number): void {
    this.holders.delete(call);
    this.grant();
  }
  downgrade(call: number): void {
    this.holders.delete(call);
    this.holders.set(this.outcomes.push("held") - 1, "read");
    this.grant();
  }
  isFreeFor(kind: "read" | "write"): boolean {
    return kind === "write" ? this.holders.size === 0 : ![...this.holders.values()].includes("write");
  }
  grant(): void {
    for (let first = this.queue[0]; first !== undefined && this.isFreeFor(first.kind); first = this.queue[0]) {
      this.queue.shift();
      this.holders.set(first.call, first.kind);
      this.outcomes[first.call] = "held";
    }
  }
}

it("a reader-writer lock does what its model does, whatever is cancelled (laws 10, 11, 31 to 35)", () =>
  forAllSteps(
    ["read", "read", "write", "select", "tryRead", "tryWrite", "cancel", "cancel", "release", "release", "downgrade"],
    async (steps) => {
      const lock = rwLock();
      const model = new Model();
      const calls = new Calls<ReadGuard | WriteGuard>(() => "held");
      await runSteps(
        steps,
        ({ kind, pick }) => {
          if (kind === "read" || kind === "write") {
            calls.start((cancel) => lock[kind](cancel));
            model.take(kind);
          } else if (kind === "select") {
            calls.start(async (cancel) => (await select({ only: lock.writing() }, cancel)).value);
            model.take("write");
          } else if (kind === "tryRead" || kind === "tryWrite") {
            calls.done(lock[kind]());
            model.tryTake(kind === "tryRead" ? "read" : "write");
          } else if (kind === "cancel") {
            const call = calls.any(pick);
            if (call === undefined) return;
            calls.cancel(call);
            model.cancel(call);
          } else {
            const chosen = calls.anyWithValue(pick);
            if (chosen === undefined) return;
            if (kind === "release") {
              chosen.value.release();
              model.release(chosen.call);
            } else if (chosen.value.isHeld && "downgrade" in chosen.value) {
              calls.done(chosen.value.downgrade());
              model.downgrade(chosen.call);
            }
          }
        },
        () => {
          const kinds = [...model.holders.values()];
          assert.deepEqual(lock.statistics(), {
            readers: kinds.filter((kind) => kind === "read").length,
            isWriting: kinds.includes("write"),
            waiting: model.queue.length,
          });
        },
        () => [calls.outcomes, model.outcomes],
      );
    },
  ));
