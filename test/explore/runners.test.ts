/** `explore` in tests: what a runner prints of a failure is all that is needed. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { makeFolder, runNode, SKEIN } from "../support/run-program.js";

const TESTS = `import assert from "node:assert/strict";
import { test } from "node:test";
import { sleep } from "skein";
import { explore } from "skein/explore";
import { Mutex } from "skein/shared";

const adding = (isGuarded) => async (t) => {
  const lock = new Mutex({ name: "lock" });
  const x = t.cell("x");
  const addOne = () => x.store(x.load() + 1);
  for (const name of ["a", "b"]) t.thread(name, () => (isGuarded ? lock.withLockSync(addOne) : addOne()));
  await t.join();
  t.expect(x.load() === 2, "an addition was lost");
};

test("nothing is lost without a lock", () => explore({ name: "adding" }, adding(false)));
test("nothing is lost behind a lock", async () => {
  const { coverage } = await explore(adding(true));
  assert.equal(coverage.kind, "complete");
});
test("a time limit of an hour takes no time", async () => {
  await explore(async (t) => {
    t.job("sleeper", () => sleep(3_600_000));
    await t.join();
  });
});
`;

describe("explore, in tests of Node's own runner", () => {
  const folder = makeFolder({ "adding.test.mjs": TESTS });

  it("fails the one that goes wrong, with diagnosis, listing and a command", async () => {
    const flags = ["--conditions=explore", "--test", "--test-reporter=spec"];
    const { exitCode, stdout } = await runNode([...flags, "adding.test.mjs"], {
      cwd: folder,
      // A runner that is started by a test would do nothing.
      through: ["env", "--unset=NODE_TEST_CONTEXT"],
    });
    assert.equal(exitCode, 1, stdout);
    assert.match(stdout, /✔ nothing is lost behind a lock/);
    assert.match(stdout, /✔ a time limit of an hour takes no time/);
    assert.match(
      stdout,
      /✖ nothing is lost without a lock[^]*adding: assertion, found by schedule \d+\n *adding: an addition was lost\n *\n *\d+ steps, \d switch/,
    );
    assert.match(stdout, /load x: 0[^]*store x 1[^]*\n *replay: skein explore adding\.test\.mjs --token x1\.[\w-]+\n/);
    const command = /replay: skein (?<args>explore \S+ --token \S+)/.exec(stdout)?.groups?.["args"] ?? "";
    const again = await runNode([SKEIN, ...command.split(" ")], { cwd: folder });
    assert.equal(again.exitCode, 1, again.stderr);
    assert.match(again.stdout, /✖ adding: assertion, found by schedule 1\n/);
  });
});
