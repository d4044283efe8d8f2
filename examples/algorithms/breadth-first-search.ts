/**
 * How far each vertex of a graph is from one of them: level by level, the edges of one level's
 * vertices lead to the next one's.
 *
 * Work O(vertices + edges), span O(levels × most edges of a block). Repeatable: who of two
 * finds a vertex first is open, its distance is not.
 */
import { task } from "skein";
import type { Cancel } from "skein/async";
import { parallel, type ParallelOptions } from "skein/parallel";
import type { SharedArray } from "skein/shared";

import { UNREACHED } from "./in-turn/breadth-first-search.js";
import { type Graph, verticesOf } from "./support/graphs.js";
import { Workspace } from "./support/workspace.js";

type Distances = SharedArray<"int32">;
type Vertices = SharedArray<"uint32">;

const BLOCK = 128;

/**
 * Looks from a block of the frontier, and adds whom it finds to the next one.
 *
 * Two may find a vertex at once: the exchange lets one of them have it, so that it is in the
 * next frontier once. Its place there is taken by an addition, for the whole block.
 */
const lookFrom = task(function lookFrom(
  block: number,
  graph: Graph,
  level: number,
  frontier: Vertices,
  length: number,
  next: Vertices,
  count: SharedArray<"int32">,
  distances: Distances,
): void {
  const [offsets, edges, known] = [graph.offsets.values, graph.edges.values, distances.values];
  const found: number[] = [];
  const end = Math.min(length, (block + 1) * BLOCK);
  for (let i = block * BLOCK; i < end; i++) {
    const from = frontier.values[i] as number;
    for (let edge = offsets[from] as number; edge < (offsets[from + 1] as number); edge++) {
      const to = edges[edge] as number;
      if (known[to] === UNREACHED && Atomics.compareExchange(known, to, UNREACHED, level) === UNREACHED) found.push(to);
    }
  }
  let place = Atomics.add(count.values, 0, found.length);
  for (const vertex of found) next.values[place++] = vertex;
});

/** How many edges are between `source` and each vertex, at least; `UNREACHED` where none lead. */
export async function breadthFirstSearch(
  graph: Graph,
  source: number,
  options: ParallelOptions = {},
  cancel?: Cancel,
): Promise<Distances> {
  using space = new Workspace();
  const vertices = verticesOf(graph);
  const distances = space.makeToFill("int32", vertices);
  distances.values.fill(UNREACHED);
  const count = space.make("int32", 1);
  let frontier = space.makeToFill("uint32", vertices);
  let next = space.makeToFill("uint32", vertices);
  distances.values[source] = 0;
  frontier.values[0] = source;
  for (let level = 1, length = 1; length > 0; level++) {
    count.values[0] = 0;
    await parallel.for(
      0,
      Math.ceil(length / BLOCK),
      lookFrom,
      { ...options, args: [graph, level, frontier, length, next, count, distances] },
      cancel,
    );
    length = count.values[0];
    [frontier, next] = [next, frontier];
  }
  return space.give(distances);
}
