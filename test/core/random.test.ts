import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { randomBelow, randomFraction, seedRandom } from "#skein/core/random";
import fc from "fast-check";

const seeds = fc.maxSafeInteger();

function drawn(seed: number, count: number): number[] {
  seedRandom(seed);
  return Array.from({ length: count }, () => randomBelow(2 ** 32));
}

describe("randomness", () => {
  it("gives the same sequence for the same seed (law 42)", () => {
    fc.assert(fc.property(seeds, (seed) => assert.deepEqual(drawn(seed, 20), drawn(seed, 20))));
  });

  it("gives another sequence for another seed, also if the seeds differ above bit 32 alone", () => {
    fc.assert(fc.property(fc.nat(2 ** 20), (low) => assert.notDeepEqual(drawn(low, 4), drawn(low + 2 ** 32, 4))));
    const firsts = new Set(Array.from({ length: 1000 }, (_, seed) => drawn(seed, 1)[0]));
    assert.equal(firsts.size, 1000);
  });

  it("stays within its bounds", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 2 ** 32 }), (seed, bound) => {
        seedRandom(seed);
        for (let round = 0; round < 20; round++) {
          const below = randomBelow(bound);
          assert.ok(Number.isSafeInteger(below) && below >= 0 && below < bound);
          const fraction = randomFraction();
          assert.ok(fraction >= 0 && fraction < 1);
        }
      }),
    );
  });

  it("gives each number about as often, also right after seeding", () => {
    const counts = Array.from({ length: 10 }, () => 0);
    for (let seed = 0; seed < 1000; seed++) {
      seedRandom(seed);
      for (let round = 0; round < 10; round++) {
        const number = randomBelow(10);
        counts[number] = (counts[number] ?? 0) + 1;
      }
    }
    // 1000 of 10,000 expected; with a standard deviation of 30, six of them.
    for (const count of counts) assert.ok(Math.abs(count - 1000) < 180, counts.join());
  });
});
