/** `for` and `tabulate`, `map`: one call an item, none depends on another. */
import type { Cancel } from "../async/cancel.js";
import { requireWhole } from "../async/guard.js";
import type { SharedArray } from "../shared/array.js";
import type { NumberType } from "../shared/record-schema.js";
import { type Callback, type CallbackOptions, asked, callbackOf, NOTHING_MORE, requireAsked } from "./asked.js";
import { doAtOnce, isAtOnce } from "./at-once.js";
import { type Cost, costOf } from "./costs.js";
import { loopFor, type Loops } from "./loops.js";
import { loopOf } from "./part-loops.js";
import { type Call, run, runSync } from "./run.js";
import {
  copiedBytesOf,
  type Input,
  inputOf,
  type NumberArray,
  type Numbers,
  type Output,
  outputLike,
  requireType,
  resultIn,
  resultInSync,
  type ResultLike,
  type TypeOf,
  sharedOf,
} from "./values.js";

interface Prepared {
  readonly call: Call;
  readonly output: Output;
}

function prepareFor(from: number, to: number, body: unknown, options: unknown): Call {
  requireWhole("parallel.for's first index", from, 0);
  requireWhole("parallel.for's end", to, from);
  const { task, call } = callbackOf("parallel.for", "its body", body);
  const question = asked("for", options, body);
  const { more } = question;
  // Items are counted from 0; shared arrays among the arguments are where they are.
  const data = [more, from];
  return {
    asked: question,
    kind: "each",
    functions: [task],
    length: to - from,
    blockItems: 1,
    here: loopOf("each", [call], data),
    share: () => ({ data, end: () => undefined }),
  };
}

/** Options of algorithms that make an array. */
export interface OutputOptions<
  Type extends NumberType = NumberType,
  More extends readonly unknown[] = readonly unknown[],
> extends CallbackOptions<More> {
  /** What the results are; as the input if omitted. */
  readonly type?: Type;
}

/** What a call that is done at once needs to have of a function, found by one look. */
interface AtOnce {
  readonly loop: Loops["map"];
  readonly cost: Cost;
}

const known = new WeakMap<object, AtOnce>();

/** The result, if all is done at once; else `undefined`. */
function mapAtOnce({ kind, type, length, numbers }: Input, fn: unknown, options: OutputOptions): unknown {
  const one = known.get(fn as object);
  if (one === undefined) return undefined;
  requireAsked("map", options);
  // The results take as much, or less: that is of no account here.
  const copiedBytes = 2 * copiedBytesOf({ kind, type }, length);
  if (options.args !== undefined || !isAtOnce(one.cost, length, options.on, copiedBytes)) return undefined;
  requireType("parallel.map", options.type);
  const output = outputLike(kind, options.type ?? type, length);
  const args = [0, length, numbers, output.numbers, NOTHING_MORE];
  return resultInSync(output, () => doAtOnce(one.cost, length, one.loop, args));
}

function prepareMap(input: Input, fn: unknown, options: OutputOptions): Prepared {
  const { task, call } = callbackOf("parallel.map", "what it calls with each item", fn);
  if (!known.has(task)) known.set(task, { loop: loopFor("map", call), cost: costOf("map", task) });
  const question = asked("map", options, fn);
  const { more } = question;
  requireType("parallel.map", options.type);
  const output = outputLike(input.kind, options.type ?? input.type, input.length);
  return {
    output,
    call: {
      asked: question,
      kind: "map",
      functions: [task],
      length: input.length,
      blockItems: 1,
      copiedBytes: copiedBytesOf(input, input.length) + copiedBytesOf(output, input.length),
      here: loopOf("map", [call], [input.numbers, output.numbers, more]),
      share: () => {
        const inputs = sharedOf(input);
        const results = sharedOutput(output, input.length);
        return {
          data: [inputs.array, results.array, more],
          end: (from, isWhole) => {
            if (inputs.isCopy) inputs.array.dispose();
            results.end(from, isWhole);
          },
        };
      },
    },
  };
}

function prepareTabulate(length: number, fn: unknown, options: OutputOptions): Prepared {
  requireWhole("parallel.tabulate's length", length, 0);
  const { task, call } = callbackOf("parallel.tabulate", "what it calls with each index", fn);
  const question = asked("tabulate", options, fn);
  const { more } = question;
  requireType("parallel.tabulate", options.type);
  const output = outputLike("shared", options.type ?? "float64", length);
  // A shared array, wherever it is filled.
  const data = [output.result, more];
  return {
    output,
    call: {
      asked: question,
      kind: "tabulate",
      functions: [task],
      length,
      blockItems: 1,
      here: loopOf("tabulate", [call], data),
      share: () => ({ data, end: () => undefined }),
    },
  };
}

/** An output where all threads see it, and how what they wrote gets where the caller looks. */
export function sharedOutput(
  output: Output,
  length: number,
): {
  readonly array: SharedArray<NumberType>;
  end(from: number, isWhole: boolean): void;
} {
  if (output.kind === "shared") return { array: output.result as SharedArray<NumberType>, end: () => undefined };
  const { array } = sharedOf({ kind: "typed", type: output.type, length, numbers: [], given: [] });
  return {
    array,
    end(from, isWhole) {
      if (isWhole) {
        const made = array.values as NumberArray;
        const { numbers } = output;
        if (Array.isArray(numbers)) for (let i = from; i < length; i++) numbers[i] = made[i] as number;
        else numbers.set(made.subarray(from), from);
      }
      array.dispose();
    },
  };
}

/**
 * Calls `body` with each whole number from `from` on, up to the one before `to`.
 *
 * What the calls do must not depend on their order: they run on several threads, or all
 * here if that is as fast. They have results by writing to shared objects among `args`.
 *
 * **Cancels** Between calls. **Throws** what a call throws, of several that with the least
 * index, after all that were under way have ended; `SKEIN_NOT_A_TASK`;
 * `SKEIN_INVALID_ARGUMENT`; `SKEIN_WORKER_LOST`.
 *
 * @example
 * ```ts
 * export const square = task(function square(i: number, squares: SharedArray<"float64">) {
 *   squares.values[i] = i * i;
 * });
 * main(async () => {
 *   const squares = new SharedArray({ type: "float64", length: 4 });
 *   await parallel.for(0, 4, square, { args: [squares] });
 *   console.log(squares.copy()); // Float64Array(4) [ 0, 1, 4, 9 ]
 * });
 * ```
 *
 * @since 0.2.0
 */
export async function parallelFor<More extends readonly unknown[]>(
  from: number,
  to: number,
  body: Callback<[index: number, ...more: More], unknown>,
  options: CallbackOptions<More> = {},
  cancel?: Cancel,
): Promise<void> {
  const call = prepareFor(from, to, body, options);
  await run(call, cancel);
}

/** As `parallel.for`, and blocks this thread until all is done. */
export function parallelForSync<More extends readonly unknown[]>(
  from: number,
  to: number,
  body: Callback<[index: number, ...more: More], unknown>,
  options: CallbackOptions<More> = {},
): void {
  const call = prepareFor(from, to, body, options);
  runSync(call);
}

/**
 * What `fn` makes of each number: a new array, of the kind of the input.
 *
 * **Cancels**, **Throws** as `parallel.for`.
 *
 * @since 0.2.0
 */
export async function map<In extends Numbers, More extends readonly unknown[], Type extends NumberType = TypeOf<In>>(
  numbers: In,
  fn: Callback<[item: number, index: number, ...more: More], number> | Callback<[item: number], number>,
  options: OutputOptions<Type, More> = {},
  cancel?: Cancel,
): Promise<ResultLike<In, Type>> {
  const input = inputOf("parallel.map", numbers);
  // A signal is looked at before anything is done.
  const atOnce = cancel === undefined ? mapAtOnce(input, fn, options) : undefined;
  if (atOnce !== undefined) return atOnce as ResultLike<In, Type>;
  const { call, output } = prepareMap(input, fn, options);
  return resultIn(output, () => run(call, cancel)) as Promise<ResultLike<In, Type>>;
}

/** As `parallel.map`, and blocks this thread until all is done. */
export function mapSync<In extends Numbers, More extends readonly unknown[], Type extends NumberType = TypeOf<In>>(
  numbers: In,
  fn: Callback<[item: number, index: number, ...more: More], number> | Callback<[item: number], number>,
  options: OutputOptions<Type, More> = {},
): ResultLike<In, Type> {
  const input = inputOf("parallel.mapSync", numbers);
  const atOnce = mapAtOnce(input, fn, options);
  if (atOnce !== undefined) return atOnce as ResultLike<In, Type>;
  const { call, output } = prepareMap(input, fn, options);
  return resultInSync(output, () => runSync(call)) as ResultLike<In, Type>;
}

/**
 * A shared array of what `fn` makes of each index from 0 on.
 *
 * **Cancels**, **Throws** as `parallel.for`.
 *
 * @since 0.2.0
 */
export async function tabulate<Type extends NumberType = "float64", More extends readonly unknown[] = []>(
  length: number,
  fn: Callback<[index: number, ...more: More], number>,
  options: OutputOptions<Type, More> = {},
  cancel?: Cancel,
): Promise<SharedArray<Type>> {
  const { call, output } = prepareTabulate(length, fn, options);
  return resultIn(output, () => run(call, cancel)) as Promise<SharedArray<Type>>;
}

/** As `parallel.tabulate`, and blocks this thread until all is done. */
export function tabulateSync<Type extends NumberType = "float64", More extends readonly unknown[] = []>(
  length: number,
  fn: Callback<[index: number, ...more: More], number>,
  options: OutputOptions<Type, More> = {},
): SharedArray<Type> {
  const { call, output } = prepareTabulate(length, fn, options);
  return resultInSync(output, () => runSync(call)) as SharedArray<Type>;
}
