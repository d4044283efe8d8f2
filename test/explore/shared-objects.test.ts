/** Shared objects under exploration, which takes the import condition for it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";

import { explore } from "skein/explore";
import { Mutex } from "skein/shared";

import { makeFolder, ROOT, runNode } from "../support/run-program.js";

describe("shared objects", () => {
  it("are explored as shipped, under the condition explore", async () => {
    const program = join(ROOT, "build/test/explore/shared-objects.js");
    const { exitCode, stdout } = await runNode(
      ["--conditions=explore", "--enable-source-maps", "--test-reporter=spec", program],
      // Not as a part of this run, or it would report in the runner's own form.
      { env: { NODE_TEST_CONTEXT: "" } },
    );
    assert.equal(exitCode, 0, stdout);
    assert.match(stdout, /pass 3\d/);
  });

  it("have the same owners in each process, whatever it has explored before", async () => {
    const listing = (first: string): string => `
      import { explore } from "skein/explore";
      import { Mutex } from "skein/shared";
      ${first}
      await explore({ strategy: "bounded" }, async (t) => {
        const mutex = new Mutex({ name: "lock" });
        for (const name of ["a", "b"]) t.thread(name, () => mutex.lockSync().release());
        await t.join();
        t.expect(false);
      }).catch((error) => console.log(error.listing));`;
    const another = `
      await explore({ schedules: 3 }, async (t) => {
        const mutex = new Mutex();
        t.thread("a", () => 1);
        t.thread("b", () => mutex.lockSync().release());
        await t.join();
      });`;
    const folder = makeFolder({ "alone.mjs": listing(""), "later.mjs": listing(another) });
    const [alone, later] = await Promise.all(
      ["alone.mjs", "later.mjs"].map((name) => runNode(["--conditions=explore", join(folder, name)])),
    );
    assert.match(alone?.stdout ?? "", /mutex "lock"\[0\] 0 -> \d+, was 0/);
    assert.equal(later?.stdout, alone?.stdout);
  });

  it("refuse to be explored without it, and say how to run the program", async () => {
    const program = (): void => {
      new Mutex().lockSync().release();
    };
    await assert.rejects(explore({ schedules: 2 }, program), { kind: "misuse", message: /node --conditions=explore/ });
    new Mutex().lockSync().release();
  });
});
