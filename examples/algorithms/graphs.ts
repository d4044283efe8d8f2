/** Graphs in shared memory: as inputs of algorithms, and made to try them. */
import { SharedArray } from "skein/shared";

import { randomBelow } from "./random.js";

/**
 * A graph in compressed sparse rows: vertex v has an edge to each of
 * `edges[offsets[v]]` up to the one before `edges[offsets[v + 1]]`, which has one to it.
 */
export interface Graph {
  readonly offsets: SharedArray<"uint32">;
  readonly edges: SharedArray<"uint32">;
}

/** How many vertices a graph has. */
export function verticesOf({ offsets }: Graph): number {
  return offsets.length - 1;
}

/** A graph of these pairs, which are edges both ways. Loops are left out, as are pairs that come again. */
export function graphOf(vertices: number, pairs: Iterable<readonly [number, number]>): Graph {
  const keys: number[] = [];
  for (const [a, b] of pairs) if (a !== b) keys.push(a * vertices + b, b * vertices + a);
  const sorted = Float64Array.from(keys).sort();
  const different = sorted.filter((key, index) => index === 0 || key !== sorted[index - 1]);
  const offsets = new SharedArray({ type: "uint32", length: vertices + 1 });
  const edges = new SharedArray({ type: "uint32", length: different.length });
  for (const [index, key] of different.entries()) {
    edges.values[index] = key % vertices;
    offsets.values[Math.floor(key / vertices) + 1] = index + 1;
  }
  // Vertices without edges end where those before them do.
  for (let v = 1; v <= vertices; v++) if (offsets.values[v] === 0) offsets.values[v] = offsets.values[v - 1] as number;
  return { offsets, edges };
}

/** A square of vertices, as near to so many as there is, each with an edge to those beside, above and below it. */
export function grid(size: number): Graph {
  const side = Math.floor(Math.sqrt(size));
  function* pairs(): Generator<readonly [number, number]> {
    for (let v = 0; v < side * side; v++) {
      if ((v + 1) % side !== 0) yield [v, v + 1];
      if (v + side < side * side) yield [v, v + side];
    }
  }
  return graphOf(side * side, pairs());
}

/** A graph of some vertices with very many edges and many with few: each has some, most of them to the same few. */
export function powerLaw(size: number, seed: number, edgesEach = 8): Graph {
  const below = randomBelow(seed);
  // So that who has many is not known by its number.
  const numbers = Uint32Array.from({ length: size }, (_, index) => index);
  for (let i = size - 1; i > 0; i--) {
    const other = below(i + 1);
    const number = numbers[i] as number;
    numbers[i] = numbers[other] as number;
    numbers[other] = number;
  }
  function* pairs(): Generator<readonly [number, number]> {
    for (let i = 0; i < size * edgesEach; i++) {
      const popular = Math.floor(size * (below(2 ** 32) / 2 ** 32) ** 3);
      yield [below(size), numbers[popular] as number];
    }
  }
  return graphOf(size, pairs());
}
