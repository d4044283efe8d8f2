import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";

import {
  CancelledError,
  ClosedError,
  DeadlockError,
  InternalError,
  MisuseError,
  SkeinError,
  StuckError,
  TimeoutError,
  TransferError,
  WorkerLostError,
} from "skein";
import type * as errors from "#skein/core/errors";
import {
  CircuitOpenError,
  classNameOfCode,
  describeThrown,
  ERROR_CLASSES,
  ERROR_TABLE,
  type SkeinErrorName,
  suppressed,
  OwnerDiedError,
  QueueFullError,
  TraceFileError,
  SharedMemoryError,
} from "#skein/core/errors";

import { loadCopy } from "../support/copy.js";

const MAKERS: { readonly [Name in SkeinErrorName]: (code: never) => SkeinError } = {
  MisuseError: (code) => new MisuseError(code, "message"),
  WorkerLostError: (code) => new WorkerLostError(code, "message"),
  ClosedError: () => new ClosedError(),
  CancelledError: () => new CancelledError(),
  TimeoutError: () => new TimeoutError(),
  StuckError: () => new StuckError("message", ["job"]),
  TransferError: () => new TransferError("message"),
  DeadlockError: () => new DeadlockError("message"),
  CircuitOpenError: () => new CircuitOpenError("message", 5),
  OwnerDiedError: () => new OwnerDiedError("message"),
  QueueFullError: () => new QueueFullError("message"),
  TraceFileError: () => new TraceFileError("message"),
  SharedMemoryError: (code) => new SharedMemoryError(code, "message"),
  InternalError: () => new InternalError("message"),
};

describe("an error of the library", () => {
  it("has one of the codes, and each code belongs to one class", () => {
    for (const [code, name] of Object.entries(ERROR_TABLE)) {
      const error = MAKERS[name](code as never);
      assert.equal(error.code, code);
      assert.equal(error.name, name);
      assert.equal(classNameOfCode(code), name);
      for (const [otherName, other] of Object.entries(ERROR_CLASSES)) {
        assert.equal(error instanceof (other as typeof SkeinError), otherName === name, `${code} and ${otherName}`);
      }
      assert.ok(error instanceof SkeinError && error instanceof Error);
      assert.equal(Object.getPrototypeOf(error), ERROR_CLASSES[name].prototype);
    }
    assert.deepEqual(new Set(Object.values(ERROR_TABLE)), new Set(Object.keys(ERROR_CLASSES)));
  });

  it("has no code of another family", () => {
    for (const code of ["ENOENT", "toString", "__proto__", 7, undefined])
      assert.equal(classNameOfCode(code), undefined);
  });

  it("keeps instanceof across two copies of the library", async () => {
    const copy = await loadCopy<typeof errors>("core/errors", "copy");
    assert.notEqual(copy.ClosedError, ClosedError);
    const theirs = new copy.ClosedError();
    assert.ok(theirs instanceof ClosedError && theirs instanceof SkeinError);
    assert.ok(!(theirs instanceof TimeoutError));
    assert.ok(new TimeoutError() instanceof copy.TimeoutError && !(new TimeoutError() instanceof copy.ClosedError));
  });

  it("can be subclassed: the subclass holds its own, the base holds both, also across copies", async () => {
    class Late extends TimeoutError {}
    const late = new Late();
    assert.ok(late instanceof Late && late instanceof TimeoutError && late instanceof SkeinError);
    assert.ok(!(new TimeoutError() instanceof Late));
    const copy = await loadCopy<typeof errors>("core/errors", "copy");
    assert.ok(late instanceof copy.TimeoutError && !(late instanceof copy.ClosedError));
    assert.ok(!(new copy.TimeoutError() instanceof Late));
  });

  it("is not what merely looks like one", () => {
    const values = [
      null,
      undefined,
      1,
      "x",
      {},
      new Error("e"),
      { code: "SKEIN_CLOSED", name: "ClosedError" },
      Object.create(null),
    ];
    for (const value of values) assert.ok(!((value as unknown) instanceof SkeinError));
  });

  it("keeps its cause, and shows name and message but no scope when printed", () => {
    const cause = new Error("cause");
    assert.equal(new ClosedError("closed", { cause }).cause, cause);
    const origin = { name: "a scope with a whole tree" };
    const printed = inspect(new CancelledError("stop", { reason: "why", origin }));
    assert.match(printed, /^CancelledError: stop/);
    assert.match(printed, /code: 'SKEIN_CANCELLED'/);
    assert.match(printed, /reason: 'why'/);
    assert.doesNotMatch(printed, /whole tree/);
  });

  it("of ours asks to be reported", () => {
    assert.match(new InternalError("lost a job").message, /lost a job .*please report/);
  });
});

describe("the origin of a cancellation", () => {
  it("is known of an error made here, and of nothing else", () => {
    const origin = {};
    assert.equal(CancelledError.originOf(new CancelledError("m", { origin })), origin);
    for (const value of [new CancelledError(), new ClosedError(), null, "text", { origin }]) {
      assert.equal(CancelledError.originOf(value), undefined);
    }
  });
});

describe("a suppressed error", () => {
  interface Suppressed extends Error {
    readonly error: unknown;
    readonly suppressed: unknown;
  }

  function check(made: Suppressed, error: Error, earlier: Error): void {
    assert.deepEqual([made.name, made.message], ["SuppressedError", "cleanup failed too"]);
    assert.equal(made.error, error);
    assert.equal(made.suppressed, earlier);
    assert.ok(made instanceof Error);
  }

  it("has the same shape whether or not the platform has the class", () => {
    const host = globalThis as { SuppressedError?: unknown };
    const before = Object.getOwnPropertyDescriptor(host, "SuppressedError");
    const [error, earlier] = [new Error("later"), new Error("earlier")];
    try {
      delete host.SuppressedError;
      check(suppressed(error, earlier, "cleanup failed too") as Suppressed, error, earlier);
      host.SuppressedError = class SuppressedError extends Error {
        override readonly name = "SuppressedError";
        readonly error: unknown;
        readonly suppressed: unknown;
        constructor(later: unknown, first: unknown, message: string) {
          super(message);
          this.error = later;
          this.suppressed = first;
        }
      };
      const made = suppressed(error, earlier, "cleanup failed too");
      check(made as Suppressed, error, earlier);
      assert.ok(made instanceof (host.SuppressedError as typeof Error));
    } finally {
      delete host.SuppressedError;
      if (before !== undefined) Object.defineProperty(host, "SuppressedError", before);
    }
  });
});

describe("the description of what was thrown", () => {
  it("names an error by class and message, and any other value by its type", () => {
    assert.equal(describeThrown(new RangeError("too far")), "RangeError: too far");
    assert.equal(describeThrown(new RangeError()), "RangeError");
    assert.equal(describeThrown("text"), "string text");
    assert.equal(describeThrown(undefined), "undefined undefined");
    assert.equal(describeThrown(Symbol("s")), "symbol Symbol(s)");
  });

  it("never throws, whatever was thrown", () => {
    const failing = (): never => {
      throw new Error("hostile");
    };
    const hostile = [
      Object.create(null),
      { toString: failing },
      Object.defineProperty(new Error("e"), "message", { get: failing }),
      Object.defineProperty(new Error("e"), "message", { value: Symbol("m") }),
      new Proxy({}, { get: failing, getPrototypeOf: failing }),
    ];
    for (const value of hostile) assert.equal(typeof describeThrown(value), "string");
  });
});
