import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { buildTimeline, computeFigures, type Language, type ProcessUsage, verdict, type Verdict } from "skein/trace";

import { ThreadScript, traceOf } from "./support/traces.js";

const DURATION_MS = 1000;

/** So many jobs in flight all the time, each on a thread of its own, or none of them computing. */
function verdictOf(
  jobs: number,
  threads: number,
  usage: Partial<ProcessUsage>,
  dropped = 0,
  language: Language = "en",
): Verdict {
  const main = new ThreadScript();
  for (let id = 1; id <= jobs; id++) main.spawn(0, id, "job");
  if (dropped > 0) main.drop(dropped);
  for (let id = 1; id <= jobs; id++) main.end(DURATION_MS, id);
  const workers = Array.from({ length: threads }, (_, index) =>
    new ThreadScript(index + 1).start(0, index + 1).stop(DURATION_MS, index + 1),
  );
  return verdict(computeFigures(buildTimeline(traceOf(DURATION_MS, [main, ...workers], usage))), language);
}

void describe("the verdict", () => {
  for (const [fact, jobs, threads, usage, kind, text] of [
    [
      "is parallel with several cores busy",
      34,
      2,
      { cpuMs: 1900, coreWaitMs: 0, cores: 2 },
      "parallel",
      "34 jobs in flight on 2 threads, 1.9 cores busy: concurrent and parallel",
    ],
    [
      "is parallel with several cores busy although strangers wanted them too",
      34,
      4,
      { cpuMs: 2900, coreWaitMs: 900, cores: 4 },
      "parallel",
      "34 jobs in flight on 4 threads, 2.9 cores busy: concurrent and parallel",
    ],
    [
      "is concurrent and computing on one thread",
      34,
      1,
      { cpuMs: 1000, coreWaitMs: 3, cores: 2 },
      "concurrent",
      "34 jobs in flight on 1 thread, 1.0 core busy: concurrent, not parallel, CPU-bound: one thread did all the computing",
    ],
    [
      "is concurrent and waiting when there is little use of the CPU",
      34,
      1,
      { cpuMs: 120, coreWaitMs: 3, cores: 2 },
      "concurrent",
      "34 jobs in flight on 1 thread, 0.1 cores busy: concurrent, not parallel, I/O-bound",
    ],
    [
      "is not that jobs waited for I/O when their thread waited for a core",
      34,
      1,
      { cpuMs: 500, coreWaitMs: 480, cores: 2 },
      "concurrent",
      "34 jobs in flight on 1 thread, 0.5 cores busy: concurrent, not parallel, CPU-bound: one thread did all the computing",
    ],
    [
      "is that threads took turns when there is but one core",
      4,
      4,
      { cpuMs: 990, coreWaitMs: 2900, cores: 1 },
      "concurrent",
      "4 threads on 1 core: illusion of parallelism, each waits 75 % of the time",
    ],
    [
      "is inconclusive when others used the cores",
      4,
      2,
      { cpuMs: 1040, coreWaitMs: 930, cores: 2 },
      "inconclusive",
      "4 jobs in flight on 2 threads, 1.0 core busy: inconclusive, as threads that were ready to run waited 930 ms for cores that others used",
    ],
    [
      "is neither with one job at a time",
      1,
      1,
      { cpuMs: 1000, coreWaitMs: 0, cores: 2 },
      "sequential",
      "1 job in flight at a time on 1 thread, 1.0 core busy: neither concurrent nor parallel",
    ],
    ["is nothing without a job", 0, 0, { cpuMs: 1000, coreWaitMs: 0, cores: 2 }, "nothing", "no jobs were recorded"],
  ] as const) {
    void it(fact, () => {
      const given = verdictOf(jobs, threads, usage);
      assert.equal(given.text, text);
      assert.equal(given.kind, kind);
    });
  }

  void it("rests on spans where the kernel does not tell, if they are complete", () => {
    assert.equal(verdictOf(4, 2, {}).text, "4 jobs in flight on 2 threads, 2.0 cores busy: concurrent and parallel");
    assert.equal(verdictOf(4, 2, {}, 5).kind, "inconclusive");
  });

  void it("says how many records were dropped", () => {
    const { text } = verdictOf(34, 1, { cpuMs: 1000 }, 77);
    assert.match(text, / \(77 records were dropped, so jobs are missing\)$/);
  });

  void it("does not call jobs sequential of which records are missing", () => {
    const { kind, text } = verdictOf(1, 1, { cpuMs: 1000 }, 77);
    assert.equal(kind, "inconclusive");
    assert.match(text, /inconclusive, as too little was recorded/);
  });

  for (const [jobs, threads, usage, text] of [
    [
      34,
      2,
      { cpuMs: 1900, coreWaitMs: 0, cores: 2 },
      "34 задачи в работе на 2 потоках, занято 1,9 ядра: конкурентно и параллельно",
    ],
    [
      34,
      1,
      { cpuMs: 400, coreWaitMs: 3, cores: 2 },
      "34 задачи в работе на 1 потоке, занято 0,4 ядра: конкурентно, но не параллельно, упирается во ввод-вывод",
    ],
    [
      21,
      1,
      { cpuMs: 1000, coreWaitMs: 3, cores: 2 },
      "21 задача в работе на 1 потоке, занято 1,0 ядра: конкурентно, но не параллельно, упирается в процессор: все вычисления в одном потоке",
    ],
    [
      4,
      4,
      { cpuMs: 990, coreWaitMs: 2900, cores: 1 },
      "4 потока на 1 ядре: иллюзия параллелизма, каждый ждёт 75 % времени",
    ],
    [
      5,
      2,
      { cpuMs: 1040, coreWaitMs: 930, cores: 2 },
      "5 задач в работе на 2 потоках, занято 1,0 ядра: сказать нельзя: готовые к работе потоки ждали 930 мс ядер, занятых другими программами",
    ],
    [
      1,
      1,
      { cpuMs: 1000, coreWaitMs: 0, cores: 2 },
      "1 задача в работе одновременно на 1 потоке, занято 1,0 ядра: ни конкурентно, ни параллельно",
    ],
    [0, 0, { cpuMs: 1000, coreWaitMs: 0, cores: 2 }, "задач не записано"],
  ] as const) {
    void it(`says in Russian: ${text}`, () => {
      assert.equal(verdictOf(jobs, threads, usage, 0, "ru").text, text);
    });
  }

  void it("says in Russian how many records were dropped", () => {
    const lost = (dropped: number): string => verdictOf(34, 1, { cpuMs: 1000 }, dropped, "ru").text;
    assert.match(lost(1), / \(1 запись потеряна, поэтому задач видно меньше\)$/);
    assert.match(lost(3), /3 записи потеряны/);
    assert.match(lost(11), /11 записей потеряно/);
  });

  void it("does not count a thread that only handed out work", () => {
    const main = new ThreadScript().start(0, 99).suspend(2, 99);
    const workers = [1, 2].map((index) => new ThreadScript(index).start(0, 10 + index).stop(DURATION_MS, 10 + index));
    for (const id of [11, 12]) main.spawn(2, id, "job");
    for (const id of [11, 12]) main.end(DURATION_MS, id);
    const trace = traceOf(DURATION_MS, [main, ...workers], { cpuMs: 1990, coreWaitMs: 0, cores: 2 });
    assert.match(verdict(computeFigures(buildTimeline(trace))).text, /^2 jobs in flight on 2 threads, 2\.0 cores busy/);
  });

  void it("is not I/O-bound where jobs wait for each other", () => {
    const main = new ThreadScript();
    for (const id of [11, 12]) main.spawn(0, id, "job").wait(0.1, 100 + id, 'lock of mutex "money"');
    for (const id of [11, 12]) main.end(DURATION_MS, id);
    const trace = traceOf(DURATION_MS, [main], { cpuMs: 10, coreWaitMs: 0, cores: 2 });
    const figures = computeFigures(buildTimeline(trace));
    assert.match(verdict(figures).text, /as the jobs mostly waited for locks and channels$/);
    assert.match(verdict(figures, "ru").text, /задачи в основном ждали блокировок и каналов$/);
  });
});
