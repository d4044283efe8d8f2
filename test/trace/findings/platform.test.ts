import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { Trace } from "skein/trace";
import { ProbeKind } from "#skein/core/probe";

import { foundIn, kindsIn } from "../support/found.js";
import { readings, ThreadReadings, ThreadScript, traceOf } from "../support/traces.js";

void describe("the platform's pool for files and names", () => {
  const pool = (busyMs: number, jobs: number, busyThreads = 4): Trace => {
    const main = new ThreadScript();
    for (let id = 100; id < 100 + jobs; id++) main.spawn(0, id, "read").start(1, id).suspend(1.1, id);
    for (let id = 100; id < 100 + jobs; id++) main.end(1900, id);
    const threads = Array.from({ length: 4 }, (_, place) =>
      new ThreadReadings(20 + place, "io")
        .spend(100, 0, 0, "lock")
        .spend(busyMs, 0.01, 0, place < busyThreads ? "blocked" : "lock")
        .spend(2000 - 100 - busyMs, 0, 0, "lock"),
    );
    return {
      ...traceOf(2000, [main], { cpuMs: 50, coreWaitMs: 0, cores: 2 }),
      kernel: readings(new ThreadReadings(1, "loop", 0).spend(2000, 0), ...threads),
    };
  };

  void it("is exhausted while all its threads are busy and more jobs wait", () => {
    const found = foundIn(pool(900, 20), "io-pool-exhausted");
    assert.equal(
      found.text.en,
      "All 4 threads with which the platform does file, name and cryptographic calls were busy for 900 ms, with 20 jobs in flight: further calls stood in a queue.",
    );
    assert.match(found.text.ru, /\(4\) были заняты 900 мс; в работе 20 задач/);
    assert.match(found.advice.en, /UV_THREADPOOL_SIZE/);
  });

  void it("is not while one of its threads idles, with few jobs, or for a moment", () => {
    assert.ok(!kindsIn(pool(900, 20, 3)).includes("io-pool-exhausted"));
    assert.ok(!kindsIn(pool(900, 4)).includes("io-pool-exhausted"));
    assert.ok(!kindsIn(pool(180, 20)).includes("io-pool-exhausted"));
  });
});

void describe("the same pool of a program that has no jobs", () => {
  const pool = (calls: number): Trace => {
    const threads = Array.from({ length: 4 }, (_, place) =>
      new ThreadReadings(20 + place, "io")
        .spend(100, 0, 0, "lock")
        .spend(900, 0.01, 0, "blocked")
        .spend(500, 0, 0, "lock"),
    );
    const trace = traceOf(1500, [new ThreadScript()]);
    return {
      ...trace,
      kernel: readings(new ThreadReadings(1, "loop", 0).spend(1500, 0), ...threads),
      gauges: [200, 400, 600].flatMap((atMs) =>
        ["work:FSReqPromise", "work:Timeout"].map((name) => ({
          thread: 0,
          name,
          atMs: trace.startedMs + atMs,
          value: calls,
        })),
      ),
    };
  };

  void it("is exhausted when more calls were counted than it has threads", () => {
    const found = foundIn(pool(50), "io-pool-exhausted");
    assert.equal(found.severity, "warning");
    assert.match(found.text.en, /were busy for 900 ms, with 50 calls under way: the others stood in a queue/);
    assert.match(found.text.ru, /начато 50 вызовов, остальные стояли в очереди/);
  });

  void it("is only said to have been busy when nobody counted more", () => {
    const found = foundIn(pool(0), "io-pool-exhausted");
    assert.deepEqual([found.severity, found.badge], ["note", "inferred"]);
    assert.match(found.text.en, /any further call had to wait/);
  });
});

void describe("promises that nobody handles", () => {
  const rejected = (...reasons: string[]): Trace => {
    const main = new ThreadScript();
    const trace = traceOf(1000, [main]);
    const [thread] = trace.threads;
    const texts = ["deadlock", ...new Set(reasons.map((reason) => `unhandled rejection: ${reason}`))];
    const records = ["deadlock", ...reasons.map((reason) => `unhandled rejection: ${reason}`)].map((text, i) => ({
      timeMs: trace.startedMs + 10 * i,
      kind: ProbeKind.mark,
      subject: 0,
      other: 0,
      value: texts.indexOf(text),
    }));
    return { ...trace, threads: [{ ...(thread as Trace["threads"][number]), texts, records }] };
  };

  void it("are told of with what they were rejected, and how often", () => {
    const found = foundIn(rejected("Error: a (f.js:1:2)", "Error: a (f.js:1:2)"), "unhandled-rejection");
    assert.equal(found.text.en, "A promise was rejected and nobody handled it, 2 times: Error: a (f.js:1:2).");
    assert.equal(found.text.ru, "Отказ промиса никто не обработал, 2 раза: Error: a (f.js:1:2).");
    assert.deepEqual([found.severity, found.fromMs, found.toMs], ["problem", 10, 20]);
  });

  void it("are told of one by one, and other marks are none of them", () => {
    assert.equal(kindsIn(rejected("a", "b")).filter((kind) => kind === "unhandled-rejection").length, 2);
    assert.ok(!kindsIn(rejected()).includes("unhandled-rejection"));
  });
});

void describe("collecting garbage", () => {
  const pauses = (count: number, lengthMs: number, durationMs = 1000): Trace => {
    const main = new ThreadScript();
    for (let number = 1; number <= count; number++)
      main.add((number * durationMs) / (count + 1), "gcPause", 0, lengthMs);
    return traceOf(durationMs, [main]);
  };

  void it("is pressure when it takes a tenth of the time", () => {
    const found = foundIn(pauses(20, 8), "gc-pressure");
    assert.equal(found.text.en, "Collecting garbage held main up for 16 % of its time, in 20 pauses of up to 8 ms.");
    assert.equal(found.text.ru, "Сборка мусора занимает 16 % времени потока main: 20 пауз до 8 мс.");
    assert.deepEqual(found.threads, [0]);
  });

  void it("is pressure when one pause is felt", () => {
    assert.ok(kindsIn(pauses(1, 100, 60_000)).includes("gc-pressure"));
    assert.ok(!kindsIn(pauses(1, 99, 60_000)).includes("gc-pressure"));
  });

  void it("is none with the small pauses of any program, or in a moment", () => {
    assert.ok(!kindsIn(pauses(20, 4.9)).includes("gc-pressure"));
    assert.ok(!kindsIn(pauses(20, 8, 400)).includes("gc-pressure"));
  });
});
