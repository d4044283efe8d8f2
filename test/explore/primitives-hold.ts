/**
 * Each of the library's primitives holds what it promises, under the orders that are tried
 * here; and there is none that is not tried. Run by `programs.test.ts`.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as async from "skein/async";
import * as shared from "skein/shared";

import { DISPATCH, type ExploredPrimitive, explorePrimitive, HEAP, OF_JOBS, OF_THREADS } from "./primitives/index.js";

function hold(what: string, primitives: readonly ExploredPrimitive[]): void {
  describe(what, () => {
    for (const primitive of primitives) {
      it(primitive.fact, async (context) => {
        const { coverage, warnings } = await explorePrimitive(primitive);
        // How much of it was covered.
        context.diagnostic(coverage.text);
        assert.deepEqual(warnings, []);
      });
    }
  });
}

hold("primitives of threads, explored", OF_THREADS);
hold("primitives of jobs, explored", OF_JOBS);
hold("dispatch, explored", DISPATCH);
hold("the heap, explored", HEAP);

/** Exports of `skein/async` that let nobody wait, or only for what they are given, by the other primitives. */
const WITHOUT_WAITS = new Set(
  (
    "after here main sleepUntil trySelect yieldNow sliced " +
    "all allSettled any race mapConcurrent restarting joining " +
    "callback fromCallback events nextEvent fromReadable fromWebStream toWebStream flow " +
    // By time and counts alone.
    "circuitBreaker debounce interval rateLimit retry throttle " +
    "exponential fibonacci linear Schedule spaced Lagged"
  ).split(" "),
);
/** Classes of `skein/shared` that are nobody's memory by themselves. */
const WITHOUT_MEMORY = new Set(["SharedObject"]);

describe("what is explored", () => {
  it("has each class that skein/shared exports", () => {
    const explored = new Set(OF_THREADS.flatMap(({ of }) => of));
    const classes = Object.entries(shared).filter(([, value]) => /^class\b/.test(String(value)));
    const left = classes.map(([name]) => name).filter((name) => !explored.has(name) && !WITHOUT_MEMORY.has(name));
    assert.ok(classes.length > 15);
    assert.deepEqual(left, []);
  });

  it("has each primitive of skein/async by which jobs wait", () => {
    const explored = new Set(OF_JOBS.flatMap(({ of }) => of));
    const left = Object.keys(async).filter((name) => !explored.has(name) && !WITHOUT_WAITS.has(name));
    assert.deepEqual(left, []);
  });

  it("has nothing that is not exported", () => {
    const known = new Set([...Object.keys(async), ...Object.keys(shared)]);
    const names = [...OF_THREADS, ...OF_JOBS].flatMap(({ of }) => of);
    assert.deepEqual(
      names.filter((name) => !known.has(name)),
      [],
    );
  });
});
