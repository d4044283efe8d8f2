import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import type { Finding, FindingKind } from "skein/trace";

import { runNode } from "../../support/run-program.js";

const PROGRAM = fileURLToPath(new URL("fixtures/program.js", import.meta.url));

async function findingsIn(how: string, kind: FindingKind): Promise<Finding> {
  const { stdout, stderr, exitCode } = await runNode(["--enable-source-maps", PROGRAM, how]);
  assert.equal(exitCode, 0, stderr);
  const findings = JSON.parse(stdout) as readonly Finding[];
  const found = findings.find((finding) => finding.kind === kind);
  assert.ok(found !== undefined, `no ${kind} in:\n${stderr}`);
  return found;
}

// Where threads can't be looked at from outside there is nothing to find.
void describe("in a real program", { skip: process.platform !== "linux" }, () => {
  void it("a loop that computes is found with function and line", async () => {
    const { place, text, severity } = await findingsIn("blocks", "cpu-on-loop");
    // The innermost function of the program, or the one that it was called by.
    assert.match(place?.name ?? "", /^(?:crunchNumbers|spin|usedMs)$/);
    assert.match(place?.url ?? "", /\/fixtures\/(?:program|computing)\.ts$/);
    assert.ok((place?.line ?? 0) > 0);
    assert.match(text.en, /^The event loop of main stood still for .* computing in /);
    assert.notEqual(severity, "note");
  });

  void it("a loop that waits in a synchronous call is found with function and line", async () => {
    const { place, text } = await findingsIn("waits", "blocked-loop");
    assert.equal(place?.name, "readSlowly");
    assert.match(place.url ?? "", /\/fixtures\/program\.ts$/);
    assert.match(text.en, /in a call that waits, in readSlowly \(program\.ts:\d+\)/);
  });

  void it("more threads than cores are found with the job that they compute", async () => {
    const { place, evidence, threads } = await findingsIn("oversubscribes", "oversubscription");
    assert.equal(place?.name, "compute");
    assert.ok((evidence["demand"] ?? 0) > (evidence["cores"] ?? Infinity));
    assert.ok(threads.length > (evidence["cores"] ?? Infinity));
  });

  void it("jobs that wait are found with what they wait for", async () => {
    const { place, severity, text, jobs } = await findingsIn("io-bound", "io-bound");
    assert.equal(place?.name, "fetchAnswer");
    assert.equal(severity, "note");
    assert.equal(jobs.length, 20);
    assert.match(text.en, /^I\/O-bound: 20 jobs in flight waited 100 % of their time/);
  });
});
