import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { Trace } from "skein/trace";

import { foundIn, kindsIn } from "../support/found.js";
import { readings, ThreadReadings, ThreadScript, traceOf } from "../support/traces.js";

/** So many jobs of 50 ms that wait, each begun so long after the one before. */
function waiting(count: number, everyMs: number, cpuMs = 5, what = "answer"): Trace {
  const main = new ThreadScript();
  const events: (readonly [number, (script: ThreadScript) => void])[] = [];
  for (let number = 0; number < count; number++) {
    const [job, at] = [100 + number, number * everyMs];
    events.push([
      at,
      (script) =>
        script
          .spawn(at, job, "fetch")
          .start(at + 0.01, job)
          .wait(at + 0.02, 5000 + number, what)
          .suspend(at + 0.03, job),
    ]);
    events.push([at + 50, (script) => script.wake(at + 49.9, 5000 + number).end(at + 49.99, job)]);
  }
  for (const [, act] of events.toSorted((a, b) => a[0] - b[0])) act(main);
  const durationMs = (count - 1) * everyMs + 50;
  return traceOf(durationMs, [main], { cpuMs, coreWaitMs: 0, cores: 2 });
}

void describe("a program that waits", () => {
  void it("is I/O-bound, and well so if all wait at once", () => {
    const trace = waiting(400, 1);
    const found = foundIn(trace, "io-bound");
    assert.equal(found.severity, "note");
    assert.match(
      found.text.en,
      /^I\/O-bound: 45 jobs in flight waited 100 % of their time, with 0\.0 cores busy, mostly in job "fetch", for answer\.$/,
    );
    assert.match(found.text.ru, /^Упирается во ввод-вывод: 45 задач в работе; 100 % времени — ожидание/);
    assert.equal(found.place?.name, "fetch");
    assert.deepEqual(kindsIn(trace), ["io-bound"]);
  });

  void it("is advised to start together what it does one after the other", () => {
    const found = foundIn(waiting(20, 50), "io-bound");
    assert.equal(found.severity, "warning");
    assert.match(found.text.en, /^I\/O-bound, and one after the other: 20 jobs waited in a row for 1\.0 s/);
    assert.match(found.text.ru, /по очереди: 20 задач ждут одна за другой 1,0 с/);
    assert.match(found.advice.en, /mapConcurrent/);
  });

  void it("is not that with its thread at work", () => {
    assert.deepEqual(kindsIn(waiting(400, 1, 300)), []);
    assert.deepEqual(kindsIn(waiting(400, 1, 220)), ["io-bound"]);
  });

  void it("is not that with jobs that wait for each other", () => {
    assert.deepEqual(kindsIn(waiting(400, 1, 5, 'lock of mutex "money"')), []);
    assert.deepEqual(kindsIn(waiting(400, 1, 5, 'receive from channel "orders"')), []);
  });

  void it("is not that with a job in a synchronous call, which holds up its thread", () => {
    const main = new ThreadScript().spawn(0, 11, "read").start(1, 11).stop(999, 11).end(999, 11);
    assert.ok(!kindsIn(traceOf(1000, [main], { cpuMs: 3, cores: 2 })).includes("io-bound"));
  });

  void it("goes by the threads of the program, not by those that record", () => {
    const trace = waiting(400, 1, 400);
    assert.deepEqual(kindsIn(trace), []);
    const kernel = readings(
      new ThreadReadings(1, "loop", 0).spend(440, 0.05),
      new ThreadReadings(2, "observer").spend(440, 0.8),
    );
    assert.deepEqual(kindsIn({ ...trace, kernel }), ["io-bound"]);
  });

  void it("is not that at rest", () => {
    const main = new ThreadScript().spawn(0, 11, "fetch").start(1, 11).suspend(2, 11).end(100, 11);
    assert.deepEqual(kindsIn(traceOf(1000, [main], { cpuMs: 3, cores: 2 })), []);
  });
});
