/**
 * A trace with everything that can be seen of a program: cores, threads, a blocked loop
 * with its stack, locks that make a circle, a channel, garbage collection, lost records.
 */
import type { Trace } from "skein/trace";

import { idOn, readings, START_MS, ThreadReadings, ThreadScript, traceOf } from "../../trace/support/traces.js";

const OBSERVED_MS = 1000;

const SCOPE = 1;
const LEFT = 2;
const RIGHT = 3;
const COUNT = 4;
const GOLD = 100;
const SILVER = 101;
const ORES = 102;

export function observedTrace(): Trace {
  const main = new ThreadScript(0)
    .make(0, GOLD, "mutex", "gold")
    .make(0, SILVER, "mutex", "silver")
    .make(0, ORES, "channel", "ores")
    .open(1, SCOPE, "transfer")
    .spawn(2, LEFT, "pay left", SCOPE)
    .spawn(3, RIGHT, "pay right", SCOPE)
    .start(4, LEFT)
    .acquire(5, GOLD, LEFT)
    .suspend(6, LEFT)
    .start(7, RIGHT)
    .acquire(8, SILVER, RIGHT)
    .waitFor(9, 200, GOLD, 'lock of mutex "gold"', SCOPE)
    .suspend(10, RIGHT)
    .resume(12, LEFT)
    .waitFor(13, 201, SILVER, 'lock of mutex "silver"', SCOPE)
    .suspend(14, LEFT);
  for (let level = 0; level <= 6; level++) main.level(50 + level * 20, ORES, level);
  main.level(300, ORES, 0);
  main.spawn(400, COUNT, "count", SCOPE).start(401, COUNT);
  main.add(650, "gcPause", 1, 40);
  main.stop(700, COUNT).end(701, COUNT);
  const worker = new ThreadScript(1).drop(120);
  for (let job = 0; job < 40; job++) {
    const id = idOn(0, 500 + job);
    main.spawn(720 + job, id, "smelt", SCOPE).queue(720 + job, id);
    worker.start(722 + job * 6, id).stop(727 + job * 6, id);
  }
  for (let job = 0; job < 40; job++) main.end(728 + job * 6, idOn(0, 500 + job));

  const trace = traceOf(OBSERVED_MS, [main, worker], { cpuMs: 900, coreWaitMs: 210, cores: 2 });
  const kernel = readings(
    new ThreadReadings(4001, "loop", 0).spend(400, 0.05).spend(300, 0.8, 0.2).spend(300, 0.1),
    new ThreadReadings(4002, "pool", 1)
      .spend(700, 0, 0, "lock")
      .spend(260, 0.6, 0.4, "running", 1)
      .spend(40, 0, 0, "lock"),
    new ThreadReadings(4003, "engine").spend(600, 0).spend(60, 0.7, 0, "running", 1).spend(340, 0),
    new ThreadReadings(4004, "io").spend(1000, 0.01),
  );
  return {
    ...trace,
    kernel: {
      ...kernel,
      coreRuns: Array.from({ length: 60 }, (_, turn) => ({
        core: turn % 2,
        tid: turn % 3 === 0 ? 4002 : 4001,
        beginMs: START_MS + 400 + turn * 9,
        endMs: START_MS + 400 + turn * 9 + 7,
        wasPreempted: turn % 4 === 0,
      })),
    },
    stalls: [
      {
        thread: 0,
        beginMs: START_MS + 401,
        endMs: START_MS + 700,
        isOver: true,
        cpuMs: 250,
        coreWaitMs: 40,
        stack: [
          { name: "countGrains", url: "file:///home/me/app/src/ores.ts", line: 41, column: 9 },
          { name: "count", url: "file:///home/me/app/src/main.ts", line: 12, column: 3 },
          { name: "", url: "node:internal/process/task_queues", line: 95, column: 5 },
        ],
      },
      {
        thread: 1,
        beginMs: START_MS + 800,
        endMs: START_MS + 860,
        isOver: true,
        cpuMs: undefined,
        coreWaitMs: undefined,
        stack: undefined,
      },
    ],
    capabilities: [
      {
        name: "schedstat",
        isAvailable: true,
        gives: "CPU time of each thread, and how long it waited for a core",
        why: "the kernel counts it in /proc/self/task",
        remedy: undefined,
      },
      {
        name: "core-lanes",
        isAvailable: false,
        gives: "which thread was on which core, exactly",
        why: "perf is not installed",
        remedy: "apt-get install linux-perf",
      },
    ],
  };
}
