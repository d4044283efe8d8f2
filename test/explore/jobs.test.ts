/** Programs of jobs, under the import condition that the virtual clock takes. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";

import { ROOT, runNode } from "../support/run-program.js";

it("jobs are explored under the condition explore", async () => {
  const { exitCode, stdout } = await runNode([
    "--conditions=explore",
    "--enable-source-maps",
    "--test-reporter=spec",
    join(ROOT, "build/test/explore/jobs.js"),
  ]);
  assert.equal(exitCode, 0, stdout);
});
