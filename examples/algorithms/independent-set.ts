/**
 * A maximal independent set: vertices of which no two have an edge, and to which no other can
 * be added. Vertices have turns in a mixed order; each is in if no neighbour before it
 * is. Who can't tell yet, since such a neighbour can't, asks again in the next round.
 *
 * Work O((vertices + edges) × rounds) at most, and near to O(vertices + edges), as most are
 * decided soon; span O(log² vertices) rounds with high probability. Repeatable: the set is the
 * one that follows from the order, however the turns meet.
 */
import { task } from "skein";
import type { Cancel } from "skein/async";
import { parallel, type ParallelOptions } from "skein/parallel";
import type { SharedArray } from "skein/shared";

import { IN, OUT, UNDECIDED } from "./in-turn/independent-set.js";
import { type Graph, verticesOf } from "./support/graphs.js";
import { mixed } from "./support/random.js";
import { blocksOf, itemsOf, itself, Workspace } from "./support/workspace.js";

type States = SharedArray<"uint8">;
type Vertices = SharedArray<"uint32">;

/**
 * Decides a block of vertices, as far as can be told. A vertex is in once all neighbours before
 * it are out, and then tells its neighbours that they are out. A state changes once, and only to
 * what is true: one that another thread changes at this moment may be seen either way, and the
 * worst is another round.
 */
const decide = task(function decide(block: number, left: Vertices, graph: Graph, states: States): void {
  const [offsets, edges, known] = [graph.offsets.values, graph.edges.values, states.values];
  const { from: first, end: behind } = itemsOf(block, left.length);
  for (const vertex of left.values.subarray(first, behind)) {
    if (known[vertex] !== UNDECIDED) continue;
    const turn = mixed(vertex);
    const from = offsets[vertex] as number;
    const end = offsets[vertex + 1] as number;
    let edge = from;
    while (edge < end && (known[edges[edge] as number] === OUT || mixed(edges[edge] as number) > turn)) edge++;
    if (edge < end) continue;
    known[vertex] = IN;
    for (edge = from; edge < end; edge++) known[edges[edge] as number] = OUT;
  }
});

const isUndecided = task(function isUndecided(vertex: number, _index: number, states: States): boolean {
  return states.values[vertex] === UNDECIDED;
});

/** For each vertex `IN`, or 2 if it is not in the set. */
export async function independentSet(graph: Graph, options: ParallelOptions = {}, cancel?: Cancel): Promise<States> {
  using space = new Workspace();
  const states = space.make("uint8", verticesOf(graph));
  let left = space.keep(await parallel.tabulate(states.length, itself, { ...options, type: "uint32" }, cancel));
  while (left.length > 0) {
    await parallel.for(0, blocksOf(left.length), decide, { ...options, args: [left, graph, states] }, cancel);
    left = space.keep(await parallel.filter(left, isUndecided, { ...options, args: [states] }, cancel));
  }
  return space.give(states);
}
