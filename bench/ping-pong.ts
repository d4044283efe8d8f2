// What does it cost two jobs to hand each other a value over channels, and one that need not wait?
import { Effect, Fiber, Queue } from "effect";
import { createQueue, run, spawn } from "effection";
import { channel, scope } from "skein/async";

import { ask, type Batches, check, type Load, time } from "./harness.js";
import { PromiseChannel } from "./promise-channel.js";

/** Each round trip is two messages. */
function batchesOf(load: Load): Batches & { readonly roundTrips: number } {
  const roundTrips = load.of(50_000, 1000);
  return { roundTrips, operations: 2 * roundTrips, batches: load.of(20, 1), warmUp: load.of(5, 0) };
}

await ask({
  module: import.meta.url,
  asks: "What does it cost two jobs to hand each other a value over channels, and one that need not wait?",
  units: { message: "ns", buffered: "ns" },
  targets: [
    { metric: "message", of: "skein", atMost: 400 },
    { metric: "message", of: "skein", against: "effect", ratioAtMost: 0.25 },
    { metric: "message", of: "skein", against: "promises", ratioAtMost: 3.5 },
    { metric: "message", of: "skein", against: "await of an async function", ratioAtMost: 5 },
    { metric: "buffered", of: "skein", against: "await of an async function", ratioAtMost: 1 },
  ],
  variants: {
    async skein(load) {
      const batches = batchesOf(load);
      return {
        message: await time(batches, () =>
          scope(async (s) => {
            const pings = channel<number>(0, s);
            const pongs = channel<number>(0, s);
            s.spawn(async () => {
              for (let i = 0; i < batches.roundTrips; i++) await pongs.send((await pings.receive()) + 1);
            });
            let value = 0;
            for (let i = 0; i < batches.roundTrips; i++) {
              await pings.send(value);
              value = await pongs.receive();
            }
            check(value, batches.roundTrips);
          }),
        ),
        // A value goes through a channel that has room and something in it: nobody waits.
        buffered: await time(batches, () =>
          scope(async (s) => {
            const numbers = channel<number>(4, s);
            let sum = 0;
            for (let i = 0; i < batches.operations; i++) {
              if (!numbers.trySend(1)) await numbers.send(1);
              sum += numbers.tryReceive()?.value ?? (await numbers.receive());
            }
            check(sum, batches.operations);
          }),
        ),
      };
    },

    async effect(load) {
      const batches = batchesOf(load);
      const program = Effect.gen(function* () {
        // Its queues hold one value at least.
        const pings = yield* Queue.bounded<number>(1);
        const pongs = yield* Queue.bounded<number>(1);
        const answering = yield* Effect.forkChild(
          Effect.gen(function* () {
            for (let i = 0; i < batches.roundTrips; i++) yield* Queue.offer(pongs, (yield* Queue.take(pings)) + 1);
          }),
        );
        let value = 0;
        for (let i = 0; i < batches.roundTrips; i++) {
          yield* Queue.offer(pings, value);
          value = yield* Queue.take(pongs);
        }
        yield* Fiber.join(answering);
        check(value, batches.roundTrips);
      });
      return { message: await time(batches, () => Effect.runPromise(program)) };
    },

    async effection(load) {
      const roundTrips = load.of(5000, 500);
      const batches: Batches = { operations: 2 * roundTrips, batches: load.of(10, 1), warmUp: load.of(3, 0) };
      return {
        message: await time(batches, () =>
          run(function* () {
            const pings = createQueue<number, never>();
            const pongs = createQueue<number, never>();
            void (yield* spawn(function* () {
              for (let i = 0; i < roundTrips; i++) pongs.add((yield* pings.next()).value + 1);
            }));
            let value = 0;
            for (let i = 0; i < roundTrips; i++) {
              pings.add(value);
              value = (yield* pongs.next()).value;
            }
            check(value, roundTrips);
          }),
        ),
      };
    },

    async promises(load) {
      const batches = batchesOf(load);
      return {
        message: await time(batches, async () => {
          const pings = new PromiseChannel<number>();
          const pongs = new PromiseChannel<number>();
          const answering = (async () => {
            for (let i = 0; i < batches.roundTrips; i++) await pongs.send((await pings.receive()) + 1);
          })();
          let value = 0;
          for (let i = 0; i < batches.roundTrips; i++) {
            await pings.send(value);
            value = await pongs.receive();
          }
          await answering;
          check(value, batches.roundTrips);
        }),
      };
    },

    // What a wait costs at least.
    async "await of an async function"(load) {
      const batches = batchesOf(load);
      const one = async (): Promise<number> => 1;
      const samples = await time(batches, async () => {
        let sum = 0;
        for (let i = 0; i < batches.operations; i++) sum += await one();
        check(sum, batches.operations);
      });
      return { message: samples, buffered: samples };
    },

    go: { go: "ping-pong" },
  },
});
