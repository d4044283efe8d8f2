import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { describe, it } from "node:test";

import { CancelledError, channel, scope, sleep, TimeoutError } from "skein";
import { settled, withVirtualClock } from "skein/testing";
import { CancelListener, CancelNode, cancelNodeOf, describeKind } from "#skein/async/cancel";
import { type Linked, List } from "#skein/core/list";
import fc from "fast-check";

import { codeOf, failureOf } from "../support/failure.js";

/** Notes when it is told. */
class Listener extends CancelListener {
  readonly told: CancelNode[] = [];
  readonly #whenTold: (() => void) | undefined;
  constructor(whenTold?: () => void) {
    super();
    this.#whenTold = whenTold;
  }
  override onCancel(node: CancelNode): void {
    this.told.push(node);
    this.#whenTold?.();
  }
}

/** A random tree of nodes: for each its parent's index, always lower, and whether it is shielded. */
const tree = fc.array(fc.record({ above: fc.nat(), shielded: fc.boolean(), own: fc.option(fc.nat(50)) }), {
  minLength: 1,
  maxLength: 20,
});

function build(shape: readonly { readonly above: number; readonly shielded: boolean }[]): CancelNode[] {
  const nodes: CancelNode[] = [];
  for (const [index, { above, shielded }] of shape.entries()) {
    nodes.push(new CancelNode(`${index}`, nodes[above % Math.max(1, index)], index > 0 && shielded));
  }
  return nodes;
}

describe("a tree of cancellable nodes", () => {
  it("cancels what is below and not shielded; the first origin and reason stay (laws 12, 14 and 15)", () => {
    fc.assert(
      fc.property(tree, fc.array(fc.nat(), { maxLength: 8 }), (shape, cancels) => {
        const nodes = build(shape);
        const listeners = nodes.map((node) => {
          const listener = new Listener();
          node.listen(listener);
          return listener;
        });
        // The model: who cancelled each node first, found by walking up.
        const model: (number | undefined)[] = nodes.map(() => undefined);
        for (const cancel of cancels) {
          const origin = cancel % nodes.length;
          const isFirst = model[origin] === undefined;
          assert.equal(nodes[origin]?.cancelTree(`by ${origin}`), isFirst);
          for (const [index, node] of nodes.entries()) {
            let above: CancelNode | undefined = node;
            while (above !== undefined && above !== nodes[origin]) above = above.shielded ? undefined : above.parent;
            if (above !== undefined && isFirst) model[index] ??= origin;
          }
        }
        for (const [index, node] of nodes.entries()) {
          const by = model[index];
          assert.equal(node.isCancelled, by !== undefined);
          assert.equal(node.origin, by === undefined ? undefined : nodes[by]);
          assert.equal(node.reason, by === undefined ? undefined : `by ${by}`);
          assert.deepEqual(listeners[index]?.told, by === undefined ? [] : [node]);
          assert.equal(node.signal.aborted, by !== undefined);
          if (by === undefined) node.checkpoint();
          else assert.throws(() => node.checkpoint(), { reason: `by ${by}` });
        }
      }),
    );
  });

  it("gives each node the earliest deadline of itself and those above, up to a shield (laws 12 and 17)", () =>
    withVirtualClock(
      async () => {
        fc.assert(
          fc.property(tree, (shape) => {
            const nodes = build(shape);
            for (const [index, { own }] of shape.entries()) if (own !== null) nodes[index]?.setDeadline(own + 1);
            for (const node of nodes) {
              let expected = Infinity;
              for (
                let above: CancelNode | undefined = node;
                above !== undefined;
                above = above.shielded ? undefined : above.parent
              ) {
                expected = Math.min(expected, (shape[nodes.indexOf(above)]?.own ?? Infinity) + 1);
              }
              assert.equal(node.deadlineMs, expected);
            }
            for (const node of nodes) node.detach();
          }),
        );
      },
      { autojump: false },
    ));

  it("is cancelled ten thousand levels deep without overflowing the stack", () => {
    const top = new CancelNode("top", undefined);
    let bottom = top;
    for (let level = 0; level < 10_000; level++) bottom = new CancelNode("inner", bottom);
    const listener = new Listener();
    bottom.listen(listener);
    assert.equal(bottom.deadlineMs, Infinity);
    top.cancelTree("why");
    assert.equal(listener.told.length, 1);
    assert.equal(bottom.origin, top);
    assert.ok(bottom.isOwnCancellation(top.makeError()));
  });

  it("is marked as a whole before anybody is told", () => {
    const top = new CancelNode("top", undefined);
    const left = new CancelNode("left", top);
    const right = new CancelNode("right", top);
    const seen: boolean[] = [];
    for (const node of [left, right])
      node.listen(new Listener(() => seen.push(top.isCancelled, left.isCancelled, right.isCancelled)));
    top.cancelTree("why");
    assert.deepEqual(
      seen,
      Array.from({ length: 6 }, () => true),
    );
  });

  it("lets who is told add and remove others freely", () => {
    const node = new CancelNode("node", undefined);
    const inner = new CancelNode("inner", node);
    const late = new Listener();
    const removed = new Listener();
    node.listen(
      new Listener(() => {
        removed.stopListening();
        inner.detach();
        node.cancelTree("again");
        late.stopListening();
      }),
    );
    node.listen(removed);
    node.cancelTree("why");
    assert.deepEqual([node.reason, inner.reason], ["why", "why"]);
    assert.deepEqual(node.listeners(), []);
  });

  it("is joined, already cancelled, by a node made below a cancelled one", () => {
    const top = new CancelNode("top", undefined);
    top.cancelTree("why");
    const below = new CancelNode("below", new CancelNode("middle", top));
    assert.ok(below.isCancelled && below.origin === top && below.reason === "why");
    const shielded = new CancelNode("shielded", top, true);
    assert.equal(shielded.isCancelled, false);
    assert.deepEqual(top.listeners(), []);
  });

  it("makes a new error each time, whose stack is that of the checkpoint", () => {
    const node = new CancelNode("node", undefined);
    node.cancelTree("why");
    const [first, second] = [node.makeError(), node.makeError()];
    assert.notEqual(first, second);
    assert.match(first.message, /scope "node" was cancelled: why/);
    function findMe(): void {
      node.checkpoint();
    }
    assert.throws(findMe, ({ stack }: Error) => stack?.includes("findMe") === true);
    const limit = Error.stackTraceLimit;
    assert.doesNotMatch(node.makeErrorForWait().stack ?? "", / at /);
    assert.equal(Error.stackTraceLimit, limit);
  });

  it("takes nothing for its own cancellation before it is cancelled, nor what is another's", () => {
    const top = new CancelNode("top", undefined);
    const other = new CancelNode("other", undefined);
    const below = new CancelNode("below", top);
    const early = top.makeError();
    assert.equal(top.isOwnCancellation(early), false);
    for (const node of [top, other]) node.cancelTree("why");
    assert.ok(below.isOwnCancellation(early) && top.isOwnCancellation(early));
    const foreign = [
      other.makeError(),
      new CancelledError(),
      new TimeoutError(),
      new Error("abort", { cause: early }),
      new AggregateError([]),
      new AggregateError([early, new Error("real")]),
      new AggregateError([early, new AggregateError([other.makeError()])]),
      "text",
      undefined,
      null,
      new Proxy(new Error("e"), { get: () => assert.fail("hostile"), getPrototypeOf: () => assert.fail("hostile") }),
    ];
    for (const error of foreign) assert.equal(top.isOwnCancellation(error), false);
    const nested = new AggregateError([early, new AggregateError([early])]);
    assert.ok(top.isOwnCancellation(nested));
    (nested.errors as unknown[]).push(nested);
    assert.ok(top.isOwnCancellation(nested));
  });

  it("does not take a cancellation from beyond a shield for one of the inside", () => {
    const top = new CancelNode("top", undefined);
    const shielded = new CancelNode("shielded", top, true);
    top.cancelTree("outer");
    shielded.cancelTree("own");
    assert.equal(shielded.isOwnCancellation(top.makeError()), false);
    assert.equal(shielded.isOwnCancellation(shielded.makeError()), true);
  });

  it("asks a source outside at each checkpoint, on nodes below too, until it is cancelled", () => {
    let asked = 0;
    const top: CancelNode = new CancelNode("top", undefined, false, () => {
      if (++asked === 3) top.cancelTree("from outside");
    });
    const below = new CancelNode("below", new CancelNode("middle", top, true));
    below.checkpoint();
    top.checkpoint();
    assert.throws(() => top.checkpoint(), { reason: "from outside" });
    assert.throws(() => top.checkpoint(), { reason: "from outside" });
    assert.equal(asked, 3);
  });
});

describe("an AbortSignal as the last argument", () => {
  it("cancels like a scope, with its reason, and a wait that begins after it at once", () =>
    withVirtualClock(async () => {
      const controller = new AbortController();
      const reason = new Error("stop");
      const waiting = failureOf(sleep(1000, controller.signal));
      controller.abort(reason);
      for (const error of [await waiting, await failureOf(sleep(1000, controller.signal))]) {
        assert.ok(error instanceof CancelledError && error.reason === reason);
        assert.match(error.message, /the operation was cancelled: Error: stop/);
      }
    }));

  it("is given one listener, however many waits use it (law 40)", () =>
    withVirtualClock(async () => {
      const { signal } = new AbortController();
      const words = channel<string>(0);
      const counts: number[] = [];
      for (let round = 0; round < 5; round++) {
        const waits = Array.from({ length: 10 }, () => sleep(1, signal));
        void words.receive(signal).catch(() => undefined);
        await scope((s) => sleep(1, s), {}, signal);
        counts.push(getEventListeners(signal, "abort").length);
        await Promise.all(waits);
      }
      assert.deepEqual(counts, [1, 1, 1, 1, 1]);
      assert.equal(cancelNodeOf(signal)?.listeners().length, 5); // the receives that go on
    }));

  it("has no listener left once it was aborted (law 40)", async () => {
    const controller = new AbortController();
    const waiting = failureOf(sleep(1000, controller.signal));
    controller.abort();
    await waiting;
    await failureOf(sleep(1, controller.signal));
    assert.equal(getEventListeners(controller.signal, "abort").length, 0);
    assert.deepEqual(cancelNodeOf(controller.signal)?.listeners(), []);
  });
});

describe("a scope of another copy of the library", () => {
  it("is followed through its signal", async () => {
    const controller = new AbortController();
    const foreign = { isCancelled: false, signal: controller.signal };
    const waiting = failureOf(sleep(1000, foreign));
    controller.abort("why");
    assert.equal(((await waiting) as CancelledError).reason, "why");
  });
});

describe("what is over leaves nothing behind (law 40)", () => {
  it("on its scope: waits, scopes inside, jobs, however they ended", () =>
    withVirtualClock(async (clock) => {
      await scope(async (s) => {
        const node = cancelNodeOf(s) as CancelNode;
        const words = channel<number>(1);
        for (let round = 0; round < 3; round++) {
          await sleep(1, s);
          await words.send(round, s);
          await words.receive(s);
          await s.scope((inner) => sleep(1, inner));
          await failureOf(s.scope((inner) => sleep(10, inner), { timeoutMs: 1 }));
          await failureOf(s.scope(() => Promise.reject("no")));
          await s.spawn((inner) => inner.spawn(() => sleep(1, inner)));
          s.spawn(() => 1).cancel();
          const aborting = AbortSignal.abort();
          await failureOf(words.receive(aborting));
          await s.shield((inner) => sleep(1, inner));
        }
        assert.deepEqual(node.listeners(), []);
        assert.equal(clock.pendingAlarms, 0);
        assert.deepEqual([words.statistics().waitingReceivers, words.statistics().waitingSenders], [0, 0]);
      });
    }));

  it("and cancelling a hundred thousand waits takes a step for each", async () => {
    const count = 100_000;
    const words = channel<number>(0);
    const { remove } = List.prototype;
    const { dismiss } = CancelNode.prototype;
    let [rejected, removed, dismissed] = [0, 0, 0];
    try {
      await scope(async (s) => {
        for (let i = 0; i < count; i++) words.receive(s).catch(() => rejected++);
        assert.equal(words.statistics().waitingReceivers, count);
        List.prototype.remove = function counted(this: List<Linked>, element) {
          removed++;
          remove.call(this, element);
        };
        CancelNode.prototype.dismiss = function counted(this: CancelNode, listener) {
          dismissed++;
          dismiss.call(this, listener);
        };
        s.cancel();
        assert.equal(words.statistics().waitingReceivers, 0);
      });
    } finally {
      List.prototype.remove = remove;
      CancelNode.prototype.dismiss = dismiss;
    }
    await settled();
    assert.equal(rejected, count);
    // Each wait leaves the channel's list and the node, in one O(1) step each; the
    // body leaves too.
    assert.equal(removed, count + 1);
    assert.equal(dismissed, count);
  });
});

describe("what can't cancel", () => {
  it("is refused, and a number is told how to make a timeout", async () => {
    const s = { signal: "no" };
    for (const cancel of [5, "1s", null, {}, [], () => 1, s, true, Symbol("s")]) {
      assert.equal(await codeOf(() => sleep(1, cancel as never)), "SKEIN_INVALID_ARGUMENT");
    }
    await assert.rejects(sleep(1, 500 as never), /number 500 came; a timeout is a scope/);
  });

  it("is named in words", () => {
    class Thing {
      readonly kind = "thing";
    }
    const words = [
      null,
      [1, 2],
      function walk() {},
      () => 1,
      new Thing(),
      Object.create(null),
      "short",
      "x".repeat(50),
      7n,
      Symbol("s"),
    ].map(describeKind);
    assert.deepEqual(words, [
      "null",
      "an array of 2",
      "the function walk",
      "the function (anonymous)",
      "an object of class Thing",
      "an object of class (none)",
      '"short"'.replace(/^/, "the string "),
      `the string "${"x".repeat(40)}…"`,
      "bigint 7",
      "symbol Symbol(s)",
    ]);
  });
});
