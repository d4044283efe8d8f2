/** The algorithms of examples/ against what is obviously right, shared out however small they are. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

import fc from "fast-check";
import type { ParallelOptions } from "skein/parallel";
import { type NumberType, SharedArray } from "skein/shared";

import { breadthFirstSearch } from "../../examples/algorithms/breadth-first-search.js";
import { convexHull } from "../../examples/algorithms/convex-hull.js";
import { fourierTransform } from "../../examples/algorithms/fourier-transform.js";
import { sequentialBreadthFirstSearch } from "../../examples/algorithms/in-turn/breadth-first-search.js";
import { sequentialConvexHull } from "../../examples/algorithms/in-turn/convex-hull.js";
import { sequentialFourierTransform } from "../../examples/algorithms/in-turn/fourier-transform.js";
import {
  IN,
  isMaximalIndependent,
  sequentialIndependentSet,
} from "../../examples/algorithms/in-turn/independent-set.js";
import { sequentialIntegerSort } from "../../examples/algorithms/in-turn/integer-sort.js";
import { sequentialInvertedIndex } from "../../examples/algorithms/in-turn/inverted-index.js";
import { type Matrix, sequentialMultiply } from "../../examples/algorithms/in-turn/matrix-multiply.js";
import { sequentialGravitation } from "../../examples/algorithms/in-turn/n-body.js";
import { NONE, sequentialNearestNeighbours } from "../../examples/algorithms/in-turn/nearest-neighbours.js";
import { sequentialRemoveDuplicates } from "../../examples/algorithms/in-turn/remove-duplicates.js";
import { sequentialSuffixArray } from "../../examples/algorithms/in-turn/suffix-array.js";
import { sequentialWordCounts } from "../../examples/algorithms/in-turn/word-counts.js";
import { independentSet } from "../../examples/algorithms/independent-set.js";
import { integerSort } from "../../examples/algorithms/integer-sort.js";
import { invertedIndex } from "../../examples/algorithms/inverted-index.js";
import { multiply } from "../../examples/algorithms/matrix-multiply.js";
import { ALGORITHMS } from "../../examples/algorithms/measuring/catalogue.js";
import { areNear, areSame, sharedArraysIn } from "../../examples/algorithms/measuring/comparing.js";
import { gravitation } from "../../examples/algorithms/n-body.js";
import { nearestNeighbours } from "../../examples/algorithms/nearest-neighbours.js";
import { removeDuplicates } from "../../examples/algorithms/remove-duplicates.js";
import { suffixArray } from "../../examples/algorithms/suffix-array.js";
import { type Graph, graphOf, grid, powerLaw } from "../../examples/algorithms/support/graphs.js";
import { bodies as bodiesOf } from "../../examples/algorithms/support/inputs.js";
import { mixed, randomBelow } from "../../examples/algorithms/support/random.js";
import { wordCounts } from "../../examples/algorithms/word-counts.js";
import { ROOT } from "../support/run-program.js";
import { poolOf, withSeams } from "./settings.js";

const RUNS = { numRuns: 60 };

const shared = <Type extends NumberType>(type: Type, numbers: Iterable<number>): SharedArray<Type> =>
  SharedArray.from(type, numbers as Iterable<never>);

/** Runs `body` with calls shared out among this thread and two others, from their first item on. */
async function sharedOut<Result>(body: (options: ParallelOptions) => Promise<Result>): Promise<Result> {
  const on = await poolOf(2);
  return withSeams({ itemsBefore: 0 }, async () => body({ on }));
}

/** Both forms give what is right; what they gave, and their input, is disposed of. */
async function assertBoth<Result>(
  input: unknown,
  expected: unknown,
  onThreads: (options: ParallelOptions) => Promise<Result>,
  sequential: () => unknown,
  areEqual: (result: unknown, right: unknown) => boolean = areSame,
): Promise<void> {
  const results = [await sharedOut(onThreads), sequential()];
  const [isRight, isRightInTurn] = results.map((result) => areEqual(result, expected));
  for (const array of sharedArraysIn([input, results])) array.dispose();
  assert.ok(isRight, "on threads");
  assert.ok(isRightInTurn, "on one thread");
}

/** Of a module but for comments and imports. */
function codeLinesOf(source: string): number {
  const code = source.replace(/\/\*.*?\*\//gs, "").replace(/^import.*?;\n/gms, "");
  return code.split("\n").filter((line) => !/^\s*(?:\/\/.*)?$/.test(line)).length;
}

describe("the files of algorithms", () => {
  const folder = join(ROOT, "examples/algorithms");
  const files = readdirSync(folder).filter((file) => file.endsWith(".ts"));

  it("are as many as there are", () => {
    // Breadth-first search is tried on two kinds of graphs.
    assert.equal(files.length, ALGORITHMS.length - 1);
  });

  for (const file of files) {
    it(`${file} makes one of primitives in about fifty lines, and says what it costs`, () => {
      const source = readFileSync(join(folder, file), "utf8");
      const lines = codeLinesOf(source);
      assert.ok(lines > 5 && lines <= 55, `${lines} lines of code`);
      assert.match(source, /^\/\*\*(?:(?!\*\/).)*Work O\((?:(?!\*\/).)*span O\(/is);
      assert.match(source, /parallel\.\w+\(/);
    });
  }
});

const anyUint32 = fc.oneof(fc.nat(9), fc.integer({ min: 0, max: 0xffff_ffff }));

describe("algorithms of many blocks", () => {
  const sizes: Readonly<Record<string, number>> = { "n-body": 700, "matrix-multiply": 150 };
  for (const algorithm of ALGORITHMS) {
    it(`${algorithm.name} finds on threads what it finds on one`, async () => {
      const input = algorithm.input(sizes[algorithm.name] ?? 20_000, 7);
      const result = await sharedOut(async (options) => algorithm.onThreads(input, options));
      const reference = algorithm.sequential(input);
      assert.ok(algorithm.isRight(result, reference, input));
      for (const array of sharedArraysIn([input, result, reference])) array.dispose();
    });
  }
});

describe("integerSort", () => {
  it("sorts any keys, and equal ones keep their order", async () => {
    const anyKeys = fc.array(anyUint32, { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(anyKeys, async (keys) => {
        const order = keys.map((_, index) => index).sort((a, b) => (keys[a] as number) - (keys[b] as number) || a - b);
        const input = { keys: shared("uint32", keys), values: shared("uint32", keys.keys()) };
        const expected = {
          keys: Uint32Array.from(order, (index) => keys[index] as number),
          values: Uint32Array.from(order),
        };
        await assertBoth(
          input,
          expected,
          async (options) => integerSort(input, options),
          () => sequentialIntegerSort(input),
        );
      }),
      RUNS,
    );
  });
});

describe("removeDuplicates", () => {
  it("gives each number once, ascending", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyUint32, { maxLength: 60 }), async (numbers) => {
        const input = shared("uint32", numbers);
        const expected = Uint32Array.from(new Set(numbers)).sort();
        await assertBoth(
          input,
          expected,
          async (options) => removeDuplicates(input, options),
          () => sequentialRemoveDuplicates(input),
        );
      }),
      RUNS,
    );
  });
});

describe("wordCounts", () => {
  it("counts each word once, wherever the text is divided", async () => {
    const anyText = fc.string({ unit: fc.constantFrom("a", "b", "ß", " ", "\n"), maxLength: 80 });
    await fc.assert(
      fc.asyncProperty(anyText, fc.integer({ min: 1, max: 20 }), async (text, leastBytes) => {
        const input = shared("uint8", new TextEncoder().encode(text));
        const expected = new Map<string, number>();
        for (const word of text.split(/[ \n]+/).filter((found) => found !== ""))
          expected.set(word, (expected.get(word) ?? 0) + 1);
        await assertBoth(
          input,
          expected,
          async (options) => wordCounts(input, { ...options, leastBytes }),
          () => sequentialWordCounts(input),
        );
      }),
      RUNS,
    );
  });

  it("tells thousands of words apart", () => {
    const text = Array.from({ length: 9000 }, (_, index) => `w${index} w${index % 7}`).join(" ");
    using input = shared("uint8", new TextEncoder().encode(text));
    const counts = sequentialWordCounts(input);
    assert.equal(counts.size, 9000);
    assert.equal(counts.get("w8999"), 1);
    assert.equal(counts.get("w3"), 1 + Math.floor((9000 + 3) / 7));
  });
});

describe("invertedIndex", () => {
  it("lists for each word the documents that have it", async () => {
    const anyDocuments = fc.array(fc.array(fc.nat(5), { maxLength: 8 }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(anyDocuments, async (documents) => {
        const ends = documents.map((_, last) => documents.slice(0, last + 1).flat().length);
        const input = {
          vocabulary: 6,
          words: shared("uint32", documents.flat()),
          offsets: shared("uint32", [0, ...ends]),
        };
        const lists = [0, 1, 2, 3, 4, 5].map((word) =>
          documents.flatMap((words, document) => (words.includes(word) ? [document] : [])),
        );
        const offsets = [0, ...lists.map((_, last) => lists.slice(0, last + 1).flat().length)];
        await assertBoth(
          input,
          { offsets: Uint32Array.from(offsets), documents: Uint32Array.from(lists.flat()) },
          async (options) => invertedIndex(input, options),
          () => sequentialInvertedIndex(input),
        );
      }),
      RUNS,
    );
  });
});

describe("suffixArray", () => {
  const assertOrders = async (bytes: readonly number[]): Promise<void> => {
    const input = shared("uint8", bytes);
    const text = Buffer.from(bytes);
    const expected = [...bytes.keys()].sort((a, b) => Buffer.compare(text.subarray(a), text.subarray(b)));
    await assertBoth(
      input,
      Uint32Array.from(expected),
      async (options) => suffixArray(input, options),
      () => sequentialSuffixArray(input),
    );
  };

  it("orders suffixes by their bytes", async () => {
    const anyBytes = fc.array(fc.oneof(fc.constantFrom(0, 1, 255), fc.nat(255)), { maxLength: 60 });
    const anyRepeated = fc.tuple(anyBytes, fc.integer({ min: 1, max: 8 })).map(([bytes, times]) => {
      return Array.from({ length: times }, () => bytes).flat();
    });
    await fc.assert(fc.asyncProperty(anyRepeated, assertOrders), RUNS);
  });

  // Some more and some fewer than are sorted by insertion, within a block of places and beyond it.
  for (const [length, times] of [
    [1, 3000],
    [2, 1500],
    [7, 300],
    [300, 9],
    [50, 64],
    [50, 65],
  ] as const) {
    it(`orders those of ${length} bytes that come ${times} times`, async () => {
      const below = randomBelow(length);
      const bytes = Array.from({ length }, () => below(4));
      await assertOrders(Array.from({ length: times }, () => bytes).flat());
    });
  }

  it("orders so many equal ones that their sort is a call to share out by itself", async () => {
    const input = shared("uint8", new Uint8Array(40_000).fill(7));
    await assertBoth(
      input,
      Uint32Array.from({ length: input.length }, (_, i) => input.length - 1 - i),
      async (options) => suffixArray(input, options),
      () => sequentialSuffixArray(input),
    );
  });
});

/** Graphs of few vertices, many of which are not connected. */
const anyGraph = fc.integer({ min: 1, max: 30 }).chain((vertices) =>
  fc.record({
    vertices: fc.constant(vertices),
    pairs: fc.array(fc.tuple(fc.nat(vertices - 1), fc.nat(vertices - 1)), { maxLength: 40 }),
  }),
);

const neighboursIn = ({ offsets, edges }: Graph, vertex: number): readonly number[] => [
  ...edges.values.subarray(offsets.values[vertex], offsets.values[vertex + 1]),
];

describe("graphs", () => {
  it("have each edge once, both ways, and no loops", () => {
    fc.assert(
      fc.property(anyGraph, ({ vertices, pairs }) => {
        const graph = graphOf(vertices, pairs);
        for (let a = 0; a < vertices; a++) {
          const others = pairs.flatMap(([one, other]) => (one === a ? [other] : other === a ? [one] : []));
          const expected = [...new Set(others)].filter((b) => b !== a).sort((b, c) => b - c);
          assert.deepEqual(neighboursIn(graph, a), expected);
        }
        for (const array of sharedArraysIn(graph)) array.dispose();
      }),
    );
  });

  it("a grid has the edges of a grid", () => {
    const [made, expected] = [
      grid(11),
      graphOf(
        9,
        [0, 1, 3, 4, 6, 7].map((v) => [v, v + 1]),
      ),
    ];
    const rows = graphOf(
      9,
      [0, 1, 2, 3, 4, 5].map((v) => [v, v + 3]),
    );
    for (let v = 0; v < 9; v++) {
      const both = [...neighboursIn(expected, v), ...neighboursIn(rows, v)].sort((a, b) => a - b);
      assert.deepEqual(neighboursIn(made, v), both);
    }
    assert.equal(grid(1).edges.length, 0);
  });

  it("a power-law graph has a few vertices with many edges", () => {
    const { offsets, edges } = powerLaw(1000, 3);
    const degrees = Array.from(
      { length: 1000 },
      (_, v) => (offsets.values[v + 1] as number) - (offsets.values[v] as number),
    );
    assert.ok(Math.max(...degrees) > (10 * edges.length) / 1000);
  });
});

describe("breadthFirstSearch", () => {
  it("finds the distances of what can be reached, and nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(anyGraph, async ({ vertices, pairs }) => {
        const graph = graphOf(vertices, pairs);
        // Each pair brings its ends within one of each other, until nothing changes.
        const far = Array.from({ length: vertices }, (_, v) => (v === 0 ? 0 : Infinity));
        for (let round = 0; round < vertices; round++)
          for (const [a, b] of pairs) {
            far[a] = Math.min(far[a] as number, (far[b] as number) + 1);
            far[b] = Math.min(far[b] as number, far[a] + 1);
          }
        await assertBoth(
          graph,
          Int32Array.from(far, (distance) => (distance === Infinity ? -1 : distance)),
          async (options) => breadthFirstSearch(graph, 0, options),
          () => sequentialBreadthFirstSearch(graph, 0),
        );
      }),
      RUNS,
    );
  });
});

describe("independentSet", () => {
  it("is the set that follows from the order of turns", async () => {
    await fc.assert(
      fc.asyncProperty(anyGraph, async ({ vertices, pairs }) => {
        const graph = graphOf(vertices, pairs);
        const isIn = new Uint8Array(vertices);
        for (const v of [...isIn.keys()].sort((a, b) => mixed(a) - mixed(b)))
          if (neighboursIn(graph, v).every((other) => isIn[other] === 0)) isIn[v] = 1;
        const states = await sharedOut(async (options) => independentSet(graph, options));
        assert.deepEqual(
          [...states].map((state) => (state === IN ? 1 : 0)),
          [...isIn],
        );
        assert.ok(isMaximalIndependent(graph, states.values));
        assert.ok(isMaximalIndependent(graph, sequentialIndependentSet(graph)));
        for (const array of sharedArraysIn([graph, states])) array.dispose();
      }),
      RUNS,
    );
  });

  it("is checked: neighbours that are both in, and a vertex that could be in", () => {
    const path = graphOf(3, [
      [0, 1],
      [1, 2],
    ]);
    const verdicts = [
      [IN, 2, IN],
      [2, IN, 2],
      [IN, IN, 2],
      [IN, 2, 2],
      [2, 2, 2],
    ].map((states) => isMaximalIndependent(path, states));
    assert.deepEqual(verdicts, [true, true, false, false, false]);
  });
});

describe("gravitation", () => {
  for (const size of [0, 1, 2, 63, 64, 65, 129, 300]) {
    it(`pulls ${size} bodies as the sum over all others does`, async () => {
      const bodies = bodiesOf(size, size);
      const [x, y, z, mass] = [0, 1, 2, 3].map((at) => bodies.copy().filter((_, i) => i % 4 === at)) as [
        Float64Array,
        Float64Array,
        Float64Array,
        Float64Array,
      ];
      const pull = (at: Float64Array): Float64Array =>
        at.map((from, i) =>
          at.reduce((sum, to, j) => {
            if (i === j) return sum;
            const [dx, dy, dz] = [x, y, z].map((of) => (of[j] as number) - (of[i] as number)) as [
              number,
              number,
              number,
            ];
            return sum + ((mass[j] as number) * (to - from)) / (dx * dx + dy * dy + dz * dz + 1e-6) ** 1.5;
          }, 0),
        );
      const pulls = [pull(x), pull(y), pull(z)];
      await assertBoth(
        bodies,
        Float64Array.from({ length: 3 * size }, (_, i) => (pulls[i % 3] as Float64Array)[Math.floor(i / 3)] as number),
        async (options) => gravitation(bodies, options),
        () => sequentialGravitation(bodies),
        areNear,
      );
    });
  }
});

describe("convexHull", () => {
  /** Each corner has all points on one side of the line to the next, and none beyond its ends: by trying all pairs. */
  function cornersOf(points: readonly (readonly [number, number])[]): number[] {
    const first = new Map<string, number>();
    for (const [index, point] of points.entries()) if (!first.has(String(point))) first.set(String(point), index);
    const distinct = [...first.values()].sort((a, b) => {
      const [[x, y], [otherX, otherY]] = [points[a] as [number, number], points[b] as [number, number]];
      return x - otherX || y - otherY;
    });
    if (distinct.length <= 1) return distinct;
    const next = (from: number): number => {
      const [x, y] = points[from] as [number, number];
      return distinct
        .filter((other) => other !== from)
        .reduce((best, other) => {
          const [[bestX, bestY], [otherX, otherY]] = [
            points[best] as [number, number],
            points[other] as [number, number],
          ];
          const turn = (bestX - x) * (otherY - y) - (otherX - x) * (bestY - y);
          const isFarther = Math.hypot(otherX - x, otherY - y) > Math.hypot(bestX - x, bestY - y);
          return turn < 0 || (turn === 0 && isFarther) ? other : best;
        });
    };
    const corners = [distinct[0] as number];
    for (let at = next(corners[0] as number); at !== corners[0]; at = next(at)) corners.push(at);
    return corners;
  }

  it("goes around any points, of which some are equal or on a line", async () => {
    const anyPoint = fc.oneof(
      fc.tuple(fc.nat(4), fc.nat(4)),
      fc.tuple(fc.nat(9), fc.constant(3)),
      fc.tuple(fc.nat(99), fc.nat(99)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(anyPoint, { maxLength: 30 }), async (points) => {
        const input = {
          x: shared(
            "int32",
            points.map(([x]) => x),
          ),
          y: shared(
            "int32",
            points.map(([, y]) => y),
          ),
        };
        await assertBoth(
          input,
          Uint32Array.from(cornersOf(points)),
          async (options) => convexHull(input, options),
          () => sequentialConvexHull(input),
        );
      }),
      { numRuns: 300 },
    );
  });

  it("has the ends of an edge, not its middle, where the middle comes first", async () => {
    const [x, y] = [
      [0, 9, 4, 2, 7, 4, 2, 7],
      [0, 0, 5, 5, 5, -5, -5, -5],
    ];
    const points = { x: shared("int32", x), y: shared("int32", y) };
    await assertBoth(
      points,
      Uint32Array.from([0, 6, 7, 1, 4, 3]),
      async (options) => convexHull(points, options),
      () => sequentialConvexHull(points),
    );
  });

  it("has two corners where all points are on a line, and one where all are the same", async () => {
    const line = { x: shared("int32", [3, 1, 2, 5, 5]), y: shared("int32", [6, 2, 4, 10, 10]) };
    assert.deepEqual([...(await convexHull(line))], [1, 3]);
    const spot = { x: shared("int32", [3, 3]), y: shared("int32", [6, 6]) };
    assert.deepEqual([...(await convexHull(spot))], [0]);
  });
});

describe("nearestNeighbours", () => {
  it("prefers the lower index of equally near ones, though it is in a cell farther away", async () => {
    // Cells are half as wide as the square: the second point is just beyond the border, the last one is not.
    const far = [0.9, 0.9, 0.9, 0.9, 0.9];
    const points = {
      x: shared("float64", [0.25, 0.5, ...far, 0.25]),
      y: shared("float64", [0.25, 0.25, ...far, 0]),
    };
    assert.equal((await nearestNeighbours(points, 1)).values[0], 1);
  });

  it("finds what a look at all points finds", async () => {
    const anyPlace = fc.oneof(fc.constantFrom(0, 0.25, 0.5), fc.double({ min: 0, max: 0.999, noNaN: true }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(anyPlace, anyPlace), { maxLength: 40 }),
        fc.integer({ min: 1, max: 5 }),
        async (points, k) => {
          const input = {
            x: shared(
              "float64",
              points.map(([x]) => x),
            ),
            y: shared(
              "float64",
              points.map(([, y]) => y),
            ),
          };
          const expected = points.flatMap(([x, y], at) => {
            const square = (other: number): number => {
              const [toX, toY] = points[other] as [number, number];
              return (toX - x) * (toX - x) + (toY - y) * (toY - y);
            };
            const others = [...points.keys()].filter((other) => other !== at);
            const nearest = others.sort((a, b) => square(a) - square(b) || a - b).slice(0, k);
            return [...nearest, ...Array.from({ length: k - nearest.length }, () => NONE)];
          });
          await assertBoth(
            input,
            Uint32Array.from(expected),
            async (options) => nearestNeighbours(input, k, options),
            () => sequentialNearestNeighbours(input, k),
          );
        },
      ),
      RUNS,
    );
  });
});

describe("multiply", () => {
  const matrix = (rows: number, columns: number, element: (row: number, column: number) => number): Matrix => ({
    rows,
    columns,
    values: shared(
      "float64",
      Array.from({ length: rows * columns }, (_, i) => element(Math.floor(i / columns), i % columns)),
    ),
  });

  for (const [rows, inner, columns] of [
    [1, 1, 1],
    [3, 0, 2],
    [0, 5, 5],
    [65, 2, 130],
    [70, 129, 3],
  ] as const) {
    it(`multiplies ${rows} × ${inner} by ${inner} × ${columns}`, async () => {
      const a = matrix(rows, inner, (row, column) => row - 2 * column);
      const b = matrix(inner, columns, (row, column) => row * column + 1);
      const element = (row: number, column: number): number =>
        Array.from({ length: inner }, (_, k) => (row - 2 * k) * (k * column + 1)).reduce((sum, one) => sum + one, 0);
      await assertBoth(
        [a, b],
        matrix(rows, columns, element),
        async (options) => multiply(a, b, options),
        () => sequentialMultiply(a, b),
      );
    });
  }

  it("refuses matrices that do not fit", async () => {
    const [a, b] = [matrix(2, 3, () => 1), matrix(2, 3, () => 1)];
    await assert.rejects(
      multiply(a, b),
      /a matrix of 3 columns is to be multiplied by one of as many rows, but one of 2 came/,
    );
  });
});

describe("fourierTransform", () => {
  for (const length of [1, 2, 4, 8, 32, 128, 512]) {
    it(`transforms ${length} numbers as the sums of its definition do`, async () => {
      const numbers = Array.from({ length }, (_, i) => [Math.sin(i * i), Math.cos(3 * i + 1)] as const);
      const input = {
        real: shared(
          "float64",
          numbers.map(([re]) => re),
        ),
        imaginary: shared(
          "float64",
          numbers.map(([, im]) => im),
        ),
      };
      const sums = numbers.map((_, k) =>
        numbers.reduce(
          ([re, im], [a, b], i) => {
            const angle = (-2 * Math.PI * ((k * i) % length)) / length;
            return [
              re + a * Math.cos(angle) - b * Math.sin(angle),
              im + a * Math.sin(angle) + b * Math.cos(angle),
            ] as const;
          },
          [0, 0] as readonly [number, number],
        ),
      );
      await assertBoth(
        input,
        { real: Float64Array.from(sums, ([re]) => re), imaginary: Float64Array.from(sums, ([, im]) => im) },
        async (options) => fourierTransform(input, options),
        () => sequentialFourierTransform(input),
        areNear,
      );
    });
  }

  it("refuses lengths that are no powers of two", async () => {
    const part = (): SharedArray<"float64"> => shared("float64", [1, 2, 3]);
    await assert.rejects(
      fourierTransform({ real: part(), imaginary: part() }),
      /a power of two, are to be transformed, but 3 and 3 came/,
    );
  });
});
