/** All algorithms under one form, so that they can be run, measured and checked alike. */
import type { Cancel } from "skein/async";
import type { ParallelOptions } from "skein/parallel";

import * as search from "./breadth-first-search.js";
import { areNear, areSame } from "./comparing.js";
import * as hull from "./convex-hull.js";
import * as fourier from "./fourier-transform.js";
import { grid, powerLaw } from "./graphs.js";
import * as independent from "./independent-set.js";
import * as integers from "./integer-sort.js";
import * as inverted from "./inverted-index.js";
import * as matrix from "./matrix-multiply.js";
import * as bodies from "./n-body.js";
import * as nearest from "./nearest-neighbours.js";
import * as duplicates from "./remove-duplicates.js";
import { sequentialSuffixArray } from "./suffix-array-in-turn.js";
import * as suffixes from "./suffix-array.js";
import * as words from "./word-counts.js";

export interface Algorithm<Input = unknown, Result = unknown, Reference = unknown> {
  readonly name: string;
  /** What it does, and what its size counts. */
  readonly what: string;
  /** What keeps it from being faster than on one thread, where something does. */
  readonly limit?: string;
  /** For about a quarter of a second on one thread. */
  readonly size: number;
  /** Its work, in steps, of which only the ratio between sizes is used. */
  readonly steps: (size: number) => number;
  readonly input: (size: number, seed: number) => Input;
  readonly sequential: (input: Input) => Reference;
  readonly onThreads: (input: Input, options?: ParallelOptions, cancel?: Cancel) => Promise<Result>;
  readonly isRight: (result: Result, reference: Reference, input: Input) => boolean;
}

/** Has types of an algorithm fit each other, and forgets them. */
function algorithm<Input, Result, Reference>(one: Algorithm<Input, Result, Reference>): Algorithm {
  return one as unknown as Algorithm;
}

const linear = (size: number): number => size;
const linearithmic = (size: number): number => size * Math.log2(size + 2);

/** Neighbours of each point that are looked for. */
const NEIGHBOURS = 8;

export const ALGORITHMS: readonly Algorithm[] = [
  algorithm({
    name: "integer-sort",
    what: "sorts keys with values by digits",
    size: 4_000_000,
    steps: linear,
    input: integers.input,
    sequential: integers.sequentialIntegerSort,
    onThreads: integers.integerSort,
    isRight: areSame,
  }),
  algorithm({
    name: "remove-duplicates",
    what: "the different ones of many numbers",
    size: 4_000_000,
    steps: linear,
    input: duplicates.input,
    sequential: duplicates.sequentialRemoveDuplicates,
    onThreads: duplicates.removeDuplicates,
    isRight: areSame,
  }),
  algorithm({
    name: "word-counts",
    what: "how often each word comes in a text of so many bytes",
    size: 64_000_000,
    steps: linear,
    input: words.input,
    sequential: words.sequentialWordCounts,
    onThreads: words.wordCounts,
    isRight: areSame,
  }),
  algorithm({
    name: "inverted-index",
    what: "which documents have a word, of so many words in all",
    size: 10_000_000,
    steps: linear,
    input: inverted.input,
    sequential: inverted.sequentialInvertedIndex,
    onThreads: inverted.invertedIndex,
    isRight: areSame,
  }),
  algorithm({
    name: "suffix-array",
    what: "the suffixes of a text of so many bytes in order",
    size: 1_000_000,
    steps: linear,
    input: suffixes.input,
    sequential: sequentialSuffixArray,
    onThreads: suffixes.suffixArray,
    isRight: areSame,
  }),
  algorithm({
    name: "breadth-first-search",
    what: "distances in a graph of so many vertices, of which few have very many edges",
    size: 500_000,
    steps: linear,
    input: (size, seed) => powerLaw(size, seed),
    sequential: (graph) => search.sequentialBreadthFirstSearch(graph, 0),
    onThreads: (graph, options, cancel) => search.breadthFirstSearch(graph, 0, options, cancel),
    isRight: areSame,
  }),
  algorithm({
    name: "search-on-grid",
    what: "the same in a grid: many levels of few vertices",
    limit: "all wait for each other after each level, which takes no longer than that",
    size: 4_000_000,
    steps: linear,
    input: (size) => grid(size),
    sequential: (graph) => search.sequentialBreadthFirstSearch(graph, 0),
    onThreads: (graph, options, cancel) => search.breadthFirstSearch(graph, 0, options, cancel),
    isRight: areSame,
  }),
  algorithm({
    name: "independent-set",
    what: "vertices without edges between them, of a graph as for breadth-first-search",
    limit: "looks at neighbours in several rounds; one thread, which may choose its order, in one",
    size: 500_000,
    steps: linear,
    input: (size, seed) => powerLaw(size, seed),
    sequential: independent.sequentialIndependentSet,
    onThreads: independent.independentSet,
    isRight: (states, reference, graph) =>
      independent.isMaximalIndependent(graph, states.values) && independent.isMaximalIndependent(graph, reference),
  }),
  algorithm({
    name: "n-body",
    what: "the pull of so many bodies on each other",
    size: 8_000,
    steps: (size) => size ** 2,
    input: bodies.input,
    sequential: bodies.sequentialGravitation,
    onThreads: bodies.gravitation,
    isRight: areNear,
  }),
  algorithm({
    name: "convex-hull",
    what: "the corners around so many points",
    size: 4_000_000,
    steps: linear,
    input: hull.input,
    sequential: hull.sequentialConvexHull,
    onThreads: hull.convexHull,
    isRight: areSame,
  }),
  algorithm({
    name: "nearest-neighbours",
    what: `the ${NEIGHBOURS} nearest of so many points, for each`,
    size: 200_000,
    steps: linear,
    input: nearest.input,
    sequential: (points) => nearest.sequentialNearestNeighbours(points, NEIGHBOURS),
    onThreads: (points, options, cancel) => nearest.nearestNeighbours(points, NEIGHBOURS, options, cancel),
    isRight: areSame,
  }),
  algorithm({
    name: "matrix-multiply",
    what: "the product of two square matrices of this side",
    size: 600,
    steps: (size) => size ** 3,
    input: matrix.input,
    sequential: ({ a, b }) => matrix.sequentialMultiply(a, b),
    onThreads: ({ a, b }, options, cancel) => matrix.multiply(a, b, options, cancel),
    isRight: areSame,
  }),
  algorithm({
    name: "fourier-transform",
    what: "of so many numbers, rounded down to a power of two",
    size: 1 << 20,
    steps: linearithmic,
    input: fourier.input,
    sequential: fourier.sequentialFourierTransform,
    onThreads: fourier.fourierTransform,
    isRight: areNear,
  }),
];
