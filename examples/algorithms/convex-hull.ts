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

import { hullOf, type Points } from "./in-turn/convex-hull.js";
import { blocksOf, itemsOf, type Numbers, Workspace } from "./support/workspace.js";

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
