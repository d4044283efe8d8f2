import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { CancelledError, ClosedError, SkeinError } from "skein";
import { decodeThrown, encodeThrown } from "#skein/threads/error-codec";

/** There and back, through a real structured clone. */
function roundTrip(thrown: unknown): unknown {
  return decodeThrown(structuredClone(encodeThrown(thrown)));
}

describe("an error that crosses threads", () => {
  it("keeps the platform's classes", () => {
    for (const type of [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError]) {
      const error = roundTrip(new type("message")) as Error;
      assert.equal(Object.getPrototypeOf(error), type.prototype);
      assert.equal(error.message, "message");
    }
  });

  it("keeps the library's classes, and instanceof with them", () => {
    const error = roundTrip(new ClosedError("gone")) as ClosedError;
    assert.ok(error instanceof ClosedError && error instanceof SkeinError);
    assert.ok(!(error instanceof CancelledError));
    assert.equal(error.code, "SKEIN_CLOSED");
    assert.equal(error.name, "ClosedError");
  });

  it("keeps the stack as it was", () => {
    const original = new Error("message");
    assert.equal((roundTrip(original) as Error).stack, original.stack);
  });

  it("keeps what is enumerable, and what is not", () => {
    const error = roundTrip(Object.assign(new Error("message", { cause: "cause" }), { shown: 1 })) as Error;
    assert.deepEqual(Object.keys(error), ["shown"]);
    assert.equal(error.cause, "cause");
  });

  it("may be its own cause", () => {
    const error = new Error("snake");
    error.cause = error;
    const arrived = roundTrip(error) as Error;
    assert.equal(arrived.cause, arrived);
  });

  it("may be nested deeper than any stack", () => {
    let error = new Error("innermost");
    for (let i = 0; i < 20_000; i++) error = new Error(`level ${i}`, { cause: error });
    assert.equal((roundTrip(error) as Error).message, "level 19999");
  });

  it("says in words what can't be cloned", () => {
    const error = roundTrip(Object.assign(new Error("message"), { run: function named() {} })) as { run?: unknown };
    assert.equal(error.run, "[function named]");
  });

  it("survives hostile getters, names and proxies", () => {
    const hostile = new Error("message");
    Object.defineProperty(hostile, "name", { get: () => assert.fail("no name") });
    Object.defineProperty(hostile, "extra", { enumerable: true, get: () => assert.fail("no extra") });
    assert.equal((roundTrip(hostile) as Error).message, "message");
    const proxy = new Proxy(new Error("inside"), {
      ownKeys: () => assert.fail("no keys"),
      get: () => assert.fail("nothing"),
      getPrototypeOf: () => assert.fail("no prototype"),
    });
    assert.doesNotThrow(() => roundTrip(proxy));
  });

  it("arrives equal, whatever tree of causes, lists and properties it is", () => {
    const { thrown } = fc.letrec<{ thrown: unknown; error: Error; plain: unknown }>((tie) => ({
      plain: fc.oneof(
        fc.string(),
        fc.integer(),
        fc.constant(undefined),
        fc.dictionary(fc.string(), fc.integer(), { noNullPrototype: true }),
        fc.date({ noInvalidDate: true }), // which Node 20 holds unequal to itself
      ),
      error: fc
        .record({
          message: fc.string(),
          cause: fc.option(tie("thrown"), { nil: undefined, depthIdentifier: "errors" }),
          list: fc.option(fc.array(tie("error"), { maxLength: 3, depthIdentifier: "errors" }), { nil: undefined }),
          code: fc.option(fc.string(), { nil: undefined }),
        })
        .map(({ message, cause, list, code }) => {
          const error =
            list === undefined ? new RangeError(message, { cause }) : new AggregateError(list, message, { cause });
          return code === undefined ? error : Object.assign(error, { code });
        }),
      thrown: fc.oneof({ maxDepth: 4, depthIdentifier: "errors" }, tie("plain"), tie("error")),
    }));
    fc.assert(
      fc.property(thrown, (value) => {
        assert.deepEqual(roundTrip(value), value);
      }),
    );
  });
});
