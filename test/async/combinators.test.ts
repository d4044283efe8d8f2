import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { all, allSettled, any, race } from "#skein/async/combinators";
import { CancelledError, channel, scope, type Scope } from "skein";

/** A body that ends only when it is cancelled, and then notes that its cleanup ran. */
function endless(cleaned: string[], name: string) {
  return (s: Scope): Promise<never> => {
    s.defer(() => {
      cleaned.push(name);
    });
    return channel<never>(0, s).receive();
  };
}

async function fail(message: string): Promise<never> {
  throw new Error(message);
}

describe("race", () => {
  it("gives the first result, after the losers were cancelled and have cleaned up (law 1)", async () => {
    const cleaned: string[] = [];
    assert.equal(await race([endless(cleaned, "a"), () => "won", endless(cleaned, "b")]), "won");
    assert.deepEqual(cleaned, ["a", "b"]);
  });

  it("gives the first error, after the losers have cleaned up", async () => {
    const cleaned: string[] = [];
    await assert.rejects(race([endless(cleaned, "a"), () => fail("first")]), { message: "first" });
    assert.deepEqual(cleaned, ["a"]);
  });

  it("gives the winner of those that end in one turn, and it alone (law 11)", async () => {
    assert.equal(await race([async () => 1, async () => 2]), 1);
  });

  it("lets no failure of a loser's cleanup get lost", async () => {
    const loser = (s: Scope) => {
      s.defer(() => fail("cleanup"));
      return channel<never>(0, s).receive();
    };
    await assert.rejects(race([loser, () => "won"]), { message: "cleanup" });
  });

  it("ends cancelled if it is cancelled from outside", async () => {
    const cleaned: string[] = [];
    const controller = new AbortController();
    const racing = race([endless(cleaned, "a")], controller.signal);
    await new Promise((resolve) => setImmediate(resolve)); // the body runs
    controller.abort("stop");
    await assert.rejects(racing, (error) => error instanceof CancelledError && error.reason === "stop");
    assert.deepEqual(cleaned, ["a"]);
  });

  it("absorbs its own cancellation: the scope around it goes on (law 15)", async () => {
    await scope(async (s) => {
      await race([endless([], "a"), () => 1], s);
      assert.equal(s.isCancelled, false);
      s.checkpoint();
    });
  });
});

describe("any", () => {
  it("gives the first success and passes over failures", async () => {
    const cleaned: string[] = [];
    assert.equal(await any([() => fail("a"), () => "b", endless(cleaned, "c")]), "b");
    assert.deepEqual(cleaned, ["c"]);
  });

  it("passes over a failure in whatever turn it comes, just before the success or after it", async () => {
    for (let failsAfter = 0; failsAfter < 12; failsAfter++) {
      for (let succeedsAfter = 0; succeedsAfter < 12; succeedsAfter++) {
        const turns = async (count: number): Promise<void> => {
          for (let turn = 0; turn < count; turn++) await Promise.resolve();
        };
        const bodies = [() => turns(failsAfter).then(() => fail("a")), () => turns(succeedsAfter).then(() => "b")];
        assert.equal(await any(bodies), "b");
        assert.equal(await any(bodies.toReversed()), "b");
      }
    }
  });

  it("gives all errors in order of the bodies if none succeeds", async () => {
    await assert.rejects(
      any([() => new Promise((resolve) => setImmediate(resolve)).then(() => fail("slow")), () => fail("quick")]),
      (error) =>
        error instanceof AggregateError && error.errors.map((one: Error) => one.message).join() === "slow,quick",
    );
    await assert.rejects(any([]), AggregateError);
  });
});

describe("all", () => {
  it("gives all results in order", async () => {
    assert.deepEqual(await all([() => 1, async () => "two"]), [1, "two"]);
    assert.deepEqual(await all([]), []);
  });

  it("cancels the others at the first failure, and waits for their cleanups", async () => {
    const cleaned: string[] = [];
    await assert.rejects(all([endless(cleaned, "a"), () => fail("no")]), { message: "no" });
    assert.deepEqual(cleaned, ["a"]);
  });
});

describe("allSettled", () => {
  it("gives every outcome, and one failure leaves the others running", async () => {
    const [first, second] = await allSettled([() => fail("no"), async () => 2]);
    assert.ok(first.status === "rejected" && first.reason instanceof Error);
    assert.equal(first.reason.message, "no");
    assert.deepEqual(second, { status: "fulfilled", value: 2 });
  });

  it("throws if it is cancelled: outcomes cut short are none", async () => {
    const controller = new AbortController();
    const settling = allSettled([endless([], "a")], controller.signal);
    controller.abort();
    await assert.rejects(settling, CancelledError);
  });
});

describe("misuse of combinators", () => {
  const cases: readonly (readonly [string, () => Promise<unknown>, RegExp])[] = [
    ["race of nothing", () => race([]), /at least one body/],
    [
      "a promise instead of a function",
      () => all([Promise.resolve(1)] as never),
      /at index 0.*give the function that makes it/,
    ],
    ["no array", () => any("x" as never), /expected an array of functions, but the string "x" came/],
  ];
  for (const [what, run, message] of cases) {
    it(what, async () => {
      await assert.rejects(run, { code: "SKEIN_INVALID_ARGUMENT", message });
    });
  }
});
