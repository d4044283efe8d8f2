import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

import { makeFolder, ROOT, runNode, SKEIN } from "../support/run-program.js";

interface Shown {
  readonly title: string;
  readonly pid: number;
  readonly threads: readonly { readonly name: string; readonly role: string }[];
  readonly tasks: readonly { readonly name: string; readonly inFlight: number }[];
  readonly sources: readonly { readonly what: string; readonly badge: string }[];
}

/** Jobs on threads until it is cancelled; then it says so. */
const ENDLESS = `
import { main, scopedTask, threads } from "skein";
export const spin = scopedTask(function spin(s) {
  for (let i = 0; i < 1e6; i++) s.checkpoint();
});
const pool = threads({ size: 1 });
main(async (s) => {
  console.log("hello on stdout");
  console.error("hello on stderr");
  s.defer(() => console.log("cleaned up"));
  for (;;) await s.spawn(spin, [], { on: pool });
});`;

const isLinux = process.platform === "linux";

/** Sessions of other programs of this user are none of the test's. */
function sessionsOf(folder: string): Readonly<Record<string, string>> {
  return { SKEIN_SESSIONS: join(folder, "sessions"), LANG: "C", LC_ALL: "" };
}

function top(folder: string, args: readonly string[], interrupt?: { after: string; signal: NodeJS.Signals }) {
  return runNode([SKEIN, "top", ...args], {
    cwd: folder,
    env: sessionsOf(folder),
    ...(interrupt === undefined ? {} : { interrupt }),
  });
}

function linesOf(stdout: string): Shown[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Shown);
}

describe("skein top FILE", () => {
  it("shows threads, jobs and tasks, and passes Ctrl-C on to the program, whose exit code it has", async () => {
    const folder = makeFolder({ "main.mjs": ENDLESS });
    const after = isLinux ? '"role":"pool"' : '"name":"spin"';
    const { stdout, stderr, exitCode } = await top(folder, ["--json", "-n", "0.2", "main.mjs"], {
      after,
      signal: "SIGINT",
    });
    // Tables alone on one stream, the program's output alone on the other.
    const shown = linesOf(stdout);
    assert.equal(stderr, "hello on stdout\nhello on stderr\ncleaned up\ncancelled: the process got SIGINT\n");
    assert.equal(exitCode, 130);
    assert.equal(shown[0]?.title, "main.mjs");
    assert.ok(shown.some(({ tasks }) => tasks.some(({ name }) => name === "spin")));
    if (!isLinux) return;
    const roles = shown.flatMap(({ threads }) => threads.map(({ role }) => role));
    assert.ok(roles.includes("loop") && roles.includes("pool") && roles.includes("observer"), roles.join());
  });

  it("without a terminal is plain text, and leaves the program its own options and exit code", async () => {
    const folder = makeFolder({
      "main.mjs": `
console.log(process.argv.slice(2));
process.on("SIGTERM", () => process.exit(7));
setInterval(() => undefined, 1e6);`,
    });
    const { stdout, stderr, exitCode } = await top(folder, ["main.mjs", "--json"], {
      after: "skein · main.mjs · pid",
      signal: "SIGTERM",
    });
    assert.equal(stderr, "[ '--json' ]\n");
    assert.equal(exitCode, 7);
    assert.match(stdout, /^skein · main\.mjs · pid \d+ · 0:0\d\ncores wanted /);
    assert.ok(!stdout.includes("\u001B"));
  });

  it("speaks Russian, and writes all of the program's output into a file", async () => {
    const folder = makeFolder({
      "main.mjs": 'console.log("a"); console.error("b"); setInterval(() => undefined, 1e6);',
    });
    const { stdout, stderr } = await top(folder, ["--lang", "ru", "--output", "out.txt", "-w", "60", "main.mjs"], {
      after: "ядер нужно",
      signal: "SIGTERM",
    });
    assert.match(stdout, /ядер нужно/);
    assert.equal(stderr, "");
    assert.deepEqual(readFileSync(join(folder, "out.txt"), "utf8").split("\n").sort(), ["", "a", "b"]);
  });

  it("says what is wrong with what it was given", async () => {
    const folder = makeFolder({ "main.mjs": "" });
    for (const [args, words] of [
      [["missing.mjs"], /^skein top: there is no file missing\.mjs\n/],
      [["--pid", "5", "main.mjs"], /name a file to run, or --pid of a process that runs already, not both/],
      [["--pid", "x"], /A process has a whole number from 1 on/],
      [["--interval", "0", "main.mjs"], /An interval is a number of seconds from 0\.1 to 3600/],
      [["--width", "10", "main.mjs"], /A width is a whole number of columns from 40 to 1000/],
      [["--lang", "de", "main.mjs"], /Allowed choices are en, ru/],
    ] as const) {
      const { stderr, stdout, exitCode } = await top(folder, args);
      assert.match(stderr, words);
      assert.equal(stdout, "");
      assert.equal(exitCode, 1);
    }
  });
});

describe("skein top of running programs", () => {
  it("says how to start one if none tells of itself", async () => {
    const { stdout, exitCode } = await top(makeFolder({}), []);
    assert.match(stdout, /^No program tells of itself\. Start one with `skein top FILE`/);
    assert.equal(exitCode, 1);
  });

  it("shows one that shares itself, by its number or because it is the only one", async () => {
    const folder = makeFolder({
      "main.mjs":
        'export default () => new Promise(() => { setInterval(() => undefined, 1e6); console.log("ready"); });',
    });
    const program = spawn(process.execPath, [SKEIN, "run", "--share", "main.mjs"], {
      cwd: folder,
      env: { ...process.env, NODE_OPTIONS: "", ...sessionsOf(folder) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      await once(program.stdout, "data");
      for (const args of [[], ["--pid", String(program.pid)]]) {
        const { stdout, exitCode } = await top(folder, [...args, "--json", "--once"]);
        const [shown, ...more] = linesOf(stdout);
        assert.deepEqual([shown?.title, shown?.pid, more.length, exitCode], ["main.mjs", program.pid, 0, 0]);
        assert.ok(shown?.sources.some(({ what, badge }) => what === "LOOP DELAY" && badge === "measured"));
      }
    } finally {
      program.kill("SIGKILL");
    }
    await once(program, "exit");
    // It could not take its word back; but nobody is shown who is not there.
    assert.match((await top(folder, [])).stdout, /^No program tells of itself/);
  });

  it("is in the list of commands", async () => {
    const { stdout } = await runNode([SKEIN, "--help"], { cwd: ROOT });
    for (const command of ["top", "watch", "attach"]) assert.match(stdout, new RegExp(`^  ${command} `, "m"));
  });
});
