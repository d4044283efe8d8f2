/** `groupBy` and `flatten`: numbers that belong together, brought together. */
import { type Cancel, describeKind } from "../async/cancel.js";
import { MisuseError } from "../core/errors.js";
import { SharedArray } from "../shared/array.js";
import {
  asked,
  type Callback,
  callbackOf,
  type CallbackOptions,
  type ParallelOptions,
  requireNoMore,
} from "./asked.js";
import { costOf } from "./costs.js";
import { map, mapSync } from "./each.js";
import { loopOf } from "./part-loops.js";
import { type Call, run, runSync } from "./run.js";
import { argsort, argsortSync } from "./sort.js";
import { inputOf, type Numbers, type Output, outputLike, resultIn, resultInSync, type ResultLike } from "./values.js";

/** Items by their keys. */
export interface Groups extends Iterable<readonly [key: number, indices: Uint32Array]> {
  /** The different keys, ascending. */
  readonly keys: Float64Array;
  /** Where each key's items begin in `indices`; one more, where the last one's end. */
  readonly offsets: Uint32Array;
  /** The indexes of all items, key by key, in order within each. */
  readonly indices: Uint32Array;
}

/** Options of `groupBy`. */
export interface GroupOptions<More extends readonly unknown[] = readonly unknown[]> extends CallbackOptions<More> {
  /** The key of a number; itself if omitted. It has the `args`, too. */
  readonly key?: Callback<[item: number, index: number, ...more: More], number> | Callback<[item: number], number>;
}

function groupsOf(keys: Float64Array, indices: Uint32Array): Groups {
  const found: number[] = [];
  const offsets: number[] = [];
  let last: number | undefined;
  for (let place = 0; place < indices.length; place++) {
    const key = keys[indices[place] as number] as number;
    // As a Map tells keys apart: NaN is one.
    if (last !== undefined && (key === last || (Number.isNaN(key) && Number.isNaN(last)))) continue;
    last = key;
    found.push(key);
    offsets.push(place);
  }
  offsets.push(indices.length);
  return {
    keys: Float64Array.from(found),
    offsets: Uint32Array.from(offsets),
    indices,
    *[Symbol.iterator]() {
      for (const [group, key] of found.entries())
        yield [key, indices.subarray(offsets[group], offsets[group + 1])] as const;
    },
  };
}

/**
 * Which numbers have the same key: by their indexes, in order of the keys.
 *
 * **Cancels**, **Throws** as `parallel.sort`.
 *
 * @example
 * ```ts
 * for (const [key, indices] of await parallel.groupBy([3, 1, 3])) console.log(key, indices); // 1 Uint32Array(1) [ 1 ]
 * ```
 *
 * @since 0.2.0
 */
export async function groupBy<More extends readonly unknown[] = []>(
  numbers: Numbers,
  options: GroupOptions<More> = {},
  cancel?: Cancel,
): Promise<Groups> {
  requireGroupable(numbers, options);
  const { key, args, ...others } = options;
  const mapping = { ...others, ...(args && { args }), type: "float64" } as const;
  const mapped = key === undefined ? numbers : await map(numbers as number[], key, mapping, cancel);
  const keys = keysOf(numbers, mapped);
  return groupsOf(keys, await argsort(keys, others, cancel));
}

/** As `parallel.groupBy`, and blocks this thread until all is done. */
export function groupBySync<More extends readonly unknown[] = []>(
  numbers: Numbers,
  options: GroupOptions<More> = {},
): Groups {
  requireGroupable(numbers, options);
  const { key, args, ...others } = options;
  const mapping = { ...others, ...(args && { args }), type: "float64" } as const;
  const mapped = key === undefined ? numbers : mapSync(numbers as number[], key, mapping);
  const keys = keysOf(numbers, mapped);
  return groupsOf(keys, argsortSync(keys, others));
}

/** What is wrong is told here, as the algorithms that this one is made of would speak of themselves. */
function requireGroupable(numbers: unknown, options: unknown): void {
  const { more } = asked("groupBy", options);
  inputOf("parallel.groupBy", numbers);
  const { key } = options as GroupOptions;
  if (key !== undefined) callbackOf("parallel.groupBy", "key", key);
  else requireNoMore("parallel.groupBy", "key", more);
}

/** Keys as numbers of their own, in which −0 is 0. */
function keysOf(numbers: Numbers, mapped: Numbers): Float64Array {
  const { numbers: found } = inputOf("parallel.groupBy", mapped);
  const keys = new Float64Array(found.length);
  for (let i = 0; i < keys.length; i++) keys[i] = (found[i] as number) + 0;
  if (mapped !== numbers && mapped instanceof SharedArray) mapped.dispose();
  return keys;
}

interface PreparedFlatten {
  readonly call: Call;
  readonly output: Output;
}

function prepareFlatten(parts: unknown, options: ParallelOptions): PreparedFlatten {
  if (!Array.isArray(parts)) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `parallel.flatten expected an array of arrays of numbers, but ${describeKind(parts)} came`,
    );
  }
  const question = asked("flatten", options);
  const inputs = parts.map((part, index) => inputOf(`parallel.flatten's item ${index}`, part));
  const [first] = inputs;
  const odd = inputs.findIndex(({ kind, type }) => kind !== first?.kind || type !== first.type);
  if (odd !== -1) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `parallel.flatten expected arrays of one kind and type, but item 0 is ${first?.kind} of ${first?.type} and item ${odd} ${inputs[odd]?.kind} of ${inputs[odd]?.type}`,
    );
  }
  const offsets: number[] = [];
  let length = 0;
  for (const input of inputs) {
    offsets.push(length);
    length += input.length;
  }
  const output = outputLike(first?.kind ?? "array", first?.type ?? "float64", length);
  return {
    output,
    call: {
      asked: question,
      isHere: first?.kind !== "shared",
      kind: "flatten",
      functions: [],
      cost: costOf(`flatten ${Math.round(Math.log2(1 + length / Math.max(1, inputs.length)))}`, undefined),
      length: inputs.length,
      blockItems: 1,
      here: loopOf("flatten", [], [inputs.map(({ numbers }) => numbers), offsets, output.numbers]),
      // Other threads help only where the arrays are shared, and the output is then.
      share: () => ({
        data: [inputs.map(({ given }) => given), offsets, output.result],
        end: () => undefined,
      }),
    },
  };
}

/**
 * The numbers of several arrays, one after another, as one: of the kind and type that all of
 * them have.
 *
 * **Cancels**, **Throws** as `parallel.for`.
 *
 * @since 0.2.0
 */
export async function flatten<In extends Numbers>(
  parts: readonly In[],
  options: ParallelOptions = {},
  cancel?: Cancel,
): Promise<ResultLike<In>> {
  const { call, output } = prepareFlatten(parts, options);
  return resultIn(output, () => run(call, cancel)) as Promise<ResultLike<In>>;
}

/** As `parallel.flatten`, and blocks this thread until all is done. */
export function flattenSync<In extends Numbers>(parts: readonly In[], options: ParallelOptions = {}): ResultLike<In> {
  const { call, output } = prepareFlatten(parts, options);
  return resultInSync(output, () => runSync(call)) as ResultLike<In>;
}
