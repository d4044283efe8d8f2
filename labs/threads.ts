/** One process, three threads: each writes into memory that all see, and calls itself, each to its own depth. */
import { threadId } from "node:worker_threads";

import { type Scope, task, threads } from "skein";
import { Barrier, SharedArray } from "skein/shared";

type Phase = <Result>(name: string, body: () => Result) => Promise<Awaited<Result>>;
type Lane = { readonly name: string; readonly runs: [number, number][] };
type Cells = SharedArray<"int32">;

const DEPTHS = [1, 500, 5000];

export const descend = task(function descend(index: number, depth: number, cells: Cells, step: Barrier) {
  const dive = (left: number): number => {
    if (left > 1) return 1 + dive(left - 1);
    cells.values[index] = depth; // written from the bottom; no message is sent
    step.waitSync(); // now all stand at the bottom of their stacks, at the same time
    return 1;
  };
  const begin = performance.now();
  const reached = dive(depth);
  const lane: Lane = { name: `depth ${depth}`, runs: [[begin, performance.now()]] };
  const seen = cells.values.reduce((sum, value) => sum + value, 0);
  return { process: process.pid, thread: threadId, reached, seen, lane };
});

/** Calls itself without end: at some time its stack is full, and only its own. */
export const overflow = task(function overflow(): number {
  const dive = (depth: number): number => 1 + dive(depth + 1);
  return dive(0);
});

export async function measure(s: Scope, phase: Phase) {
  const on = threads({ size: DEPTHS.length, name: "diver" });
  await on.ready(descend);
  const cells = new SharedArray({ type: "int32", length: DEPTHS.length });
  const step = new Barrier({ parties: DEPTHS.length });
  const dives = await phase("three threads", () =>
    Promise.all(DEPTHS.map((depth, i) => s.spawn(descend, [i, depth, cells, step], { on }))),
  );
  const failed = await phase("one stack overflows", () => on.run(overflow, []).catch((error: unknown) => error));

  const wanted = DEPTHS.reduce((sum, depth) => sum + depth, 0);
  const numbers = {
    processes: new Set(dives.map((dive) => dive.process)).size,
    threads: new Set(dives.map((dive) => dive.thread)).size,
    sawAll: dives.filter(({ seen }) => seen === wanted).length,
    ownDepth: dives.filter(({ reached }, i) => reached === DEPTHS[i]).length,
    overflows: failed instanceof RangeError ? 1 : 0,
    lost: on.statistics().lost,
  };
  return { numbers, lanes: { "three threads": dives.map(({ lane }) => lane) } };
}
