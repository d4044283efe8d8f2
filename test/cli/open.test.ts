import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";

import { decodeTrace, encodeTrace } from "skein/trace";

import { makeFolder, runNode, SKEIN } from "../support/run-program.js";
import { ThreadScript, traceOf } from "../trace/support/traces.js";

const TRACE = encodeTrace(traceOf(10, [new ThreadScript().spawn(1, 1, "job").start(2, 1).stop(3, 1).end(4, 1)]));

function open(args: readonly string[], cwd: string) {
  return runNode([SKEIN, "open", "--no-browser", ...args], {
    cwd,
    interrupt: { after: "Ctrl-C ends it", signal: "SIGINT" },
  });
}

describe("skein open", () => {
  it("serves a trace until Ctrl-C, which ends it with 0", async () => {
    const folder = makeFolder({ "a.skein": TRACE });
    const { stdout, stderr, exitCode } = await open(["a.skein"], folder);
    assert.match(stdout, /^skein: a\.skein at http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\/\n {2}Ctrl-C ends it\.\n$/);
    assert.equal(stderr, "");
    assert.equal(exitCode, 0);
  });

  it("takes two traces", async () => {
    const folder = makeFolder({ "a.skein": TRACE, "b.skein": TRACE });
    const { stdout, exitCode } = await open(["a.skein", "b.skein"], folder);
    assert.match(stdout, /^skein: a\.skein and b\.skein at http/);
    assert.equal(exitCode, 0);
  });

  it("says what is wrong with a file, and ends with 1", async () => {
    const folder = makeFolder({
      "empty.skein": "",
      "text.skein": "This is no trace.",
      "cut.skein": TRACE.subarray(0, 20),
      "good.skein": TRACE,
      "folder/inside": "",
    });
    for (const [args, words] of [
      [["none.skein"], /^skein open: there is no file none\.skein\n$/],
      [["empty.skein"], /^skein open: empty\.skein is empty\n$/],
      [["folder"], /^skein open: folder is not a file\n$/],
      [["text.skein"], /^skein open: text\.skein cannot be shown: .+\n$/],
      [["cut.skein"], /^skein open: cut\.skein cannot be shown: .+\n$/],
      [["good.skein", "text.skein"], /^skein open: text\.skein cannot be shown: .+\n$/],
    ] as const) {
      const { stdout, stderr, exitCode } = await open(args, folder);
      assert.match(stderr, words);
      assert.equal(stdout, "");
      assert.equal(exitCode, 1, stderr);
    }
  });

  it("shows the whole part of a file that is cut off or damaged, and says so", async () => {
    const damaged = TRACE.slice();
    damaged[damaged.length - 3] = (damaged.at(-3) ?? 0) ^ 1;
    const folder = makeFolder({ "cut.skein": TRACE.subarray(0, TRACE.length - 7), "damaged.skein": damaged });
    for (const file of ["cut.skein", "damaged.skein"]) {
      const { stdout, stderr, exitCode } = await open([file], folder);
      assert.match(stdout, /^skein: \w+\.skein at http/);
      assert.match(
        stderr,
        new RegExp(`^skein open: only the first part of ${file} can be shown: .*damaged at byte \\d+`),
      );
      assert.equal(exitCode, 0);
    }
  });

  it("says that a port is taken, or is none", async () => {
    const folder = makeFolder({ "a.skein": TRACE });
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const taken = await open(["--port", String(port), "a.skein"], folder);
    other.close();
    assert.equal(taken.stderr, `skein open: port ${port} is taken; without --port a free one is found\n`);
    assert.equal(taken.exitCode, 1);
    const none = await open(["--port", "many", "a.skein"], folder);
    assert.match(none.stderr, /A port is a whole number from 0 to 65535/);
    assert.equal(none.exitCode, 1);
  });
});

describe("skein run, recording", () => {
  const program = 'import { main } from "skein";\nmain(async (s) => { await s.spawn(function work() {}); });';

  it("writes a trace that can be opened again, and Chrome's format by its ending", async () => {
    const folder = makeFolder({ "main.mjs": program });
    const first = await runNode([SKEIN, "run", "--trace", "out.skein", "main.mjs"], { cwd: folder });
    assert.equal(first.stderr, "trace written to out.skein: show it with skein open out.skein\n");
    const { threads } = decodeTrace(readFileSync(join(folder, "out.skein")));
    assert.ok(threads[0]?.texts.includes("work"));
    const second = await runNode([SKEIN, "run", "--trace", "out.json", "main.mjs"], { cwd: folder });
    assert.match(second.stderr, /^trace written to out\.json: open it at https:\/\/ui\.perfetto\.dev/);
    assert.ok(readFileSync(join(folder, "out.json"), "utf8").startsWith("{"));
  });

  it("writes a report, and the trace beside it", async () => {
    const folder = makeFolder({ "main.mjs": program });
    const { stderr, exitCode } = await runNode(
      [SKEIN, "run", "--report", "out.html", "--trace", "out.skein", "main.mjs"],
      { cwd: folder },
    );
    assert.match(stderr, /report written to out\.html: open it in a browser/);
    assert.equal(exitCode, 0);
    assert.match(readFileSync(join(folder, "out.html"), "utf8"), /^<!doctype html>[\s\S]*id="skein-trace"/);
  });

  it("fails if the report can't be written, and the program's own output stands", async () => {
    const folder = makeFolder({ "main.mjs": 'console.log("done");' });
    writeFileSync(join(folder, "taken"), "");
    const { stdout, stderr, exitCode } = await runNode([SKEIN, "run", "--report", "taken/out.html", "main.mjs"], {
      cwd: folder,
    });
    assert.equal(stdout, "done\n");
    assert.match(stderr, /the report could not be written to taken\/out\.html/);
    assert.equal(exitCode, 1);
  });
});
