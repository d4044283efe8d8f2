/** `skein lab`, run as users run it; and what its labs say when something is planted that refutes them. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

import { makeFolder, ROOT, runNode, type RunOptions, SKEIN } from "../support/run-program.js";

async function lab(args: readonly string[], options: RunOptions = {}) {
  return runNode([SKEIN, "lab", ...args], { ...options, env: { LANG: "C", LC_ALL: "C", ...options.env } });
}

interface Told {
  readonly name: string;
  readonly verdict: string;
  readonly because: { readonly en: string };
  readonly numbers?: Readonly<Record<string, number>>;
}

/** Runs one lab and gives what it tells. */
async function told(name: string, args: readonly string[] = [], options: RunOptions = {}) {
  const { stdout, stderr, exitCode, signal } = await lab([name, "--json", ...args], options);
  assert.equal(signal, null, stderr);
  const [run] = JSON.parse(stdout) as Told[];
  assert.ok(run);
  return { ...run, exitCode };
}

/** Runs a lab with its program changed: each text must be there, and is replaced everywhere. */
async function planted(name: string, ...changes: readonly (readonly [from: string, to: string])[]) {
  let text = readFileSync(join(ROOT, "dist/lab-programs", `${name}.js`), "utf8");
  for (const [from, to] of changes) {
    assert.ok(text.includes(from), `${name} does not contain ${from}`);
    text = text.replaceAll(from, to);
  }
  const folder = makeFolder({ "mine.mjs": text });
  return told(name, ["--with", join(folder, "mine.mjs")]);
}

describe("skein lab", () => {
  it("lists the labs, in either language", async () => {
    const english = await lab([]);
    assert.match(english.stdout, /^ {3}1 {2}four-models +Four models/m);
    assert.match(english.stdout, /skein lab --all/);
    assert.match((await lab(["--lang", "ru"])).stdout, /^ {3}1 {2}four-models +Четыре модели/m);
    assert.match((await lab([], { env: { LC_ALL: "ru_RU.UTF-8" } })).stdout, /Опыты/);
  });

  it("prints the program of a lab as it stands in the repository", async () => {
    const { stdout, exitCode } = await lab(["backpressure", "--code"]);
    assert.equal(stdout, readFileSync(join(ROOT, "labs/backpressure.ts"), "utf8"));
    assert.equal(exitCode, 0);
  });

  it("runs one: claim, prediction, numbers, picture, verdict, what came true, what to change", async () => {
    const { stdout, exitCode } = await lab(["backpressure", "--predict", "c"]);
    for (const part of [
      /Claim +Concurrency is/,
      /Predict +A fast maker/,
      /limit: most in the queue +8$/m,
      /maker +[·░▒▓█]+$/m,
    ]) {
      assert.match(stdout, part);
    }
    assert.match(stdout, /✔ shown: without a limit/);
    assert.match(stdout, /You said c, it was [abc]:/);
    assert.match(stdout, /Change +Give the channel/);
    for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
    assert.equal(exitCode, 0);
  });

  it("says it in Russian", async () => {
    const { stdout } = await lab(["cancellation", "--lang", "ru"]);
    assert.match(stdout, /✔ показано: к концу области закончилось 9 из 9 задач/);
    assert.match(stdout, /a считает +[·░▒▓█]+$/m);
  });

  it("runs several as a table, with a summary", async () => {
    const { stdout, exitCode } = await lab(["threads", "backpressure"]);
    assert.match(
      stdout,
      /^ {2}2 {2}✔ shown {2}Threads.*\n[^]*^ 14 {2}✔ shown[^]*S1\u00A0✔ S2\u00A0✔ S3\u00A0✔ S12\u00A0✔\n\n2 shown, 0 not shown, 0 inconclusive\n$/m,
    );
    assert.equal(exitCode, 0);
  });

  it("runs TypeScript that a reader has changed", async () => {
    const folder = makeFolder({ "mine.ts": readFileSync(join(ROOT, "labs/backpressure.ts"), "utf8") });
    const { verdict, because } = await told("backpressure", ["--with", join(folder, "mine.ts")]);
    assert.equal(verdict, "shown", because.en);
  });

  it("stops at Ctrl-C, with the exit code of that", async () => {
    const folder = makeFolder({ "stuck.mjs": "export async function measure() { for (;;); }" });
    const interrupt = { after: "Claim", signal: "SIGINT" } as const;
    const { exitCode, stdout } = await lab(["threads", "--with", join(folder, "stuck.mjs")], { interrupt });
    assert.equal(exitCode, 130);
    assert.doesNotMatch(stdout, /Numbers/);
  });
});

describe("a wrong use of skein lab", () => {
  const cases: readonly (readonly [args: readonly string[], expected: RegExp])[] = [
    [["99"], /there is no lab "99": expected a number from 1 to 16, a name, or a statement from S1 to S14/],
    [["threads", "--predict", "z"], /--predict expected one of a, b, c, but "z" came/],
    [["threads", "--with", "nowhere.ts"], /there is no file nowhere\.ts\n {2}looked for \//],
    [
      ["S14", "--code"],
      /--code, --knob, --with and --predict are for one lab, but four-models, illusion, parallel were meant/,
    ],
    [["--lang", "fr"], /Allowed choices are en, ru/],
  ];
  for (const [args, expected] of cases) {
    it(`skein lab ${args.join(" ")}`, async () => {
      const { stderr, stdout, exitCode } = await lab(args);
      assert.match(stderr, expected);
      assert.equal(stdout, "");
      assert.equal(exitCode, 1);
    });
  }
});

describe("knobs", () => {
  it("are turned by name, and reach the program", async () => {
    const { numbers } = await told("overlap", ["--knob", "jobs=7", "--knob", "waitMs=2"]);
    assert.equal(numbers?.["jobs"], 7);
  });

  it("let a lab have fewer cores", { skip: hasTaskset() ? false : "no taskset" }, async () => {
    const { stdout, stderr } = await lab(["overlap", "--json", "--knob", "waitMs=2", "--knob", "cores=1"]);
    assert.equal(stderr, "");
    assert.equal((JSON.parse(stdout) as { readonly cores: number }[])[0]?.cores, 1);
  });

  it("that are wrong are refused in words", async () => {
    for (const [args, words] of [
      [["overlap", "--knob", "jobs=0"], "--knob: jobs: expected a whole number from 1 to 500, but 0 came"],
      [["overlap", "--knob", "jobs=many"], '--knob: jobs: expected a whole number from 1 to 500, but "many" came'],
      [["overlap", "--knob", "jobs"], '--knob: jobs: expected a whole number from 1 to 500, but "" came'],
      [["overlap", "--knob", "speed=1"], '--knob: this lab has no knob "speed": there are jobs, waitMs'],
    ] as const) {
      const { stderr, exitCode } = await lab(args);
      assert.ok(stderr.startsWith(`skein lab: ${words}`), stderr);
      assert.equal(exitCode, 1);
    }
  });
});

describe("skein lab --inspect", () => {
  it("refuses what it can't show, in words", async () => {
    for (const [args, words] of [
      [["nothing", "--inspect"], 'skein lab: there is no lab "nothing"'],
      [["--inspect", "1", "2"], "skein lab: --inspect opens one lab first, but 1, 2 were meant"],
      [["--inspect", "1", "--json"], "skein lab: --json is for the terminal, and --inspect for the page"],
      [["--inspect=70000"], "error: option '-i, --inspect [port]' argument '70000' is invalid"],
    ] as const) {
      const { stderr, stdout, exitCode } = await lab(args);
      assert.ok(stderr.startsWith(words), stderr);
      assert.deepEqual([stdout, exitCode], ["", 1]);
    }
  });
});

describe("a lab whose program is changed", () => {
  it("loses updates with the lock taken out, and says so with exit code 1", async () => {
    const { verdict, because, exitCode, numbers } = await planted(
      "lost-updates",
      ["lock.withLockSync(() => {", "(() => {"],
      ["        });\n    }", "        })();\n    }"],
    );
    // Both may lose nothing by luck, on a machine that hardly runs two threads at once.
    if (numbers?.["lostLocked"] === 0) assert.notEqual(verdict, "not-shown", because.en);
    else assert.deepEqual([verdict, exitCode], ["not-shown", 1], because.en);
  });

  it("does not see common memory where there is none", async () => {
    const { verdict, numbers } = await planted("threads", [
      'new SharedArray({ type: "int32", length: DEPTHS.length })',
      "{ values: new Int32Array(3) }",
    ]);
    assert.deepEqual([verdict, numbers?.["sawAll"]], ["not-shown", 0]);
  });

  it("has no backpressure without a limit", async () => {
    const { verdict } = await planted("backpressure", ["knobs.capacity]", "Infinity]"]);
    assert.equal(verdict, "not-shown");
  });

  it("has no turns with endless slices", async () => {
    const { verdict, because, numbers } = await planted("interleaving", [
      "sliced({ sliceMs })",
      "sliced({ sliceMs: 1e6 })",
    ]);
    assert.equal(numbers?.["preemptions"], 0);
    // With a neighbour at work it can't be told why.
    const isExcused = /; but other processes used/.test(because.en);
    assert.equal(verdict, isExcused ? "inconclusive" : "not-shown", because.en);
  });

  it("has no overlap without waiting", async () => {
    const { numbers, verdict } = await planted("overlap", ["await sleep(waitMs, s);", ""]);
    assert.equal(numbers?.["mostAlive"], 1);
    assert.notEqual(verdict, "shown");
  });

  it("loses threads to computing that never checks", async () => {
    const { verdict, numbers } = await planted("cancellation", ["s.checkpoint();", ""]);
    assert.notEqual(verdict, "shown");
    assert.ok((numbers?.["lost"] ?? 0) > 0);
  });

  it("is not parallel with its threads bound to one core", { skip: hasTaskset() ? false : "no taskset" }, async () => {
    const { verdict } = await planted("parallel", ['name: "many" }', 'name: "many", cores: [0] }']);
    // With a busy neighbour it can't be told why; but it is never shown.
    assert.notEqual(verdict, "shown");
  });

  it("is inconclusive if it fails, with its error, and that is no failure", async () => {
    const { verdict, because, exitCode } = await planted("backpressure", [
      "queue.close();",
      'throw new RangeError("no more");',
    ]);
    assert.equal(verdict, "inconclusive");
    assert.match(because.en, /its program failed: .*no more/);
    assert.equal(exitCode, 0);
  });
});

describe("on a machine with one core", { skip: hasTaskset() ? false : "no taskset" }, () => {
  it("parallelism is inconclusive, for that reason", async () => {
    const { verdict, because, exitCode } = await told("parallel", [], { through: ["taskset", "-c", "0"] });
    assert.equal(verdict, "inconclusive");
    assert.match(because.en, /may use one core only/);
    assert.equal(exitCode, 0);
  });

  it("what needs no second core is shown all the same", async () => {
    const { verdict, because } = await told("interleaving", [], { through: ["taskset", "-c", "0"] });
    assert.equal(verdict, "shown", because.en);
  });
});

describe("with few files allowed", { skip: process.platform === "win32" ? "no ulimit" : false }, () => {
  it("there are fewer connections, and the lab says so", async () => {
    const through = ["sh", "-c", 'ulimit -n 1000 && exec "$@"', "sh"];
    const { verdict, because, numbers } = await told("connections", [], { through });
    assert.equal(numbers?.["room"], 400);
    assert.equal(verdict, "inconclusive");
    assert.match(because.en, /the limit of open files leaves room for 400/);
  });
});

function hasTaskset(): boolean {
  // Of a process of its own: what is bound here would bind all that the tests start.
  return spawnSync("taskset", ["-c", "0", process.execPath, "--version"]).status === 0;
}
