import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";

import { capabilities } from "#skein/trace/kernel/index";

import { ROOT, runNode } from "../../support/run-program.js";

const NOWHERE = { proc: "/nowhere", perf: "/nowhere/perf", taskset: "/nowhere/taskset" };
const MODULE = pathToFileURL(`${ROOT}dist/trace/kernel/index.js`).href;
const PRINT = `
  const { capabilities } = await import(${JSON.stringify(MODULE)});
  console.log(JSON.stringify(await capabilities(${JSON.stringify(NOWHERE)})));`;

interface Row {
  readonly name: string;
  readonly isAvailable: boolean;
  readonly why: string;
  readonly remedy?: string;
}

describe("capabilities", () => {
  it("name each source once, what it gives, and why it is there or not", async () => {
    const rows = await capabilities(NOWHERE);
    assert.equal(new Set(rows.map(({ name }) => name)).size, rows.length);
    for (const { gives, why, isAvailable, remedy, name } of rows) {
      assert.ok(gives.length > 10 && why.length > 10, name);
      if (isAvailable) assert.equal(remedy, undefined, name);
    }
  });

  it("without the kernel's files and programs, those are missing, and the rest is there", async () => {
    const rows = new Map((await capabilities(NOWHERE)).map((row) => [row.name, row]));
    for (const name of ["threads", "schedstat", "thread-state", "switches", "blocked-in", "step-cpu", "core-lanes"]) {
      assert.equal(rows.get(name)?.isAvailable, false, name);
    }
    assert.equal(rows.get("pinning")?.isAvailable, false);
    for (const name of ["loop-stack", "worker-stacks", "gc"]) assert.equal(rows.get(name)?.isAvailable, true, name);
    if (process.platform === "linux") {
      assert.match(rows.get("threads")?.why ?? "", /there is no \/nowhere\/self\/task/);
      assert.match(rows.get("core-lanes")?.why ?? "", /not installed/);
      assert.match(rows.get("pinning")?.remedy ?? "", /util-linux/);
    }
  });

  if (process.platform === "linux") {
    it("with the kernel's files, what they hold is there", async () => {
      const rows = await capabilities({ ...NOWHERE, proc: "/proc" });
      // A sandbox may hide some; each that is there was read, so says no more.
      const threads = rows.find(({ name }) => name === "threads");
      assert.equal(threads?.isAvailable, true);
      assert.match(threads?.why ?? "", /names \d+ threads/);
    });
  }

  it("under a debugger, stacks are missing, and it says why", async () => {
    const { stdout, stderr } = await runNode(["--inspect=0", "--input-type=module", "-e", PRINT]);
    const rows = JSON.parse(stdout) as readonly Row[];
    for (const { name, isAvailable, why, remedy } of rows) {
      if (!name.endsWith("-stack") && !name.endsWith("-stacks")) continue;
      assert.equal(isAvailable, false, stderr);
      assert.match(why, /debugger/);
      assert.match(remedy ?? "", /--inspect/);
    }
  });

  it("without permission, it says what would give it", async () => {
    const flag = Number(process.versions.node.split(".")[0]) < 22 ? "--experimental-permission" : "--permission";
    const { stdout, stderr } = await runNode([flag, `--allow-fs-read=${ROOT}*`, "--input-type=module", "-e", PRINT]);
    assert.notEqual(stdout, "", stderr);
    const rows = new Map((JSON.parse(stdout) as readonly Row[]).map((row) => [row.name, row]));
    assert.match(rows.get("threads")?.remedy ?? "", /--allow-fs-read/);
    assert.equal(rows.get("loop-stack")?.isAvailable, false);
    assert.match(rows.get("loop-stack")?.why ?? "", /permission/);
    assert.equal(rows.get("core-lanes")?.isAvailable, false);
  });
});
