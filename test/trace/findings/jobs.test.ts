import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { Trace } from "skein/trace";

import { foundIn, kindsIn } from "../support/found.js";
import { readings, ThreadReadings, ThreadScript, traceOf } from "../support/traces.js";

void describe("leaked jobs", () => {
  void it("are those that their scope gave up", () => {
    const main = new ThreadScript().spawn(1, 11, "poll").start(2, 11).suspend(3, 11).end(500, 11, "abandoned");
    const found = foundIn(traceOf(1000, [main]), "leaked-job");
    assert.match(found.text.en, /^Job "poll" did not end when cancelled, so the scope gave up waiting/);
    assert.match(found.text.ru, /^Задача «poll»: отмена не подействовала, и область перестала ждать/);
    assert.equal(found.severity, "problem");
    const cancelled = new ThreadScript().spawn(1, 11, "poll").start(2, 11).suspend(3, 11).end(500, 11, "cancelled");
    assert.ok(!kindsIn(traceOf(1000, [cancelled])).includes("leaked-job"));
  });

  /** `alike` requests of 10 ms, and one that begins at `fromMs` and never ends. */
  const endless = (alike: number, fromMs: number, more?: (main: ThreadScript) => void): Trace => {
    const main = new ThreadScript();
    main
      .spawn(fromMs, 11, "request", 7)
      .start(fromMs + 1, 11)
      .wait(fromMs + 1.5, 600, "answer")
      .suspend(fromMs + 2, 11);
    more?.(main);
    for (let number = 0; number < alike; number++) {
      const at = fromMs + 5 + number * 20;
      main
        .spawn(at, 100 + number, "request", 7)
        .start(at + 1, 100 + number)
        .suspend(at + 2, 100 + number);
      main.end(at + 10, 100 + number);
    }
    return traceOf(5000, [main]);
  };

  void it("are those that never end though many like them did", () => {
    const found = foundIn(endless(40, 100), "leaked-job");
    assert.equal(
      found.text.en,
      'Job "request" did not end in 4.9 s, though 40 others like it took at most 10 ms; waits: answer.',
    );
    assert.equal(
      found.text.ru,
      "Задача «request» не завершилась за 4,9 с, хотя 40 таких же задач уложились в 10 мс; ждёт: answer.",
    );
    assert.deepEqual(found.jobs, [11]);
  });

  void it("are none that are as young as the others were, or alone, or still work", () => {
    assert.ok(!kindsIn(endless(40, 4100)).includes("leaked-job"));
    assert.ok(!kindsIn(endless(19, 100)).includes("leaked-job"));
    assert.ok(!kindsIn(endless(40, 100, (main) => main.start(3900, 11).suspend(4900, 11))).includes("leaked-job"));
    const queued = new ThreadScript();
    queued.spawn(100, 11, "request", 7).queue(101, 11);
    assert.ok(!kindsIn(traceOf(5000, [queued])).includes("leaked-job"));
  });
});

void describe("a scope that nobody awaited", () => {
  /** A scope opened in the code of another, which ends at 50. */
  const inner = (closesMs: number | undefined, parent = 0): Trace => {
    const main = new ThreadScript()
      .open(1, 21, "outer")
      .start(1.1, 21)
      .open(2, 22, "background", parent)
      .start(2.1, 22);
    main.suspend(3, 22).suspend(4, 21);
    if (closesMs !== undefined && closesMs < 50) main.close(closesMs, 22);
    main.stop(50, 21).close(50, 21);
    if (closesMs !== undefined && closesMs >= 50) main.close(closesMs, 22);
    return traceOf(1000, [main]);
  };

  void it("outlives the code that opened it", () => {
    const found = foundIn(inner(300), "unawaited-scope");
    assert.equal(
      found.text.en,
      'Scope "background" was not awaited: scope "outer" opened it, ended, and left it running for 250 ms.',
    );
    assert.match(found.text.ru, /^Область «background»: результата никто не ждал; область «outer» её открыла/);
    assert.match(foundIn(inner(undefined), "unawaited-scope").text.en, /running to the end of the recording\.$/);
  });

  void it("is none that ended before, or in the same breath, or has a parent", () => {
    assert.ok(!kindsIn(inner(49)).includes("unawaited-scope"));
    assert.ok(!kindsIn(inner(50.5)).includes("unawaited-scope"));
    assert.ok(!kindsIn(inner(300, 21)).includes("unawaited-scope"));
  });
});

void describe("imbalance", () => {
  /** Jobs of one scope on two threads: the first does `long`, the second the others. */
  const batch = (longMs: number, shortMs: number, cores = 2): Trace => {
    const [main, first, second] = [new ThreadScript(), new ThreadScript(1), new ThreadScript(2)];
    for (const [job, name] of [
      [11, "large"],
      [12, "small"],
      [13, "small"],
    ] as const) {
      main.spawn(0, job, name, 7);
    }
    first.start(1, 11).stop(1 + longMs, 11);
    second
      .start(1, 12)
      .stop(1 + shortMs / 2, 12)
      .start(1 + shortMs / 2, 13)
      .stop(1 + shortMs, 13);
    for (const job of [12, 13, 11]) main.end(longMs + 2, job);
    return traceOf(longMs + 5, [main, first, second], { cores });
  };

  void it("is one thread that works on alone, with the job that does it", () => {
    const found = foundIn(batch(500, 100), "imbalance");
    assert.equal(
      found.text.en,
      'Imbalance: worker-1 worked on alone for the last 400 ms of 500 ms, while 1 other thread had nothing left to do; its longest job, "large", took 500 ms.',
    );
    assert.match(
      found.text.ru,
      /^Перекос: поток worker-1 работал один последние 400 мс из 500 мс, а 1 другой поток простаивал/,
    );
    assert.equal(found.place?.name, "large");
  });

  void it("is none where all are done at about the same time, or soon", () => {
    assert.ok(!kindsIn(batch(500, 390)).includes("imbalance"));
    assert.ok(kindsIn(batch(500, 370)).includes("imbalance"));
    assert.ok(!kindsIn(batch(90, 10)).includes("imbalance"));
    assert.ok(!kindsIn(batch(500, 100, 1)).includes("imbalance"));
  });

  void it("is none in a server that has little to do", () => {
    const [main, first, second] = [new ThreadScript(), new ThreadScript(1), new ThreadScript(2)];
    for (let number = 0; number < 50; number++) {
      const at = number * 50;
      main.spawn(at, 100 + number, "request", 7).end(at + 12, 100 + number);
      (number === 0 ? second : first).start(at + 1, 100 + number).stop(at + 11, 100 + number);
    }
    assert.ok(!kindsIn(traceOf(2600, [main, first, second], { cores: 2 })).includes("imbalance"));
  });
});

void describe("lost parallelism", () => {
  /** Main alone for a time, then two threads together. */
  const program = (aloneMs: number, togetherMs: number, cores = 2): Trace => {
    const main = new ThreadScript().spawn(0, 11, "prepare");
    for (let at = 0; at < aloneMs; at += 50) main.start(at, 11).suspend(Math.min(at + 50, aloneMs), 11);
    const kernel = readings(
      new ThreadReadings(1, "loop", 0).spend(aloneMs, 1).spend(togetherMs, 0),
      new ThreadReadings(2, "pool", 1).spend(aloneMs, 0).spend(togetherMs, 1),
      new ThreadReadings(3, "pool", 2).spend(aloneMs, 0).spend(togetherMs, 1),
    );
    const usage = { cpuMs: aloneMs + 2 * togetherMs, coreWaitMs: 0, cores };
    return { ...traceOf(aloneMs + togetherMs, [main], usage), kernel };
  };

  void it("is a large part that one thread does alone, with the limit that it sets", () => {
    const found = foundIn(program(1000, 500), "lost-parallelism");
    assert.match(
      found.text.en,
      /^Lost parallelism: for 6\d % of the time in which the program computed, one thread did it alone, mostly main in "prepare"\. By Amdahl's law that gives at most 1\.3 times the speed on 2 cores, and 2\.0 times on any number\.$/,
    );
    assert.match(found.text.ru, /не больше чем в 1,3 раза на 2 ядрах и в 2,0 раза на любом их числе\.$/);
    assert.ok(Math.abs((found.evidence["serialShare"] ?? 0) - 0.5) < 0.02);
  });

  void it("is none below two fifths, on one core, or where nothing was parallel", () => {
    assert.ok(!kindsIn(program(560, 1000)).includes("lost-parallelism"));
    assert.ok(kindsIn(program(760, 1000)).includes("lost-parallelism"));
    assert.ok(!kindsIn(program(1000, 500, 1)).includes("lost-parallelism"));
    assert.ok(!kindsIn(program(1000, 60)).includes("lost-parallelism"));
    assert.ok(!kindsIn(program(200, 200)).includes("lost-parallelism"));
  });
});
