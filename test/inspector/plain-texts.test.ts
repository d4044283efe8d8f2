import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { analyse } from "../../inspector/src/analysis/build-model.js";
import { plainText } from "../../inspector/src/analysis/plain-texts.js";
import { taskDetail, taskLine } from "../../inspector/src/analysis/tasks.js";
import { ThreadScript, traceOf } from "../trace/support/traces.js";

const MEGABYTE = "x".repeat(2 ** 20);
const TURNED = "safe\u202Egnp.exe\u2066\u0000\u001B[2J\n";

describe("texts from anywhere", () => {
  it("are cut where they are longer than any name, and not within a letter", () => {
    assert.equal(plainText("short"), "short");
    const cut = plainText(MEGABYTE);
    assert.equal(cut.length, 600);
    assert.ok(cut.endsWith("…"));
    // The 599th place is the first half of a letter of two.
    assert.equal(plainText(`${"x".repeat(598)}👩${MEGABYTE}`), `${"x".repeat(598)}…`);
  });

  it("lose what could turn a line around or steer something, one sign for each", () => {
    assert.equal(plainText(TURNED), "safe�gnp.exe���[2J�");
    assert.equal(plainText("Grüße, 世界"), "Grüße, 世界");
  });

  it("are so everywhere in what the page gets", () => {
    for (const hostile of [MEGABYTE, TURNED]) {
      const main = new ThreadScript(0)
        .make(0, 50, "mutex", hostile)
        .open(1, 1, hostile)
        .spawn(2, 2, hostile, 1)
        .start(3, 2)
        .waitFor(4, 60, 50, `lock of mutex "${hostile}"`, 1)
        .suspend(5, 2);
      const trace = traceOf(100, [main]);
      const strange = {
        ...trace,
        threads: trace.threads.map((thread) => ({ ...thread, name: hostile })),
        stalls: [
          {
            thread: 0,
            beginMs: trace.startedMs + 10,
            endMs: trace.startedMs + 90,
            isOver: true,
            cpuMs: undefined,
            coreWaitMs: undefined,
            stack: [{ name: hostile, url: hostile, line: 1, column: 1 }],
          },
        ],
        profiles: [
          {
            thread: 0,
            beginMs: trace.startedMs + 3,
            endMs: trace.startedMs + 5,
            frames: [[hostile, hostile, 1, 1]] as const,
            nodeFrames: Int32Array.of(0),
            nodeParents: Int32Array.of(-1),
            samples: Int32Array.of(0, 0),
            deltasUs: Int32Array.of(500, 500),
          },
        ],
        gauges: [{ thread: 0, name: hostile, atMs: trace.startedMs + 10, value: 1 }],
        capabilities: [{ name: hostile, isAvailable: false, gives: hostile, why: hostile, remedy: hostile }],
      };
      const analysed = analyse(strange, hostile, false);
      const { columns, jobThreads, ...shown } = analysed.model;
      assert.ok(columns.begin.length > 0 && jobThreads.length === 1);
      assert.ok((taskDetail(analysed, 0)?.hot.length ?? 0) > 0);
      const all = JSON.stringify([shown, taskLine(analysed, 0), taskDetail(analysed, 0)]);
      assert.doesNotMatch(all, /[\u202A-\u202E\u2066-\u2069]|\\u0000|\\u001b|x{5000}/i);
    }
  });
});
