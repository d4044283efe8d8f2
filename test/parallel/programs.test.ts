/** Programs as users write and run them: TypeScript, on the bundled package, in one copy of it or two. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

import { ownTask } from "#skein/threads/task";
import { MisuseError, task } from "skein";

import { makeFolder, runNode, SKEIN } from "../support/run-program.js";

const PROGRAM = `import { main, task, threads, type Task } from "skein";
import { parallel } from "skein/parallel";
import { SharedArray } from "skein/shared";

export const slowly = task(function slowly(x: number): number {
  const untilMs = performance.now() + 0.1;
  while (performance.now() < untilMs);
  return 2 * x;
});
export const fibonacci: Task<[n: number], number> = task(function fibonacci(n: number): number {
  if (n < 2) return n;
  const [a, b] = parallel.join([fibonacci, [n - 1]], [fibonacci, [n - 2]]);
  return a + b;
});
export const ofDoubled = task(async function ofDoubled(numbers: SharedArray<"float64">): Promise<number> {
  using doubled = await parallel.map(numbers, slowly);
  return parallel.sumSync(doubled);
});
main(async () => {
  using numbers = SharedArray.from("float64", Array.from({ length: 100 }, (_, i) => i));
  for (let round = 0; round < 2; round++) {
    using doubled = await parallel.map(numbers, slowly);
    console.log(await parallel.sum(doubled));
    await threads().ready(slowly);
  }
  console.log(await parallel.run(fibonacci, [15]));
  console.log(await threads().run(ofDoubled, [numbers]));
});
`;

describe("a program", () => {
  for (const type of ["module", "commonjs"]) {
    // In a CommonJS package threads have two copies: the pool imports the tasks of the library, the program requires it.
    it(`of type ${type}, run by skein run`, async () => {
      const folder = makeFolder({ "package.json": JSON.stringify({ type }), "main.ts": PROGRAM });
      const { stdout, stderr, exitCode } = await runNode([SKEIN, "run", "main.ts"], { cwd: folder });
      assert.equal(stderr, "");
      assert.equal(stdout, "9900\n9900\n610\n9900\n");
      assert.equal(exitCode, 0);
    });
  }
});

describe("a recording", () => {
  it("shows what the caller does, slice by slice, in all forms of a call", async () => {
    const folder = makeFolder({
      "package.json": JSON.stringify({ type: "module" }),
      "main.ts": `import { main, task } from "skein";
import { parallel } from "skein/parallel";
export const slowly = task(function slowly(x: number): number {
  const untilMs = performance.now() + 0.1;
  while (performance.now() < untilMs);
  return 2 * x;
});
main(async () => {
  const numbers = Array.from({ length: 100 }, (_, i) => i);
  await parallel.map(numbers, slowly, { name: "awaited" });
  parallel.mapSync(numbers, slowly, { name: "blocking" });
});
`,
    });
    const { stderr, exitCode } = await runNode([SKEIN, "run", "--trace", "out.json", "main.ts"], { cwd: folder });
    assert.equal(exitCode, 0, stderr);
    const { traceEvents } = JSON.parse(readFileSync(join(folder, "out.json"), "utf8")) as {
      traceEvents: { readonly name: string; readonly ph: string; readonly dur?: number }[];
    };
    const spans = traceEvents.filter(({ ph }) => ph === "X");
    // Without a helper there are no parts.
    for (const name of ["awaited", "blocking"]) {
      const own = spans.filter((span) => span.name === name || span.name === `${name}, part 1`);
      assert.ok(own.length > 0, `${name}: ${JSON.stringify(spans.map((span) => span.name))}`);
    }
    assert.ok(spans.filter((span) => span.name.startsWith("awaited")).length > 1); // the event loop had turns between
  });
});

describe("a recording of joins", () => {
  it("shows which branches others did, and who waited", async () => {
    const folder = makeFolder({
      "package.json": JSON.stringify({ type: "module" }),
      "main.ts": `import { main, task, threads, type Task } from "skein";
import { parallel } from "skein/parallel";
import { SharedArray } from "skein/shared";
export const first = task(function first({ values }: SharedArray<"int32">): void {
  Atomics.wait(values, 0, 0);
});
export const second = task(function second({ values }: SharedArray<"int32">): void {
  // Whoever waits for it has gone to sleep by then.
  for (const untilMs = performance.now() + 60; performance.now() < untilMs;);
});
export const wake = task(function wake(cells: SharedArray<"int32">): void {
  Atomics.store(cells.values, 0, 1);
  Atomics.notify(cells.values, 0);
  second(cells);
});
export const both: Task<[cells: SharedArray<"int32">], void> = task(function both(cells: SharedArray<"int32">): void {
  parallel.join([first, [cells]], [wake, [cells]]);
});
main(async () => {
  using cells = new SharedArray({ type: "int32", length: 1 });
  await threads().ready(both);
  await parallel.run(both, [cells], { on: threads({ size: 2, name: "two" }) });
});
`,
    });
    const { stderr, exitCode } = await runNode([SKEIN, "run", "--trace", "out.json", "main.ts"], { cwd: folder });
    assert.equal(exitCode, 0, stderr);
    const { traceEvents } = JSON.parse(readFileSync(join(folder, "out.json"), "utf8")) as {
      traceEvents: { readonly name: string; readonly ph: string; readonly tid: number; readonly dur?: number }[];
    };
    const ofName = (pattern: RegExp) => traceEvents.filter(({ name }) => pattern.test(name));
    const names = JSON.stringify([...new Set(traceEvents.map(({ name }) => name))]);
    const stolen = ofName(/^wake, stolen$/).find(({ ph }) => ph === "X");
    const call = ofName(/^run both$/).find(({ ph }) => ph === "X");
    assert.ok(stolen !== undefined && call !== undefined, names);
    assert.notEqual(stolen.tid, call.tid);
    assert.ok(ofName(/^a branch of a join that another does, to be ready \(blocked\)$/).length > 0, names);
  });
});

describe("a task of the library", () => {
  it("may be declared again by another copy from the same file", () => {
    const meta = { url: "file:///library.js" };
    ownTask(meta, function declaredTwice() {});
    const again = ownTask(meta, function declaredTwice() {});
    assert.throws(() => task(again), { code: "SKEIN_TASK_DUPLICATE" }); // it is a task too
    assert.throws(() => task(meta, function declaredTwice() {}), MisuseError);
  });
});
