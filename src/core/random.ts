/**
 * The one source of randomness; reached as `#random`.
 *
 * Seeded from the platform unless a seed is given, so that a test can repeat the
 * choices that fairness leaves open. Not for secrets.
 *
 * The generator is sfc32: 128 bits of state, period at least 2^32, public domain.
 */

let a = 0;
let b = 0;
let c = 0;
let counter = 1;

function next(): number {
  const sum = (((a + b) | 0) + counter) | 0;
  counter = (counter + 1) | 0;
  a = b ^ (b >>> 9);
  b = (c + (c << 3)) | 0;
  c = ((c << 21) | (c >>> 11)) + sum;
  c |= 0;
  return sum >>> 0;
}

/** Starts the sequence anew: the same seed gives the same choices. */
export function seedRandom(seed: number): void {
  a = seed | 0;
  b = Math.floor(seed / 2 ** 32) | 0;
  c = 0x9e3779b9 | 0;
  counter = 1;
  // The first outputs still show the seed's structure.
  for (let round = 0; round < 12; round++) next();
}

/** A whole number from 0 to `bound - 1`, each as likely (bias below 2^-32 · bound). */
export function randomBelow(bound: number): number {
  return Math.floor((next() / 2 ** 32) * bound);
}

/** A fraction from 0 up to, but not, 1. */
export function randomFraction(): number {
  return next() / 2 ** 32;
}

// The platform's seed enters here and nowhere else.
seedRandom(Math.floor(Math.random() * 2 ** 52));
