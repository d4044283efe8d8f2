import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type ProgramOptions, runProgram } from "../support/subprocess.js";

/** Runs a program that calls `main` with the function `body`, written out. */
async function run(body: string, options: ProgramOptions = {}, mainOptions = "{}") {
  const source = `
    import { channel, main, scope, sleep, TimeoutError } from "skein";
    await main(${body}, ${mainOptions});
    console.log("after main");
  `;
  const outcome = await runProgram(source, options);
  assert.equal(outcome.signal, null, outcome.stderr);
  return outcome;
}

describe("a program", () => {
  it("ends with exit code 0 when its body and jobs have ended", async () => {
    const { exitCode, stdout, stderr } = await run(`(s) => {
      s.spawn(async () => { await sleep(1); console.log("job"); });
    }`);
    assert.deepEqual([exitCode, stdout, stderr], [0, "job\nafter main\n", ""]);
  });

  it("keeps the exit code that its body set", async () => {
    for (const [body, code] of [
      ["() => { process.exitCode = 3; }", 3],
      ["() => { process.exitCode = 3; throw new Error('too'); }", 3],
      // No failure may pass for a success.
      ["() => { process.exitCode = 0; throw new Error('failed'); }", 1],
    ] as const) {
      assert.equal((await run(body)).exitCode, code);
    }
  });

  it("that fails prints the failure and ends with 1, after its cleanups", async () => {
    const { exitCode, stdout, stderr } = await run(`(s) => {
      s.defer(() => console.log("cleanup"));
      s.spawn(function parse() { throw new RangeError("bad input", { cause: new Error("deep") }); });
    }`);
    assert.deepEqual([exitCode, stdout], [1, "cleanup\nafter main\n"]);
    assert.match(stderr, /RangeError: bad input/);
    assert.match(stderr, /at .*parse/);
    assert.match(stderr, /cause.*Error: deep/);
  });

  it("that runs out of time fails with that", async () => {
    const { exitCode, stderr } = await run("(s) => sleep(60_000, s)", {}, "{ timeoutMs: 1, name: 'job' }");
    assert.equal(exitCode, 1);
    assert.match(stderr, /TimeoutError: scope "job" did not end before its deadline/);
  });

  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const) {
    it(`is cancelled by ${signal}, runs its cleanups and ends with ${code}`, async () => {
      const { exitCode, stdout, stderr } = await run(
        `async (s) => {
          s.defer(async () => { await sleep(1); console.log("cleanup"); });
          s.spawn(async (inner) => {
            await sleep(60_000, inner).catch((error) => { console.log(error.message); throw error; });
          });
          console.log("ready");
          await sleep(60_000, s);
        }`,
        { signals: [{ afterLine: "ready", signal }] },
      );
      assert.equal(exitCode, code);
      assert.equal(
        stdout,
        `ready\nscope "main" was cancelled: Signal: the process got ${signal}\ncleanup\nafter main\n`,
      );
      assert.doesNotMatch(stderr, /    at /);
    });
  }

  it("is ended at once by a second signal", async () => {
    const { exitCode, stdout } = await run(
      `async (s) => {
        s.defer(() => console.log("cleanup"));
        console.log("ready");
        await sleep(60_000, s).catch(() => undefined);
        console.log("cancelled");
        await sleep(60_000);
      }`,
      {
        signals: [
          { afterLine: "ready", signal: "SIGINT" },
          { afterLine: "cancelled", signal: "SIGINT" },
        ],
      },
    );
    assert.deepEqual([exitCode, stdout], [130, "ready\ncancelled\n"]);
  });

  it("that ends already for another reason is left to run its cleanups by the first signal", async () => {
    const { exitCode, stdout, stderr } = await run(
      `(s) => {
        s.defer(async () => {
          const interrupted = new Promise((resolve) => process.once("SIGINT", resolve));
          const alive = setInterval(() => undefined, 1000);
          console.log("cleaning");
          await interrupted;
          await sleep(1);
          clearInterval(alive);
          console.log("cleaned");
        });
        throw new Error("failed before");
      }`,
      { signals: [{ afterLine: "cleaning", signal: "SIGINT" }] },
    );
    assert.deepEqual([exitCode, stdout], [1, "cleaning\ncleaned\nafter main\n"]);
    assert.match(stderr, /failed before/);
  });

  it("that fails while it is being cancelled prints that failure", async () => {
    const { exitCode, stderr } = await run(
      `async (s) => {
        s.defer(() => { throw new Error("cleanup failed"); });
        console.log("ready");
        await sleep(60_000, s);
      }`,
      { signals: [{ afterLine: "ready", signal: "SIGINT" }] },
    );
    assert.equal(exitCode, 130);
    assert.match(stderr, /Error: cleanup failed/);
  });

  it("whose jobs go on after the grace time says which, and ends", async () => {
    const { exitCode, stderr } = await run(
      `async (s) => {
        s.spawn(() => new Promise(() => undefined), [], { name: "deaf" });
        console.log("ready");
        await sleep(60_000, s);
      }`,
      { signals: [{ afterLine: "ready", signal: "SIGINT" }] },
      "{ graceMs: 1 }",
    );
    assert.match(stderr, /StuckError: .*main > deaf/);
    assert.equal(exitCode, 130);
  });

  it("whose jobs nothing can wake prints their tree and ends with 1", async () => {
    const { exitCode, stdout, stderr } = await run(`async (s) => {
      const words = channel({ name: "words" });
      s.spawn((inner) => words.receive(inner), [], { name: "reader" });
      await words.receive(s);
    }`);
    assert.deepEqual([exitCode, stdout], [1, ""]);
    assert.match(stderr, /nothing left that could wake it/);
    assert.match(
      stderr,
      /scope "main" · open · for .*\n├─ waits: receive from channel "words" · for .*\n└─ job "reader" · running\n   └─ waits: receive from channel "words" · for /,
    );
    assert.equal(stderr.match(/scope "main"/g)?.length, 1);
  });

  it("prints the tree of its jobs on SIGUSR2, and goes on", async () => {
    const { exitCode, stdout, stderr } = await run(
      `async (s) => {
        const until = channel({ name: "until" });
        const print = console.error;
        console.error = (text) => { print(text); until.trySend(undefined); };
        s.spawn(async (inner) => {
          const wait = until.receive(inner);
          console.log("ready");
          await wait;
        }, [], { name: "waiter" });
        await sleep(1, s);
        // A timer, which keeps the process alive until the signal has come.
        const alive = setInterval(() => undefined, 1000);
        s.defer(() => clearInterval(alive));
        scope(() => sleep(1), { name: "another root" });
      }`,
      { signals: [{ afterLine: "ready", signal: "SIGUSR2" }] },
    );
    assert.deepEqual([exitCode, stdout], [0, "ready\nafter main\n"]);
    assert.match(
      stderr,
      /scope "main" · open · for .*\n└─ job "waiter" · running\n   └─ waits: receive from channel "until" · for /,
    );
  });

  it("leaves no listener on the process behind", async () => {
    const { exitCode, stdout } = await run(`() => {
      const events = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"];
      console.log(events.map((event) => process.listenerCount(event)).join());
      process.on("exit", () => console.log(events.map((event) => process.listenerCount(event)).join()));
    }`);
    assert.deepEqual([exitCode, stdout], [0, "1,1,1,1\nafter main\n0,0,0,0\n"]);
  });

  it("refuses what is no function", async () => {
    const { exitCode, stderr } = await run("42");
    assert.equal(exitCode, 1);
    assert.match(stderr, /MisuseError: main expected a function, but number 42 came/);
    assert.match(stderr, /SKEIN_INVALID_ARGUMENT/);
  });
});
