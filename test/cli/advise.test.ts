import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { makeFolder, type Outcome, type RunOptions, runNode, SKEIN } from "../support/run-program.js";

const CRUNCH = `import { main, sleep, task } from "skein";
export const crunch = task(function crunch(turns) {
  let value = 1;
  for (let i = 0; i < turns; i++) value = (Math.imul(value, 1664525) + 1013904223) | 0;
  return value;
});
export const add = task(function add(a, b) {
  return a + b;
});
main(async (s) => {
  for (let i = 0; i < 10; i++) s.spawn(async function waitFor() { await sleep(20, s); });
  await Promise.all(Array.from({ length: 8 }, () => s.spawn(crunch, [2e7])));
  await Promise.all(Array.from({ length: 200 }, (_, i) => s.spawn(add, [i, 1])));
  console.log("done", process.argv[2]);
});
`;

interface Found {
  readonly name: string;
  readonly kind: string;
  readonly nature: string;
  readonly suggestion: string;
  readonly calls?: number;
}

async function advise(
  files: Readonly<Record<string, string>>,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  return runNode([SKEIN, "advise", ...args], { cwd: makeFolder(files), ...options });
}

const isNarrow = (text: string, width: number): boolean => text.split("\n").every((line) => line.length <= width);

describe("skein advise", () => {
  it("tells tasks that compute from those that wait and those that are short", async () => {
    const { exitCode, stdout, stderr } = await advise({ "main.mjs": CRUNCH }, ["--json", "main.mjs", "5"]);
    assert.equal(exitCode, 0, stderr);
    assert.match(stderr, /^done 5$/m);
    const advice = JSON.parse(stdout) as { functions: Found[]; cores: number; predictedSpeedUp: number };
    const of = (name: string): Found | undefined => advice.functions.find((one) => one.name === name);
    const place = advice.cores > 1 ? "threads" : "sliced";
    assert.deepEqual(
      ["crunch", "add", "waitFor"].map((name) => {
        const { kind, nature, suggestion, calls } = of(name) as Found;
        return [kind, nature, suggestion, calls];
      }),
      [
        ["task", "computes", place, 8],
        ["task", "short", "as it is", 200],
        ["job", "waits", "as it is", 10],
      ],
    );
    if (advice.cores > 1) assert.ok(advice.predictedSpeedUp > 1.1, stdout);
  });

  it("tries its advice, and says what that made of it", async () => {
    const { exitCode, stdout } = await advise({ "main.mjs": CRUNCH }, ["--try", "main.mjs"]);
    assert.equal(exitCode, 0);
    assert.equal(stdout.match(/^done undefined$/gm)?.length, 2);
    assert.match(stdout, /crunch · task, 8 calls · CPU-bound/);
    assert.match(stdout, /Tried: crunch to threads\(\)|Nothing to try/);
    assert.ok(isNarrow(stdout, 80), stdout);
  });

  it("speaks Russian", async () => {
    const { stdout } = await advise({ "main.mjs": CRUNCH }, ["--lang", "ru", "main.mjs"]);
    assert.match(stdout, /crunch · задача, 8 вызовов · ограничена процессором/);
  });

  it("knows functions of programs that use no tasks, from samples", async () => {
    const program = `function burn() {
  const endMs = performance.now() + 300;
  let value = 1;
  while (performance.now() < endMs) for (let i = 0; i < 1e5; i++) value = Math.imul(value, 7) | 1;
  return value;
}
console.log(burn() !== 0);
`;
    const { stdout } = await advise({ "main.mjs": program }, ["--json", "main.mjs"]);
    const { functions } = JSON.parse(stdout) as { functions: (Found & { badge: string; declaredAt: string })[] };
    assert.deepEqual([functions[0]?.name, functions[0]?.kind, functions[0]?.badge], ["burn", "function", "sampled"]);
    assert.match(functions[0]?.declaredAt ?? "", /main\.mjs:1$/);
  });

  it("says so if there is nothing to advise", async () => {
    const { stdout } = await advise({ "main.mjs": "setTimeout(() => console.log(1), 20);" }, ["main.mjs"]);
    assert.match(stdout, /Nothing to advise/);
  });

  it("a program that throws keeps its message and its exit code", async () => {
    const { exitCode, stderr, stdout } = await advise({ "main.mjs": 'throw new RangeError("odd");' }, ["main.mjs"]);
    assert.equal(exitCode, 1);
    assert.match(stderr, /RangeError: odd/);
    assert.match(stdout, /exit code 1/);
  });

  it("a file that is not there, or is a folder, is named", async () => {
    const { exitCode, stderr } = await advise({}, ["gone.mjs"]);
    assert.deepEqual([exitCode, stderr], [1, "skein advise: there is no file gone.mjs\n"]);
    const folder = await advise({ "inner/a.mjs": "" }, ["inner"]);
    assert.match(folder.stderr, /inner is a folder/);
  });

  it("gives advice on what has run when it is interrupted", async () => {
    const program = `console.log("ready"); setInterval(() => undefined, 1000);`;
    const { exitCode, stdout } = await advise({ "main.mjs": program }, ["main.mjs"], {
      interrupt: { after: "ready", signal: "SIGINT" },
    });
    assert.equal(exitCode, 130);
    assert.match(stdout, /exit code 130/);
  });
});
