// What does it cost to start a cancellable, named job in a scope and to await it?
import { Effect, Fiber } from "effect";
import { type Operation, run, spawn } from "effection";
import { scope } from "skein/async";

import { ask, type Batches, check, type Load, type Samples, time } from "./harness.js";

const BURST = 1000;

function batchesOf(load: Load): Batches {
  return { operations: load.of(50_000, 2000), batches: load.of(20, 1), warmUp: load.of(5, 0) };
}

/** What programs write by hand: starts functions, and can wait until all have ended. */
interface ScopeByHand {
  spawn(work: () => number | Promise<number>): Promise<number>;
  ended(): Promise<unknown>;
}

/** Counts those that go on. */
class CounterScope implements ScopeByHand {
  #underway = 0;
  #failure: { readonly error: unknown } | undefined = undefined;
  #wake: (() => void) | undefined = undefined;

  async spawn(work: () => number | Promise<number>): Promise<number> {
    this.#underway++;
    try {
      // So that who spawns goes on first.
      await undefined;
      return await work();
    } catch (error) {
      this.#failure ??= { error };
      throw error;
    } finally {
      if (--this.#underway === 0) this.#wake?.();
    }
  }

  async ended(): Promise<void> {
    if (this.#underway > 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** Knows those that go on. */
class SetScope implements ScopeByHand {
  readonly #underway = new Set<Promise<number>>();

  spawn(work: () => number | Promise<number>): Promise<number> {
    const job = Promise.resolve().then(work);
    this.#underway.add(job);
    return job.finally(() => this.#underway.delete(job));
  }

  ended(): Promise<unknown> {
    return Promise.all(this.#underway);
  }
}

async function measureByHand(load: Load, group: ScopeByHand): Promise<Samples> {
  const batches = batchesOf(load);
  const work = (): number => 1;
  return {
    "one by one": await time(batches, async () => {
      let sum = 0;
      for (let i = 0; i < batches.operations; i++) sum += await group.spawn(work);
      check(sum, batches.operations);
      await group.ended();
    }),
    "a thousand at once": await time(batches, async () => {
      let sum = 0;
      for (let i = 0; i < batches.operations; i += BURST) {
        const jobs = Array.from({ length: BURST }, () => group.spawn(work));
        for (const job of jobs) sum += await job;
      }
      check(sum, batches.operations);
      await group.ended();
    }),
  };
}

await ask({
  module: import.meta.url,
  asks: "What does it cost to start a cancellable, named job in a scope and to await it?",
  units: { "one by one": "ns a job", "a thousand at once": "ns a job" },
  targets: [
    { metric: "one by one", of: "skein", atMost: 1000 },
    { metric: "one by one", of: "skein", against: "effect", ratioAtMost: 1.5 },
    { metric: "one by one", of: "skein", against: "scope by hand, a counter", ratioAtMost: 2 },
    { metric: "one by one", of: "skein", against: "scope by hand, a set", ratioAtMost: 1 },
    { metric: "a thousand at once", of: "skein", atMost: 1000 },
    { metric: "a thousand at once", of: "skein", against: "effect", ratioAtMost: 1.5 },
    { metric: "a thousand at once", of: "skein", against: "scope by hand, a counter", ratioAtMost: 2 },
    { metric: "a thousand at once", of: "skein", against: "scope by hand, a set", ratioAtMost: 1 },
  ],
  variants: {
    async skein(load) {
      const batches = batchesOf(load);
      const work = (): number => 1;
      return {
        "one by one": await time(batches, () =>
          scope(async (s) => {
            let sum = 0;
            for (let i = 0; i < batches.operations; i++) sum += await s.spawn(work, [], { name: "job" });
            check(sum, batches.operations);
          }),
        ),
        "a thousand at once": await time(batches, () =>
          scope(async (s) => {
            let sum = 0;
            for (let i = 0; i < batches.operations; i += BURST) {
              const jobs = Array.from({ length: BURST }, () => s.spawn(work, [], { name: "job" }));
              for (const job of jobs) sum += await job;
            }
            check(sum, batches.operations);
          }),
        ),
      };
    },

    async effect(load) {
      const batches = batchesOf(load);
      const work = Effect.sync(() => 1);
      const oneByOne = Effect.gen(function* () {
        let sum = 0;
        for (let i = 0; i < batches.operations; i++) sum += yield* Fiber.join(yield* Effect.forkChild(work));
        check(sum, batches.operations);
      });
      const atOnce = Effect.gen(function* () {
        let sum = 0;
        for (let i = 0; i < batches.operations; i += BURST) {
          const fibers = [];
          for (let j = 0; j < BURST; j++) fibers.push(yield* Effect.forkChild(work));
          for (const fiber of fibers) sum += yield* Fiber.join(fiber);
        }
        check(sum, batches.operations);
      });
      return {
        "one by one": await time(batches, () => Effect.runPromise(oneByOne)),
        "a thousand at once": await time(batches, () => Effect.runPromise(atOnce)),
      };
    },

    async effection(load) {
      const batches = { ...batchesOf(load), operations: load.of(5000, 1000), batches: load.of(10, 1) };
      // oxlint-disable-next-line require-yield -- an operation that has its result at once
      function* work(): Operation<number> {
        return 1;
      }
      return {
        "one by one": await time(batches, () =>
          run(function* () {
            let sum = 0;
            for (let i = 0; i < batches.operations; i++) sum += yield* yield* spawn(work);
            check(sum, batches.operations);
          }),
        ),
        "a thousand at once": await time(batches, () =>
          run(function* () {
            let sum = 0;
            for (let i = 0; i < batches.operations; i += BURST) {
              const tasks = [];
              for (let j = 0; j < BURST; j++) tasks.push(yield* spawn(work));
              for (const task of tasks) sum += yield* task;
            }
            check(sum, batches.operations);
          }),
        ),
      };
    },

    "scope by hand, a counter": (load) => measureByHand(load, new CounterScope()),
    "scope by hand, a set": (load) => measureByHand(load, new SetScope()),

    // The floor: no scope, no name, no cancellation.
    async promises(load) {
      const batches = batchesOf(load);
      const work = async (): Promise<number> => 1;
      return {
        "one by one": await time(batches, async () => {
          let sum = 0;
          for (let i = 0; i < batches.operations; i++) sum += await work();
          check(sum, batches.operations);
        }),
        "a thousand at once": await time(batches, async () => {
          let sum = 0;
          for (let i = 0; i < batches.operations; i += BURST) {
            const promises = Array.from({ length: BURST }, () => work());
            for (const promise of promises) sum += await promise;
          }
          check(sum, batches.operations);
        }),
      };
    },
  },
});
