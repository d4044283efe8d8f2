/** Schedules on real threads: what is confirmed, what is not and why, and that nothing hangs. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";

import { Execution } from "#skein/explore/execution";
import { Confirming, type RealLimits } from "#skein/explore/real/confirmation";
import { Recording } from "#skein/explore/real/recording";
import type { ProgramPlace } from "#skein/explore/real/role";
import { runProgram } from "#skein/explore/run-program";
import { RandomStrategy } from "#skein/explore/strategies/random";
import { type Confirmation, explore, ExploreError, type ExploreOptions } from "skein/explore";

import { makeFolder, ROOT, runNode, WITH_MODULES } from "../support/run-program.js";
import { handsOver, lostUpdate, neverEndsElsewhere, PROGRAMS, sleepsForAWhile, spawnsSome } from "./real-programs.js";

const MODULE = new URL("real-programs.js", import.meta.url);

type ProgramName = Exclude<keyof typeof PROGRAMS, "notAFunction">;

function foundBy(name: ProgramName, options: ExploreOptions = {}, path: string = name): Promise<ExploreError> {
  const program = { module: MODULE, export: path };
  return explore({ schedules: 500, confirm: true, program, ...options }, PROGRAMS[name]).then(
    () => assert.fail("nothing was found"),
    (error: unknown) => (error instanceof ExploreError ? error : Promise.reject(error as Error)),
  );
}

async function confirmationOf(name: ProgramName, options?: ExploreOptions, path?: string): Promise<Confirmation> {
  const { confirmation } = await foundBy(name, options, path);
  assert.ok(confirmation !== undefined);
  return confirmation;
}

describe("a schedule on real threads", () => {
  for (const name of ["lostUpdate", "race", "crossedLocks", "throwsInside"] as const) {
    it(`confirms what was found: ${name}`, async () => {
      const error = await foundBy(name);
      assert.equal(error.confirmation?.verdict, "confirmed", error.message);
      assert.match(error.message, /\nOn real threads: confirmed: \d+ steps on 3 threads gave the same/);
    });
  }

  it("is that of a token, too", async () => {
    const { token } = await foundBy("lostUpdate", { confirm: false });
    assert.equal((await confirmationOf("lostUpdate", { token })).verdict, "confirmed");
  });

  it("is not followed unless that is asked for", async () => {
    assert.equal((await foundBy("lostUpdate", { confirm: false })).confirmation, undefined);
  });

  it("finds the program at a path of names", async () => {
    assert.equal((await confirmationOf("lostUpdate", {}, "PROGRAMS.lostUpdate")).verdict, "confirmed");
  });

  const different: readonly [ProgramName, RegExp][] = [
    ["setsVariable", /steps went the same way, but nothing was thrown\. Real threads share cells and shared objects/],
    [
      "returnsFunction",
      /nothing was thrown.*\. What "a" returned did not come to the main thread: it has to be clonable/,
    ],
    ["doesElseElsewhere", /^step 3 of "a" was "load x: 0", and came to be change of x$/],
    ["seesElseElsewhere", /^step 3 of "a" was "store x 1", and gave 2$/],
    ["spawnsNoneElsewhere", /^step 1 of "main" was "spawns a", and came to be join|came to no thread "a"/],
  ];
  for (const [name, text] of different) {
    it(`says what was different: ${name}`, async () => {
      const confirmation = await confirmationOf(name);
      assert.equal(confirmation.verdict, "not confirmed");
      assert.match(confirmation.text, text);
    });
  }

  const impossible: readonly [string, ProgramName, ExploreOptions, string | undefined, RegExp][] = [
    ["of jobs", "jobs", {}, undefined, /has jobs/],
    ["with weak memory", "lostUpdate", { memory: "js" }, undefined, /memory: "js"/],
    ["without such an export", "lostUpdate", {}, "lost", /real-programs\.js has no function at "lost"/],
    [
      "with an export that is no function",
      "lostUpdate",
      {},
      "PROGRAMS.notAFunction",
      /has no function at "PROGRAMS.notAFunction"/,
    ],
  ];
  for (const [what, name, options, path, text] of impossible) {
    it(`says why it is not possible: ${what}`, async () => {
      const confirmation = await confirmationOf(name, options, path);
      assert.equal(confirmation.verdict, "not possible");
      assert.match(confirmation.text, text);
    });
  }

  const limits = { loadingMs: 20_000, runMs: 200 };

  async function confirmWithin(place: ProgramPlace, within: RealLimits): Promise<Confirmation> {
    const confirming = new Confirming(place, "sc", within);
    const run = new Execution();
    const recording = new Recording(new RandomStrategy(1));
    await runProgram(run, recording, neverEndsElsewhere, "program");
    try {
      return await confirming.confirm(run, recording, false, { failure: undefined, outcome: undefined });
    } finally {
      await confirming.close();
    }
  }

  it("is given up when it does not come to an end", async () => {
    const place = { module: MODULE.href, path: "neverEndsElsewhere", site: "", name: "program" };
    assert.deepEqual(await confirmWithin(place, limits), {
      verdict: "not confirmed",
      text: "the threads did not come to an end within 200 ms",
    });
  });

  it("is given up when threads do not come to the call of explore", async () => {
    const place = { module: MODULE.href, path: undefined, site: "main.js:7:1", name: "program" };
    const { verdict, text } = await confirmWithin(place, limits);
    assert.equal(verdict, "not possible");
    assert.match(text, /did not come to the call of explore at main\.js:7:1 and had nothing left to do: export/);
    const late = await confirmWithin(place, { ...limits, loadingMs: 1 });
    assert.match(late.text, /did not come to the call of explore at main\.js:7:1 within 0\.001 s: export/);
  });
});

describe("schedules on real threads", () => {
  const program = { module: MODULE, export: "handsOver" };

  it("come to the same as without: sleeps, choices, results and outcomes", async () => {
    const report = await explore({ schedules: 100, strategy: "random", threads: "real", program }, handsOver);
    assert.equal(report.schedulesOnThreads, 100);
    assert.deepEqual(Object.keys(report.outcomes).sort(), ["1 of 0", "2 of 1", "3 of 2"]);
  });

  it("sleep until their time is over, or somebody wakes them", async () => {
    const report = await explore(
      { schedules: 60, strategy: "random", threads: "real", program: { module: MODULE, export: "sleepsForAWhile" } },
      sleepsForAWhile,
    );
    // Nobody woken and both timed out (2); the first or the second woken (0) by one notify.
    assert.deepEqual(Object.keys(report.outcomes).sort(), ["0 2 1", "2 0 1", "2 2 0"]);
  });

  it("may have more threads or fewer", async () => {
    const report = await explore(
      { schedules: 40, strategy: "random", threads: "real", program: { module: MODULE, export: "spawnsSome" } },
      spawnsSome,
    );
    assert.equal(report.schedulesOnThreads, 40);
    assert.ok(Object.keys(report.outcomes).length > 3, JSON.stringify(report.outcomes));
  });

  it("end a search when they do not", async () => {
    const elsewhere = { module: MODULE, export: "lostUpdate" };
    await assert.rejects(explore({ schedules: 5, threads: "real", program: elsewhere }, handsOver), {
      kind: "nondeterminism",
      message: /real threads, which took the same steps, did not come to the same: step \d+ of/,
    });
  });

  it("are refused where they are not possible", async () => {
    const elsewhere = { module: MODULE, export: "jobs" };
    await assert.rejects(
      explore({ schedules: 5, threads: "real", program: elsewhere }, async (t) => {
        t.job("a", () => t.completes(1));
        await t.join();
      }),
      { code: "SKEIN_INVALID_ARGUMENT", message: /threads: "real" is not possible: the program has jobs/ },
    );
  });
});

/** SKEIN stands for the module's URL. */
const SCRIPT = `
import { it } from "node:test";
import { explore } from "SKEIN";

const search = (name, program) =>
  explore({ name, confirm: true }, program).catch((error) => console.log(name + ": " + error.confirmation.verdict));

await search("no bug", (t) => t.thread("a", () => 1));

await explore({ name: "at the top", confirm: true }, async (t) => {
  const x = t.cell("x");
  const addOne = () => x.store(x.load() + 1);
  t.thread("a", addOne);
  t.thread("b", addOne);
  await t.join();
  t.expect(x.load() === 2);
}).catch((error) => console.log("at the top: " + error.confirmation.verdict));

it("fails on threads", () => {
  throw new Error("one that has nothing to do with it");
});

it("explores", async () => {
  await search("in a test", async (t) => {
    const y = t.cell("y");
    t.thread("a", () => y.store(1));
    t.thread("b", () => t.expect(y.load() === 0));
    await t.join();
  });
});
`;

describe("a program that is no export", () => {
  it("is found by the call of explore, in a script and in a file of tests", async () => {
    const source = SCRIPT.replaceAll("SKEIN", pathToFileURL(join(ROOT, "dist/explore/index.js")).href);
    const folder = makeFolder({ "script.mjs": source });
    const { stdout, stderr } = await runNode([WITH_MODULES, join(folder, "script.mjs")], {
      env: { NODE_TEST_CONTEXT: "" },
    });
    assert.match(stdout, /at the top: confirmed\n/, stderr);
    assert.match(stdout, /in a test: confirmed\n/, stderr);
  });
});

describe("options for real threads", () => {
  const wrong: readonly [string, unknown, RegExp][] = [
    ["confirm", { confirm: "yes" }, /confirm to be true or false, but "yes" came/],
    ["threads", { threads: "virtual" }, /threads to be one of replay, real/],
    ["program without a URL", { program: { module: "./x.js", export: "a" } }, /program to be \{ module, export \}/],
    ["program without a name", { program: { module: import.meta.url } }, /program to be \{ module, export \}/],
  ];
  for (const [what, options, message] of wrong) {
    it(`are refused when they can't be meant: ${what}`, async () => {
      await assert.rejects(explore(options as ExploreOptions, lostUpdate), {
        code: "SKEIN_INVALID_ARGUMENT",
        message,
      });
    });
  }
});
