import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

import { buildTimeline, decodeTrace, hotTasks } from "skein/trace";

import { makeFolder, runNode, SKEIN } from "../support/run-program.js";
import { readCpuProfile } from "../trace/support/cpu-profile-format.js";
import { readPerfetto } from "../trace/support/perfetto-format.js";

/** Runs `skein run main.ts …` on a program made of these files. */
async function run(files: Readonly<Record<string, string>>, args: readonly string[] = ["main.ts"]) {
  const folder = makeFolder(files);
  const outcome = await runNode([SKEIN, "run", ...args], { cwd: folder });
  assert.equal(outcome.signal, null, outcome.stderr);
  return { ...outcome, folder };
}

describe("skein run", () => {
  it("runs a TypeScript program with enums, and imports written as .js", async () => {
    const { exitCode, stdout } = await run({
      "main.ts":
        'import { one } from "./dep.js";\nenum E { A = 4 }\ninterface I { a: number }\nconst i: I = { a: one };\nconsole.log(E.A + i.a);',
      "dep.ts": "export const one: number = 1;",
    });
    assert.equal(stdout, "5\n");
    assert.equal(exitCode, 0);
  });

  it("runs TypeScript on threads, and a stack from there names the .ts line", async () => {
    const { exitCode, stdout, stderr } = await run({
      "main.ts": `import { main, task, threads } from "skein";
interface Input {
  readonly value: number;
}

export const half = task(function half(input: Input): number {
  if (input.value % 2 === 1) throw new RangeError("odd");
  return input.value / 2;
});

main(async (s) => {
  console.log(await s.spawn(half, [{ value: 8 }], { on: threads() }));
  await s.spawn(half, [{ value: 7 }], { on: threads() });
});
`,
    });
    assert.equal(stdout, "4\n");
    assert.match(stderr, /RangeError: odd\n\s+at half \(.*main\.ts:7:\d+\)/);
    assert.match(stderr, /spawned:\n\s+at .*main\.ts:13:\d+/);
    assert.equal(exitCode, 1);
  });

  it("passes on everything behind the file, options included", async () => {
    const { stdout } = await run({ "main.ts": "console.log(JSON.stringify(process.argv.slice(2)));" }, [
      "main.ts",
      "--port",
      "80",
      "-v",
    ]);
    assert.equal(stdout, '["--port","80","-v"]\n');
  });

  it("runs a default function as the body of a root scope", async () => {
    const { stdout, exitCode } = await run({
      "main.ts":
        'import type { Scope } from "skein";\nexport default async (s: Scope) => console.log(s.name, await s.spawn(() => 2));',
    });
    assert.equal(stdout, "main 2\n");
    assert.equal(exitCode, 0);
  });

  it("runs JavaScript, and TypeScript in a CommonJS package", async () => {
    assert.equal((await run({ "main.mjs": "console.log(1);" }, ["main.mjs"])).stdout, "1\n");
    const commonJs = await run({
      "package.json": "{}",
      "main.ts": 'import { sep } from "node:path";\nconsole.log(sep, typeof __filename);',
    });
    assert.equal(commonJs.stdout, "/ string\n");
  });

  it("gives the program's own exit code", async () => {
    assert.equal((await run({ "main.ts": "process.exitCode = 7;" })).exitCode, 7);
  });

  it("says nothing of a program that silently does its work", async () => {
    const { exitCode, stderr, folder } = await run({
      "main.ts": 'import { writeFileSync } from "node:fs";\nwriteFileSync("out.txt", "x");',
    });
    assert.equal(stderr, "");
    assert.equal(exitCode, 0);
    assert.ok(existsSync(join(folder, "out.txt")));
  });

  it("--trace writes a trace of jobs and threads", async () => {
    const { folder, stderr, exitCode } = await run(
      {
        "main.ts": `import { main, task, threads } from "skein";
export const double = task(function double(x: number) { return x * 2; });
main(async (s) => { await Promise.all([1, 2].map((x) => s.spawn(double, [x], { on: threads() }))); });`,
      },
      ["--trace", "out.json", "main.ts"],
    );
    assert.equal(exitCode, 0);
    assert.match(stderr, /trace written to out\.json/);
    const { traceEvents } = JSON.parse(readFileSync(join(folder, "out.json"), "utf8")) as {
      traceEvents: { name: string; ph: string; tid: number; args?: { name?: string } }[];
    };
    const lanes = new Set(traceEvents.filter(({ name, ph }) => name === "double" && ph === "X").map(({ tid }) => tid));
    assert.ok(lanes.size >= 1);
    const threadNames = traceEvents.filter(({ name }) => name === "thread_name").map(({ args }) => args?.name);
    assert.ok(threadNames.includes("main") && threadNames.includes("threads-1"), String(threadNames));
  });
});

describe("snapshots of a run", () => {
  const STUCK = {
    "main.ts": 'import { main, channel } from "skein";\nmain(async (s) => void (await channel(0).receive(s)));',
  };

  it("--snapshots writes one when something goes wrong, and says where", async () => {
    const { folder, stderr, exitCode } = await run(STUCK, ["--snapshots", "wrong", "main.ts"]);
    assert.equal(exitCode, 1);
    const [name = "", ...more] = readdirSync(join(folder, "wrong"));
    assert.deepEqual(more, []);
    assert.match(name, /^stuck-.*\.skein$/);
    assert.ok(stderr.includes(`snapshot written to wrong/${name}: show it with skein open wrong/${name}`), stderr);
    const { waits } = buildTimeline(decodeTrace(readFileSync(join(folder, "wrong", name))));
    assert.ok(
      waits.some(({ name: what }) => what?.startsWith("receive")),
      JSON.stringify(waits),
    );
  });

  it("--snapshots writes none where nothing does", async () => {
    const { folder, stderr, exitCode } = await run({ "main.mjs": "console.log(1);" }, ["-s", "wrong", "main.mjs"]);
    assert.deepEqual([exitCode, stderr, existsSync(join(folder, "wrong"))], [0, "", false]);
  });

  it(
    "SIGUSR2 writes one of what is recorded, and the run goes on",
    { skip: process.platform === "win32" },
    async () => {
      const folder = makeFolder({
        "main.ts": `import { readdirSync } from "node:fs";
import { main, sleep } from "skein";
main(async (s) => {
  console.log("ready");
  while (!readdirSync(".").some((name) => name.endsWith(".skein"))) await sleep(5, s);
  console.log("went on");
});`,
      });
      const { stdout, stderr, exitCode } = await runNode([SKEIN, "run", "--trace", "out.csv", "main.ts"], {
        cwd: folder,
        interrupt: { after: "ready", signal: "SIGUSR2" },
      });
      assert.deepEqual([exitCode, stdout], [0, "ready\nwent on\n"]);
      assert.match(stderr, /snapshot written to \.\/signal-.*\.skein: show it with skein open \.\/signal-/);
      assert.match(stderr, /trace written to out\.csv/);
    },
  );

  it("a folder that can't be made is told of, and changes nothing else", async () => {
    const { stderr, exitCode } = await run(STUCK, ["--snapshots", "main.ts/wrong", "main.ts"]);
    assert.equal(exitCode, 1);
    assert.match(stderr, /skein run: the snapshot could not be written to main\.ts\/wrong\/stuck-.*: ENOTDIR/);
  });
});

describe("a deep recording of a run", () => {
  const HOT = {
    "main.ts": `import { main, task, threads } from "skein";

interface Sum { value: number }
function hotLoop(forMs: number): number {
  const sum: Sum = { value: 0 };
  const untilMs = performance.now() + forMs;
  while (performance.now() < untilMs) for (let i = 0; i < 1e5; i++) sum.value += Math.sqrt(i);
  return sum.value;
}
export const crunch = task(function crunch(): number {
  return hotLoop(400);
});
main(async (s) => {
  await s.spawn(crunch, [], { on: threads() });
  s.spawn(async function here() {
    await new Promise((resolve) => setTimeout(resolve, 5));
    hotLoop(400);
  });
});`,
  };

  /** The function with the most time of its own, but for the platform's words for none. */
  const topOf = (text: string): string | undefined =>
    [...readCpuProfile(text).selfMs]
      .filter(([name]) => !name.startsWith("("))
      .toSorted(([, a], [, b]) => b - a)[0]?.[0];

  it("is a CPU profile of each thread, with a name that ends in .cpuprofile", async () => {
    const { folder, stderr, exitCode } = await run(HOT, ["--trace", "out.cpuprofile", "main.ts"]);
    assert.equal(exitCode, 0, stderr);
    assert.match(stderr, /CPU profile of thread main written to out\.cpuprofile: open it in /);
    const [main, worker] = ["out.cpuprofile", "out.threads-1.cpuprofile"].map((name) =>
      readFileSync(join(folder, name), "utf8"),
    );
    assert.equal(topOf(main ?? ""), "hotLoop");
    assert.equal(topOf(worker ?? ""), "hotLoop");
    // What the profiler does is not the program's doing.
    assert.doesNotMatch(main ?? "", /node:inspector/);
    // In the source, whose lines are not those of the JavaScript that runs.
    assert.match(main ?? "", /"functionName":"hotLoop","scriptId":"0","url":"[^"]*main\.ts","lineNumber":3,/);
  });

  it("says in which functions of which jobs the time went", async () => {
    const { folder, stderr } = await run(HOT, ["--deep", "--trace", "out.skein", "--report", "out.html", "main.ts"]);
    assert.match(stderr, /report written to out\.html/);
    const trace = decodeTrace(readFileSync(join(folder, "out.skein")));
    const hot = new Map(hotTasks(trace, buildTimeline(trace)).map(({ name, functions }) => [name, functions]));
    assert.equal(hot.get("crunch")?.[0]?.frame.name, "hotLoop");
    assert.equal(hot.get("here")?.[0]?.frame.name, "hotLoop");
    assert.match(buildTimeline(trace).jobs.find(({ name }) => name === "here")?.spawnSite ?? "", /main\.ts:15:/);
  });

  it("needs something to go to", async () => {
    const { stderr, exitCode } = await run(HOT, ["--deep", "main.ts"]);
    assert.equal(exitCode, 1);
    assert.match(stderr, /--deep says how to record/);
  });
});

describe("what a trace is written as, by the end of its name", () => {
  const program = {
    "main.mjs": 'import { scope } from "skein";\nawait scope((s) => void s.spawn(function shown() {}));',
  };
  const shows: Readonly<Record<string, (bytes: Buffer) => boolean>> = {
    "out.skein": (bytes) => buildTimeline(decodeTrace(bytes)).jobs.some(({ name }) => name === "shown"),
    "out.json": (bytes) => hasText(bytes, '"name":"shown"'),
    "out.pftrace": (bytes) => readPerfetto(bytes).slices.some(({ name }) => name === "shown"),
    "out.csv": (bytes) => bytes.toString().includes(",shown,"),
    "out.otlp.json": (bytes) => hasText(bytes, '"name":"shown"'),
  };
  for (const [out, isShown] of Object.entries(shows)) {
    it(out, async () => {
      const { folder, stderr, exitCode } = await run(program, ["--trace", out, "main.mjs"]);
      assert.equal(exitCode, 0, stderr);
      assert.ok(stderr.includes(`trace written to ${out}: `), stderr);
      assert.ok(isShown(readFileSync(join(folder, out))));
    });
  }
});

/** Whether it is JSON in which that stands. */
function hasText(bytes: Buffer, text: string): boolean {
  return JSON.stringify(JSON.parse(bytes.toString())).includes(text);
}

describe("a program that skein can't run ends with code 1 and", () => {
  const cases: readonly (readonly [string, Readonly<Record<string, string>>, readonly string[], RegExp])[] = [
    [
      "does not exist: its name and where it was looked for",
      {},
      ["nope.ts"],
      /there is no file nope\.ts\n\s+looked for .*nope\.ts/,
    ],
    ["is a folder: what to name instead", { "src/a.ts": "" }, ["src"], /src is a folder.*skein run src\/main\.ts/],
    [
      "has a syntax error in TypeScript: the place",
      { "main.ts": "let x = 1;\nlet y: number = ;" },
      ["main.ts"],
      /main\.ts:2:16: ERROR: Unexpected ";"/,
    ],
    [
      "has a syntax error in JavaScript: the place",
      { "main.mjs": "let x = 1;\nlet y = ;" },
      ["main.mjs"],
      /main\.mjs:2\nlet y = ;/,
    ],
    [
      "throws at import: error and place",
      { "main.ts": "type A = 1;\n\nthrow new TypeError('at import');" },
      ["main.ts"],
      /TypeError: at import\n\s+at .*main\.ts:3:\d+/,
    ],
    [
      "throws something odd at import: that",
      { "main.ts": "throw undefined;" },
      ["main.ts"],
      /could not be loaded.*threw undefined/s,
    ],
    [
      "imports what is not there: what, and from where",
      { "main.ts": 'import "./gone.js";' },
      ["main.ts"],
      /Cannot find module .*gone\.js' imported from .*main\.ts/,
    ],
    [
      "exports nothing: what to write",
      { "main.ts": "const a = 1;\nexport {};" },
      ["main.ts"],
      /nothing to run: it calls no main\(\), exports nothing.*export default async function/s,
    ],
    [
      "exports only helpers: their names",
      { "main.ts": "export const add = (x: number) => x;" },
      ["main.ts"],
      /nothing to run: .*exports add, but no default function/,
    ],
    [
      "waits for ever at its top level: that, without hanging",
      { "main.ts": "await new Promise(() => undefined);\nexport {};" },
      ["main.ts"],
      /awaits something at its top level that never comes/,
    ],
  ];
  for (const [what, files, args, message] of cases) {
    it(what, async () => {
      const { exitCode, stderr } = await run(files, args);
      assert.match(stderr, message);
      assert.equal(exitCode, 1);
    });
  }
});

describe("skein", () => {
  it("--help lists the commands", async () => {
    const { stdout, exitCode } = await runNode([SKEIN, "--help"]);
    assert.equal(exitCode, 0);
    for (const command of ["run", "doctor"]) assert.match(stdout, new RegExp(`^  ${command} `, "m"));
  });

  it("refuses an unknown command and an unknown option, and says where help is", async () => {
    for (const args of [["fly"], ["run", "--wings", "a.ts"], ["run"]]) {
      const { stderr, exitCode } = await runNode([SKEIN, ...args]);
      assert.match(stderr, /error: .*skein --help/s);
      assert.equal(exitCode, 1);
    }
  });

  it("doctor finds all that skein needs here, in words and as JSON", async () => {
    const words = await runNode([SKEIN, "doctor"]);
    assert.equal(words.exitCode, 0, words.stdout);
    assert.match(words.stdout, /cores allowed +\d+/);
    const { findings } = JSON.parse((await runNode([SKEIN, "doctor", "--json"])).stdout) as {
      findings: { subject: string; state: string }[];
    };
    const subjects = new Set(findings.map(({ subject }) => subject));
    for (const subject of ["runtime", "cores allowed", "shared memory", "threads", "TypeScript", "kernel facts"]) {
      assert.ok(subjects.has(subject), subject);
    }
    assert.ok(findings.every(({ state }) => state !== "missing"));
  });

  it("doctor says what is missing and how to get it, with code 1", async () => {
    const { exitCode, stdout } = await runNode(["--experimental-permission", "--allow-fs-read=*", SKEIN, "doctor"]);
    assert.match(stdout, /✖ threads .*\n.*--allow-worker/);
    assert.equal(exitCode, 1);
  });
});
