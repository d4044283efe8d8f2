// How long does a chain of a thousand jobs, linked by channels, take to sieve primes?
import { Effect, Queue } from "effect";
import { channel, type Channel, scope } from "skein/async";

import { ask, check, type Load, type Samples } from "./harness.js";
import { PromiseChannel } from "./promise-channel.js";

/** @param sieve - gives the prime with that number, 1 being that of 2 */
async function measure(load: Load, sieve: (primes: number) => Promise<number>): Promise<Samples> {
  const samples: number[] = [];
  const primes = load.of(1000, 50);
  await sieve(load.of(200, 20));
  for (let i = 0; i < load.of(3, 1); i++) {
    const startMs = performance.now();
    check(await sieve(primes), load.of(7919, 229));
    samples.push(performance.now() - startMs);
  }
  return { sieve: samples };
}

await ask({
  module: import.meta.url,
  asks: "How long does a chain of a thousand jobs, linked by channels, take to sieve primes?",
  units: { sieve: "ms" },
  targets: [{ metric: "sieve", of: "skein", against: "promises", ratioAtMost: 3.5 }],
  rounds: 3,
  variants: {
    skein: (load) =>
      measure(load, async (primes) => {
        let prime = 0;
        await scope(async (s) => {
          let numbers: Channel<number> = channel(0, s);
          const first = numbers;
          s.spawn(async () => {
            for (let number = 2; ; number++) await first.send(number);
          });
          for (let i = 0; i < primes; i++) {
            const source = numbers;
            const divisor = await source.receive();
            const rest = channel<number>(0, s);
            s.spawn(async () => {
              for (;;) {
                const number = await source.receive();
                if (number % divisor !== 0) await rest.send(number);
              }
            });
            numbers = rest;
            prime = divisor;
          }
          s.cancel();
        });
        return prime;
      }),

    effect: (load) =>
      measure(load, (primes) =>
        Effect.runPromise(
          Effect.gen(function* () {
            let numbers = yield* Queue.bounded<number>(1);
            const first = numbers;
            yield* Effect.forkChild(
              Effect.gen(function* () {
                for (let number = 2; ; number++) yield* Queue.offer(first, number);
              }),
            );
            let prime = 0;
            for (let i = 0; i < primes; i++) {
              const source = numbers;
              const divisor = yield* Queue.take(source);
              const rest = yield* Queue.bounded<number>(1);
              yield* Effect.forkChild(
                Effect.gen(function* () {
                  for (;;) {
                    const number = yield* Queue.take(source);
                    if (number % divisor !== 0) yield* Queue.offer(rest, number);
                  }
                }),
              );
              numbers = rest;
              prime = divisor;
            }
            return prime;
          }),
        ),
      ),

    promises: (load) =>
      measure(load, async (primes) => {
        // Nothing can cancel these: each looks, at each number, whether to go on.
        const sieving = { goesOn: true };
        const first = new PromiseChannel<number>();
        const generate = async (): Promise<void> => {
          for (let number = 2; sieving.goesOn; number++) await first.send(number);
        };
        const filter = async (
          source: PromiseChannel<number>,
          rest: PromiseChannel<number>,
          divisor: number,
        ): Promise<void> => {
          while (sieving.goesOn) {
            const number = await source.receive();
            if (number % divisor !== 0) await rest.send(number);
          }
        };
        void generate();
        let prime = 0;
        let numbers = first;
        for (let i = 0; i < primes; i++) {
          prime = await numbers.receive();
          const rest = new PromiseChannel<number>();
          void filter(numbers, rest, prime);
          numbers = rest;
        }
        sieving.goesOn = false;
        return prime;
      }),

    go: { go: "prime-sieve" },
  },
});
