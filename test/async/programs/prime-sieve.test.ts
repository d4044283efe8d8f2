/**
 * The concurrent prime sieve from Go's documentation: a chain of jobs, each of
 * which takes the multiples of one prime out of what flows through it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { channel, type Channel } from "#skein/async/channel";
import { type Scope, scope } from "skein";

function numbersFrom(first: number, s: Scope): Channel<number> {
  const numbers = channel<number>(0, s);
  s.spawn(async () => {
    for (let number = first; ; number++) await numbers.send(number);
  });
  return numbers;
}

function withoutMultiples(of: number, numbers: Channel<number>, s: Scope): Channel<number> {
  const rest = channel<number>(0, s);
  s.spawn(async () => {
    for await (const number of numbers) if (number % of !== 0) await rest.send(number);
  });
  return rest;
}

async function sieve(count: number): Promise<number[]> {
  const primes: number[] = [];
  const chain: Channel<number>[] = [];
  await scope(async (s) => {
    let numbers = numbersFrom(2, s);
    while (primes.length < count) {
      chain.push(numbers);
      const prime = await numbers.receive();
      primes.push(prime);
      numbers = withoutMultiples(prime, numbers, s);
    }
    s.cancel("enough");
  });
  // All have ended with the scope, and nobody waits on any of the channels.
  for (const { waitingSenders, waitingReceivers } of chain.map((one) => one.statistics())) {
    assert.deepEqual([waitingSenders, waitingReceivers], [0, 0]);
  }
  return primes;
}

test("a chain of 300 jobs finds the first 300 primes, and all end when it is cut", async () => {
  const isPrime = (number: number): boolean => {
    for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false;
    return true;
  };
  const expected: number[] = [];
  for (let number = 2; expected.length < 300; number++) if (isPrime(number)) expected.push(number);
  const primes = await sieve(300);
  assert.equal(primes.at(-1), 1987);
  assert.deepEqual(primes, expected);
});
