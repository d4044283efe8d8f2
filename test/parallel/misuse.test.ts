/** Each argument, wrong: the error's code, and a message that says what was expected, what came, how to mend it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";

import { parallel } from "skein/parallel";
import { SharedArray } from "skein/shared";

import { asynchronous, generating, scoped } from "./fixtures/fault-tasks.js";
import { add, identical } from "./fixtures/tasks.js";

type Algorithm = (...args: readonly unknown[]) => unknown;
const algorithms = parallel as unknown as Readonly<Record<string, Algorithm>>;

const monoid = { identity: 0, combine: add };
/** Arguments that are right, with the options last. */
const RIGHT: Readonly<Record<string, readonly unknown[]>> = {
  for: [0, 3, identical, {}],
  map: [[1, 2], identical, {}],
  tabulate: [3, identical, {}],
  reduce: [[1, 2], monoid, {}],
  scan: [[1, 2], monoid, {}],
  filter: [[1, 2], identical, {}],
  find: [[1, 2], identical, {}],
  sum: [[1, 2], {}],
  dot: [[1, 2], [3, 4], {}],
  minMax: [[1, 2], {}],
  histogram: [[1, 2], { bins: 3, low: 0, high: 1 }],
  sort: [[2, 1], {}],
  argsort: [[2, 1], {}],
  groupBy: [[2, 1], {}],
  flatten: [[[2, 1], [3]], {}],
};
const NAMES = Object.keys(RIGHT);
const withOptions = (name: string, options: unknown): unknown[] => {
  const args = [...(RIGHT[name] as unknown[])];
  const right = args.pop();
  return [...args, typeof options === "object" && options !== null ? { ...(right as object), ...options } : options];
};
const withFirst = (name: string, first: unknown): unknown[] => [first, ...(RIGHT[name] as unknown[]).slice(1)];

/** Wrong arguments, and what the message says. */
type Row = readonly [name: string, args: readonly unknown[], code: string, ...says: RegExp[]];
const INVALID = "SKEIN_INVALID_ARGUMENT";
const NO_TASK = "SKEIN_NOT_A_TASK";

const plain = (x: number): number => x;
const takingNumbers = NAMES.filter((name) => !["for", "tabulate", "flatten"].includes(name));
/** Where functions stand among arguments, or how they are given. */
const FUNCTIONS: readonly (readonly [name: string, args: (fn: unknown) => unknown[], what: string])[] = [
  ["for", (fn) => [0, 3, fn], "its body"],
  ["map", (fn) => [[1], fn], "what it calls with each item"],
  ["tabulate", (fn) => [3, fn], "what it calls with each index"],
  ["filter", (fn) => [[1], fn], "its test"],
  ["find", (fn) => [[1], fn], "its test"],
  ["reduce", (fn) => [[1], { identity: 0, combine: fn }], "combine"],
  ["reduce", (fn) => [[1], monoid, { map: fn }], "map"],
  ["scan", (fn) => [[1], { identity: 0, combine: fn }], "combine"],
  ["sort", (fn) => [[1], { compare: fn }], "compare"],
  ["argsort", (fn) => [[1], { compare: fn }], "compare"],
  ["groupBy", (fn) => [[1], { key: fn }], "key"],
];

const ROWS: readonly Row[] = [
  ...takingNumbers.flatMap((name): Row[] => [
    [name, withFirst(name, "1, 2"), INVALID, /expected a SharedArray, a typed array or an array of numbers/, /"1, 2"/],
    [name, withFirst(name, undefined), INVALID, /undefined/],
    [name, withFirst(name, new Set([1])), INVALID, /an object of class Set/],
    [name, withFirst(name, [1, "2"]), INVALID, /item 1 is the string "2"/, /mapConcurrent\(/],
    [name, withFirst(name, [1n]), INVALID, /item 0 is bigint/],
    // oxlint-disable-next-line no-sparse-arrays -- what is tested
    [name, withFirst(name, [1, , 3]), INVALID, /item 1 is undefined/],
    [name, withFirst(name, new BigInt64Array(2)), INVALID, /BigInt64Array/],
    [name, withFirst(name, new SharedArray({ type: "bigint64", length: 2 })), INVALID, /SharedArray of bigint64/],
    [name, withFirst(name, new DataView(new ArrayBuffer(8))), INVALID, /DataView/],
  ]),
  ...FUNCTIONS.flatMap(([name, args, what]): Row[] => [
    [
      name,
      args(plain),
      NO_TASK,
      new RegExp(`expected a task as ${what}`),
      /the function plain came/,
      /const name = task\(/,
    ],
    [name, args(5), NO_TASK, /number 5 came/],
    [
      name,
      args(asynchronous),
      INVALID,
      new RegExp(`computes its result at once as ${what}`),
      /is a AsyncFunction|is async/,
    ],
    [name, args(generating), INVALID, /GeneratorFunction/, /mapConcurrent\(/],
    [name, args(scoped), INVALID, /"scoped" takes its scope/],
  ]),
  ...NAMES.flatMap((name): Row[] => [
    [name, withOptions(name, null), INVALID, /null/],
    [name, withOptions(name, 5), INVALID, /number 5/],
    [name, withOptions(name, { on: {} }), INVALID, /expected a pool of threads, such as threads\(\{ size: 4 \}\)/],
    [name, withOptions(name, { on: null }), INVALID, /but null came/],
    [name, withOptions(name, { on: 4 }), INVALID, /number 4 came/],
    [name, withOptions(name, { name: 4 }), INVALID, /name/, /number 4/],
  ]),
  ["reduce", [[1], monoid, { args: [1] }], INVALID, /args are for its option map/],
  ["sort", [[1], { args: [1] }], INVALID, /args are for its option compare/],
  ["argsort", [[1], { args: [1] }], INVALID, /args are for its option compare/],
  ["groupBy", [[1], { args: [1] }], INVALID, /args are for its option key/],
  ...["for", "map", "tabulate", "filter", "find", "sort", "groupBy"].map((name): Row => [
    name,
    withOptions(name, { args: 5 }),
    INVALID,
    /option args expected an array, but number 5 came/,
  ]),
  ...["map", "tabulate", "scan"].flatMap((name): Row[] => [
    [name, withOptions(name, { type: "float16" }), INVALID, /one of int8, .*float64/, /"float16"/],
    [name, withOptions(name, { type: "bigint64" }), INVALID, /one of int8/],
    [name, withOptions(name, { type: 5 }), INVALID, /number 5/],
  ]),
  ...["reduce", "scan"].flatMap((name): Row[] => [
    [name, [[1], undefined], INVALID, /expected \{ identity, combine \}/, /undefined came/],
    [name, [[1], add], INVALID, /the function add came/],
    [name, [[1], { combine: add }], INVALID, /\{ identity: 0, combine: add \}/],
    [name, [[1], { identity: 0 }], INVALID],
  ]),
  ["scan", [[1], monoid, { inclusive: "no" }], INVALID, /inclusive/, /"no"/],
  ["for", [-1, 3, identical], INVALID, /first index/, /-1/],
  ["for", [0.5, 3, identical], INVALID, /0\.5/],
  ["for", [3, 2, identical], INVALID, /end/, /3/, /2/],
  ["for", [0, Infinity, identical], INVALID, /Infinity/],
  ["for", [0, "3", identical], INVALID, /"3"/],
  ["tabulate", [-1, identical], INVALID, /length/, /-1/],
  ["tabulate", [NaN, identical], INVALID, /NaN/],
  ["tabulate", [2 ** 53, identical], INVALID, /length/],
  ["dot", [[1, 2], [1]], INVALID, /one type and length, but 2 of float64 and 1 of float64/],
  ["dot", [new Int32Array(1), new Float64Array(1)], INVALID, /1 of int32 and 1 of float64/],
  ["dot", [[1, 2], "3"], INVALID, /"3"/],
  ["histogram", [[1]], INVALID, /options, but undefined/],
  ["histogram", [[1], {}], INVALID, /bins .* undefined/],
  ["histogram", [[1], { bins: 0, low: 0, high: 1 }], INVALID, /bins/, /0/],
  ["histogram", [[1], { bins: 2.5, low: 0, high: 1 }], INVALID, /2\.5/],
  ["histogram", [[1], { bins: 2 ** 21, low: 0, high: 1 }], INVALID, /1048576/],
  [
    "histogram",
    [[1], { bins: 3, low: 1, high: 1 }],
    INVALID,
    /low and high, finite numbers of which the first is less/,
  ],
  ["histogram", [[1], { bins: 3, low: 0, high: Infinity }], INVALID, /Infinity/],
  ["histogram", [[1], { bins: 3, low: NaN, high: 1 }], INVALID, /NaN/],
  ["histogram", [[1], { bins: 3, low: "0", high: 1 }], INVALID, /"0"/],
  ["flatten", [5], INVALID, /an array of arrays of numbers, but number 5/],
  ["flatten", [[[1], "2"]], INVALID, /item 1/, /"2"/],
  [
    "flatten",
    [[[1], new Float64Array(1)]],
    INVALID,
    /one kind and type, but item 0 is array of float64 and item 1 typed of float64/,
  ],
  ["flatten", [[new Int8Array(1), new Uint8Array(1)]], INVALID, /int8 .* uint8/],
];

/** What is wrong with what a call threw; `undefined` if nothing is. */
function complaint(thrown: unknown, [name, args, code, ...says]: Row, form: string): string | undefined {
  const call = `${form}(${inspect(args)})`;
  if (!(thrown instanceof Error)) return `${call} was not refused`;
  const { message } = thrown;
  if ((thrown as { readonly code?: unknown }).code !== code) return `${call}: ${code} expected, ${thrown.stack} came`;
  const missing = [new RegExp(name), ...says].filter((say) => !say.test(message));
  return missing.length === 0 ? undefined : `${call}: ${String(missing)} expected in: ${message}`;
}

function thrownBy(call: () => unknown): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe("misuse of parallel", () => {
  for (const name of NAMES) {
    const [form, syncForm] = [algorithms[name], algorithms[`${name}Sync`]] as [Algorithm, Algorithm];

    it(`${name} says what is wrong with its arguments, in both forms`, async () => {
      const complaints: unknown[] = [];
      for (const row of ROWS.filter(([of]) => of === name)) {
        // Not thrown at once, whatever is wrong: its promise tells.
        const thrown = await (form(...row[1]) as Promise<unknown>).then(
          () => undefined,
          (error: unknown) => error,
        );
        complaints.push(complaint(thrown, row, name));
        complaints.push(
          complaint(
            thrownBy(() => syncForm(...row[1])),
            row,
            `${name}Sync`,
          ),
        );
      }
      assert.deepEqual(
        complaints.filter((one) => one !== undefined),
        [],
      );
    });

    it(`${name} refuses what is neither a scope nor a signal to be cancelled by`, async () => {
      const call = form(...(RIGHT[name] as readonly unknown[]), 5) as Promise<unknown>;
      await assert.rejects(call, { code: INVALID, message: /expected a scope or an AbortSignal .* number 5 came/ });
    });
  }
});
