/** The memory behind the heap, as other threads have grown it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { bufferReaching, makeMemory, PAGE_BYTES } from "#skein/shared/memory";

import { hammer } from "../support/hammer.js";

describe("the memory behind the heap", () => {
  it("reaches as far as another thread has grown it, as soon as that has said so", async () => {
    const rounds = 15_000;
    const data = { rounds, source: makeMemory(1), turns: new SharedArrayBuffer(8) };
    const [, short] = await hammer<number>(new URL("fixtures/grow-hits.js", import.meta.url), 2, data);
    assert.equal(short, 0);
  });

  it("that can't grow is what it is", () => {
    const source = new SharedArrayBuffer(PAGE_BYTES);
    assert.equal(bufferReaching(source, 2 * PAGE_BYTES), source);
  });
});
