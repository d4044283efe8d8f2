/**
 * The pull of bodies on each other, of all on all. A pair is looked at once, for both; every so
 * many bodies make a slice, which has sums of its own for all bodies, so that nobody else adds to
 * them. At the end the sums of all slices are added.
 *
 * Work O(n²), half of the pairs; span O(n² / slices + slices). Repeatable: sums are added in the order of slices.
 */
import { task } from "skein";
import type { Cancel } from "skein/async";
import { parallel, type ParallelOptions } from "skein/parallel";
import { SharedArray } from "skein/shared";

import { randomBelow } from "./random.js";
import { Workspace } from "./workspace.js";

/** Four numbers a body: where it is, and its mass. */
export type Bodies = SharedArray<"float64">;
/** Three numbers a body: what pulls it in each direction. */
export type Pulls = SharedArray<"float64">;

/** Added to squares of distances, so that bodies that meet do not fly off. */
const SOFTENING = 1e-6;
const LEAST_SLICES = 8;
const MOST_SLICES = 32;
/** Sums of all slices together, as far as there are more than the least slices. */
const MOST_SUMS = 1 << 20;

/**
 * Adds what body `i` and those behind it pull each other. A function of its own: engines compile well what is
 * called often, and a long loop that is called once as well as they can in its midst.
 */
function pullOne(bodies: Float64Array, pulls: Float64Array, i: number): void {
  const atX = bodies[4 * i] as number;
  const atY = bodies[4 * i + 1] as number;
  const atZ = bodies[4 * i + 2] as number;
  const mass = bodies[4 * i + 3] as number;
  let [pullX, pullY, pullZ] = [0, 0, 0];
  for (let at = 4 * (i + 1), pulled = 3 * (i + 1); at < bodies.length; at += 4, pulled += 3) {
    const toX = (bodies[at] as number) - atX;
    const toY = (bodies[at + 1] as number) - atY;
    const toZ = (bodies[at + 2] as number) - atZ;
    const square = toX * toX + toY * toY + toZ * toZ + SOFTENING;
    const strength = 1 / (square * Math.sqrt(square));
    const pull = strength * (bodies[at + 3] as number);
    pullX += pull * toX;
    pullY += pull * toY;
    pullZ += pull * toZ;
    const back = strength * mass;
    (pulls[pulled] as number) -= back * toX;
    (pulls[pulled + 1] as number) -= back * toY;
    (pulls[pulled + 2] as number) -= back * toZ;
  }
  (pulls[3 * i] as number) += pullX;
  (pulls[3 * i + 1] as number) += pullY;
  (pulls[3 * i + 2] as number) += pullZ;
}

/**
 * Adds what each `slices`-th body and those after it pull each other. From the last one on, which has
 * least to do: so all of `pullOne` has run before it is compiled, also what comes after its loop.
 */
function pullEach(bodies: Float64Array, pulls: Float64Array, slice: number, slices: number): void {
  const last = slice + Math.floor((bodies.length / 4 - 1 - slice) / slices) * slices;
  for (let i = last; i >= 0; i -= slices) pullOne(bodies, pulls, i);
}

const pullOfSlice = task(function pullOfSlice(slice: number, slices: number, bodies: Bodies, sums: Pulls): void {
  const length = sums.length / slices;
  pullEach(bodies.values, sums.values.subarray(slice * length, (slice + 1) * length).fill(0), slice, slices);
});

const sumOfSlices = task(function sumOfSlices(i: number, slices: number, sums: Pulls): number {
  const { values } = sums;
  let sum = 0;
  for (let at = i; at < values.length; at += values.length / slices) sum += values[at] as number;
  return sum;
});

/** What pulls each body: its acceleration, where the constant of gravitation is 1. */
export async function gravitation(bodies: Bodies, options: ParallelOptions = {}, cancel?: Cancel): Promise<Pulls> {
  using space = new Workspace();
  const count = bodies.length / 4;
  const slices = Math.min(count, MOST_SLICES, Math.max(LEAST_SLICES, Math.floor(MOST_SUMS / count)));
  const sums = space.makeToFill("float64", slices * 3 * count);
  await parallel.for(0, slices, pullOfSlice, { ...options, args: [slices, bodies, sums] }, cancel);
  return await parallel.tabulate(3 * count, sumOfSlices, { ...options, args: [slices, sums] }, cancel);
}

/** The same on one thread, each pair once. */
export function sequentialGravitation(bodies: Bodies): Float64Array {
  const pulls = new Float64Array((bodies.length / 4) * 3);
  pullEach(bodies.values, pulls, 0, 1);
  return pulls;
}

/** Bodies in a cube. */
export function input(size: number, seed: number): Bodies {
  const below = randomBelow(seed);
  const bodies = new SharedArray({ type: "float64", length: 4 * size });
  for (let i = 0; i < bodies.length; i++) bodies.values[i] = below(1e6) / 1e6;
  return bodies;
}
