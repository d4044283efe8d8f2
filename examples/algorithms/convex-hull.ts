/**
 * The convex hull of points in a plane: the hull of each block of them, then the hull of what
 * these have.
 *
 * Work O(n log n) for most inputs, O(n × corners) at worst; span O(n / blocks × log n + blocks ×
 * corners of one). Repeatable.
 */
import { task } from "skein";
import type { Cancel } from "skein/async";
import { parallel, type ParallelOptions } from "skein/parallel";
import { SharedArray } from "skein/shared";

import { hullOf } from "./quickhull.js";
import { randomBelow } from "./random.js";
import { blocksOf, itemsOf, type Numbers, Workspace } from "./workspace.js";

/** Whole numbers of at most 25 bits, so that no product is rounded and every turn is told right. */
export interface Points {
  readonly x: SharedArray<"int32">;
  readonly y: SharedArray<"int32">;
}

/** Writes the corners of a block where its points would be, and how many there are. */
const hullOfBlock = task(function hullOfBlock(block: number, points: Points, corners: Numbers, counts: Numbers): void {
  const { from, end } = itemsOf(block, points.x.length);
  const indexes = new Uint32Array(end - from);
  for (let i = 0; i < indexes.length; i++) indexes[i] = from + i;
  const found = hullOf({ x: points.x.values, y: points.y.values }, indexes);
  corners.values.set(found, from);
  counts.values[block] = found.length;
});

/**
 * The corners of the hull: indexes of points, counter-clockwise from the leftmost one on, from
 * the lower of those. Points on an edge are none, of equal points the first one is.
 */
export async function convexHull(points: Points, options: ParallelOptions = {}, cancel?: Cancel): Promise<Numbers> {
  using space = new Workspace();
  const { length } = points.x;
  const counts = space.makeToFill("uint32", blocksOf(length));
  const corners = space.makeToFill("uint32", length);
  await parallel.for(0, counts.length, hullOfBlock, { ...options, args: [points, corners, counts] }, cancel);
  const candidates = [...counts].flatMap((count, block) => {
    const { from } = itemsOf(block, length);
    return [...corners.values.subarray(from, from + count)];
  });
  return SharedArray.from("uint32", hullOf({ x: points.x.values, y: points.y.values }, Uint32Array.from(candidates)));
}

/** The same on one thread, all at once. */
export function sequentialConvexHull(points: Points): Uint32Array {
  const indexes = new Uint32Array(points.x.length);
  for (let i = 0; i < indexes.length; i++) indexes[i] = i;
  return Uint32Array.from(hullOf({ x: points.x.values, y: points.y.values }, indexes));
}

/** Points in a disc. */
export function input(size: number, seed: number): Points {
  const below = randomBelow(seed);
  const radius = 1 << 23;
  const x = new SharedArray({ type: "int32", length: size });
  const y = new SharedArray({ type: "int32", length: size });
  for (let i = 0; i < size;) {
    const [toRight, up] = [below(2 * radius) - radius, below(2 * radius) - radius];
    if (Math.hypot(toRight, up) > radius) continue;
    x.values[i] = toRight;
    y.values[i++] = up;
  }
  return { x, y };
}
