import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { deferred } from "#skein/core/deferred";

import { failureOf } from "../support/failure.js";

describe("a deferred", () => {
  it("settles its promise with what resolve is given, a promise's outcome included", async () => {
    const plain = deferred<number>();
    plain.resolve(1);
    assert.equal(await plain.promise, 1);
    const adopting = deferred<number>();
    adopting.resolve(Promise.resolve(2));
    assert.equal(await adopting.promise, 2);
  });

  it("is settled once", async () => {
    const error = new Error("first");
    const one = deferred<number>();
    one.reject(error);
    one.resolve(1);
    assert.equal(await failureOf(one.promise), error);
  });
});
