/** Programs as users write and run them: TypeScript, on the bundled package, in one copy of it or two. */
import assert from "node:assert/strict";
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

describe("a task of the library", () => {
  it("may be declared again by another copy from the same file", () => {
    const meta = { url: "file:///library.js" };
    ownTask(meta, function declaredTwice() {});
    const again = ownTask(meta, function declaredTwice() {});
    assert.throws(() => task(again), { code: "SKEIN_TASK_DUPLICATE" }); // it is a task too
    assert.throws(() => task(meta, function declaredTwice() {}), MisuseError);
  });
});
