import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";
import { RingBuffer } from "#skein/async/ring-buffer";

test("a ring buffer is an array that is filled at one end and emptied at the other", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof({ weight: 2, arbitrary: fc.nat() }, fc.constant("shift" as const))), (operations) => {
      const ring = new RingBuffer<number>();
      const model: number[] = [];
      for (const operation of operations) {
        if (operation !== "shift") {
          ring.push(operation);
          model.push(operation);
        } else if (model.length > 0) {
          assert.equal(ring.shift(), model.shift());
        }
        assert.deepEqual(
          Array.from({ length: ring.length }, (_, index) => ring.at(index)),
          model,
        );
      }
    }),
  );
});
