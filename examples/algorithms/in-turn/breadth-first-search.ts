/** How far each vertex of a graph is from one of them, on one thread. */
import { type Graph, verticesOf } from "../support/graphs.js";

/** The distance of what has not been found. */
export const UNREACHED = -1;

/** Vertices wait in a queue, in the order in which they are found. */
export function sequentialBreadthFirstSearch(graph: Graph, source: number): Int32Array {
  const [offsets, edges] = [graph.offsets.values, graph.edges.values];
  const distances = new Int32Array(verticesOf(graph)).fill(UNREACHED);
  const queue = new Uint32Array(distances.length);
  distances[source] = 0;
  queue[0] = source;
  for (let head = 0, tail = 1; head < tail; head++) {
    const from = queue[head] as number;
    const level = (distances[from] as number) + 1;
    for (let edge = offsets[from] as number; edge < (offsets[from + 1] as number); edge++) {
      const to = edges[edge] as number;
      if (distances[to] !== UNREACHED) continue;
      distances[to] = level;
      queue[tail++] = to;
    }
  }
  return distances;
}
