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

type Column = SharedArray<"float64">;

export interface Vectors {
  readonly x: Column;
  readonly y: Column;
  readonly z: Column;
}

export interface Bodies extends Vectors {
  readonly mass: Column;
}

/** Added to squares of distances, so that bodies that meet do not fly off. */
const SOFTENING = 1e-6;
const LEAST_SLICES = 8;
const MOST_SLICES = 64;
/** Sums of all slices together, as far as there are more than the least slices. */
const MOST_SUMS = 1 << 20;
/** Bodies whose sums are added together, slice by slice: they are side by side there. */
const BLOCK = 256;

/**
 * Adds what body `i` and bodies `from` to `to` pull each other; body `i` has its sum in place `base + i`. A
 * function of its own: engines compile well what is called often, and a long loop that is called once as
 * well as they can in its midst.
 */
function pullOne(bodies: Bodies, sums: Vectors, base: number, i: number, from: number, to: number): void {
  const x = bodies.x.values;
  const y = bodies.y.values;
  const z = bodies.z.values;
  const mass = bodies.mass.values;
  const sumsX = sums.x.values;
  const sumsY = sums.y.values;
  const sumsZ = sums.z.values;
  const atX = x[i] as number;
  const atY = y[i] as number;
  const atZ = z[i] as number;
  const own = mass[i] as number;
  let sumX = 0;
  let sumY = 0;
  let sumZ = 0;
  for (let j = from; j < to; j++) {
    const toX = (x[j] as number) - atX;
    const toY = (y[j] as number) - atY;
    const toZ = (z[j] as number) - atZ;
    const square = toX * toX + toY * toY + toZ * toZ + SOFTENING;
    const strength = 1 / (square * Math.sqrt(square));
    const pulled = strength * (mass[j] as number);
    const pulling = strength * own;
    sumX += pulled * toX;
    sumY += pulled * toY;
    sumZ += pulled * toZ;
    (sumsX[base + j] as number) -= pulling * toX;
    (sumsY[base + j] as number) -= pulling * toY;
    (sumsZ[base + j] as number) -= pulling * toZ;
  }
  (sumsX[base + i] as number) += sumX;
  (sumsY[base + i] as number) += sumY;
  (sumsZ[base + i] as number) += sumZ;
}

/**
 * Adds what each `slices`-th body and those after it pull each other. From the last one on, which has
 * least to do: so all of `pullOne` has run before it is compiled, also what comes after its loop.
 */
function pullEach(bodies: Bodies, sums: Vectors, base: number, slice: number, slices: number): void {
  const { length } = bodies.mass;
  const last = slice + Math.floor((length - 1 - slice) / slices) * slices;
  for (let i = last; i >= 0; i -= slices) pullOne(bodies, sums, base, i, i + 1, length);
}

const pullOfSlice = task(function pullOfSlice(slice: number, slices: number, bodies: Bodies, sums: Vectors): void {
  const { length } = bodies.mass;
  const base = slice * length;
  for (const { values } of [sums.x, sums.y, sums.z]) values.fill(0, base, base + length);
  pullEach(bodies, sums, base, slice, slices);
});

const addSlices = task(function addSlices(block: number, slices: number, sums: Vectors, pulls: Vectors): void {
  addColumn(block, slices, sums.x, pulls.x);
  addColumn(block, slices, sums.y, pulls.y);
  addColumn(block, slices, sums.z, pulls.z);
});

function addColumn(block: number, slices: number, sums: Column, pulls: Column): void {
  const { length } = pulls;
  const end = Math.min(length, (block + 1) * BLOCK);
  for (let slice = 0; slice < slices; slice++) {
    const base = slice * length;
    for (let i = block * BLOCK; i < end; i++) (pulls.values[i] as number) += sums.values[base + i] as number;
  }
}

/** What pulls each body: its acceleration, where the constant of gravitation is 1. */
export async function gravitation(bodies: Bodies, options: ParallelOptions = {}, cancel?: Cancel): Promise<Vectors> {
  using space = new Workspace();
  const { length } = bodies.mass;
  const slices = Math.min(length, MOST_SLICES, Math.max(LEAST_SLICES, Math.floor(MOST_SUMS / length)));
  const pulls = columns(() => space.make("float64", length));
  const sums = columns(() => space.makeToFill("float64", slices * length));
  await parallel.for(0, slices, pullOfSlice, { ...options, args: [slices, bodies, sums] }, cancel);
  await parallel.for(0, Math.ceil(length / BLOCK), addSlices, { ...options, args: [slices, sums, pulls] }, cancel);
  return columns((column) => space.give(pulls[column]));
}

function columns<Made>(make: (column: keyof Vectors) => Made): {
  readonly x: Made;
  readonly y: Made;
  readonly z: Made;
} {
  return { x: make("x"), y: make("y"), z: make("z") };
}

/** The same on one thread, each pair once. */
export function sequentialGravitation(bodies: Bodies): Vectors {
  const pulls = columns(() => new SharedArray({ type: "float64", length: bodies.mass.length }));
  if (bodies.mass.length > 0) pullEach(bodies, pulls, 0, 0, 1);
  return pulls;
}

/** Bodies in a cube. */
export function input(size: number, seed: number): Bodies {
  const below = randomBelow(seed);
  const column = (): Column => {
    const made = new SharedArray({ type: "float64", length: size });
    for (let i = 0; i < size; i++) made.values[i] = below(1e6) / 1e6;
    return made;
  };
  return { x: column(), y: column(), z: column(), mass: column() };
}
