import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { decodeTrace, encodeTrace, type Trace } from "skein/trace";

import { analyse } from "../../inspector/src/analysis/build-model.js";
import { dumpOf } from "../../inspector/src/analysis/dump.js";
import { inOrder } from "../../inspector/src/analysis/event-order.js";
import { pathTo } from "../../inspector/src/analysis/path.js";
import { splitRange } from "../../inspector/src/analysis/split.js";
import { listTasks, taskDetail } from "../../inspector/src/analysis/tasks.js";
import { ItemKind, itemOf } from "../../inspector/src/timeline/span-store.js";
import { COLOUR_BY, inTones, tonesOf } from "../../inspector/src/timeline/tones.js";
import { observedTrace } from "./support/observed-trace.js";

/** Everything that the page's worker may be asked about a trace, and what the page makes of it. */
function lookAtAll(trace: Trace): void {
  const analysed = analyse(trace, "hostile", false);
  for (const sort of ["tree", "name", "cpu"] as const) listTasks(analysed, "", sort, true);
  for (const job of analysed.timeline.jobs.keys()) {
    if (job % 7 === 0) {
      taskDetail(analysed, job);
      pathTo(analysed, itemOf(ItemKind.job, job));
    }
  }
  splitRange(analysed, 100, 900);
  splitRange(analysed, -1e300, 1e300);
  dumpOf(analysed, "");
  inOrder(analysed.model.columns);
  for (const by of COLOUR_BY) inTones(analysed.model.columns, tonesOf(analysed.model, by));
}

const NUMBERS = [0, -1, 1, 0.5, -1e15, 1e15, 2 ** 31, 2 ** 32, 2 ** 53, 1e300, -1e300, 5e-324];

/** Each of a list's numbers that are picked is another. */
function changed<Value>(value: Value, pick: () => number): Value {
  if (typeof value === "number") {
    const choice = pick();
    return (choice < 8 ? (NUMBERS[choice % NUMBERS.length] ?? 0) : choice < 12 ? value + choice * 1e6 : value) as Value;
  }
  if (Array.isArray(value)) return value.map((part: unknown) => changed(part, pick)) as Value;
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, changed(part, pick)])) as Value;
  }
  return value;
}

describe("a trace that was made to do harm", () => {
  it("is analysed to the end, or refused as what it is (property)", () => {
    const trace = observedTrace();
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(100, 400, 3000), (seed, rareness) => {
        let state = seed;
        const pick = (): number => {
          state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
          return (state >>> 8) % rareness;
        };
        let read: Trace;
        try {
          read = decodeTrace(encodeTrace(changed(trace, pick)));
        } catch (error) {
          assert.equal((error as { code?: string }).code, "SKEIN_TRACE_FILE", String(error));
          return;
        }
        lookAtAll(read);
      }),
      { numRuns: 60 },
    );
  });
});
