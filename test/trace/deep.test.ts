/** What is recorded at level "deep" alone. */
import assert from "node:assert/strict";
import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import { afterEach, describe, it } from "node:test";

import { noAwaitHooks } from "#skein/core/await-hooks";
import { scope, sleep, threads } from "skein";
import { buildTimeline, type JobSpan, observe, type Observer, type ObserverLevel, type Timeline } from "skein/trace";

import { computesInParts } from "./fixtures/deep-tasks.js";

let observer: Observer;
function begin(level: ObserverLevel): Observer {
  observer = observe({ level });
  return observer;
}
afterEach(() => observer.stop());

const epochMs = (): number => performance.timeOrigin + performance.now();
/** A wait that this library knows nothing of. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Computes for a moment. @returns when it was in the middle of that */
function computes(): number {
  const untilMs = performance.now() + 1;
  while (performance.now() < untilMs);
  const atMs = epochMs();
  while (performance.now() < untilMs + 1);
  return atMs;
}

function jobNamed({ jobs }: Timeline, name: string): JobSpan {
  const job = jobs.find((one) => one.name === name);
  assert.ok(job !== undefined, `no job ${name}`);
  return job;
}

/** Names of the jobs that have a step at a moment. */
function runningAt(timeline: Timeline, atMs: number): readonly string[] {
  const at = atMs - timeline.startedMs;
  return timeline.jobs
    .filter(({ steps }) => steps.some(({ beginMs, endMs }) => beginMs <= at && at <= endMs))
    .map(({ name }) => name ?? "");
}

/** Two jobs take turns, by awaits that this library knows nothing of. @returns when each computed */
async function takeTurns(): Promise<ReadonlyMap<string, readonly number[]>> {
  const moments = new Map<string, number[]>();
  await scope((s) => {
    for (const name of ["first", "second"]) {
      const own: number[] = [];
      moments.set(name, own);
      const inner = async (): Promise<void> => {
        await turn();
        own.push(computes());
      };
      s.spawn(
        async () => {
          for (let i = 0; i < 3; i++) await inner();
        },
        [],
        { name },
      );
    }
  });
  return moments;
}

describe("at level deep", { skip: noAwaitHooks() ?? false }, () => {
  it("code is its job's after any await", async () => {
    begin("deep");
    const moments = await takeTurns();
    const timeline = buildTimeline(observer.stop());
    for (const [name, own] of moments) {
      assert.equal(own.length, 3);
      for (const atMs of own) assert.deepEqual(runningAt(timeline, atMs), [name]);
    }
  });

  it("code is its job's in functions that nobody awaits, and in callbacks begun there", async () => {
    begin("deep");
    const moments: number[] = [];
    await scope((s) => {
      s.spawn(async function outer() {
        const done = new Promise<void>((resolve) => {
          setTimeout(() => {
            moments.push(computes());
            process.nextTick(() => {
              moments.push(computes());
              resolve();
            });
          }, 1);
        });
        await done;
      });
    });
    const timeline = buildTimeline(observer.stop());
    assert.equal(moments.length, 2);
    for (const atMs of moments) assert.deepEqual(runningAt(timeline, atMs), ["outer"]);
  });

  it("is nobody's where it was begun outside of jobs", async () => {
    begin("deep");
    let atMs = 0;
    const outside = (async () => {
      await turn();
      await turn();
      atMs = computes();
    })();
    await scope((s) => {
      s.spawn(async () => outside, [], { name: "waits" });
    });
    assert.deepEqual(runningAt(buildTimeline(observer.stop()), atMs), []);
  });

  it("steps of one thread nest and do not cross", async () => {
    begin("deep");
    await scope(async (s) => {
      for (let i = 0; i < 20; i++) {
        s.spawn(async () => {
          await turn();
          // Inside of it, as what emitters run is.
          new AsyncResource("test").runInAsyncScope(computes);
          await sleep(1, s);
          await scope(async (inner) => inner.spawn(async () => turn().then(computes)));
          computes();
        });
      }
    });
    const { steps } = buildTimeline(observer.stop());
    const open: number[] = [];
    for (const { beginMs, endMs } of steps) {
      while ((open.at(-1) ?? Infinity) <= beginMs) open.pop();
      assert.ok(endMs <= (open.at(-1) ?? Infinity));
      open.push(endMs);
    }
  });

  it("leaves the program's own async context as it is", async () => {
    begin("deep");
    const own = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    await own.run("theirs", async () =>
      scope((s) => {
        s.spawn(async () => {
          await turn();
          seen.push(own.getStore());
        });
      }),
    );
    seen.push(own.getStore());
    assert.deepEqual(seen, ["theirs", undefined]);
  });

  it("is switched while the program runs", async () => {
    begin("normal");
    const before = await takeTurns();
    observer.setLevel("deep");
    const within = await takeTurns();
    observer.setLevel("normal");
    const after = await takeTurns();
    const timeline = buildTimeline(observer.stop());
    const isSeen = (moments: ReadonlyMap<string, readonly number[]>): readonly boolean[] =>
      [...moments].flatMap(([name, own]) => own.map((atMs) => runningAt(timeline, atMs).includes(name)));
    assert.deepEqual(isSeen(before), Array(6).fill(false));
    assert.deepEqual(isSeen(within), Array(6).fill(true));
    assert.deepEqual(isSeen(after), Array(6).fill(false));
  });

  it("counts for threads of pools too", async () => {
    begin("deep");
    const pool = threads({ size: 1 });
    const moments = await scope((s) => s.spawn(computesInParts, [3], { on: pool }));
    await pool.close();
    const timeline = buildTimeline(observer.stop());
    assert.equal(moments.length, 3);
    for (const atMs of moments) assert.ok(runningAt(timeline, atMs).includes("computesInParts"), String(atMs));
  });

  it("has where each job was spawned", async () => {
    begin("deep");
    await scope(function spawnsHere(s) {
      s.spawn(() => undefined, [], { name: "spawned" });
    });
    const { spawnSite } = jobNamed(buildTimeline(observer.stop()), "spawned");
    assert.match(spawnSite ?? "", /^at spawnsHere \(.*deep\.test\.[jt]s:\d+:\d+\)/);
  });
});

describe("at level normal", () => {
  it("nobody pays for where jobs are spawned", async () => {
    begin("normal");
    await scope((s) => {
      s.spawn(() => undefined, [], { name: "spawned" });
    });
    assert.equal(jobNamed(buildTimeline(observer.stop()), "spawned").spawnSite, undefined);
  });
});
