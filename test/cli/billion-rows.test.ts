/** The challenge's example as a whole program. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

import { makeFolder, ROOT, runNode, SKEIN } from "../support/run-program.js";

const PROGRAM = join(ROOT, "examples/billion-rows.ts");

function billionRows(...args: readonly string[]) {
  return runNode([SKEIN, "run", PROGRAM, ...args]);
}

describe("billion-rows", () => {
  it("makes its input, and finds on threads and on one thread what the plainest program finds", async () => {
    const file = join(makeFolder({}), "made.txt");
    const together = await billionRows(file, "--rows", "400001", "--check");
    assert.equal(together.exitCode, 0, together.stderr);
    assert.match(together.stderr, /^400,001 rows of 413 stations in /m);
    assert.match(together.stderr, /^The plain program finds the same\.$/m);
    const alone = await billionRows(file, "--alone");
    assert.match(alone.stderr, / on one thread$/m);
    assert.equal(alone.stdout, together.stdout);
  });

  it("prints stations by name, with least, mean and most", async () => {
    const rows = ["Zürich;-0.1", "Ås;0.0", "Zürich;0.2", "a;99.9", "a;-99.9", "Ås;0.1"].join("\n");
    const { stdout, exitCode } = await billionRows(join(makeFolder({ "rows.txt": rows }), "rows.txt"), "--check");
    assert.equal(stdout, "{Zürich=-0.1/0.1/0.2, a=-99.9/0.0/99.9, Ås=0.0/0.1/0.1}\n");
    assert.equal(exitCode, 0);
  });

  it("says which row is none", async () => {
    const folder = makeFolder({ "rows.txt": "Hamburg;12.0\nOslo 3.4\nHamburg;12.1\n" });
    const { stderr, exitCode } = await billionRows(join(folder, "rows.txt"));
    assert.equal(exitCode, 1);
    assert.match(stderr, /a row must be a name and a temperature, as "Hamburg;12\.0", but "Oslo 3\.4" came/);
  });

  it("refuses a number of rows that is none, and leaves no half a file", async () => {
    const file = join(makeFolder({}), "none.txt");
    const { stderr, exitCode } = await billionRows(file, "--rows", "many");
    assert.equal(exitCode, 1);
    assert.match(stderr, /--rows must be a whole number from 1 on, but "many" came/);
    assert.ok(!existsSync(file));
  });
});
