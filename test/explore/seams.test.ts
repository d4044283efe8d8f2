/** The seams, swapped by the import condition `explore`. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";

import { nowMs } from "#skein/explore/clock";
import { listenToSeams, type SeamOperation } from "#skein/explore/listener";

import { makeFolder, ROOT, runNode, WITH_MODULES } from "../support/run-program.js";

const PROGRAM = `
import { pathToFileURL } from "node:url";
const dist = (name) => import(new URL(name, pathToFileURL(process.argv[2] + "/")));
const { listenToSeams } = await dist("explore/listener.js");
const counts = {};
listenToSeams(({ seam, name }) => {
  counts[seam + "." + name] = (counts[seam + "." + name] ?? 0) + 1;
});
const { scope, sleep, channel, select, after } = await dist("index.js");
const { startRecording } = await dist("trace/index.js");
const { seedRandom } = await dist("explore/random.js");
seedRandom(1);
await scope((s) => sleep(1, s), { timeoutMs: 1000 });
await select({ late: after(1), word: channel().receiving() });
const recording = startRecording();
await scope((s) => s.spawn(() => 1));
recording.stop();
listenToSeams(undefined);
console.log(JSON.stringify(counts));
`;

async function seenUnder(conditions: readonly string[]): Promise<Record<string, number>> {
  const folder = makeFolder({ "main.mjs": PROGRAM });
  const { stdout, stderr } = await runNode([...conditions, join(folder, "main.mjs"), join(ROOT, "dist")]);
  assert.notEqual(stdout, "", stderr);
  return JSON.parse(stdout) as Record<string, number>;
}

describe("the seams", () => {
  it("tell a listener of each operation before it happens, until it stops listening", () => {
    const heard: SeamOperation[] = [];
    listenToSeams((operation) => heard.push(operation));
    nowMs();
    listenToSeams(undefined);
    nowMs();
    assert.deepEqual(heard, [{ seam: "clock", name: "nowMs" }]);
  });

  it("announce each use of time, chance and shared memory under the condition explore", async () => {
    const seen = await seenUnder(["--conditions=explore"]);
    for (const operation of [
      "clock.nowMs",
      "clock.setAlarm",
      "clock.ring",
      "random.randomBelow",
      "atomics.store",
      "atomics.add",
    ]) {
      assert.ok((seen[operation] ?? 0) > 0, `${operation}: ${JSON.stringify(seen)}`);
    }
  });

  it("announce nothing without it: production code does not pass through them", async () => {
    assert.deepEqual(await seenUnder([WITH_MODULES]), {});
  });
});
