// What does it cost to read and write an entry of a map that threads share?
import { availableParallelism } from "node:os";

import { SharedMap } from "skein/shared";

import { ask, check, type Load, type Samples, time } from "./harness.js";

const KEYS = 1000;
const keys = Array.from({ length: KEYS }, (_, i) => `user ${i}`);

interface User {
  readonly name: string;
  readonly visits: number;
}

/** One thread alone: nobody waits. */
async function measure<Value>(
  load: Load,
  operations: number,
  map: { get(key: string): Value | undefined; set(key: string, value: Value): unknown },
  make: (i: number) => Value,
  countOf: (value: Value) => number,
): Promise<Samples> {
  for (const [i, key] of keys.entries()) map.set(key, make(i));
  const batches = { operations, batches: load.of(20, 1), warmUp: load.of(10, 0) };
  const set = await time(batches, () => {
    for (let i = 0; i < operations; i++) map.set(keys[i % KEYS] as string, make(i % KEYS));
  });
  const get = await time(batches, () => {
    let sum = 0;
    for (let i = 0; i < operations; i++) sum += countOf(map.get(keys[i % KEYS] as string) as Value);
    check(sum, (operations / KEYS) * ((KEYS * (KEYS - 1)) / 2));
  });
  return { get, set };
}

const user = (i: number): User => ({ name: "somebody", visits: i });
const visitsOf = ({ visits }: User): number => visits;
const number = (i: number): number => i;

await ask({
  module: import.meta.url,
  asks: "What does it cost to read and write an entry of a map that threads share?",
  units: { get: "ns", set: "ns" },
  targets: [
    { metric: "get", of: "skein, objects", against: "multithreading, objects", ratioAtMost: 1 / 4 },
    { metric: "set", of: "skein, objects", against: "multithreading, objects", ratioAtMost: 1 / 4 },
    { metric: "get", of: "skein, numbers", against: "multithreading, numbers", ratioAtMost: 1 / 4 },
  ],
  variants: {
    "skein, numbers": (load) =>
      measure(load, load.of(100_000, 1000), new SharedMap({ type: "float64" }), number, number),
    "skein, objects": (load) => measure(load, load.of(50_000, 1000), new SharedMap<User>(), user, visitsOf),
    "Map, numbers": (load) => measure(load, load.of(100_000, 1000), new Map<string, number>(), number, number),
    "Map, objects": (load) => measure(load, load.of(100_000, 1000), new Map<string, User>(), user, visitsOf),
    "multithreading, numbers": async (load) =>
      measure(
        load,
        load.of(5000, 1000),
        await jsonBuffer<number>(Object.fromEntries(keys.map((key) => [key, 0]))),
        number,
        number,
      ),
    "multithreading, objects": async (load) =>
      measure(
        load,
        load.of(5000, 1000),
        await jsonBuffer<User>(Object.fromEntries(keys.map((key) => [key, user(0)]))),
        user,
        visitsOf,
      ),
  },
});

/** An object in shared memory, used as a map, behind a mutex, as its readme has it; reading an entry copies nothing. */
async function jsonBuffer<Value>(content: Record<string, Value>): Promise<{
  get(key: string): Value | undefined;
  set(key: string, value: Value): void;
}> {
  // It reads this when it is loaded, and Node has it from version 21 on.
  const global = globalThis as { navigator?: { readonly hardwareConcurrency: number } };
  global.navigator ??= { hardwareConcurrency: availableParallelism() };
  const { Mutex, SharedJsonBuffer } = await import("multithreading");
  const mutex = new Mutex(new SharedJsonBuffer(content as never, { size: 2 ** 24 }));
  return {
    get(key) {
      const guard = mutex.blockingLock();
      try {
        return (guard.value as unknown as Record<string, Value>)[key];
      } finally {
        guard.dispose();
      }
    },
    set(key, value) {
      const guard = mutex.blockingLock();
      try {
        (guard.value as unknown as Record<string, Value>)[key] = value;
      } finally {
        guard.dispose();
      }
    },
  };
}
