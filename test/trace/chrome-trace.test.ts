import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";

import fc from "fast-check";
import { buildTimeline, chromeTraceChunks, type Trace, writeChromeTrace } from "skein/trace";

import { type ChromeEvent, type ChromeFile, checkChromeTrace } from "./support/chrome-format.js";
import { damages, programs, recordingOf } from "./support/damages.js";
import { idOn, ThreadScript, traceOf } from "./support/traces.js";

function exported(trace: Trace): ChromeFile {
  return checkChromeTrace([...chromeTraceChunks(trace)].join(""));
}

function eventsOf(durationMs: number, threads: readonly ThreadScript[]): readonly ChromeEvent[] {
  return exported(traceOf(durationMs, threads)).traceEvents;
}

/** The async events of a file as spans: name, id, begin and end in microseconds. */
function asyncSpans(events: readonly ChromeEvent[]): unknown[] {
  const open = new Map<string, ChromeEvent[]>();
  const spans: { readonly begin: ChromeEvent; readonly end: ChromeEvent }[] = [];
  for (const event of events) {
    const stack = open.get(event.id ?? "") ?? [];
    open.set(event.id ?? "", stack);
    if (event.ph === "b") stack.push(event);
    else if (event.ph === "e") spans.push({ begin: stack.pop() as ChromeEvent, end: event });
  }
  return spans
    .sort((a, b) => events.indexOf(a.begin) - events.indexOf(b.begin))
    .map(({ begin, end }) => [begin.name, begin.id, begin.ts, end.ts]);
}

const MAIN_LANE = 1;
const WORKER_LANE = 2;

void describe("the Chrome trace", () => {
  void it("names the process and its threads", () => {
    const metadata = eventsOf(10, [new ThreadScript(), new ThreadScript(1)]).filter(({ ph }) => ph === "M");
    assert.deepEqual(
      metadata.map(({ name, tid, args }) => [name, tid, args]),
      [
        ["process_name", MAIN_LANE, { name: "skein" }],
        ["thread_name", MAIN_LANE, { name: "main" }],
        ["thread_sort_index", MAIN_LANE, { sort_index: 0 }],
        ["thread_name", WORKER_LANE, { name: "worker-1" }],
        ["thread_sort_index", WORKER_LANE, { sort_index: 1 }],
      ],
    );
  });

  void it("has steps on the lanes of their threads, in microseconds since the start", () => {
    const main = new ThreadScript().open(1, 5, "all").start(1, 5).spawn(1.5, 6, "one", 5).suspend(2, 5);
    const worker = new ThreadScript(1).start(3, 6).stop(4.5, 6);
    const steps = eventsOf(10, [main, worker]).filter(({ cat }) => cat === "step");
    assert.deepEqual(
      steps.map(({ name, tid, ts, dur }) => [name, tid, ts, dur]),
      [
        ["all (body)", MAIN_LANE, 1000, 1000],
        ["one", WORKER_LANE, 3000, 1500],
      ],
    );
  });

  void it("draws an arrow from the spawning to the start on another thread, and none within a thread", () => {
    const main = new ThreadScript()
      .start(1, 5)
      .spawn(1, 6, "there")
      .spawn(1, 7, "here")
      .suspend(2, 5)
      .start(3, 7)
      .stop(4, 7);
    const worker = new ThreadScript(1).start(3, 6).stop(4, 6);
    const arrows = eventsOf(10, [main, worker]).filter(({ ph }) => ph === "s" || ph === "f");
    assert.deepEqual(
      arrows.map(({ ph, id, tid, ts }) => [ph, id, tid, ts]),
      [
        ["s", "0x6", MAIN_LANE, 1000],
        ["f", "0x6", WORKER_LANE, 3000],
      ],
    );
  });

  void it("hangs the arrow of a job spawned after an await on a step of its own", () => {
    const main = new ThreadScript().spawn(1, 6, "there");
    const worker = new ThreadScript(1).start(3, 6).stop(4, 6);
    const spawn = eventsOf(10, [main, worker]).find(({ cat, ph }) => cat === "spawn" && ph === "X");
    assert.deepEqual([spawn?.name, spawn?.tid, spawn?.ts, spawn?.dur], ["spawn there", MAIN_LANE, 1000, 0.25]);
  });

  void it("nests scopes and waits that follow each other, under one id", () => {
    const main = new ThreadScript()
      .open(1, 5, "all")
      .wait(2, 8, "sleep", 5)
      .wake(3, 8)
      .open(3, 6, "part", 5)
      .wait(3, 9, "sleep", 6)
      .wake(6, 9)
      .close(6, 6)
      .close(7, 5);
    assert.deepEqual(asyncSpans(eventsOf(10, [main])), [
      ["all", "0x5", 1000, 7000],
      ["sleep", "0x5", 2000, 3000],
      ["part", "0x5", 3000, 6000],
      ["sleep", "0x5", 3000, 6000],
    ]);
  });

  void it("gives what overlaps an id of its own, so that nothing vanishes", () => {
    const main = new ThreadScript()
      .open(1, 5, "all")
      .spawn(2, 6, "job", 5)
      .spawn(2, 7, "job", 5)
      .wait(3, 8, "sleep", 5)
      .wait(4, 9, "sleep", 5)
      .wait(4.5, 10, "sleep", 5)
      .wake(4.75, 10)
      .wake(5, 8)
      .wake(6, 9)
      .end(7, 6)
      .end(8, 7)
      .close(9, 5);
    assert.deepEqual(asyncSpans(eventsOf(10, [main])), [
      ["all", "0x5", 1000, 9000],
      ["job", "0x7", 2000, 8000],
      ["job", "0x6", 2000, 7000],
      ["sleep", "0x5", 3000, 5000],
      ["sleep", "0x9", 4000, 6000],
      ["sleep", "0xa", 4500, 4750],
    ]);
  });

  void it("shows the own scope of a job under the job, also from another thread", () => {
    const inner = idOn(1, 1);
    const main = new ThreadScript().spawn(1, 6, "crawl").end(9, 6);
    const worker = new ThreadScript(1)
      .start(2, 6)
      .open(2, inner, "crawl")
      .start(2, inner)
      .suspend(3, inner)
      .suspend(3, 6)
      .close(8, inner);
    assert.deepEqual(asyncSpans(eventsOf(10, [main, worker])), [
      ["crawl", "0x6", 1000, 9000],
      ["crawl", "0x6", 2000, 8000],
    ]);
  });

  void it("counts jobs in flight and threads that run", () => {
    const main = new ThreadScript().spawn(1, 6, "a").start(2, 6).stop(4, 6).end(4, 6);
    const counters = eventsOf(10, [main]).filter(({ ph }) => ph === "C");
    assert.deepEqual(
      counters.map(({ name, ts, args }) => [name, ts, args]),
      [
        ["jobs in flight", 0, { jobs: 0 }],
        ["threads running", 0, { threads: 0 }],
        ["jobs in flight", 1000, { jobs: 1 }],
        ["threads running", 2000, { threads: 1 }],
        ["jobs in flight", 4000, { jobs: 0 }],
        ["threads running", 4000, { threads: 0 }],
      ],
    );
  });

  void it("marks cancellations", () => {
    const main = new ThreadScript().open(1, 5, "all").cancel(3, 5).close(4, 5, "cancelled");
    const mark = eventsOf(10, [main]).find(({ ph }) => ph === "i");
    assert.deepEqual([mark?.name, mark?.tid, mark?.ts], ["cancel all", MAIN_LANE, 3000]);
  });

  void it("shows dropped records on a lane of their own, and what they cut as cut", () => {
    const main = new ThreadScript().spawn(1, 6, "a").drop(12).add(3, "cancel", 99);
    const { traceEvents, otherData } = exported(traceOf(10, [main]));
    const loss = traceEvents.find(({ cat }) => cat === "dropped");
    assert.deepEqual([loss?.name, loss?.ts, loss?.dur], ["12 records dropped", 1000, 2000]);
    const lane = traceEvents.find(({ ph, name, tid }) => ph === "M" && name === "thread_name" && tid === loss?.tid);
    assert.equal(lane?.args?.["name"], "main: records dropped");
    assert.equal(traceEvents.find(({ ph }) => ph === "b")?.args?.["end"], "cut: its record was dropped");
    assert.equal(otherData["droppedRecords"], 12);
  });

  void it("is sound whatever the names are", () => {
    const name = fc.oneof(
      fc.array(fc.nat({ max: 0xffff })).map((units) => String.fromCharCode(...units)), // half of a pair too
      fc.constantFrom(
        '"',
        "\\",
        '\\"',
        "</script>",
        "\n\r\t\0\u001B",
        "\uD800",
        "a\uDFFFb",
        "👾",
        "\u2028",
        "",
        "ends with \\",
        "__proto__",
      ),
    );
    fc.assert(
      fc.property(name, name, name, (job, scope, wait) => {
        const main = new ThreadScript()
          .open(1, 5, scope)
          .spawn(2, 6, job, 5)
          .wait(3, 7, wait, 5)
          .start(3, 6)
          .stop(4, 6)
          .cancel(4, 5);
        const events = eventsOf(10, [main]);
        const wellFormed = job.replaceAll(/\p{Surrogate}/gu, "\uFFFD");
        assert.equal(
          events.find(({ args }) => args?.["kind"] === "job")?.name,
          wellFormed === "" ? "job 6" : wellFormed,
        );
      }),
    );
  });

  void it("is sound for random programs, recorded in part", () => {
    fc.assert(
      fc.property(programs, damages, fc.boolean(), (program, damage, tellsGaps) => {
        const trace = recordingOf(program, damage, tellsGaps);
        const { traceEvents } = exported(trace);
        const timeline = buildTimeline(trace);
        // Nothing is left out, and nothing is made up.
        const count = (phase: string): number => traceEvents.filter(({ ph }) => ph === phase).length;
        assert.equal(count("b"), timeline.jobs.length + timeline.scopes.length + timeline.waits.length);
        assert.equal(traceEvents.filter(({ cat }) => cat === "step").length, timeline.steps.length);
        assert.equal(count("i"), timeline.cancels.length);
        for (const { ts, dur = 0 } of traceEvents) assert.ok(!(ts + dur > timeline.durationMs * 1000));
      }),
    );
  });

  void it("comes in parts, so that a long one need not be in memory as text", () => {
    const main = new ThreadScript();
    for (let id = 1; id <= 2000; id++)
      main
        .spawn(id, id, `job ${id}`)
        .start(id, id)
        .stop(id + 0.5, id)
        .end(id + 0.5, id);
    const chunks = [...chromeTraceChunks(traceOf(3000, [main]))];
    assert.ok(chunks.length > 5);
    assert.ok(chunks.every(({ length }) => length < 100_000));
    assert.equal(checkChromeTrace(chunks.join("")).traceEvents.filter(({ ph }) => ph === "X").length, 2000);
  });

  void it("is written to a file, named by path or URL", () => {
    const folder = mkdtempSync(join(tmpdir(), "skein-"));
    try {
      const trace = traceOf(10, [new ThreadScript().spawn(1, 6, "a")]);
      const path = join(folder, "trace.json");
      writeChromeTrace(trace, path);
      const written = readFileSync(path, "utf8");
      assert.equal(checkChromeTrace(written).otherData["recorder"], "skein");
      writeChromeTrace(trace, pathToFileURL(path));
      assert.equal(readFileSync(path, "utf8"), written);
      assert.throws(() => writeChromeTrace(trace, join(folder, "missing", "trace.json")), { code: "ENOENT" });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
