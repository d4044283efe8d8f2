/**
 * The pull of bodies on each other, of all on all. A pair is looked at once, for both; bodies
 * are in tiles, and pairs of tiles meet as teams of a tournament do: in rounds, in which each
 * tile meets one other, so that nobody else adds to its sums.
 *
 * Work O(n²), half of the pairs; span O(n² / tiles). Repeatable: sums are added in the order of rounds.
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
const LEAST_TILE = 64;
/** Even, as teams meet in pairs. */
const MOST_TILES = 32;

/**
 * Adds what body `i` and bodies `from` to `to` pull each other. A function of its own: engines
 * compile well what is called often, and a long loop that is called once as well as they can in its midst.
 */
function pullOne(bodies: Bodies, pulls: Vectors, i: number, from: number, to: number): void {
  const x = bodies.x.values;
  const y = bodies.y.values;
  const z = bodies.z.values;
  const mass = bodies.mass.values;
  const pullX = pulls.x.values;
  const pullY = pulls.y.values;
  const pullZ = pulls.z.values;
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
    (pullX[j] as number) -= pulling * toX;
    (pullY[j] as number) -= pulling * toY;
    (pullZ[j] as number) -= pulling * toZ;
  }
  (pullX[i] as number) += sumX;
  (pullY[i] as number) += sumY;
  (pullZ[i] as number) += sumZ;
}

/**
 * Adds what bodies `from` to `to` pull each other, each pair once. From the last one on, which has
 * least to do: so all of `pullOne` has run before it is compiled, also what comes after its loop.
 */
function pullEachOther(bodies: Bodies, pulls: Vectors, from: number, to: number): void {
  for (let i = to - 1; i >= from; i--) pullOne(bodies, pulls, i, i + 1, to);
}

/** Each tile by itself. */
const pullWithin = task(function pullWithin(tile: number, tiles: number, bodies: Bodies, pulls: Vectors): void {
  const from = beginOf(tile, tiles, bodies);
  pullEachOther(bodies, pulls, from, beginOf(tile + 1, tiles, bodies));
});

/** The two tiles of a pair of a round: the last tile stays where it is, the others go round it. */
export function tilesOf(pair: number, round: number, tiles: number): readonly [number, number] {
  const around = tiles - 1;
  return [pair === 0 ? around : (round + pair) % around, (round + around - pair) % around];
}

const pullBetween = task(function pullBetween(
  pair: number,
  round: number,
  tiles: number,
  bodies: Bodies,
  pulls: Vectors,
): void {
  const [first, second] = tilesOf(pair, round, tiles);
  const [others, end] = [beginOf(second, tiles, bodies), beginOf(second + 1, tiles, bodies)];
  const to = beginOf(first + 1, tiles, bodies);
  for (let i = beginOf(first, tiles, bodies); i < to; i++) pullOne(bodies, pulls, i, others, end);
});

function beginOf(tile: number, tiles: number, { mass }: Bodies): number {
  return Math.floor((tile * mass.length) / tiles);
}

/** What pulls each body: its acceleration, where the constant of gravitation is 1. */
export async function gravitation(bodies: Bodies, options: ParallelOptions = {}, cancel?: Cancel): Promise<Vectors> {
  using space = new Workspace();
  const { length } = bodies.mass;
  const pulls = {
    x: space.make("float64", length),
    y: space.make("float64", length),
    z: space.make("float64", length),
  };
  const tiles = Math.min(MOST_TILES, 2 * Math.ceil(length / LEAST_TILE / 2));
  await parallel.for(0, tiles, pullWithin, { ...options, args: [tiles, bodies, pulls] }, cancel);
  for (let round = 0; round < tiles - 1; round++) {
    await parallel.for(0, tiles / 2, pullBetween, { ...options, args: [round, tiles, bodies, pulls] }, cancel);
  }
  return { x: space.give(pulls.x), y: space.give(pulls.y), z: space.give(pulls.z) };
}

/** The same on one thread, each pair once. */
export function sequentialGravitation(bodies: Bodies): Vectors {
  const { length } = bodies.mass;
  const column = (): Column => new SharedArray({ type: "float64", length });
  const pulls = { x: column(), y: column(), z: column() };
  pullEachOther(bodies, pulls, 0, length);
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
