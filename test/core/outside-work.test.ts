import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { InternalError } from "skein";
import { beginOutsideWork, endOutsideWork, outsideWorkCount } from "#skein/core/outside-work";

describe("outside work", () => {
  it("counts what has begun and not ended", () => {
    beginOutsideWork();
    beginOutsideWork();
    assert.equal(outsideWorkCount(), 2);
    endOutsideWork();
    assert.equal(outsideWorkCount(), 1);
    endOutsideWork();
    assert.equal(outsideWorkCount(), 0);
  });

  it("can't end before it began", () => {
    assert.throws(endOutsideWork, InternalError);
    assert.equal(outsideWorkCount(), 0);
  });
});
