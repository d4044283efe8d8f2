import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { Stall, StackFrame, Trace } from "skein/trace";

import { foundIn, kindsIn } from "../support/found.js";
import { readings, START_MS, ThreadReadings, ThreadScript, traceOf } from "../support/traces.js";

const STACK: readonly StackFrame[] = [
  { name: "readSync", url: "node:fs", line: 700, column: 3 },
  { name: "parse", url: "file:///home/me/app/parse.ts", line: 12, column: 7 },
  { name: "handle", url: "file:///home/me/app/main.ts", line: 40, column: 1 },
];

function stall(beginMs: number, endMs: number, more: Partial<Stall> = {}): Stall {
  return {
    thread: 0,
    beginMs: START_MS + beginMs,
    endMs: START_MS + endMs,
    isOver: true,
    cpuMs: undefined,
    coreWaitMs: undefined,
    stack: undefined,
    ...more,
  };
}

function traceWith(stalls: readonly Stall[], main = new ThreadScript(), durationMs = 3000): Trace {
  return { ...traceOf(durationMs, [main]), stalls };
}

void describe("a loop that stands still", () => {
  void it("is found with the program's own line of its stack", () => {
    const found = foundIn(traceWith([stall(100, 912, { cpuMs: 2, stack: STACK })]), "blocked-loop");
    assert.equal(
      found.text.en,
      "The event loop of main stood still for 812 ms in a call that waits, in parse (parse.ts:12).",
    );
    assert.equal(found.text.ru, "Цикл событий потока main стоял 812 мс в вызове, который ждёт: parse (parse.ts:12).");
    assert.deepEqual(found.place, { name: "parse", url: "file:///home/me/app/parse.ts", line: 12, column: 7 });
    assert.equal(found.stack, STACK);
    assert.deepEqual([found.fromMs, found.toMs, found.threads], [100, 912, [0]]);
    assert.deepEqual(found.evidence, { longestMs: 812, totalMs: 812, count: 1, cpuShare: 2 / 812, coreWaitShare: 0 });
    assert.equal(found.severity, "warning");
  });

  void it("is computing if the thread was on a core meanwhile, and then it is advised to use threads", () => {
    const found = foundIn(traceWith([stall(0, 1000, { cpuMs: 990, stack: STACK })]), "cpu-on-loop");
    assert.match(found.text.en, /stood still for 1\.0 s, computing in parse \(parse\.ts:12\)\.$/);
    assert.match(found.text.ru, /стоял 1,0 с: шли вычисления, parse \(parse\.ts:12\)\.$/);
    assert.match(found.advice.en, /on: threads\(\)/);
    assert.equal(found.severity, "problem");
  });

  for (const [cpuMs, kind] of [
    [499, "blocked-loop"],
    [500, "cpu-on-loop"],
    [undefined, "blocked-loop"],
  ] as const) {
    void it(`is ${kind} with ${cpuMs} ms on a core of 1000`, () => {
      assert.deepEqual(kindsIn(traceWith([stall(0, 1000, { cpuMs })])), [kind]);
    });
  }

  void it("computed too if it had no core meanwhile", () => {
    const found = foundIn(traceWith([stall(0, 1000, { cpuMs: 200, coreWaitMs: 700, stack: STACK })]), "cpu-on-loop");
    assert.match(found.text.en, /for 1\.0 s, computing in parse \(parse\.ts:12\), 70 % of it without a core\.$/);
    assert.match(found.text.ru, /, из них 70 % без ядра\.$/);
  });

  void it("is none of its code's doing if with a core it would have been short", () => {
    assert.deepEqual(kindsIn(traceWith([stall(0, 1000, { cpuMs: 99, coreWaitMs: 901 })])), []);
    assert.deepEqual(kindsIn(traceWith([stall(0, 1000, { cpuMs: 100, coreWaitMs: 900 })])), ["cpu-on-loop"]);
  });

  void it("is not told on the word of an observer that could not look", () => {
    const told = (ready: number, more: Partial<Stall> = {}): readonly string[] => {
      const kernel = readings(new ThreadReadings(9, "observer").spend(3000, 0.1, ready));
      return kindsIn({ ...traceWith([stall(0, 1000, { cpuMs: 0, coreWaitMs: 0, ...more })]), kernel });
    };
    assert.deepEqual(told(0.3), []);
    assert.deepEqual(told(0.2), ["blocked-loop"]);
    assert.deepEqual(told(0.3, { stack: STACK }), ["blocked-loop"]);
  });

  void it("takes what it did from the kernel's counts where the watch does not know", () => {
    const main = new ThreadReadings(1, "loop", 0).spend(1000, 0).spend(1000, 1).spend(1000, 0);
    const trace = { ...traceWith([stall(1000, 2000)]), kernel: readings(main) };
    assert.equal(foundIn(trace, "cpu-on-loop").evidence["cpuShare"], 1);
  });

  void it("is told once for each place, with how often and how long in all", () => {
    const found = foundIn(
      traceWith([
        stall(0, 200, { cpuMs: 200, stack: STACK }),
        stall(500, 900, { cpuMs: 400, stack: STACK }),
        stall(1000, 1150, { cpuMs: 150, stack: STACK }),
      ]),
      "cpu-on-loop",
    );
    assert.match(found.text.en, /for 400 ms, computing in parse \(parse\.ts:12\); 3 times, 750 ms in all\.$/);
    assert.match(found.text.ru, /; 3 раза, всего 750 мс\.$/);
    assert.deepEqual([found.fromMs, found.toMs], [500, 900]);
  });

  void it("is nothing below a tenth of a second", () => {
    assert.deepEqual(kindsIn(traceWith([stall(0, 99.9, { stack: STACK })])), []);
    assert.deepEqual(kindsIn(traceWith([stall(0, 100, { stack: STACK })])), ["blocked-loop"]);
  });

  void it("is nothing on a thread of a pool, which is there to compute", () => {
    const script = new ThreadScript(1);
    const trace = {
      ...traceOf(3000, [new ThreadScript(), script]),
      stalls: [stall(0, 2000, { thread: 1, cpuMs: 2000 })],
    };
    assert.deepEqual(kindsIn(trace), []);
    const pool = new ThreadReadings(1, "pool", 1).spend(2000, 1).spend(1000, 0);
    assert.deepEqual(kindsIn({ ...trace, kernel: readings(pool) }), []);
  });

  void it("names the job in whose step it was where there is no stack", () => {
    const main = new ThreadScript().spawn(0, 11, "parse all").start(50, 11).stop(900, 11).end(900, 11);
    const found = foundIn(traceWith([stall(60, 890, { cpuMs: 800 })], main), "cpu-on-loop");
    assert.match(found.text.en, /computing in parse all/);
    assert.deepEqual(found.jobs, [11]);
  });

  void it("is seen by a long step too where nobody watched", () => {
    const main = new ThreadScript().spawn(0, 11, "parse all").start(50, 11).stop(900, 11).end(900, 11);
    const found = foundIn(traceWith([], main), "blocked-loop");
    assert.equal(found.text.en, "The event loop of main stood still for 850 ms, in parse all.");
    assert.equal(found.badge, "measured");
  });

  void it("is the platform's doing where the stack has nothing else", () => {
    const loading = [{ name: "compile", url: "node:internal/modules", line: 3, column: 1 }];
    assert.match(
      foundIn(traceWith([stall(0, 300, { stack: loading })]), "blocked-loop").text.en,
      /in compile \(modules:3\)/,
    );
  });
});

/** Jobs of 20 ms one after the other on main, `waiting` more of them in flight. */
function busy(forMs: number, waiting: number, share = 1, elsewhere = 0): Trace {
  const main = new ThreadScript();
  for (let id = 100; id < 100 + waiting; id++) main.spawn(0, id, "waits");
  for (let at = 0, id = 1000; at < forMs; at += 20, id++) {
    main
      .spawn(at, id, "hash")
      .start(at, id)
      .stop(at + 19, id)
      .end(at + 19, id);
  }
  for (let id = 100; id < 100 + waiting; id++) main.end(forMs, id);
  const kernel = readings(
    new ThreadReadings(1, "loop", 0).spend(forMs, share),
    new ThreadReadings(2, "pool", 1).spend(forMs, elsewhere),
  );
  return { ...traceOf(forMs, [main], { cpuMs: forMs * share, coreWaitMs: 0, cores: 2 }), kernel };
}

void describe("a loop that is busy without standing still", () => {
  void it("is found where jobs wait and other cores idle", () => {
    const found = foundIn(busy(1000, 10), "cpu-on-loop");
    assert.equal(
      found.text.en,
      'The event loop of main computed without a break for 1.0 s, most of it in job "hash", while 11 jobs were in flight and other cores idled.',
    );
    assert.equal(found.place?.name, "hash");
  });

  for (const [fact, trace] of [
    ["for a moment only", busy(480, 10)],
    ["with nobody waiting", busy(1000, 0)],
    ["with pauses", busy(1000, 10, 0.85)],
    ["while threads compute too", busy(1000, 10, 1, 0.9)],
  ] as const) {
    void it(`is nothing ${fact}`, () => {
      assert.ok(!kindsIn(trace).includes("cpu-on-loop"));
    });
  }

  void it("is nothing on one core, where threads would not help", () => {
    const trace = busy(1000, 10);
    assert.ok(!kindsIn({ ...trace, usage: { ...trace.usage, cores: 1 } }).includes("cpu-on-loop"));
  });
});
