// How long does a tree of jobs with a million leaves take, by fork and join?
import { Effect, Fiber } from "effect";
import { type Operation, run, spawn } from "effection";
import { type Scope, scope } from "skein/async";

import { ask, check, type Load, type Samples } from "./harness.js";

const CHILDREN = 10;

/** @param sum - adds the numbers from 0 to `leaves - 1`, a task each, by a tree of tasks */
async function measure(load: Load, leaves: number, sum: (leaves: number) => Promise<number>): Promise<Samples> {
  const samples: number[] = [];
  for (let i = 0; i < load.of(3, 1); i++) {
    const startMs = performance.now();
    check(await sum(leaves), (leaves * (leaves - 1)) / 2);
    samples.push((performance.now() - startMs) / 1000);
  }
  return { "whole tree": samples };
}

function effectTree(first: number, leaves: number): Effect.Effect<number> {
  if (leaves === 1) return Effect.succeed(first);
  const part = leaves / CHILDREN;
  return Effect.gen(function* () {
    const fibers = [];
    for (let i = 0; i < CHILDREN; i++) fibers.push(yield* Effect.forkChild(effectTree(first + i * part, part)));
    let sum = 0;
    for (const fiber of fibers) sum += yield* Fiber.join(fiber);
    return sum;
  });
}

await ask({
  module: import.meta.url,
  asks: "How long does a tree of jobs with a million leaves take, by fork and join?",
  units: { "whole tree": "s" },
  targets: [{ metric: "whole tree", of: "skein", atMost: 2 }],
  rounds: 3,
  variants: {
    // All jobs in one scope, awaited by the job that spawned them.
    skein: (load) =>
      measure(load, load.of(1_000_000, 10_000), (all) =>
        scope(async (s) => {
          const node = async (first: number, leaves: number): Promise<number> => {
            if (leaves === 1) return first;
            const part = leaves / CHILDREN;
            const jobs = Array.from({ length: CHILDREN }, (_, i) => s.spawn(node, [first + i * part, part]));
            let sum = 0;
            for (const job of jobs) sum += await job;
            return sum;
          };
          return s.spawn(node, [0, all]);
        }),
      ),

    // A scope for each inner node: a branch can be cancelled alone.
    "skein, nested scopes": (load) =>
      measure(load, load.of(1_000_000, 10_000), (all) => {
        const node = (first: number, leaves: number, parent: Scope): Promise<number> =>
          parent.scope(async (s) => {
            const part = leaves / CHILDREN;
            const jobs = Array.from({ length: CHILDREN }, (_, i) => {
              const start = first + i * part;
              return s.spawn(() => (part === 1 ? start : node(start, part, s)));
            });
            let sum = 0;
            for (const job of jobs) sum += await job;
            return sum;
          });
        return scope((s) => node(0, all, s));
      }),

    effect: (load) => measure(load, load.of(1_000_000, 10_000), (all) => Effect.runPromise(effectTree(0, all))),

    // A tenth of the tree, times ten, or it would take minutes.
    "effection (a tenth, times 10)": async (load) => {
      function* node(first: number, leaves: number): Operation<number> {
        if (leaves === 1) return first;
        const part = leaves / CHILDREN;
        const tasks = [];
        for (let i = 0; i < CHILDREN; i++) tasks.push(yield* spawn(() => node(first + i * part, part)));
        let sum = 0;
        for (const task of tasks) sum += yield* task;
        return sum;
      }
      const { "whole tree": seconds = [] } = await measure(load, load.of(100_000, 1000), (all) =>
        Promise.resolve(run(() => node(0, all))),
      );
      return { "whole tree": seconds.map((second) => second * 10) };
    },

    // The floor: no scope, no cancellation; each call runs at once, none waits for its turn.
    promises: (load) =>
      measure(load, load.of(1_000_000, 10_000), (all) => {
        const node = async (first: number, leaves: number): Promise<number> => {
          if (leaves === 1) return first;
          const part = leaves / CHILDREN;
          const children = Array.from({ length: CHILDREN }, (_, i) => node(first + i * part, part));
          let sum = 0;
          for (const child of children) sum += await child;
          return sum;
        };
        return node(0, all);
      }),

    go: { go: "skynet" },
  },
});
