import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { decodeTrace, type Finding, type FindingKind } from "skein/trace";

import { makeFolder, runNode, SKEIN } from "../../support/run-program.js";
import { foundIn } from "../support/found.js";

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

/** Two threads that take two shared mutexes, each the other's first. */
const THREADS_DEADLOCK = `import { main, task, threads } from "skein";
import { Latch, Mutex } from "skein/shared";

const money = new Mutex({ name: "money" });
const stock = new Mutex({ name: "stock" });
const both = new Latch({ count: 2 });

export const buy = task(function buy(first: Mutex, second: Mutex, ready: Latch): void {
  first.withLockSync(() => {
    ready.countDown();
    ready.waitSync();
    second.withLockSync(() => undefined); // line 12
  });
});

export const sell = task(function sell(first: Mutex, second: Mutex, ready: Latch): void {
  first.withLockSync(() => {
    ready.countDown();
    ready.waitSync();
    second.withLockSync(() => undefined); // line 20
  });
});

main(async (s) => {
  const on = threads({ size: 2 });
  s.spawn(buy, [money, stock, both], { on });
  s.spawn(sell, [stock, money, both], { on });
});
`;

/** Two jobs of one thread that do the same with locks of this thread. */
const JOBS_DEADLOCK = `import { main } from "skein";
import { latch, mutex } from "skein/async";

const money = mutex({ name: "money" });
const stock = mutex({ name: "stock" });
const both = latch(2);

main(async (s) => {
  s.spawn(async function buy() {
    await money.withLock(async (inner) => {
      both.countDown();
      await both.wait(inner);
      await stock.withLock(() => undefined, inner); // line 13
    }, s);
  });
  s.spawn(async function sell() {
    await stock.withLock(async (inner) => {
      both.countDown();
      await both.wait(inner);
      await money.withLock(() => undefined, inner); // line 20
    }, s);
  });
});
`;

void describe("in a program under skein run", () => {
  for (const [what, program, lines, stderrHas] of [
    ["threads that take shared mutexes in opposite order", THREADS_DEADLOCK, [12, 20], "DeadlockError: threads wait"],
    ["jobs that take mutexes in opposite order", JOBS_DEADLOCK, [13, 20], "nothing left that could wake it"],
  ] as const) {
    void it(`${what} are found with both locks, both jobs, and where each waits`, async () => {
      const folder = makeFolder({ "bank.ts": program });
      const args = ["run", "--trace", "out.skein", "--report", "out.html", "bank.ts"];
      const { exitCode, stderr } = await runNode([SKEIN, ...args], { cwd: folder });
      assert.equal(exitCode, 1, stderr);
      assert.ok(stderr.includes(stderrHas), stderr);
      const { text, place, jobs, resources } = foundIn(
        decodeTrace(readFileSync(join(folder, "out.skein"))),
        "deadlock",
      );
      assert.match(text.en, /^Deadlock of 2: /);
      const [buyAt, sellAt] = lines;
      assert.ok(text.en.includes(`job "buy" waits for mutex "stock" in bank.ts:${buyAt}`), text.en);
      assert.ok(text.en.includes(`job "sell" waits for mutex "money" in bank.ts:${sellAt}`), text.en);
      assert.match(place?.url ?? "", /\/bank\.ts$/);
      assert.equal(place?.line, place?.name === "buy" ? buyAt : sellAt);
      assert.deepEqual([jobs.length, resources.length], [2, 2]);
      assert.match(stderr, /report written to out\.html/);
    });
  }
});
