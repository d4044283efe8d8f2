/** What hostile values, modules and moments must not do to the pool. */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";

import { CancelledError, scope, threads, TransferError } from "skein";

import { decodeThrown, encodeThrown } from "#skein/threads/error-codec";

import * as hostile from "./fixtures/hostile.js";
import { count } from "./fixtures/slow-import.js";

const on = threads({ size: 1, name: "attacked" });
after(() => on.close());

async function failureOf(run: Parameters<typeof scope>[0]): Promise<unknown> {
  try {
    await scope(run);
  } catch (error) {
    return error;
  }
  return assert.fail("the scope did not fail");
}

describe("a value that can't be cloned nor looked into", () => {
  after(() => assert.equal(on.statistics().lost, 0));

  for (const [what, run] of Object.entries<Parameters<typeof scope>[0]>({
    "a result nested too deep": (s) => s.spawn(hostile.giveDeep, [], { on }),
    "a result with a revoked proxy": (s) => s.spawn(hostile.giveRevoked, [], { on }),
    "an argument that is a revoked proxy": (s) => s.spawn(hostile.accept, [hostile.revokedProxy()], { on }),
    "a transfer list that is none": (s) => s.spawn(hostile.accept, [1], { on, transfer: 5 as unknown as object[] }),
    "a transfer list of nothing that can be": (s) => s.spawn(hostile.accept, [1], { on, transfer: [{}] }),
  })) {
    it(`${what} costs that job only`, async () => {
      const error = await failureOf(run);
      assert.ok(error instanceof TransferError, String(error));
      assert.ok(error.message.length < 1000);
      assert.equal(on.statistics().running, 0);
      assert.equal(await scope((s) => s.spawn(hostile.accept, [1], { on })), "number");
    });
  }
});

describe("a result that does harm when it is looked at", () => {
  after(() => assert.equal(on.statistics().lost, 0));

  for (const [what, give, message] of [
    ["with a `then` that throws when it is read", hostile.giveThrowingThen, /looked at/],
    ["that is a promise whose `then` throws", hostile.giveDeafPromise, /not then/],
    ["that is a revoked proxy", hostile.giveBareRevoked, /revoked/],
  ] as const) {
    it(`${what} costs that job only`, async () => {
      const error = await failureOf((s) => s.spawn(give, [], { on }));
      assert.match(String(error), message);
      assert.equal(on.statistics().lost, 0);
    });
  }

  it("arrives if it can be cloned", async () => {
    assert.deepEqual(await on.run(hostile.giveSecretive, []), { open: 1 });
    assert.deepEqual(await on.run(hostile.giveSecretiveLater, []), { open: 1 });
  });

  it("settles its job once, by what it is, if it is a promise with a `then` of its own", async () => {
    assert.equal(await on.run(hostile.giveEagerPromise, []), 1);
    const { settled, queued } = on.statistics();
    assert.equal(await on.run(hostile.accept, [1]), "number");
    assert.deepEqual([on.statistics().settled, queued], [settled + 1, 0]);
  });

  it("is no moved one if it is thrown", async () => {
    assert.deepEqual(await failureOf(() => on.run(hostile.throwMoved, [])), { value: { kind: "list" }, transfer: [] });
  });
});

describe("a task that uses the thread's own port", () => {
  it("disturbs nobody", async () => {
    assert.equal(await scope((s) => s.spawn(hostile.postOnOurPort, [], { on })), "posted");
  });
});

describe("a job cancelled while its module loads", () => {
  it("never starts", async () => {
    const starts = new Int32Array(new SharedArrayBuffer(4));
    const channel = new BroadcastChannel("slow-import");
    const error = await failureOf(async (s) => {
      const importing = new Promise((resolve) => (channel.onmessage = resolve));
      const job = s.spawn(count, [starts], { on });
      await importing;
      job.cancel("no longer wanted");
      channel.postMessage("go on");
      await job;
    });
    channel.close();
    assert.ok(error instanceof CancelledError, String(error));
    assert.equal(starts[0], 0);
    assert.equal(await scope((s) => s.spawn(count, [starts], { on })), 1);
  });
});

describe("a task of a data: module", () => {
  it("is found by the thread", async () => {
    const source = `import { task } from ${JSON.stringify(import.meta.resolve("skein"))};
      export const triple = task(function triple(value) { return value * 3; });`;
    const { triple } = (await import(`data:text/javascript,${encodeURIComponent(source)}`)) as {
      triple: typeof hostile.accept;
    };
    assert.equal(await scope((s) => s.spawn(triple, [2], { on })), 6);
  });
});

describe("an error that can't be taken apart", () => {
  it("leaves the others of its aggregate what they were", () => {
    const shared = new Error("shared");
    const broken = new Proxy(new Error("broken"), {
      ownKeys() {
        throw new Error("no keys");
      },
    });
    const arrived = decodeThrown(
      structuredClone(encodeThrown(new AggregateError([broken, shared, shared]))),
    ) as AggregateError;
    assert.equal((arrived.errors[1] as Error).message, "shared");
    assert.equal(arrived.errors[1], arrived.errors[2]);
  });
});
