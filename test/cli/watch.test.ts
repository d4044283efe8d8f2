import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

import { buildTimeline, decodeTrace, findFindings } from "skein/trace";

import { makeFolder, runNode, SKEIN } from "../support/run-program.js";

/** Knows nothing of Skein: a thread, a promise that nobody handles, and a loop that stands still. */
const PROGRAM = `
import { once } from "node:events";
import { Worker } from "node:worker_threads";
console.log(process.argv.slice(2).join(), process.env.SKEIN_WATCH, process.listenerCount("unhandledRejection"));
const worker = new Worker(new URL("./other.mjs", import.meta.url));
const [data] = await once(worker, "message");
console.log(data);
process.on("unhandledRejection", ({ message }) => {
  console.log("heard", message);
  function standStill() {
    const end = performance.now() + 400;
    while (performance.now() < end) continue;
  }
  standStill();
  // After the turn in which the loop says that it was late.
  setTimeout(() => process.exit(5), 100);
});
Promise.reject(new RangeError("nobody wants me"));
`;
const OTHER = `
import { parentPort } from "node:worker_threads";
parentPort.postMessage("from the thread");
parentPort.on("message", () => undefined);
`;

function watch(folder: string, args: readonly string[], interrupt?: { after: string; signal: NodeJS.Signals }) {
  return runNode([SKEIN, "watch", ...args], {
    cwd: folder,
    env: { SKEIN_SESSIONS: join(folder, "sessions"), LANG: "C", LC_ALL: "" },
    ...(interrupt === undefined ? {} : { interrupt }),
  });
}

describe("skein watch", () => {
  it("records a program that does not use Skein, as it would run alone", async () => {
    const folder = makeFolder({ "main.mjs": PROGRAM, "other.mjs": OTHER });
    const { stdout, stderr, exitCode } = await watch(folder, [
      "--trace",
      "out.skein",
      "--report",
      "out.html",
      "main.mjs",
      "--a",
    ]);
    assert.equal(stdout, "--a undefined 0\nfrom the thread\nheard nobody wants me\n");
    assert.match(stderr, /^trace written to .*out\.skein: .*\nreport written to .*out\.html: .*\n$/);
    assert.equal(exitCode, 5);
    assert.ok(existsSync(join(folder, "out.html")));
    const trace = decodeTrace(readFileSync(join(folder, "out.skein")));
    const names = trace.threads.map(({ name }) => name);
    assert.ok(names.includes("main") && names.some((name) => name.startsWith("other.mjs #")), names.join());
    const findings = findFindings(trace, buildTimeline(trace));
    const rejected = findings.find(({ kind }) => kind === "unhandled-rejection");
    assert.match(rejected?.text.en ?? "", /RangeError: nobody wants me \(.*main\.mjs:\d+:\d+\)/);
    assert.ok(
      trace.stalls.some(({ thread, stack }) => thread === 0 && stack?.some(({ name }) => name.includes("standStill"))),
    );
  });

  it("leaves it to Node to end a program for a promise that nobody handles", async () => {
    const folder = makeFolder({ "main.mjs": 'Promise.reject(new Error("alone")); setInterval(() => undefined, 1e6);' });
    const { stderr, exitCode } = await watch(folder, ["--trace", "out.skein", "main.mjs"]);
    assert.match(stderr, /Error: alone/);
    assert.equal(exitCode, 1);
    const trace = decodeTrace(readFileSync(join(folder, "out.skein")));
    assert.ok(findFindings(trace, buildTimeline(trace)).some(({ kind }) => kind === "unhandled-rejection"));
  });

  it("shows it live, with the work that it has under way, and passes signals on", async () => {
    const folder = makeFolder({
      "main.mjs":
        'import { createServer } from "node:net"; createServer().listen(0); process.on("SIGTERM", () => process.exit(3));',
    });
    const { stdout, stderr, exitCode } = await watch(folder, ["--json", "-n", "0.2", "main.mjs"], {
      after: '"TCPServerWrap"',
      signal: "SIGTERM",
    });
    assert.equal(stderr, "");
    assert.equal(exitCode, 3);
    const [shown] = stdout.split("\n").map((line) => JSON.parse(line || "{}") as { title?: string; totals?: object });
    assert.equal(shown?.title, "main.mjs");
    // Of jobs it has none, and so nothing is said of them.
    assert.ok(shown?.totals !== undefined && !("inFlight" in shown.totals));
  });

  it("with --deep, counts promises and whatever else is asynchronous", async () => {
    const folder = makeFolder({
      "main.mjs":
        "globalThis.kept = Array.from({ length: 5 }, () => new Promise(() => undefined)); setInterval(() => undefined, 1e6);",
    });
    const { stdout } = await watch(folder, ["--deep", "--json", "-n", "0.2", "main.mjs"], {
      after: '"PROMISE"',
      signal: "SIGTERM",
    });
    assert.match(stdout, /\{"name":"PROMISE","count":\d+\}/);
  });

  it("runs TypeScript, on its threads too", async () => {
    const folder = makeFolder({
      "main.ts": `
import { Worker } from "node:worker_threads";
const count: number = 2;
new Worker(new URL("./other.ts", import.meta.url)).once("message", (value: number) => console.log(value + count));`,
      "other.ts": 'import { parentPort } from "node:worker_threads"; parentPort!.postMessage(40 as number);',
    });
    const { stdout, exitCode } = await watch(folder, ["--trace", "out.skein", "main.ts"]);
    assert.equal(stdout, "42\n");
    assert.equal(exitCode, 0);
  });

  it("says what is wrong with what it was given", async () => {
    const folder = makeFolder({});
    const { stderr, exitCode } = await watch(folder, ["missing.mjs"]);
    assert.match(stderr, /^skein watch: there is no file missing\.mjs\n/);
    assert.equal(exitCode, 1);
  });
});
