import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { buildTimeline, computeFigures, findFindings, reportText, type Trace, verdict } from "skein/trace";

import { readings, START_MS, ThreadReadings, ThreadScript, traceOf } from "./support/traces.js";

/** A loop that stood still, and a lock that was waited for. */
function program(lockName = "money"): Trace {
  const main = new ThreadScript()
    .make(0, 501, "mutex", lockName)
    .make(0, 502, "channel", "orders")
    .level(1, 502, 3)
    .spawn(1, 11, "parse")
    .spawn(1, 12, "count")
    .start(2, 11)
    .acquire(3, 501, 11)
    .stop(900, 11)
    .start(901, 12)
    .waitFor(902, 600, 501, 'lock of mutex "money"')
    .suspend(903, 12)
    .release(950, 501, 11)
    .wake(950, 600)
    .end(951, 11)
    .end(990, 12);
  const kernel = readings(new ThreadReadings(1, "loop", 0).spend(900, 1).spend(100, 0));
  const stack = [{ name: "parse", url: "file:///home/me/parse.ts", line: 12, column: 7 }];
  const stall = { thread: 0, beginMs: START_MS + 10, endMs: START_MS + 890, isOver: true, stack };
  return {
    ...traceOf(1000, [main], { cpuMs: 900, coreWaitMs: 0, cores: 2 }),
    kernel,
    stalls: [{ ...stall, cpuMs: 880, coreWaitMs: 0 }],
  };
}

void describe("a report as text", () => {
  const text = reportText(program());

  void it("has the verdict, the findings, and the figures with what each rests on", () => {
    const figures = computeFigures(buildTimeline(program()));
    const lines = text.replace(/\s+/g, " ").toLowerCase();
    assert.ok(lines.includes(verdict(figures).text.toLowerCase()));
    for (const finding of findFindings(program(), buildTimeline(program()))) {
      assert.ok(lines.includes(finding.text.en.toLowerCase()), finding.text.en);
      assert.ok(lines.includes(finding.advice.en.toLowerCase()), finding.advice.en);
    }
    assert.match(text, /^! The event loop of main stood still for 880 ms/m);
    assert.match(text, /^ {2}@ 10 ms – 890 ms, parse \(parse\.ts:12\)$/m);
    assert.match(text, /^ {2}cores allowed +2 +\[exact\]$/m);
    assert.match(text, /^ {2}cores busy +0\.9 +\[exact\]$/m);
    assert.match(text, /^ {2}main {2}running 90 %, I\/O, idle 10 % +\[sampled\]$/m);
    assert.match(text, /^ {2}mutex "money" {2}waits 1, wait p50 48 ms p99 48 ms; hold p50 947 ms p99/m);
    assert.match(text, /^ {2}channel "orders" {2}filled 3\.0, at most 3 +\[measured\]$/m);
  });

  void it("is in Russian as well", () => {
    const russian = reportText(program(), { language: "ru" });
    assert.match(russian, /^Вывод$/m);
    assert.match(russian, /^! Цикл событий потока main стоял 880 мс: шли вычисления,/m);
    assert.match(russian, /^ {2}занято ядер +0,9 +\[точно\]$/m);
    assert.match(russian, /^ {2}main {2}работа 90 %, В\/В, простой 10 % +\[по выборке\]$/m);
    assert.match(russian, /^ {2}мьютекс «money» {2}ожиданий 1,/m);
  });

  void it("says so where nothing stands out and what is not available", () => {
    const plain = reportText(traceOf(10, [new ThreadScript()]));
    assert.match(plain, /Nothing stands out\./);
    assert.match(plain, /^ {2}cores busy +– +\[not available\]$/m);
    assert.doesNotMatch(plain, /Locks and channels/);
  });

  void it("has escape sequences on a terminal alone", () => {
    const escape = "\u001B";
    assert.ok(!text.includes(escape));
    const colored = reportText(program(), { isTerminal: true });
    assert.ok(colored.includes(`${escape}[33m!${escape}[0m The event loop`));
    const pieces = colored.split(escape).map((piece, place) => (place === 0 ? piece : piece.replace(/^\[\d+m/, "")));
    assert.equal(pieces.join(""), text);
  });

  void it("shows names that would steer a terminal, and does not let them", () => {
    const steered = reportText(program("\u001B[2J\u202Eevil\nname"));
    assert.ok(!steered.includes("\u001B") && !steered.includes("\u202E"));
    assert.match(steered, /�\[2J�evil�name/);
  });

  void it("has no line longer than the width, whatever names there are", () => {
    fc.assert(
      fc.property(fc.integer({ min: 40, max: 120 }), fc.string({ unit: "grapheme", maxLength: 80 }), (width, name) => {
        for (const language of ["en", "ru"] as const) {
          for (const line of reportText(program(name), { width, language }).split("\n")) {
            const letters = Array.from(line.replace(/\p{M}/gu, "")).length; // marks stand on the letter before
            assert.ok(letters <= width, `${letters} of ${width}: ${line}`);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  void it("takes letters of two columns for two", () => {
    const wide = "漢".repeat(60);
    for (const line of reportText(program(wide), { width: 60 }).split("\n")) {
      const columns = line.length + line.split("漢").length - 1;
      assert.ok(columns <= 60, line);
    }
  });

  void it("keeps a number and its unit on one line", () => {
    for (let width = 40; width < 100; width++) {
      assert.doesNotMatch(reportText(program(), { width }), /\d\n +(?:ms|s|%)\b/);
    }
  });
});
