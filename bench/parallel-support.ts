/** What the benches of `skein/parallel` have in common. */
import { Worker } from "node:worker_threads";

import { here, type ThreadPool, threads } from "skein";
import { parallel } from "skein/parallel";
import { SharedArray } from "skein/shared";

import { rootAndMore } from "./parallel-tasks.js";
import { median } from "./statistics.js";

/** Of a participant, as what it stands for: this thread and one beside it. */
export const PARTICIPANTS = 2;

/** A pool of one thread, which works beside this one. */
export function oneBesideThis(): ThreadPool {
  return threads({ size: PARTICIPANTS - 1, name: "beside" });
}

/** The program's own threads, of as many as two cores have. */
export function twoThreads(): ThreadPool {
  return threads({ size: PARTICIPANTS, name: "two" });
}

/** No threads: what calls cost on this one. */
export const alone = { ...here, runsHere: true, size: 1, ready: async () => undefined } as ThreadPool;

/** Numbers from 0 to 1, the same in every process. */
export function randomNumber(i: number): number {
  let bits = Math.imul(i ^ (i >>> 15), 0x2c1b_3c6d);
  bits = Math.imul(bits ^ (bits >>> 12), 0x297a_2d39);
  return ((bits ^ (bits >>> 15)) >>> 0) / 2 ** 32;
}

export function sharedNumbers(length: number, number: (i: number) => number): SharedArray<"float64"> {
  const numbers = new SharedArray({ type: "float64", length });
  for (let i = 0; i < length; i++) numbers.values[i] = number(i);
  return numbers;
}

/** Until the threads have what calls need, and have been seen to help. A thread comes when its pool has started it. */
export async function untilHelped(on: ThreadPool): Promise<void> {
  const numbers = sharedNumbers(1_000_000, (i) => i);
  await on.ready(rootAndMore);
  for (let helpers = 0; helpers === 0;) {
    const { result, calls } = await parallel.explain(() => parallel.map(numbers, rootAndMore, { on }));
    result.dispose();
    helpers = (calls[0]?.participants ?? []).filter(({ thread, parts }) => thread !== 0 && parts > 0).length;
  }
  numbers.dispose();
}

/** Sleeps in shared memory, and says so when it is woken: no more, so that nothing can be woken faster. */
const SLEEPER = `
  const { workerData: cells } = require("node:worker_threads");
  for (let seen = 0; ;) {
    Atomics.wait(cells, 0, seen);
    seen = Atomics.load(cells, 0);
    Atomics.store(cells, 1, seen);
  }`;

/** A thread that sleeps. */
export class Sleeper {
  readonly #cells = new Int32Array(new SharedArrayBuffer(8));
  readonly #thread = new Worker(SLEEPER, { eval: true, workerData: this.#cells });
  #times = 0;

  /** Wakes it. @returns how long it took until it ran, in microseconds */
  wake(): number {
    const beganMs = performance.now();
    Atomics.store(this.#cells, 0, ++this.#times);
    Atomics.notify(this.#cells, 0);
    while (Atomics.load(this.#cells, 1) !== this.#times);
    return (performance.now() - beganMs) * 1000;
  }

  async end(): Promise<void> {
    await this.#thread.terminate();
  }
}

/** How often and how long two are compared. */
export interface Turns {
  readonly warmUp: number;
  readonly turns: number;
  /** Calls between two looks at the clock. */
  readonly calls: number;
  /** Before each. */
  readonly pause?: () => Promise<void>;
}

/** What both took in each turn, in microseconds a call. */
export interface Compared {
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
}

/** Times two in turns in this process, so that what the machine does meanwhile happens to both. */
export async function inTurns(
  { warmUp, turns, calls, pause }: Turns,
  ours: () => unknown,
  theirs: () => unknown,
): Promise<Compared> {
  const times = { ours: [] as number[], theirs: [] as number[] };
  const run = async (which: "ours" | "theirs", one: () => unknown, isCounted: boolean): Promise<void> => {
    await pause?.();
    const beganMs = performance.now();
    for (let call = 0; call < calls; call++) {
      const result = one();
      if (result instanceof Promise) await result;
    }
    if (isCounted) times[which].push(((performance.now() - beganMs) * 1000) / calls);
  };
  for (let turn = -warmUp; turn < turns; turn++) {
    const isOursFirst = turn % 2 === 0;
    if (isOursFirst) await run("ours", ours, turn >= 0);
    await run("theirs", theirs, turn >= 0);
    if (!isOursFirst) await run("ours", ours, turn >= 0);
  }
  return times;
}

/** How many times as long ours takes, in the median of the turns. */
export function ratioOf({ ours, theirs }: Compared): number {
  return median(ours.map((us, turn) => us / (theirs[turn] as number)));
}
