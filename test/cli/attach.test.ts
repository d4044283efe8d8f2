import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { describe, it } from "node:test";

import { ROOT, runNode, SKEIN } from "../support/run-program.js";

interface Shown {
  readonly pid: number;
  readonly threads: readonly { readonly tid: number; readonly role: string; readonly loopDelayMs?: number }[];
  readonly work?: readonly { readonly name: string }[];
  readonly sources: readonly { readonly what: string; readonly badge: string }[];
}

const LIVES =
  'setInterval(() => undefined, 1e6); require("node:net").createServer().listen(0, () => console.log("ready"));';

/** A Node program that knows nothing of Skein; killed at the end. */
async function withProgram(flags: readonly string[], use: (pid: number, program: ChildProcess) => Promise<void>) {
  const program = spawn(process.execPath, [...flags, "-e", LIVES], {
    env: { ...process.env, NODE_OPTIONS: "" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  try {
    await once(program.stdout, "data");
    await use(program.pid ?? 0, program);
  } finally {
    program.kill("SIGKILL");
  }
}

function attach(args: readonly string[], interrupt?: { after: string; signal: NodeJS.Signals }) {
  return runNode([SKEIN, "attach", ...args], {
    cwd: ROOT,
    env: { LANG: "C", LC_ALL: "" },
    ...(interrupt === undefined ? {} : { interrupt }),
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

const shownIn = (stdout: string): Shown => JSON.parse(stdout.split("\n")[0] ?? "") as Shown;

if (process.platform === "linux") {
  describe("skein attach", () => {
    it("shows the threads of a program that was not prepared for it, and what is not known", () =>
      withProgram([], async (pid) => {
        const { stdout, stderr, exitCode } = await attach([String(pid), "--once", "--json", "-n", "0.3"]);
        const { threads, sources, ...shown } = shownIn(stdout);
        assert.deepEqual([shown.pid, stderr, exitCode], [pid, "", 0]);
        assert.equal(threads.find(({ tid }) => tid === pid)?.role, "loop");
        assert.ok(threads.length > 4);
        assert.equal(sources.find(({ what }) => what.startsWith("loop delay"))?.badge, "not available");
      }));

    it("ends with the program, and with Ctrl-C, which the program does not notice", () =>
      withProgram([], async (pid, program) => {
        const interrupted = await attach([String(pid), "-n", "0.2"], { after: "THREAD", signal: "SIGINT" });
        assert.equal(interrupted.exitCode, 0);
        assert.equal(program.exitCode, null);
        const viewer = spawn(process.execPath, [SKEIN, "attach", String(pid), "-n", "0.2"], {
          stdio: ["ignore", "pipe", "inherit"],
        });
        await once(viewer.stdout, "data");
        program.kill("SIGKILL");
        viewer.stdout.resume();
        assert.deepEqual(await once(viewer, "exit"), [0, null]);
      }));

    it("asks the program by its inspector, says so before, and closes it again", async () => {
      const port = await freePort();
      await withProgram([`--inspect-port=${port}`], async (pid) => {
        const isOpen = () =>
          fetch(`http://127.0.0.1:${port}/json/list`).then(
            ({ ok }) => ok,
            () => false,
          );
        assert.equal(await isOpen(), false);
        const { stdout, stderr, exitCode } = await attach([String(pid), "--inspector", "--json", "-n", "0.2"], {
          after: '"loopDelayMs"',
          signal: "SIGINT",
        });
        assert.match(
          stderr,
          new RegExp(`^skein attach: SIGUSR1 opens the inspector of process ${pid} on 127\\.0\\.0\\.1:${port}`),
        );
        assert.equal(exitCode, 0);
        const last = shownIn(stdout.trimEnd().split("\n").at(-1) ?? "");
        assert.ok(
          last.work?.some(({ name }) => name === "TCPServerWrap"),
          stdout,
        );
        assert.equal(last.sources.find(({ what }) => what.startsWith("loop delay of the main"))?.badge, "measured");
        while (await isOpen()) continue; // it closes a moment after we have gone
      });
    });

    it("does not end a process that would be ended by the signal", async () => {
      const port = await freePort();
      // Its own doing here; Bun, Deno and Node with --disable-sigusr1 do not catch it either.
      const code = 'process.on("SIGUSR1", () => {}); process.removeAllListeners("SIGUSR1");' + LIVES;
      const program = spawn(process.execPath, [`--inspect-port=${port}`, "-e", code], {
        env: { ...process.env, NODE_OPTIONS: "" },
        stdio: ["ignore", "pipe", "ignore"],
      });
      await once(program.stdout, "data");
      const { stderr, exitCode } = await attach([String(program.pid), "--inspector", "--once"]);
      assert.match(
        stderr,
        /^skein attach: process \d+ does not wait for the signal that opens the inspector, and would be ended by it/,
      );
      assert.equal(exitCode, 1);
      assert.equal(program.signalCode, null);
      program.kill("SIGKILL");
    });

    it("refuses what it can't look at, and says why", async () => {
      const other = spawn("sleep", ["600"], { stdio: "ignore" });
      await once(other, "spawn");
      for (const [pid, words] of [
        ["2147483646", /^skein attach: there is no process 2147483646; `skein top` without a number lists/],
        [String(other.pid), /^skein attach: process \d+ is sleep, not Node, Bun or Deno; .*top -H/],
        ["0", /A process has a whole number from 1 on/],
        ["self", /A process has a whole number from 1 on/],
      ] as const) {
        const { stderr, exitCode } = await attach([pid]);
        assert.match(stderr, words);
        assert.equal(exitCode, 1);
      }
      const { stderr } = await attach(["2147483646", "--lang", "ru"]);
      assert.match(stderr, /^skein attach: процесса 2147483646 нет;/);
      other.kill("SIGKILL");
    });
  });
}
