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

/** A graph of these pairs, which are edges both ways. Loops are left out, and what comes again. */
export function graphOf(vertices: number, pairs: readonly (readonly [number, number])[]): Graph {
  const [from, to] = [0, 1].map((end) => Uint32Array.from(pairs, (pair) => pair[end] as number));
  return graphOfEnds(vertices, from as Uint32Array, to as Uint32Array);
}

function graphOfEnds(vertices: number, from: Uint32Array, to: Uint32Array): Graph {
  const begins = new Uint32Array(vertices + 1);
  for (let i = 0; i < from.length; i++) {
    (begins[from[i] as number] as number)++;
    (begins[to[i] as number] as number)++;
  }
  // Each begins where it ends, until its edges are put before one another.
  for (let v = 1; v <= vertices; v++) (begins[v] as number) += begins[v - 1] as number;
  const all = new Uint32Array(2 * from.length);
  for (let i = 0; i < from.length; i++) {
    all[--(begins[from[i] as number] as number)] = to[i] as number;
    all[--(begins[to[i] as number] as number)] = from[i] as number;
  }
  const offsets = new SharedArray({ type: "uint32", length: vertices + 1 });
  let count = 0;
  for (let v = 0; v < vertices; v++) {
    const own = all.subarray(begins[v], begins[v + 1]).sort();
    let last = v;
    for (const other of own) if (other !== last && other !== v) all[count++] = last = other;
    offsets.values[v + 1] = count;
  }
  const edges = new SharedArray({ type: "uint32", length: count });
  edges.values.set(all.subarray(0, count));
  return { offsets, edges };
}

/** A square of vertices, as near to so many as there is, each with an edge to those beside, above and below it. */
export function grid(size: number): Graph {
  const side = Math.floor(Math.sqrt(size));
  const offsets = new SharedArray({ type: "uint32", length: side * side + 1 });
  const edges = new SharedArray({ type: "uint32", length: 4 * side * Math.max(0, side - 1) });
  let count = 0;
  for (let v = 0; v < side * side; v++) {
    if (v >= side) edges.values[count++] = v - side;
    if (v % side !== 0) edges.values[count++] = v - 1;
    if ((v + 1) % side !== 0) edges.values[count++] = v + 1;
    if (v + side < side * side) edges.values[count++] = v + side;
    offsets.values[v + 1] = count;
  }
  return { offsets, edges };
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
  const from = new Uint32Array(size * edgesEach).map(() => below(size));
  const to = from.map(() => numbers[Math.floor(size * (below(2 ** 32) / 2 ** 32) ** 3)] as number);
  return graphOfEnds(size, from, to);
}
