/** The algorithms' example as a whole program. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";

import { ROOT, type RunOptions, runNode, SKEIN } from "../support/run-program.js";

const PROGRAM = join(ROOT, "examples/algorithms.ts");
const NAMES = [
  "integer-sort",
  "remove-duplicates",
  "word-counts",
  "inverted-index",
  "suffix-array",
  "breadth-first-search",
  "search-on-grid",
  "independent-set",
  "n-body",
  "convex-hull",
  "nearest-neighbours",
  "matrix-multiply",
  "fourier-transform",
];

function algorithms(args: readonly string[], options?: RunOptions) {
  return runNode([SKEIN, "run", PROGRAM, ...args], options);
}

describe("algorithms", () => {
  it("runs all of them and finds the same as one thread", async () => {
    const { stdout, stderr, exitCode } = await algorithms(["--size", "200", "--check"]);
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /│ algorithm +│ +size │ one thread │ +\d+ threads │ speed-up │/);
    const rows = [...stdout.matchAll(/^│ ([a-z-]+) +│ +200 │ +[\d.]+ ms │ +[\d.]+ ms │ +\d+\.\d\d │/gm)];
    assert.deepEqual(
      rows.map(([, name]) => name),
      NAMES,
    );
    assert.match(stdout, /^All 13 results are right, as compared with one thread\.$/m);
    assert.match(stderr, /^run: 100 %$/m);
  });

  it("shares out what is worth it, on as many threads as asked for", async () => {
    // Each of its calls takes so long that it is shared out, whatever that was measured to cost.
    const { stdout, exitCode } = await algorithms(["n-body", "--size", "4000", "--threads", "3", "--check"]);
    assert.equal(exitCode, 0);
    assert.match(stdout, /│ +3 threads │/);
    assert.match(stdout, /^│ n-body +│ +4K │.*│ +[1-9]\d* │ +\d+ │/m);
    assert.match(stdout, /^The result is right, as compared with one thread\.$/m);
  });

  it("lists what there is", async () => {
    const { stdout, exitCode } = await algorithms(["--list"]);
    assert.equal(exitCode, 0);
    assert.deepEqual(
      [...stdout.matchAll(/^([a-z-]+)$/gm)].map(([, name]) => name),
      NAMES,
    );
  });

  for (const [args, message] of [
    [["quick-sort"], /^there is no algorithm "quick-sort", but integer-sort, remove-duplicates, /],
    [["--size", "none"], /^--size must be a whole number from 1 on, but "none" came/],
    [["--chek"], /^Unknown option '--chek'/],
    [["--threads", "1"], /^--threads must be a whole number from 2 on, but "1" came/],
  ] as const) {
    it(`refuses ${args.join(" ")}`, async () => {
      const { stderr, exitCode } = await algorithms(args);
      assert.equal(exitCode, 1);
      assert.match(stderr, message);
    });
  }

  it("ends at Ctrl-C, in the middle of a long calculation", async () => {
    const outcome = await algorithms(["matrix-multiply", "--size", "3000"], {
      interrupt: { after: "run: 11 runs", signal: "SIGINT" },
    });
    assert.equal(outcome.exitCode, 130);
    assert.match(outcome.stderr, /^cancelled: the process got SIGINT$/m);
    assert.equal(outcome.stdout, "");
  });
});
