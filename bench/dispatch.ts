// What does it cost to have another thread run a task, and how much of the time is left for the task itself?
import { Worker } from "node:worker_threads";

import { scope, threads } from "skein";
import type { Scope, Task } from "skein";

import { add, busy, type Order, negated, negatedOfShape } from "./dispatch-tasks.js";
import { ask, check, type Load, type Samples } from "./harness.js";

/** One of the pools: runs a function by its name. */
interface AnyPool {
  run(name: string, args: readonly unknown[]): Promise<unknown>;
  /** The task that takes objects of a declared shape, or what there is in place of it where there are none. */
  readonly ofShape?: string;
  close(): unknown;
}

const worker = new URL("./dispatch-worker.js", import.meta.url);
const BURST = 1000;

/** Microseconds for each task, batch by batch, in the second half of so much time: in the first the compiler is at work. */
async function batches(ms: number, operations: number, batch: () => Promise<void>): Promise<number[]> {
  const samples: number[] = [];
  const endMs = performance.now() + ms;
  do {
    const startMs = performance.now();
    await batch();
    samples.push(((performance.now() - startMs) * 1000) / operations);
  } while (performance.now() < endMs);
  return samples.slice(Math.floor(samples.length / 2));
}

async function burst(pool: AnyPool): Promise<void> {
  const promises: Promise<unknown>[] = [];
  for (let i = 0; i < BURST; i++) promises.push(pool.run("add", [i, 1]));
  for (const [i, value] of (await Promise.all(promises)).entries()) check(value, i + 1);
}

async function objects(pool: AnyPool, name: string): Promise<void> {
  const promises: Promise<unknown>[] = [];
  for (let i = 0; i < BURST; i++) promises.push(pool.run(name, [{ a: i, b: "order", c: [i, 2, 3] }]));
  for (const [i, value] of (await Promise.all(promises)).entries()) {
    const { a, b, c } = value as Order;
    check(a, -i);
    check(b, "order");
    check(c[0], i);
    check(c.length, 3);
  }
}

/** So many at any time. */
async function inFlight(pool: AnyPool, width: number, count: number, name: string, argument: number): Promise<void> {
  let left = count;
  const submit = async (): Promise<void> => {
    while (left-- > 0) {
      const i = left;
      if (name === "add") check(await pool.run(name, [i, argument]), i + argument);
      else check(await pool.run(name, [argument]), argument);
    }
  };
  await Promise.all(Array.from({ length: width }, submit));
}

/** Share of the threads' time that tasks of so many microseconds do not get, in percent. */
async function overhead(pool: AnyPool, size: number, taskUs: number, count: number, rounds: number): Promise<number[]> {
  const samples: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const startMs = performance.now();
    await inFlight(pool, 64, count, "busy", taskUs);
    const wallUs = (performance.now() - startMs) * 1000;
    if (i >= rounds / 3) samples.push(100 * (1 - (count * taskUs) / size / wallUs));
  }
  return samples;
}

async function roundTrips(pool: AnyPool, count: number, pauseMs: number): Promise<number[]> {
  const samples: number[] = [];
  for (let i = 0; i < count; i++) {
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    const startMs = performance.now();
    check(await pool.run("add", [i, 1]), i + 1);
    samples.push((performance.now() - startMs) * 1000);
  }
  return samples.slice(Math.floor(count / 3));
}

async function measure(load: Load, size: number, pool: AnyPool): Promise<Samples> {
  // Every thread is there and has the module.
  await inFlight(pool, 64, 200 * size, "busy", 500);
  await burst(pool);
  const samples = {
    burst: await batches(load.of(1200, 1), BURST, () => burst(pool)),
    objects: await batches(load.of(1200, 1), BURST, () => objects(pool, "negated")),
    ...(pool.ofShape === undefined
      ? {}
      : { "objects of a shape": await batches(load.of(1200, 1), BURST, () => objects(pool, pool.ofShape as string)) }),
    "16 in flight": await batches(load.of(1200, 1), BURST, () => inFlight(pool, 16, BURST, "add", 1)),
    "one after another": await roundTrips(pool, load.of(1500, 10), 0),
    "after a pause": await roundTrips(pool, load.of(30, 3), 50),
    "lost of 4 µs tasks": await overhead(pool, size, 4, 4000 * size, load.of(12, 2)),
    "lost of 40 µs tasks": await overhead(pool, size, 40, 1000 * size, load.of(9, 2)),
  };
  await pool.close();
  return samples;
}

const tasks: Readonly<Record<string, Task<never, unknown>>> = { add, busy, negated, negatedOfShape };

function skein(size: number): AnyPool {
  const pool = threads({ size, name: "bench" });
  return {
    run: (name, args) => pool.run(tasks[name] as Task<readonly unknown[], unknown>, args),
    ofShape: "negatedOfShape",
    close: () => pool.close(),
  };
}

/** Jobs of one scope, which owns, names and cancels them. */
function skeinInScope(size: number): AnyPool {
  const pool = threads({ size, name: "bench" });
  let end!: () => void;
  let owner!: Scope;
  const ended = scope(async (s) => {
    owner = s;
    await new Promise<void>((resolve) => (end = resolve));
  });
  return {
    run: async (name, args) => owner.spawn(tasks[name] as Task<readonly unknown[], unknown>, args, { on: pool }),
    ofShape: "negatedOfShape",
    close: async () => {
      end();
      await ended;
      await pool.close();
    },
  };
}

async function piscina(size: number, more: object): Promise<AnyPool> {
  const { Piscina } = await import("piscina");
  const pool = new Piscina({ filename: worker.href, minThreads: size, maxThreads: size, ...more });
  return { run: (name, args) => pool.run(args, { name }) as Promise<unknown>, close: () => pool.destroy() };
}

async function tinypool(size: number, more: object): Promise<AnyPool> {
  const { Tinypool } = await import("tinypool");
  const pool = new Tinypool({ filename: worker.href, minThreads: size, maxThreads: size, ...more });
  return { run: (name, args) => pool.run(args, { name }) as Promise<unknown>, close: () => pool.destroy() };
}

async function workerpool(size: number): Promise<AnyPool> {
  const { default: module } = await import("workerpool");
  const pool = module.pool(worker.pathname, {
    workerType: "thread",
    minWorkers: size,
    maxWorkers: size,
    workerThreadOpts: { workerData: { pool: "workerpool" } },
  });
  return { run: async (name, args) => pool.exec(name, args as unknown[]), close: () => pool.terminate(true) };
}

async function poolifier(size: number, more: object): Promise<AnyPool> {
  const { FixedThreadPool } = await import("poolifier");
  const file = new URL("./dispatch-poolifier.js", import.meta.url).pathname;
  const pool = new FixedThreadPool<unknown, unknown>(size, file, more);
  return { run: (name, args) => pool.execute(args, name), close: () => pool.destroy() };
}

async function multithreading(size: number): Promise<AnyPool> {
  // Both are missing in Node 20, which it asks for.
  const global = globalThis as { navigator?: { readonly hardwareConcurrency: number } };
  global.navigator ??= { hardwareConcurrency: size };
  const promise = Promise as { withResolvers?: () => unknown };
  promise.withResolvers ??= () => {
    const settlers: Record<string, unknown> = {};
    const made = new Promise((resolve, reject) => Object.assign(settlers, { resolve, reject }));
    return { promise: made, ...settlers };
  };
  const { initRuntime, move, shutdown, spawn } = await import("multithreading");
  initRuntime({ maxWorkers: size });
  // It sends the function's text, so each is written out here.
  const texts: Readonly<Record<string, (...args: never[]) => unknown>> = {
    add: (a: number, b: number) => a + b,
    busy: (us: number) => {
      const endMs = performance.now() + us / 1000;
      let turns = 0;
      while (performance.now() < endMs) turns++;
      return turns === -1 ? 0 : us;
    },
    negated: (order: Order) => ({ a: -order.a, b: order.b, c: order.c }),
  };
  return {
    async run(name, args) {
      const outcome = await spawn(move(...(args as never[])), texts[name] as never).join();
      if (!outcome.ok) throw outcome.error;
      return outcome.value;
    },
    close: shutdown,
  };
}

/** As one writes it by hand: a message for each task, one for each result, and a map in between. */
function postMessage(size: number): AnyPool {
  const waiting = new Map<number, (value: unknown) => void>();
  const workers = Array.from({ length: size }, () => {
    const thread = new Worker(worker, { workerData: { pool: "postMessage" } });
    thread.on("message", ({ id, value }: { readonly id: number; readonly value: unknown }) => {
      waiting.get(id)?.(value);
      waiting.delete(id);
    });
    return thread;
  });
  let lastId = 0;
  return {
    run(name, args) {
      const id = ++lastId;
      return new Promise((resolve) => {
        waiting.set(id, resolve);
        (workers[id % size] as Worker).postMessage({ id, name, args });
      });
    },
    ofShape: "negated",
    close: () => Promise.all(workers.map((thread) => thread.terminate())),
  };
}

const TUNED = { concurrentTasksPerWorker: 64 };
const POOLIFIER_TUNED = { enableTasksQueue: true, tasksQueueOptions: { concurrency: 64 } };
const burstOf = (of: string, against: string, ratioAtMost: number) =>
  ({ metric: "burst", of, against, ratioAtMost }) as const;

await ask({
  module: import.meta.url,
  asks: "What does it cost to have another thread run a task, and how much of the time is left for the task itself?",
  units: {
    burst: "µs a task",
    objects: "µs a task",
    "objects of a shape": "µs a task",
    "16 in flight": "µs a task",
    "one after another": "µs",
    "after a pause": "µs",
    "lost of 4 µs tasks": "%",
    "lost of 40 µs tasks": "%",
  },
  targets: [
    burstOf("skein", "piscina tuned", 1 / 20),
    burstOf("skein", "tinypool tuned", 1 / 20),
    burstOf("skein", "piscina", 1 / 50),
    burstOf("skein", "tinypool", 1 / 50),
    burstOf("skein", "workerpool", 1 / 20),
    burstOf("skein", "poolifier tuned", 1 / 20),
    burstOf("skein", "postMessage", 1 / 4),
    burstOf("skein in a scope", "piscina tuned", 1 / 5),
    burstOf("skein in a scope", "postMessage", 1),
    { metric: "16 in flight", of: "skein", against: "piscina tuned", ratioAtMost: 1 / 8 },
    { metric: "16 in flight", of: "skein", against: "tinypool tuned", ratioAtMost: 1 / 8 },
    { metric: "16 in flight", of: "skein", against: "postMessage", ratioAtMost: 1 / 2.5 },
    { metric: "one after another", of: "skein", against: "piscina", ratioAtMost: 0.2 },
    { metric: "one after another", of: "skein", against: "tinypool", ratioAtMost: 0.2 },
    { metric: "after a pause", of: "skein", against: "postMessage", ratioAtMost: 1.1 },
    { metric: "objects", of: "skein", against: "postMessage", ratioAtMost: 1 / 2.5 },
    { metric: "objects of a shape", of: "skein", against: "postMessage", ratioAtMost: 1 / 3.5 },
    { metric: "lost of 4 µs tasks", of: "skein", atMost: 30 },
    { metric: "lost of 40 µs tasks", of: "skein", atMost: 20 },
    burstOf("skein on 2", "piscina tuned on 2", 1 / 20),
    burstOf("skein on 2", "postMessage on 2", 1 / 4),
  ],
  variants: {
    skein: (load) => measure(load, 1, skein(1)),
    "skein in a scope": (load) => measure(load, 1, skeinInScope(1)),
    "piscina tuned": async (load) => measure(load, 1, await piscina(1, TUNED)),
    piscina: async (load) => measure(load, 1, await piscina(1, {})),
    "tinypool tuned": async (load) => measure(load, 1, await tinypool(1, TUNED)),
    tinypool: async (load) => measure(load, 1, await tinypool(1, {})),
    workerpool: async (load) => measure(load, 1, await workerpool(1)),
    "poolifier tuned": async (load) => measure(load, 1, await poolifier(1, POOLIFIER_TUNED)),
    poolifier: async (load) => measure(load, 1, await poolifier(1, {})),
    multithreading: async (load) => measure(load, 1, await multithreading(1)),
    postMessage: (load) => measure(load, 1, postMessage(1)),
    "skein on 2": (load) => measure(load, 2, skein(2)),
    "piscina tuned on 2": async (load) => measure(load, 2, await piscina(2, TUNED)),
    "tinypool tuned on 2": async (load) => measure(load, 2, await tinypool(2, TUNED)),
    "postMessage on 2": (load) => measure(load, 2, postMessage(2)),
  },
});
