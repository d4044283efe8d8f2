/** All algorithms under one form, so that they can be run, measured and checked alike. */
import type { Cancel } from "skein/async";
import type { ParallelOptions } from "skein/parallel";

import { breadthFirstSearch } from "../breadth-first-search.js";
import { convexHull } from "../convex-hull.js";
import { fourierTransform } from "../fourier-transform.js";
import { sequentialBreadthFirstSearch } from "../in-turn/breadth-first-search.js";
import { sequentialConvexHull } from "../in-turn/convex-hull.js";
import { sequentialFourierTransform } from "../in-turn/fourier-transform.js";
import { isMaximalIndependent, sequentialIndependentSet } from "../in-turn/independent-set.js";
import { sequentialIntegerSort } from "../in-turn/integer-sort.js";
import { sequentialInvertedIndex } from "../in-turn/inverted-index.js";
import { sequentialMultiply } from "../in-turn/matrix-multiply.js";
import { sequentialGravitation } from "../in-turn/n-body.js";
import { sequentialNearestNeighbours } from "../in-turn/nearest-neighbours.js";
import { sequentialRemoveDuplicates } from "../in-turn/remove-duplicates.js";
import { sequentialSuffixArray } from "../in-turn/suffix-array.js";
import { sequentialWordCounts } from "../in-turn/word-counts.js";
import { independentSet } from "../independent-set.js";
import { integerSort } from "../integer-sort.js";
import { invertedIndex } from "../inverted-index.js";
import { multiply } from "../matrix-multiply.js";
import { gravitation } from "../n-body.js";
import { nearestNeighbours } from "../nearest-neighbours.js";
import { removeDuplicates } from "../remove-duplicates.js";
import { suffixArray } from "../suffix-array.js";
import { grid, powerLaw } from "../support/graphs.js";
import * as inputs from "../support/inputs.js";
import { wordCounts } from "../word-counts.js";
import { areNear, areSame } from "./comparing.js";

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
    input: inputs.keysWithIndexes,
    sequential: sequentialIntegerSort,
    onThreads: integerSort,
    isRight: areSame,
  }),
  algorithm({
    name: "remove-duplicates",
    what: "the different ones of many numbers",
    size: 4_000_000,
    steps: linear,
    input: inputs.repeatedNumbers,
    sequential: sequentialRemoveDuplicates,
    onThreads: removeDuplicates,
    isRight: areSame,
  }),
  algorithm({
    name: "word-counts",
    what: "how often each word comes in a text of so many bytes",
    size: 64_000_000,
    steps: linear,
    input: inputs.textOfWords,
    sequential: sequentialWordCounts,
    onThreads: wordCounts,
    isRight: areSame,
  }),
  algorithm({
    name: "inverted-index",
    what: "which documents have a word, of so many words in all",
    size: 10_000_000,
    steps: linear,
    input: inputs.documents,
    sequential: sequentialInvertedIndex,
    onThreads: invertedIndex,
    isRight: areSame,
  }),
  algorithm({
    name: "suffix-array",
    what: "the suffixes of a text of so many bytes in order",
    size: 1_000_000,
    steps: linear,
    input: inputs.textOfLetters,
    sequential: sequentialSuffixArray,
    onThreads: suffixArray,
    isRight: areSame,
  }),
  algorithm({
    name: "breadth-first-search",
    what: "distances in a graph of so many vertices, of which few have very many edges",
    size: 500_000,
    steps: linear,
    input: (size, seed) => powerLaw(size, seed),
    sequential: (graph) => sequentialBreadthFirstSearch(graph, 0),
    onThreads: (graph, options, cancel) => breadthFirstSearch(graph, 0, options, cancel),
    isRight: areSame,
  }),
  algorithm({
    name: "search-on-grid",
    what: "the same in a grid: many levels of few vertices",
    limit: "all wait for each other after each level, which takes no longer than that",
    size: 4_000_000,
    steps: linear,
    input: (size) => grid(size),
    sequential: (graph) => sequentialBreadthFirstSearch(graph, 0),
    onThreads: (graph, options, cancel) => breadthFirstSearch(graph, 0, options, cancel),
    isRight: areSame,
  }),
  algorithm({
    name: "independent-set",
    what: "vertices without edges between them, of a graph as for breadth-first-search",
    limit: "looks at neighbours in several rounds; one thread, which may choose its order, in one",
    size: 500_000,
    steps: linear,
    input: (size, seed) => powerLaw(size, seed),
    sequential: sequentialIndependentSet,
    onThreads: independentSet,
    isRight: (states, reference, graph) =>
      isMaximalIndependent(graph, states.values) && isMaximalIndependent(graph, reference),
  }),
  algorithm({
    name: "n-body",
    what: "the pull of so many bodies on each other",
    size: 8_000,
    steps: (size) => size ** 2,
    input: inputs.bodies,
    sequential: sequentialGravitation,
    onThreads: gravitation,
    isRight: areNear,
  }),
  algorithm({
    name: "convex-hull",
    what: "the corners around so many points",
    size: 4_000_000,
    steps: linear,
    input: inputs.pointsInDisc,
    sequential: sequentialConvexHull,
    onThreads: convexHull,
    isRight: areSame,
  }),
  algorithm({
    name: "nearest-neighbours",
    what: `the ${NEIGHBOURS} nearest of so many points, for each`,
    size: 200_000,
    steps: linear,
    input: inputs.pointsInSquare,
    sequential: (points) => sequentialNearestNeighbours(points, NEIGHBOURS),
    onThreads: (points, options, cancel) => nearestNeighbours(points, NEIGHBOURS, options, cancel),
    isRight: areSame,
  }),
  algorithm({
    name: "matrix-multiply",
    what: "the product of two square matrices of this side",
    size: 600,
    steps: (size) => size ** 3,
    input: inputs.matrices,
    sequential: ({ a, b }) => sequentialMultiply(a, b),
    onThreads: ({ a, b }, options, cancel) => multiply(a, b, options, cancel),
    isRight: areSame,
  }),
  algorithm({
    name: "fourier-transform",
    what: "of so many numbers, rounded down to a power of two",
    size: 1 << 20,
    steps: linearithmic,
    input: inputs.complexNumbers,
    sequential: sequentialFourierTransform,
    onThreads: fourierTransform,
    isRight: areNear,
  }),
];
