import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";

import type { ObserverLevel } from "skein/trace";

import { type LiveInspector, startInspector } from "#skein/inspect/live-inspector";
import { beginSegment, fileHeader, recordSegment } from "#skein/trace/trace-file";

import { ThreadScript, START_MS } from "../trace/support/traces.js";
import { ROOT } from "../support/run-program.js";
import { inFolder, openPage, startSkein } from "./support/inspected.js";

let inspector: LiveInspector | undefined;
after(() => inspector?.close());

/** Jobs that all last from their spawning to `atMs`, as far as is known then. */
function segmentOf(first: number, count: number, atMs: number): Uint8Array {
  const script = new ThreadScript();
  for (let job = first; job < first + count; job++) script.spawn(atMs - 1, job, `job ${job}`);
  const thread = { ...script.toThread(atMs), records: [], texts: [], gaps: [] };
  return recordSegment(thread, 0, script.records, script.texts);
}

describe("the page of a running program", () => {
  it("follows the recording, and says when the program has ended", async () => {
    inspector = await startInspector("server.ts", 0);
    const { parts, url } = inspector;
    parts.postMessage(fileHeader());
    parts.postMessage(beginSegment(START_MS, 0, []));
    parts.postMessage(segmentOf(1, 3, 500));
    const { page, errors } = await openPage(url);
    await page.getByTestId("status").filter({ hasText: "live" }).waitFor();
    await page.getByTestId("jobs").filter({ hasText: "3" }).waitFor();
    assert.equal(await page.locator("h1").textContent(), "server.ts");
    // All three are in flight when the recording was last looked at.
    assert.match((await page.locator(".big-jobs").textContent()) ?? "", /in the last second/);

    parts.postMessage(segmentOf(4, 5, 2500));
    await page.getByTestId("jobs").filter({ hasText: "8" }).waitFor();

    await page.getByTestId("nav-tasks").click();
    await page.getByTestId("task-line").filter({ hasText: "job 8" }).waitFor();
    parts.postMessage(segmentOf(9, 1, 3000));
    await page.getByTestId("task-line").filter({ hasText: "job 9" }).waitFor();

    parts.postMessage("ended");
    await page.getByTestId("status").filter({ hasText: "the program has ended" }).waitFor();
    assert.deepEqual(errors, []);
  });

  it("says when the program is gone", async () => {
    const gone = await startInspector("server.ts", 0);
    gone.parts.postMessage(fileHeader());
    gone.parts.postMessage(beginSegment(START_MS, 0, []));
    gone.parts.postMessage(segmentOf(1, 1, 10));
    const { page } = await openPage(gone.url);
    await page.getByTestId("jobs").filter({ hasText: "1" }).waitFor();
    await gone.close();
    await page.getByTestId("status").filter({ hasText: "connection lost" }).waitFor();
    // What it showed is still there.
    assert.equal(await page.getByTestId("jobs").textContent(), "1");
  });

  it("shows a program whose event loop is blocked, while it is", async () => {
    const file = inFolder("go-on");
    const program = join(ROOT, "build/test/inspector/fixtures/blocked-program.js");
    const started = await startSkein(["run", "--inspect", program, file]);
    const { page, errors } = await openPage(`${started.url}#tasks`);
    await page.getByTestId("task-line").filter({ hasText: "hog" }).filter({ hasText: "running" }).waitFor();
    await page.getByTestId("status").filter({ hasText: "live" }).waitFor();
    writeFileSync(file, "");
    assert.equal(await started.exitCode, 0);
    assert.deepEqual(errors, []);
  });

  it("switches how much the program reports, when that has time for it", async () => {
    const file = inFolder("go-on-deep");
    const program = join(ROOT, "build/test/inspector/fixtures/blocked-program.js");
    const started = await startSkein(["run", "--inspect", program, file]);
    const { page, errors } = await openPage(started.url);
    const level = page.getByTestId("level");
    await level.waitFor();
    assert.equal(await level.inputValue(), "normal");
    await level.selectOption("deep");
    // The program computes, and hears of nothing until it goes on.
    await page.locator('[data-testid="level"][aria-busy="true"]').waitFor();
    writeFileSync(file, "");
    assert.equal(await started.exitCode, 0);
    assert.deepEqual(errors, []);
  });

  it("shows the level that the program is at", async () => {
    const switched = await startInspector("server.ts", 0);
    switched.parts.postMessage(fileHeader());
    switched.parts.postMessage(beginSegment(START_MS, 0, []));
    switched.parts.postMessage(segmentOf(1, 1, 10));
    const observer = {
      level: "normal" as ObserverLevel,
      setLevel: (level: ObserverLevel): void => void (observer.level = level),
    };
    switched.switchLevelOf(observer);
    const { page, errors } = await openPage(switched.url);
    await page.getByTestId("level").selectOption("light");
    await page.locator('[data-testid="level"][aria-busy="false"]').waitFor();
    assert.deepEqual([observer.level, await page.getByTestId("level").inputValue(), errors], ["light", "light", []]);
    await switched.close();
  });
});
