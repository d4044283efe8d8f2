/**
 * Runs the tests of whole programs in processes of their own, under the import
 * condition that shared objects and the virtual clock take.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";

import { ROOT, runNode } from "../support/run-program.js";

const TESTS = {
  "known-bugs": "known bugs are found, and their mended twins are left in peace",
  "real-known-bugs": "known bugs are confirmed on real threads",
  "primitives-hold": "what threads share, what jobs use, dispatch and the heap hold what they promise",
};

/** Half a minute of work, on a machine that may have other work. */
const LIMIT_MS = 200_000;

describe("under the condition explore", () => {
  for (const [name, fact] of Object.entries(TESTS)) {
    it(fact, async (context) => {
      const program = join(ROOT, `build/test/explore/${name}.js`);
      const flags = ["--conditions=explore", "--enable-source-maps", "--test-reporter=spec"];
      // Not as a part of this run, or it would report in the runner's own form.
      const { exitCode, stdout } = await runNode([...flags, program], {
        env: { NODE_TEST_CONTEXT: "" },
        limitMs: LIMIT_MS,
      });
      assert.equal(exitCode, 0, stdout);
      // What was covered, and how many tests there were.
      for (const [, line = ""] of stdout.matchAll(/^\s*ℹ (.*)$/gm)) context.diagnostic(line);
    });
  }
});
