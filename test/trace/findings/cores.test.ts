import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { Trace } from "skein/trace";

import { foundIn, kindsIn } from "../support/found.js";
import { readings, ThreadReadings, ThreadScript, traceOf } from "../support/traces.js";

const DURATION_MS = 2000;

/** So many threads, each running and ready for these shares of the time. */
function threads(count: number, runs: number, ready: number, cores: number, forMs = DURATION_MS): Trace {
  const pool = Array.from({ length: count }, (_, place) =>
    new ThreadReadings(10 + place, "pool", 1 + place).spend(forMs, runs, ready).spend(DURATION_MS - forMs, 0),
  );
  const scripts = pool.map(({ index = 0 }) => new ThreadScript(index).start(0, 100 + index).stop(forMs, 100 + index));
  const main = new ThreadScript();
  for (const { index = 0 } of pool) main.spawn(0, 100 + index, "hash");
  for (const { index = 0 } of pool) main.end(forMs, 100 + index);
  return {
    ...traceOf(DURATION_MS, [main, ...scripts], {
      cpuMs: count * forMs * runs,
      coreWaitMs: count * forMs * ready,
      cores,
    }),
    kernel: readings(new ThreadReadings(1, "loop", 0).spend(DURATION_MS, 0), ...pool),
  };
}

void describe("several threads on one core", () => {
  void it("are an illusion of parallelism, with how long each waits", () => {
    const found = foundIn(threads(4, 0.25, 0.75, 1), "illusion-of-parallelism");
    assert.equal(
      found.text.en,
      "4 threads on 1 core: illusion of parallelism, each waits 75 % of the time for its turn.",
    );
    assert.equal(found.text.ru, "4 потока на 1 ядре: иллюзия параллелизма, каждый ждёт своей очереди 75 % времени.");
    assert.deepEqual(found.threads, [1, 2, 3, 4]);
    assert.equal(found.place?.name, "hash");
    assert.ok(Math.abs((found.evidence["demand"] ?? 0) - 4) < 0.01);
    assert.deepEqual(kindsIn(threads(4, 0.25, 0.75, 1)), ["illusion-of-parallelism"]);
  });

  void it("are one too where all are pinned to the same of several cores", () => {
    assert.deepEqual(kindsIn(threads(2, 0.5, 0.5, 2)), ["illusion-of-parallelism"]);
  });

  void it("are not, where they were seen on several cores that others used", () => {
    const pool = [0, 1].map((core) =>
      new ThreadReadings(10 + core, "pool", 1 + core).spend(DURATION_MS, 0.5, 0.5, "running", core),
    );
    const trace = { ...threads(2, 0.5, 0.5, 2), kernel: readings(...pool) };
    assert.deepEqual(kindsIn(trace), ["cores-taken"]);
  });

  void it("are nothing where one computes and the other mostly sleeps", () => {
    assert.deepEqual(kindsIn(threads(2, 0.45, 0.28, 1)), []);
  });

  void it("are nothing for a moment", () => {
    assert.deepEqual(kindsIn(threads(4, 0.25, 0.75, 1, 160)), []);
    assert.deepEqual(kindsIn(threads(4, 0.25, 0.75, 1, 260)), ["illusion-of-parallelism"]);
  });
});

void describe("more threads than cores", () => {
  void it("are oversubscription", () => {
    const found = foundIn(threads(8, 0.25, 0.75, 2), "oversubscription");
    assert.equal(
      found.text.en,
      "8 threads computed on 2 cores: oversubscribed, each waits 75 % of the time for a core.",
    );
    assert.equal(
      found.text.ru,
      "8 потоков вычисляют на 2 ядрах: потоков больше, чем ядер, каждый ждёт ядра 75 % времени.",
    );
    assert.match(found.advice.ru, /не больше 2 потоков/);
    assert.deepEqual(kindsIn(threads(8, 0.25, 0.75, 2)), ["oversubscription"]);
  });

  void it("are not with one for each core and one that feeds them", () => {
    const trace = threads(2, 0.85, 0.1, 2);
    const main = new ThreadReadings(1, "loop", 0).spend(DURATION_MS, 0.25, 0.1);
    const pool = [10, 11].map((tid) => new ThreadReadings(tid, "pool", tid - 9).spend(DURATION_MS, 0.87, 0.13));
    assert.deepEqual(kindsIn({ ...trace, kernel: readings(main, ...pool) }), []);
  });

  void it("are from a quarter more than there are cores", () => {
    assert.deepEqual(kindsIn(threads(5, 0.78, 0.2, 4)), []); // demand 4.9
    assert.deepEqual(kindsIn(threads(5, 0.8, 0.21, 4)), ["oversubscription"]); // 5.05
  });

  void it("do not count those of the engine, and the one that records", () => {
    const kernel = readings(
      ...["engine", "engine", "observer", "pool"].map((kind, place) =>
        new ThreadReadings(place, kind as "engine", kind === "pool" ? 1 : undefined).spend(DURATION_MS, 0.5, 0.5),
      ),
    );
    const kinds = kindsIn({ ...threads(1, 0.5, 0.5, 2), kernel });
    assert.ok(!kinds.includes("oversubscription") && !kinds.includes("illusion-of-parallelism"));
  });

  void it("are not judged where the kernel does not tell of waits for cores", () => {
    const trace = threads(8, 0.25, 0.75, 2);
    const kernel = {
      ...readings(),
      threads: (trace.kernel?.threads ?? []).map((thread) => ({
        ...thread,
        samples: thread.samples.map((sample) => ({ ...sample, coreWaitMs: undefined })),
      })),
    };
    assert.deepEqual(kindsIn({ ...trace, kernel }), []);
  });
});

void describe("cores that others use", () => {
  void it("are told of, with how many", () => {
    const pool = [0, 1].map((core) =>
      new ThreadReadings(10 + core, "pool", 1 + core).spend(DURATION_MS, 0.6, 0.4, "running", core),
    );
    const found = foundIn({ ...threads(2, 0.6, 0.4, 2), kernel: readings(...pool) }, "cores-taken");
    assert.equal(found.severity, "note");
    assert.match(
      found.text.en,
      /^For 2\.0 s others used 0\.8 cores that this program wanted, of the 2 that it may use/,
    );
    assert.match(found.text.ru, /^Другие программы 2,0 с занимали 0,8 ядра из нужных этой программе \(доступно 2\)/);
  });

  void it("are nothing on a quiet machine", () => {
    assert.deepEqual(kindsIn(threads(2, 0.95, 0.05, 2)), []);
    assert.deepEqual(kindsIn(threads(1, 0.8, 0.2, 2)), []);
  });
});
