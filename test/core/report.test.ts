import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";

import { reportToOwner } from "#skein/core/report";

describe("a report to the program's owner", () => {
  it("is a warning of the process that carries the error", () => {
    const emitted = mock.method(process, "emitWarning", () => undefined);
    try {
      const error = new Error("lost");
      reportToOwner("nobody heard", error);
      const warning = emitted.mock.calls[0]?.arguments[0] as unknown as Error;
      assert.equal(emitted.mock.callCount(), 1);
      assert.deepEqual([warning.name, warning.message, warning.cause], ["SkeinWarning", "nobody heard", error]);
    } finally {
      emitted.mock.restore();
    }
  });

  it("goes to the console where there is no process", () => {
    const warned = mock.method(console, "warn", () => undefined);
    const host = Object.getOwnPropertyDescriptor(globalThis, "process") as PropertyDescriptor;
    try {
      Object.defineProperty(globalThis, "process", { value: undefined, configurable: true });
      reportToOwner("nobody heard", "a string");
    } finally {
      Object.defineProperty(globalThis, "process", host);
      warned.mock.restore();
    }
    const warning = warned.mock.calls[0]?.arguments[0] as Error;
    assert.deepEqual([warning.name, warning.cause], ["SkeinWarning", "a string"]);
  });
});
