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

import { type Bodies, pullEach, type Pulls } from "./in-turn/n-body.js";
import { Workspace } from "./support/workspace.js";

const LEAST_SLICES = 8;
const MOST_SLICES = 32;
/** Sums of all slices together, as far as there are more than the least slices. */
const MOST_SUMS = 1 << 20;

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
