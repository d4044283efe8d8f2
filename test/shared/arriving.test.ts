/** Shared objects that are disposed of while they come to a thread. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { heap, offsetOf } from "#skein/shared/heap";
import { attached, HEADER_BYTES, Kind, type Place } from "#skein/shared/object";
import { adopt, SharedArray, SharedChannel } from "skein/shared";

import { hammer } from "../support/hammer.js";
import { type ArrivalHits, GONE, MISTAKEN } from "./fixtures/arrival-hits.js";

const hits = new URL("./fixtures/arrival-hits.js", import.meta.url);

/** In small blocks and large ones, which say in different places whether they live. */
const LENGTHS = [100, 20_000];

/** The handle of an array of doubles that this thread has not met: as if another had made it. */
function unmet(length: number, name = "array"): number {
  const cellBytes = 8;
  const offset = heap().allocate(HEADER_BYTES + cellBytes + length * 8, Kind.array);
  const model = new SharedArray({ type: "float64", length, name });
  const from = new Uint8Array(model.values.buffer, model.offset, HEADER_BYTES + cellBytes);
  new Uint8Array(heap().buffer, offset, from.length).set(from);
  model.dispose();
  return heap().handleOf(offset);
}

describe("a shared object that comes", () => {
  it("has the name that it was given", () => {
    for (const name of ["", "array", "arraz", "arrays", "Größe", "x".repeat(24), "語".repeat(8)]) {
      const array = attached(heap(), unmet(3, name), (place) => new SharedArray(place)) as SharedArray;
      assert.equal(array.name, name);
      array.dispose();
    }
  });

  it("has none where anything may stand in its place, as in a block that is given back right now", () => {
    for (const length of [-1, 25, 2 ** 30, -(2 ** 31)]) {
      const handle = unmet(3);
      heap().cells[offsetOf(handle) / 4] = length;
      const array = attached(heap(), handle, (place) => new SharedArray(place)) as SharedArray;
      assert.equal(array.name, "");
      array.dispose();
    }
  });

  for (const length of LENGTHS) {
    it(`is looked at as what it is, with ${length} numbers`, () => {
      const handle = unmet(length);
      const array = attached(heap(), handle, (place) => new SharedArray(place)) as SharedArray;
      assert.deepEqual([array.type, array.length, array.handle], ["float64", length, handle]);
      assert.equal(
        attached(heap(), handle, () => assert.fail("it is known")),
        array,
      );
      array.dispose();
      assert.equal(
        attached(heap(), handle, () => assert.fail("it is gone")),
        undefined,
      );
    });

    it(`does not come if it is disposed of meanwhile, nor stands for what takes its place, with ${length} numbers`, () => {
      const handle = unmet(length);
      let next: SharedArray | undefined;
      const attach = (place: Place): SharedArray => {
        const array = new SharedArray(place);
        heap().free(handle);
        next = new SharedArray({ type: "int32", length: 2 * length });
        assert.equal(next.offset, place.offset);
        return array;
      };
      assert.equal(attached(heap(), handle, attach), undefined);
      const come = adopt({ array: structuredClone({ array: next }) }).array as unknown as { array: SharedArray };
      assert.equal(come.array, next);
      assert.ok(come.array.values instanceof Int32Array);
      next?.dispose();
    });

    it(`is known by what it was when it came, though its place had another by then, with ${length} numbers`, () => {
      const handle = unmet(length);
      let late: SharedArray | undefined;
      const attach = (place: Place): SharedArray => {
        heap().free(handle);
        using next = new SharedArray({ type: "int32", length: 2 * length });
        late = new SharedArray(place);
        // What another thread would read then: the type of the one, the handle of the other.
        assert.deepEqual([late.handle === handle, late.isDisposed, next.isDisposed], [true, true, false]);
        return late;
      };
      assert.equal(attached(heap(), handle, attach), undefined);
    });

    it(`fails as disposed of if what stands there by then can't be read, with ${length} numbers`, () => {
      const handle = unmet(length);
      const attach = (): never => {
        heap().free(handle);
        throw new RangeError("Invalid typed array length");
      };
      assert.equal(attached(heap(), handle, attach), undefined);
      const alive = unmet(length);
      assert.throws(
        () =>
          attached(heap(), alive, () => {
            throw new RangeError("Invalid typed array length");
          }),
        RangeError,
      );
      heap().free(alive);
    });

    it(`is never taken for what was there before, with ${length} numbers`, { timeout: 60_000 }, async () => {
      const rounds = 5000;
      const memory = new SharedArrayBuffer(12);
      using arrays: ArrivalHits["arrays"] = new SharedChannel({ capacity: 2 });
      const data: ArrivalHits = { arrays, memory, length, rounds };
      await hammer(hits, 2, data);
      const cells = new Int32Array(memory);
      assert.equal(cells[MISTAKEN], 0);
      const gone = cells[GONE] as number;
      assert.ok(gone > 0 && gone < rounds, `some came in time and some did not: ${gone} of ${rounds} were gone`);
    });
  }
});
