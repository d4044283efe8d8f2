/**
 * The convex hull of points in a plane, on one thread, by halves: the point that is farthest from a line is a
 * corner, and only what is beyond the lines to it can have more.
 *
 * Work O(n log n) for most inputs, O(n × corners) at worst; no memory but that of the points' indexes.
 */
import type { SharedArray } from "skein/shared";

/** Whole numbers of at most 25 bits, so that no product is rounded and every turn is told right. */
export interface Points {
  readonly x: SharedArray<"int32">;
  readonly y: SharedArray<"int32">;
}

/** Points by their coordinates, whole numbers of at most 25 bits, so that no product is rounded and every turn is told right. */
interface Plane {
  readonly x: Int32Array;
  readonly y: Int32Array;
}

/** Points go from left to right, from below; equal ones by their indexes. */
function isBefore({ x, y }: Plane, a: number, b: number): boolean {
  if (x[a] !== x[b]) return (x[a] as number) < (x[b] as number);
  return y[a] === y[b] ? a < b : (y[a] as number) < (y[b] as number);
}

/** Points beyond a line, on its right, and that of them which is farthest from it. */
interface Beyond {
  readonly points: Uint32Array;
  readonly farthest: number;
}

/**
 * Moves those that are beyond the line from `a` to `middle` to the front of `points`, and those beyond the one from
 * there to `b` to the end. Nobody is beyond both, as `middle` is the farthest of all.
 */
function split({ x, y }: Plane, a: number, middle: number, b: number, points: Uint32Array): readonly [Beyond, Beyond] {
  const [aX, aY] = [x[a] as number, y[a] as number];
  const [middleX, middleY] = [x[middle] as number, y[middle] as number];
  const [inX, inY] = [middleX - aX, middleY - aY];
  const [outX, outY] = [(x[b] as number) - middleX, (y[b] as number) - middleY];
  let [first, second] = [-1, -1];
  let [mostFirst, mostSecond] = [0, 0];
  let front = 0;
  let end = points.length;
  for (let i = 0; i < end;) {
    const point = points[i] as number;
    const [pointX, pointY] = [x[point] as number, y[point] as number];
    const beyondFirst = (pointX - aX) * inY - inX * (pointY - aY);
    if (beyondFirst > 0) {
      points[i++] = points[front] as number;
      points[front++] = point;
      // Of several on a line the first one is an end of it: those in the middle are no corners.
      if (beyondFirst > mostFirst || (beyondFirst === mostFirst && isBefore({ x, y }, point, first))) first = point;
      if (beyondFirst > mostFirst) mostFirst = beyondFirst;
      continue;
    }
    const beyondSecond = (pointX - middleX) * outY - outX * (pointY - middleY);
    if (beyondSecond <= 0) {
      i++;
      continue;
    }
    points[i] = points[--end] as number;
    points[end] = point;
    if (beyondSecond > mostSecond || (beyondSecond === mostSecond && isBefore({ x, y }, point, second))) second = point;
    if (beyondSecond > mostSecond) mostSecond = beyondSecond;
  }
  return [
    { points: points.subarray(0, front), farthest: first },
    { points: points.subarray(end), farthest: second },
  ];
}

/** Adds the corners between `a` and `b`, which are among those beyond that line. */
function addBetween(plane: Plane, a: number, b: number, { points, farthest }: Beyond, corners: number[]): void {
  if (farthest === -1) return;
  const [before, after] = split(plane, a, farthest, b, points);
  addBetween(plane, a, farthest, before, corners);
  corners.push(farthest);
  addBetween(plane, farthest, b, after, corners);
}

function areEqual({ x, y }: Plane, a: number, b: number): boolean {
  return x[a] === x[b] && y[a] === y[b];
}

/** The corners of the hull of some points, which it moves: their indexes, counter-clockwise from the leftmost one on. */
export function hullOf(plane: Plane, points: Uint32Array): number[] {
  if (points.length === 0) return [];
  let [first, last] = [points[0] as number, points[0] as number];
  for (const point of points) {
    if (isBefore(plane, point, first)) first = point;
    // Of equal points the one of lowest index is meant, at either end.
    if (isBefore(plane, last, point) && !areEqual(plane, last, point)) last = point;
  }
  if (areEqual(plane, first, last)) return [first];
  const [below, above] = split(plane, first, last, first, points);
  const corners = [first];
  addBetween(plane, first, last, below, corners);
  corners.push(last);
  addBetween(plane, last, first, above, corners);
  return corners;
}

/** The corners of the hull of all points. */
export function sequentialConvexHull(points: Points): Uint32Array {
  const indexes = new Uint32Array(points.x.length);
  for (let i = 0; i < indexes.length; i++) indexes[i] = i;
  return Uint32Array.from(hullOf({ x: points.x.values, y: points.y.values }, indexes));
}
