/** What jobs print on threads: all of it, and before their results. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("./fixtures/prints.js", import.meta.url));

const lines = (name: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${name} ${i + 1}`);

describe("what jobs print", () => {
  it("is there before their results, and none of it is lost when the pool closes", () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...process.execArgv, program], {
      encoding: "utf8",
      timeout: 60_000,
      maxBuffer: 2 ** 24,
    });
    assert.equal(status, 0, stderr);
    assert.deepEqual(stdout.trimEnd().split("\n"), [
      ...lines("first", 3),
      "first",
      ...lines("second", 3),
      "second",
      ...lines("last", 20_000),
      "last",
      ...lines("beyond", 2),
      "closed",
    ]);
    assert.deepEqual(stderr.match(/\w+ has spoken/g), [
      "first has spoken",
      "second has spoken",
      "last has spoken",
      "beyond has spoken",
    ]);
  });
});
