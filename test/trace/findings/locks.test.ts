import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { Trace } from "skein/trace";

import { foundIn, kindsIn } from "../support/found.js";
import { ThreadScript, traceOf } from "../support/traces.js";

const LOCK = 501;
const LABEL = 'lock of mutex "money"';

/** So many jobs that come `everyMs` apart and hold one lock for `holdMs` each, first come, first served. */
function queue(count: number, everyMs: number, holdMs: number, kind: "mutex" | "semaphore" = "mutex"): ThreadScript {
  const events: { readonly atMs: number; readonly act: (script: ThreadScript) => void }[] = [];
  let freeMs = 0;
  for (let number = 0; number < count; number++) {
    const [job, wait, comesMs] = [1000 + number, 5000 + number, 1 + number * everyMs];
    const takesMs = Math.max(comesMs + 0.1, freeMs);
    const waits = freeMs > comesMs + 0.1;
    freeMs = takesMs + holdMs;
    events.push(
      { atMs: comesMs, act: (script) => script.spawn(comesMs, job, "pay").start(comesMs + 0.02, job) },
      {
        atMs: comesMs + 0.1,
        act: (script) => {
          if (waits) script.waitFor(comesMs + 0.1, wait, LOCK, LABEL).suspend(comesMs + 0.12, job);
        },
      },
      {
        atMs: takesMs,
        act: (script) => {
          if (waits) script.wake(takesMs, wait);
          script.acquire(takesMs, LOCK, job);
          if (!waits) script.suspend(takesMs + 0.01, job);
        },
      },
      {
        atMs: freeMs - 0.001,
        act: (script) => script.release(takesMs + holdMs - 0.001, LOCK, job).end(takesMs + holdMs, job),
      },
    );
  }
  const script = new ThreadScript().make(0, LOCK, kind, "money");
  for (const { act } of events.sort((a, b) => a.atMs - b.atMs)) act(script);
  script.records.sort((a, b) => a.timeMs - b.timeMs);
  return script;
}

void describe("a lock convoy", () => {
  void it("is a lock nearly always held and waited for", () => {
    const found = foundIn(traceOf(500, [queue(60, 1, 5)]), "lock-convoy");
    assert.match(
      found.text.en,
      /^Lock convoy: mutex "money" was held 100 % of the time and 24 waited for it on average, each for 120 ms to hold it for 5 ms\.$/,
    );
    assert.match(
      found.text.ru,
      /^Очередь к блокировке: мьютекс «money» удерживается 100 % времени, в среднем ждут 24,/,
    );
    assert.deepEqual(found.resources, [LOCK]);
    assert.equal(found.place?.name, 'mutex "money"');
    assert.ok((found.evidence["contendedShare"] ?? 0) > 0.9);
  });

  for (const [fact, trace] of [
    ["with time to spare between its holders", traceOf(500, [queue(60, 5, 3)])],
    ["that few came for", traceOf(500, [queue(15, 1, 5)])],
    ["that is over at once", traceOf(500, [queue(60, 0.2, 0.7)])],
    ["of a semaphore, which is there to hold jobs up", traceOf(500, [queue(60, 1, 5, "semaphore")])],
  ] as const) {
    void it(`is none ${fact}`, () => {
      assert.ok(!kindsIn(trace).includes("lock-convoy"));
    });
  }
});

/** A wait for many permits that others pass, each for one. */
function overtaken(times: number, waitedMs: number, isOver: boolean): Trace {
  const script = new ThreadScript().make(0, LOCK, "semaphore", "slots").spawn(0, 11, "large").start(0.1, 11);
  script.waitFor(0.2, 600, LOCK, 'acquire of semaphore "slots"').suspend(0.3, 11);
  for (let number = 0; number < times; number++) {
    const at = 1 + (number * (waitedMs - 5)) / Math.max(1, times);
    script.waitFor(at, 700 + number, LOCK, 'acquire of semaphore "slots"').wake(at + 1, 700 + number);
  }
  if (isOver) script.wake(waitedMs + 0.2, 600);
  return traceOf(isOver ? waitedMs + 10 : waitedMs, [script]);
}

void describe("a starving queue", () => {
  void it("is a wait that many overtook", () => {
    const found = foundIn(overtaken(30, 400, true), "starving-queue");
    assert.equal(found.text.en, 'Job "large" waited 400 ms for semaphore "slots" while 30 who came later were served.');
    assert.equal(
      found.text.ru,
      "Задача «large»: ожидание (семафор «slots») длилось 400 мс, а 30 пришедших позже уже обслужены.",
    );
    assert.equal(found.severity, "warning");
    assert.deepEqual(found.jobs, [11]);
  });

  void it("is worse if it lasts", () => {
    const { severity, text } = foundIn(overtaken(30, 400, false), "starving-queue");
    assert.equal(severity, "problem");
    assert.match(text.en, /, and waits still\.$/);
  });

  void it("is none below twenty, or a tenth of a second", () => {
    assert.ok(!kindsIn(overtaken(19, 400, true)).includes("starving-queue"));
    assert.ok(kindsIn(overtaken(21, 400, true)).includes("starving-queue"));
    assert.ok(!kindsIn(overtaken(40, 90, true)).includes("starving-queue"));
  });

  void it("is none where all wait long, in order of coming", () => {
    assert.ok(!kindsIn(traceOf(5000, [queue(200, 1, 20)])).includes("starving-queue"));
  });

  const jobs = (later: number, waitedMs: number, hasStarted: boolean): Trace => {
    const [main, worker] = [new ThreadScript(), new ThreadScript(1)];
    main.spawn(0, 11, "low").queue(0.1, 11);
    for (let number = 0; number < later; number++) {
      const at = 1 + (number * (waitedMs - 10)) / later;
      main.spawn(at, 100 + number, "high").queue(at, 100 + number);
      worker.start(at + 1, 100 + number).stop(at + 2, 100 + number);
    }
    if (hasStarted) worker.start(waitedMs + 0.1, 11).stop(waitedMs + 1, 11);
    return traceOf(waitedMs + 5, [main, worker]);
  };

  void it("is a job that stays in the queue of its pool while later ones start", () => {
    const found = foundIn(jobs(50, 2000, true), "starving-queue");
    assert.match(
      found.text.en,
      /^Job "low" stood in the queue of its pool for 2\.0 s while 50 queued later were started\.$/,
    );
    assert.match(found.text.ru, /простояла в очереди пула 2,0 с, а 50 задач, вставших позже, уже начаты\.$/);
    assert.equal(foundIn(jobs(50, 2000, false), "starving-queue").severity, "problem");
  });

  void it("is none for a job that waited for less than a second", () => {
    assert.ok(!kindsIn(jobs(50, 900, true)).includes("starving-queue"));
  });
});

void describe("a lost wake-up", () => {
  const waiting = (releasedMs: number, more?: (main: ThreadScript) => void): Trace => {
    const main = new ThreadScript()
      .make(0, LOCK, "mutex", "money")
      .spawn(1, 11, "pay")
      .spawn(1, 12, "count")
      .start(2, 12)
      .acquire(2.1, LOCK, 12)
      .suspend(3, 12)
      .start(5, 11)
      .waitFor(5.5, 600, LOCK, LABEL)
      .suspend(6, 11)
      .start(releasedMs - 1, 12)
      .release(releasedMs, LOCK, 12)
      .stop(releasedMs + 0.5, 12)
      .end(releasedMs + 0.5, 12);
    more?.(main);
    return traceOf(1000, [main]);
  };

  void it("is a wait for a lock that has long been free", () => {
    const found = foundIn(waiting(400), "lost-wake-up");
    assert.equal(
      found.text.en,
      'Job "pay" waits for mutex "money", which has been free for 600 ms: its wake-up may be lost.',
    );
    assert.match(found.text.ru, /^Задача «pay» ждёт: мьютекс «money», хотя свободно уже 600 мс/);
    assert.equal(found.badge, "inferred");
  });

  void it("is none just after the release", () => {
    assert.ok(!kindsIn(waiting(901)).includes("lost-wake-up"));
    assert.ok(kindsIn(waiting(899)).includes("lost-wake-up"));
  });

  void it("is none while its thread computes", () => {
    assert.ok(!kindsIn(waiting(400, (main) => main.start(410, 13))).includes("lost-wake-up"));
  });

  void it("is none where a reader from before the recording may hold the lock", () => {
    const main = new ThreadScript().make(0, LOCK, "rwLock", "book").spawn(1, 11, "pay").start(2, 11);
    main.waitFor(3, 600, LOCK, 'rwLock "book"').suspend(4, 11);
    assert.ok(!kindsIn(traceOf(1000, [main])).includes("lost-wake-up"));
  });

  void it("is none once records were dropped", () => {
    const trace = waiting(400, (main) => main.drop(3));
    assert.ok(!kindsIn(trace).includes("lost-wake-up"));
  });

  void it("is a wait for a job that is over", () => {
    const main = new ThreadScript().spawn(1, 11, "asks").spawn(1, 12, "answers").start(2, 11);
    main.waitFor(3, 600, 12, 'join job "answers"').suspend(4, 11).start(5, 12).stop(6, 12).end(6, 12);
    assert.match(
      foundIn(traceOf(1000, [main]), "lost-wake-up").text.en,
      /waits for job "answers", which has been over/,
    );
  });

  void it("is a wait for an item of a channel that has some", () => {
    const filled = (level: number): Trace => {
      const main = new ThreadScript().make(0, LOCK, "channel", "orders").spawn(1, 11, "takes").start(2, 11);
      main
        .waitFor(3, 600, LOCK, 'receive from channel "orders"')
        .suspend(4, 11)
        .level(5, LOCK, 1)
        .level(6, LOCK, level);
      return traceOf(1000, [main]);
    };
    assert.match(foundIn(filled(2), "lost-wake-up").text.en, /channel "orders", which has had items for 995 ms/);
    assert.ok(!kindsIn(filled(0)).includes("lost-wake-up"));
  });
});

void describe("a lock left held", () => {
  const left = (endsMs: number, more?: (main: ThreadScript) => void): Trace => {
    const main = new ThreadScript()
      .make(0, LOCK, "mutex", "money")
      .spawn(1, 12, "count")
      .spawn(1, 11, "pay")
      .start(2, 12)
      .acquire(2.1, LOCK, 12)
      .stop(endsMs, 12)
      .end(endsMs, 12)
      .start(endsMs + 1, 11)
      .waitFor(endsMs + 1.5, 600, LOCK, LABEL)
      .suspend(endsMs + 2, 11);
    more?.(main);
    return traceOf(1000, [main]);
  };

  void it("is found where others wait for what an ended job holds", () => {
    const found = foundIn(left(50), "orphaned-lock");
    assert.equal(
      found.text.en,
      'Mutex "money" is still held by job "count", which ended 950 ms before; 1 waits for it in vain.',
    );
    assert.equal(
      found.text.ru,
      "Мьютекс «money»: удерживает задача «count», завершённая 950 мс назад; 1 ждущий ждёт напрасно.",
    );
    assert.equal(found.place?.name, "count");
    assert.deepEqual(found.jobs, [12, 11]);
  });

  void it("is none while its holder runs, nor where nobody waits for long", () => {
    assert.ok(!kindsIn(left(950)).includes("orphaned-lock"));
    const givenBack = left(50, (main) => main.release(700, LOCK, 12).wake(700, 600));
    assert.ok(!kindsIn(givenBack).includes("orphaned-lock"));
  });
});
