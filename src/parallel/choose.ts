/** `filter` and `find`: what passes a test. */
import type { Cancel } from "../async/cancel.js";
import type { SharedArray } from "../shared/array.js";
import type { NumberType } from "../shared/record-schema.js";
import { asked, type Callback, type CallbackOptions, callbackOf } from "./asked.js";
import { sharedOutput } from "./each.js";
import { blockItemsOf, ofBlocks } from "./blocks.js";
import { loopOf } from "./part-loops.js";
import { type Call, run, runSync, type Values } from "./run.js";
import {
  arrayToFill,
  copiedBytesOf,
  type Input,
  inputOf,
  type Numbers,
  type Output,
  outputLike,
  resultIn,
  resultInSync,
  type ResultLike,
  sharedOf,
} from "./values.js";

interface PreparedFilter {
  readonly marking: Call;
  /** The second half, and where its results are. */
  packing(counts: Values): { readonly call: Call; readonly output: Output };
  end(): void;
}

function prepareFilter(input: Input, test: unknown, options: unknown): PreparedFilter {
  const { task, call: passes } = callbackOf("parallel.filter", "its test", test);
  const question = asked("filter", options, test);
  const { more } = question;
  const { length } = input;
  const blockItems = blockItemsOf(length, true);
  // Both phases look at both, and where the first one is shared out is known only then.
  let marks: SharedArray<"uint8"> | undefined;
  let shared: { readonly array: SharedArray<NumberType>; readonly isCopy: boolean } | undefined;
  const flagsHere = new Uint8Array(length);
  const inputOnHeap = (): SharedArray<NumberType> => (shared ??= sharedOf(input)).array;
  const marksOnHeap = (): SharedArray<"uint8"> => {
    if (marks === undefined) {
      marks = arrayToFill("uint8", length);
      marks.values.set(flagsHere);
    }
    return marks;
  };
  const marking: Call = {
    asked: question,
    kind: "mark",
    functions: [task],
    length,
    blockItems,
    copiedBytes: copiedBytesOf(input, length) + length,
    here: loopOf("mark", [passes], [input.numbers, flagsHere, blockItems, more]),
    share: () => ({ data: [inputOnHeap(), marksOnHeap(), blockItems, more], end: () => undefined }),
  };
  return {
    marking,
    packing(values) {
      const places: number[] = [0];
      let place = 0;
      for (const count of ofBlocks(values) as readonly number[]) {
        place += count;
        places.push(place);
      }
      const output = outputLike(input.kind, input.type, place);
      const flags = marks?.values ?? flagsHere;
      const call: Call = {
        asked: question,
        phase: "pack",
        kind: "pack",
        functions: [],
        length,
        blockItems,
        copiedBytes:
          (shared === undefined ? copiedBytesOf(input, length) : 0) +
          (marks === undefined ? length : 0) +
          copiedBytesOf(output, place),
        here: loopOf("pack", [], [input.numbers, flags, output.numbers, blockItems, places]),
        share: () => {
          const results = sharedOutput(output, place);
          return {
            data: [inputOnHeap(), marksOnHeap(), results.array, blockItems, places],
            // What this thread packed before stands in front, as blocks are in order.
            end: (from, isWhole) => results.end(places[Math.ceil(from / blockItems)] as number, isWhole),
          };
        },
      };
      return { call, output };
    },
    end() {
      marks?.dispose();
      if (shared?.isCopy === true) shared.array.dispose();
    },
  };
}

/**
 * The numbers that pass a test, in their order: a new array, of the kind of the input.
 *
 * **Cancels**, **Throws** as `parallel.for`.
 *
 * @example
 * ```ts
 * export const isEven = task((x: number) => x % 2 === 0);
 * main(async () => {
 *   console.log(await parallel.filter([1, 2, 3, 4], isEven)); // [ 2, 4 ]
 * });
 * ```
 *
 * @since 0.2.0
 */
export async function filter<In extends Numbers, More extends readonly unknown[]>(
  numbers: In,
  test: Callback<[item: number, index: number, ...more: More], unknown> | Callback<[item: number], unknown>,
  options: CallbackOptions<More> = {},
  cancel?: Cancel,
): Promise<ResultLike<In>> {
  const prepared = prepareFilter(inputOf("parallel.filter", numbers), test, options);
  try {
    const { call, output } = prepared.packing(await run(prepared.marking, cancel));
    return (await resultIn(output, () => run(call, cancel))) as ResultLike<In>;
  } finally {
    prepared.end();
  }
}

/** As `parallel.filter`, and blocks this thread until all is done. */
export function filterSync<In extends Numbers, More extends readonly unknown[]>(
  numbers: In,
  test: Callback<[item: number, index: number, ...more: More], unknown> | Callback<[item: number], unknown>,
  options: CallbackOptions<More> = {},
): ResultLike<In> {
  const prepared = prepareFilter(inputOf("parallel.filterSync", numbers), test, options);
  try {
    const { call, output } = prepared.packing(runSync(prepared.marking));
    return resultInSync(output, () => runSync(call)) as ResultLike<In>;
  } finally {
    prepared.end();
  }
}

function prepareFind(input: Input, test: unknown, options: unknown): Call {
  const { task, call } = callbackOf("parallel.find", "its test", test);
  const question = asked("find", options, test);
  const { more } = question;
  return {
    asked: question,
    kind: "find",
    functions: [task],
    length: input.length,
    blockItems: 1,
    isSearch: true,
    copiedBytes: copiedBytesOf(input, input.length),
    here: loopOf("find", [call], [input.numbers, more]),
    share: () => {
      const { array, isCopy } = sharedOf(input);
      return {
        data: [array, more],
        end: () => void (isCopy && array.dispose()),
      };
    },
  };
}

const firstOf = (values: Values): number => (values[0]?.[1] as number | undefined) ?? -1;

/**
 * The index of the first number that passes a test, −1 if there is none. Nothing behind it
 * is begun once it is found.
 *
 * **Cancels**, **Throws** as `parallel.for`.
 *
 * @since 0.2.0
 */
export async function find<More extends readonly unknown[]>(
  numbers: Numbers,
  test: Callback<[item: number, index: number, ...more: More], unknown> | Callback<[item: number], unknown>,
  options: CallbackOptions<More> = {},
  cancel?: Cancel,
): Promise<number> {
  const call = prepareFind(inputOf("parallel.find", numbers), test, options);
  return firstOf(await run(call, cancel));
}

/** As `parallel.find`, and blocks this thread until all is done. */
export function findSync<More extends readonly unknown[]>(
  numbers: Numbers,
  test: Callback<[item: number, index: number, ...more: More], unknown> | Callback<[item: number], unknown>,
  options: CallbackOptions<More> = {},
): number {
  const call = prepareFind(inputOf("parallel.findSync", numbers), test, options);
  return firstOf(runSync(call));
}
