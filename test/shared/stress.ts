/**
 * Short runs of all structures on real threads, one kind after another, most of them
 * with threads stopped in the middle: started by `npm run stress`.
 *
 * What is random in a run follows from its number, but for the threads' pace.
 */
import assert from "node:assert/strict";

import { heap } from "#skein/shared/heap";
import {
  Barrier,
  Condition,
  Latch,
  Mutex,
  Once,
  RwLock,
  Semaphore,
  SharedChannel,
  SharedCounter,
  SharedDeque,
  SharedMap,
  SharedRing,
  SharedVector,
} from "skein/shared";

import { hammer, hammerWithStops } from "../support/hammer.js";
import { DISORDER, FIRST_SENDER, RECEIVED } from "./fixtures/channel-hits.js";
import { type CollectHits, MOST_OF_ONE } from "./fixtures/collect-hits.js";
import { type DequeHits, IS_OVER } from "./fixtures/deque-hits.js";
import { disturbedHistories, undisturbedHistories } from "./fixtures/explained-histories.js";
import { SUBJECTS } from "./fixtures/linearizability-subjects.js";
import { DONE as MAP_DONE, type MapHits, WRONG as MAP_WRONG } from "./fixtures/map-hits.js";
import type { MessageHits } from "./fixtures/message-hits.js";
import { COUNT, DISORDER as RING_DISORDER, LAST, PUT, type RingHits } from "./fixtures/ring-hits.js";
import { DONE, type StructureHits, WRONG } from "./fixtures/structure-hits.js";

/** A run that takes longer hangs. */
const LIMIT_MS = 60_000;

const at = (name: string): URL => new URL(`./fixtures/${name}.js`, import.meta.url);

function memory(): { readonly memory: SharedArrayBuffer; readonly cells: Int32Array } {
  const bytes = new SharedArrayBuffer(1024);
  return { memory: bytes, cells: new Int32Array(bytes) };
}

/** Runs threads that count in DONE up to `rounds`, and stops some of them. */
async function stopped(data: StructureHits | MapHits, fixture: string, threads: number): Promise<void> {
  const cells = new Int32Array(data.memory);
  const { rounds } = data;
  const progress = (): number => Atomics.load(cells, DONE);
  await hammerWithStops(at(fixture), threads, data, { count: 3, together: 2, progress, every: 500, end: rounds });
}

type Run = (threads: number, seed: number) => Promise<void>;

const RUNS: { [name: string]: Run } = {
  "a semaphore, permits counted": async (threads) => {
    using semaphore = new Semaphore({ permits: 3 });
    const { memory: bytes } = memory();
    // What the threads have counted is wrong after a stop: the one that was stopped
    // had no time to take its own back.
    await stopped({ kind: "semaphore", semaphore, memory: bytes, rounds: 4000 }, "structure-hits", threads);
    assert.equal(semaphore.statistics().free, 3);
  },
  "a reader-writer lock, writes whole": async (threads) => {
    using lock = new RwLock();
    const { memory: bytes } = memory();
    await stopped({ kind: "rwLock", lock, memory: bytes, rounds: 4000 }, "structure-hits", threads);
    const { readers, isWriting } = lock.statistics();
    assert.deepEqual({ readers, isWriting }, { readers: 0, isWriting: false });
  },
  "conditions, nobody forgotten": async (threads) => {
    using mutex = new Mutex();
    using notEmpty = new Condition({ mutex });
    using notFull = new Condition({ mutex });
    const { memory: bytes, cells } = memory();
    const rounds = 400 * threads;
    const even = threads + (threads % 2);
    const data: StructureHits = { kind: "condition", mutex, notEmpty, notFull, threads: even, memory: bytes, rounds };
    await hammer(at("structure-hits"), even, data);
    assert.deepEqual([cells[DONE], cells[WRONG]], [2 * rounds, 0]);
  },
  "a barrier, all in step": async (threads) => {
    using inStep = new Barrier({ parties: threads });
    const { memory: bytes, cells } = memory();
    await hammer(at("structure-hits"), threads, { kind: "barrier", inStep, threads, memory: bytes, rounds: 200 });
    assert.deepEqual([cells[DONE], cells[WRONG]], [200, 0]);
  },
  "onces, each run once": async (threads) => {
    const onces = Array.from({ length: 40 }, () => new Once());
    const { memory: bytes, cells } = memory();
    await hammer(at("structure-hits"), threads, { kind: "once", onces, memory: bytes, rounds: 0 });
    assert.deepEqual([cells[DONE], cells[WRONG]], [40, 0]);
    for (const one of onces) one.dispose();
  },
  "maps, changes counted": async (threads) => {
    const before = heap().statistics().usedBytes;
    const counts = new SharedMap({ type: "int32" });
    const values = new SharedMap<{ count: number; text: string }>();
    const { memory: bytes, cells } = memory();
    await stopped({ counts, values, memory: bytes, rounds: 6000 }, "map-hits", threads);
    assert.equal(cells[MAP_WRONG], 0);
    let sum = 0;
    for (const count of counts.values()) sum += count;
    for (const { count } of values.values()) sum += count;
    const done = cells[MAP_DONE] as number;
    assert.ok(sum >= done && sum <= done + 6, `${sum} of ${done}`);
    counts.dispose();
    values.dispose();
    assert.equal(heap().statistics().usedBytes, before);
  },
  "a counter, one for each": async (threads) => {
    using counter = new SharedCounter();
    const { memory: bytes } = memory();
    const own = await hammer<number>(at("collect-hits"), threads, {
      what: "counter",
      counter,
      memory: bytes,
      rounds: 100_000,
    } satisfies CollectHits);
    assert.equal(
      counter.value,
      own.reduce((sum, one) => sum + one),
    );
  },
  "a vector, without gaps": async (threads) => {
    const before = heap().statistics().usedBytes;
    const vector = new SharedVector({ type: "float64" });
    const { memory: bytes, cells } = memory();
    const data: CollectHits = { what: "vector", vector, memory: bytes, rounds: 60_000 };
    const progress = (): number => Atomics.load(cells, 0);
    await hammerWithStops(at("collect-hits"), threads, data, { count: 4, progress, every: 8000, end: data.rounds });
    const next = new Map<number, number>();
    for (const number of vector) {
      const thread = Math.floor(number / MOST_OF_ONE);
      assert.equal(number % MOST_OF_ONE, next.get(thread) ?? 0);
      next.set(thread, (number % MOST_OF_ONE) + 1);
    }
    vector.dispose();
    assert.equal(heap().statistics().usedBytes, before);
  },
  "a deque, each number once": async (threads) => {
    using deque = new SharedDeque({ type: "int32" });
    const numbers = 60_000;
    const data: DequeHits = { deque, taken: new SharedArrayBuffer(4 * numbers), memory: new SharedArrayBuffer(8) };
    const counts = new Int32Array(data.taken);
    let put = 0;
    const progress = (): number => {
      for (const end = Math.min(numbers, put + 500); put < end; put++) {
        deque.push(put);
        if (put % 4 === 0) continue;
        const popped = deque.pop();
        if (popped !== undefined) Atomics.add(counts, popped, 1);
      }
      if (put === numbers) Atomics.store(new Int32Array(data.memory), IS_OVER, 1);
      return put === numbers && deque.isEmpty ? numbers + 1 : put;
    };
    const stops = 3;
    const every = numbers / 8;
    await hammerWithStops(at("deque-hits"), threads, data, { count: stops, progress, every, end: numbers + 1 });
    assert.ok(counts.every((count) => count <= 1));
    const lost = counts.filter((count) => count === 0).length;
    assert.ok(lost <= stops * 8, `${lost} lost`);
  },
  "a ring, in order": async () => {
    using ring = new SharedRing({ type: "int32", capacity: 16 });
    const { memory: bytes, cells } = memory();
    const data: RingHits = { ring, memory: bytes, end: 200_000 };
    const progress = (): number => {
      if (Atomics.load(cells, PUT) === data.end && ring.length === 0) Atomics.store(cells, LAST, data.end);
      return Atomics.load(cells, LAST);
    };
    await hammerWithStops(at("ring-hits"), 2, data, { count: 4, progress, every: 20_000, end: data.end });
    assert.equal(cells[RING_DISORDER], 0);
    const lost = data.end - (cells[COUNT] as number);
    assert.ok(lost >= 0 && lost <= 4 * 40, `${lost} lost`);
  },
  "messages, none twice": async () => {
    using channel = new SharedChannel<string>({ capacity: 8 });
    using sent = new Latch({ count: 2 });
    const before = heap().statistics().usedBytes;
    const { memory: bytes, cells } = memory();
    const data: MessageHits = { channel, sent, each: 1500, memory: bytes };
    const progress = (): number => {
      const begun = [0, 1].map((sender) => Atomics.load(cells, FIRST_SENDER + sender));
      if (begun.every((count) => count > data.each)) channel.close();
      return (begun[0] as number) + (begun[1] as number);
    };
    await hammerWithStops(at("message-hits"), 4, data, { count: 3, together: 2, progress, every: 300, end: 3002 });
    assert.equal(cells[DISORDER], 0);
    const lost = 3000 - (cells[RECEIVED] as number);
    assert.ok(lost >= 0 && lost <= 6, `${lost} lost`);
    assert.equal(heap().statistics().usedBytes, before);
  },
};

for (const name of Object.keys(SUBJECTS)) {
  RUNS[`${name}, in order`] = async (threads, seed) =>
    void (await undisturbedHistories(name, { threads, rounds: 12, calls: 30, seed }));
  RUNS[`${name}, in order while threads die`] = async (threads, seed) =>
    void (await disturbedHistories(name, { threads: Math.max(3, threads), rounds: 8, calls: 30, seed }, 2));
}

/** Runs as many, and says so now and then. @returns whether all went well */
async function main(rounds: number, first: number): Promise<boolean> {
  const names = Object.keys(RUNS);
  const startMs = performance.now();
  let saidMs = startMs;
  for (let round = 0; round < rounds; round++) {
    const seed = first + round;
    const name = names[seed % names.length] as string;
    const threads = [2, 3, 4][Math.floor(seed / names.length) % 3] as number;
    const limit = setTimeout(() => {
      console.error(`stress: run ${seed}, ${name}, ${threads} threads: hangs`);
      process.exit(1);
    }, LIMIT_MS);
    try {
      await (RUNS[name] as Run)(threads, seed);
    } catch (error) {
      console.error(`stress: run ${seed}, ${name}, ${threads} threads:`, error);
      return false;
    } finally {
      clearTimeout(limit);
    }
    if (performance.now() - saidMs < 10_000) continue;
    saidMs = performance.now();
    console.log(`stress: ${round + 1} of ${rounds} runs went well (${Math.round((saidMs - startMs) / 1000)} s)`);
  }
  console.log(`stress: ${rounds} runs went well (${Math.round((performance.now() - startMs) / 1000)} s)`);
  return true;
}

const [rounds = "1000", first = "0"] = process.argv.slice(2);
process.exitCode = (await main(Number(rounds), Number(first))) ? 0 : 1;
