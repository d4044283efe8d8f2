import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";

import { decodeTrace } from "skein/trace";

import { makeFolder, runNode, SKEIN } from "../support/run-program.js";

/** Asks for its own page, as it knows the address from its own output, and says what came. */
const ASKING = `
import { main } from "skein";
main(async (s) => {
  const { url } = await import("./url.mjs");
  await s.spawn(async function ask() {
    const session = await (await fetch(url + "session.json")).json();
    console.log(session.name, session.isLive);
  });
});`;

/** Loaded before the program: remembers the address that the command prints. */
const REMEMBER = `
export let url;
const { error } = console;
console.error = (...args) => {
  url ??= /http:\\S+/.exec(String(args[0]))?.[0];
  error(...args);
};`;

function run(args: readonly string[], files: Readonly<Record<string, string>> = { "main.mjs": ASKING }) {
  const folder = makeFolder({ ...files, "url.mjs": REMEMBER });
  return runNode(["--import", "./url.mjs", SKEIN, "run", ...args], { cwd: folder }).then((outcome) => ({
    ...outcome,
    folder,
  }));
}

describe("skein run --inspect", () => {
  it("serves the page while the program runs, and ends with it", async () => {
    const { stdout, stderr, exitCode } = await run(["--inspect", "main.mjs"]);
    assert.equal(stdout, "main.mjs true\n");
    assert.match(stderr, /^skein run: the inspector is at http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\/\n$/);
    assert.equal(exitCode, 0);
  });

  it("takes a port, stands beside a trace, and leaves the program's options alone", async () => {
    const free = createServer().listen(0, "127.0.0.1");
    await once(free, "listening");
    const { port } = free.address() as AddressInfo;
    free.close();
    await once(free, "close");
    const { stdout, stderr, exitCode, folder } = await run(
      ["--trace", "out.skein", `--inspect=${port}`, "main.mjs", "--inspect"],
      { "main.mjs": `${ASKING}\nconsole.log(process.argv.slice(2));` },
    );
    assert.equal(stdout, "[ '--inspect' ]\nmain.mjs true\n");
    assert.ok(stderr.includes(`http://127.0.0.1:${port}/`), stderr);
    assert.equal(exitCode, 0);
    const trace = decodeTrace(readFileSync(join(folder, "out.skein")));
    assert.ok(trace.threads[0]?.texts.includes("ask"));
  });

  it("does not run the program if the port is taken", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    const { stdout, stderr, exitCode } = await run([`--inspect=${port}`, "main.mjs"], {
      "main.mjs": "console.log(1);",
    });
    taken.close();
    assert.equal(stdout, "");
    assert.equal(
      stderr,
      `skein run: the inspector can't be started: port ${port} is taken; without a port a free one is found\n`,
    );
    assert.equal(exitCode, 1);
  });

  it("ends with the program's own exit code", async () => {
    const { exitCode } = await run(["--inspect", "main.mjs"], { "main.mjs": "process.exitCode = 7;" });
    assert.equal(exitCode, 7);
    const failed = await run(["-i", "main.mjs"], {
      "main.mjs": 'import { main } from "skein"; main(() => { throw new Error("no"); });',
    });
    assert.equal(failed.exitCode, 1);
  });
});
