import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { Trace } from "skein/trace";

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
