/** Shared objects under exploration, which takes the import condition for it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";

import { explore } from "skein/explore";
import { Mutex } from "skein/shared";

import { ROOT, runNode } from "../support/run-program.js";

describe("shared objects", () => {
  it("are explored as shipped, under the condition explore", async () => {
    const program = join(ROOT, "build/test/explore/shared-objects.js");
    const { exitCode, stdout } = await runNode(
      ["--conditions=explore", "--enable-source-maps", "--test-reporter=spec", program],
      // Not as a part of this run, or it would report in the runner's own form.
      { env: { NODE_TEST_CONTEXT: "" } },
    );
    assert.equal(exitCode, 0, stdout);
    assert.match(stdout, /pass 2\d/);
  });

  it("refuse to be explored without it, and say how to run the program", async () => {
    const program = (): void => {
      new Mutex().lockSync().release();
    };
    await assert.rejects(explore({ schedules: 2 }, program), { kind: "misuse", message: /node --conditions=explore/ });
    new Mutex().lockSync().release();
  });
});
