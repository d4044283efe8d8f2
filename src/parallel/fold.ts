/**
 * `reduce` and `scan`: results in which all items before have a part.
 *
 * Items are folded in halves of blocks, and their values one after another. The blocks depend
 * on the number of items alone, so each result is made by the same operations in the same
 * order whoever works on them, and however many: floating-point sums have the same bits on
 * any number of threads.
 */
import { type Cancel, describeKind } from "../async/cancel.js";
import { requireOptions } from "../async/guard.js";
import { MisuseError } from "../core/errors.js";
import type { NumberType } from "../shared/record-schema.js";
import {
  type Callback,
  type CallbackOptions,
  type ParallelOptions,
  asked,
  callbackOf,
  requireAsked,
  requireNoMore,
} from "./asked.js";
import { doAtOnce, isAtOnce } from "./at-once.js";
import { blockItemsOf, ofBlocks } from "./blocks.js";
import { type Cost, costOf } from "./costs.js";
import { sharedOutput } from "./each.js";
import { type ItemCallback, loopFor, type Loops } from "./loops.js";
import { loopOf } from "./part-loops.js";
import { type Call, run, runSync, type Values } from "./run.js";
import {
  copiedBytesOf,
  type Input,
  inputOf,
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

/**
 * How values are put together: `combine` is associative, and `identity` changes nothing.
 *
 * @since 0.2.0
 */
export interface Monoid<Value> {
  readonly identity: Value;
  readonly combine: Callback<[value: Value, next: Value], Value>;
}

/** Options of `reduce`. */
export interface ReduceOptions<
  Value,
  More extends readonly unknown[] = readonly unknown[],
> extends CallbackOptions<More> {
  /** What each number is before it is put together with others; itself if omitted. It has the `args`, too. */
  readonly map?: Callback<[item: number, index: number, ...more: More], Value> | Callback<[item: number], Value>;
}

interface Prepared<Result> {
  readonly call: Call;
  result(values: Values): Result;
}

function requireMonoid(whose: string, monoid: unknown): asserts monoid is Monoid<unknown> {
  if (typeof monoid === "object" && monoid !== null && "identity" in monoid && "combine" in monoid) return;
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `${whose} expected { identity, combine }, but ${describeKind(monoid)} came: { identity: 0, combine: add }`,
  );
}

/** What a call that is done at once needs to have of a `combine`, found by one look. */
interface AtOnce {
  readonly total: Loops["total"];
  readonly cost: Cost;
}

const known = new WeakMap<object, AtOnce>();

/** A call is not done at once. */
const LATER = Symbol("later");

/** The result, if all is done at once. @returns LATER if it is not */
function reduceAtOnce({ kind, type, length, numbers }: Input, monoid: unknown, options: ReduceOptions<never>): unknown {
  // Of an ordinary array the numbers were looked at one by one: it is as long as that.
  if (kind === "array" || length === 0 || typeof monoid !== "object" || monoid === null) return LATER;
  const { combine, identity } = monoid as Monoid<unknown>;
  const one = known.get(combine);
  if (one === undefined || !("identity" in monoid)) return LATER;
  requireAsked("reduce", options);
  if (
    options.map !== undefined ||
    options.args !== undefined ||
    !isAtOnce(one.cost, length, options.on, copiedBytesOf({ kind, type }, length))
  )
    return LATER;
  return doAtOnce(one.cost, length, one.total, [0, length, numbers, identity, blockItemsOf(length), identity]);
}

/** Folds whose values, by block, are the result. */
function prepareFolds(input: Input, monoid: unknown, options: ReduceOptions<never>): Prepared<Values> {
  // A scan has nothing made of its items before.
  const { on, name } = options;
  const { call } = prepareReduce(input, monoid, { ...(on && { on }), ...(name !== undefined && { name }) });
  const { functions, blockItems } = call;
  const data = [input.numbers, (monoid as Monoid<unknown>).identity, blockItems];
  return {
    call: {
      ...call,
      asked: asked("scan", options, (monoid as Monoid<unknown>).combine),
      phase: "blocks",
      here: loopOf("fold", functions as unknown as readonly ItemCallback[], data),
    },
    result: (values) => values,
  };
}

function prepareReduce(input: Input, monoid: unknown, options: ReduceOptions<never>): Prepared<unknown> {
  requireMonoid("parallel.reduce", monoid);
  requireOptions("parallel.reduce", options);
  const { identity } = monoid;
  const combine = callbackOf("parallel.reduce", "combine", monoid.combine);
  const map = options.map === undefined ? undefined : callbackOf("parallel.reduce", "map", options.map);
  const question = asked("reduce", options, monoid.combine);
  const { more } = question;
  if (map === undefined) requireNoMore("parallel.reduce", "map", more);
  const { length, numbers } = input;
  const blockItems = blockItemsOf(length, map !== undefined);
  let loop: Loops["totalMapped"];
  if (map !== undefined) loop = loopFor("totalMapped", combine.call, more.length, map.call);
  else {
    const total = loopFor("total", combine.call);
    if (!known.has(combine.task)) known.set(combine.task, { total, cost: costOf("fold", combine.task) });
    loop = total;
  }
  // Of the blocks from the first one on, as far as they were done here: these come first, and in order.
  let total: unknown = identity;
  return {
    call: {
      asked: question,
      kind: "fold",
      functions: map === undefined ? [combine.task] : [combine.task, map.task],
      cost: map === undefined ? costOf("fold", combine.task) : costOf("fold mapped", map.task),
      length,
      blockItems,
      copiedBytes: copiedBytesOf(input, length),
      here: (from, to) => {
        total = loop(from, to, numbers, identity, blockItems, total, more);
      },
      share: () => {
        const { array, isCopy } = sharedOf(input);
        return {
          data: map === undefined ? [array, identity, blockItems] : [array, identity, blockItems, more],
          end: () => void (isCopy && array.dispose()),
        };
      },
    },
    result: (values) => {
      for (const [, ofRange] of values) {
        for (const value of ofRange as readonly unknown[]) total = combine.call(total, value);
      }
      return total;
    },
  };
}

/**
 * All numbers put together: `combine(combine(identity, a), b)` and so on, in blocks of two
 * halves, of which the values are put together in turn. So `combine` must be associative; it
 * need not be commutative, as all stay in order. If it throws, some are put together once more.
 *
 * The result has the same bits however many threads work on it.
 *
 * **Cancels**, **Throws** as `parallel.for`.
 *
 * @example
 * ```ts
 * export const larger = task((a: number, b: number) => Math.max(a, b));
 * main(async () => {
 *   console.log(await parallel.reduce([3, 7, 5], { identity: -Infinity, combine: larger })); // 7
 * });
 * ```
 *
 * @since 0.2.0
 */
export async function reduce<Value = number, More extends readonly unknown[] = []>(
  numbers: Numbers,
  monoid: Monoid<Value>,
  options: ReduceOptions<Value, More> = {},
  cancel?: Cancel,
): Promise<Value> {
  const input = inputOf("parallel.reduce", numbers);
  // A signal is looked at before anything is done.
  const atOnce = cancel === undefined ? reduceAtOnce(input, monoid, options as never) : LATER;
  if (atOnce !== LATER) return atOnce as Value;
  const { call, result } = prepareReduce(input, monoid, options as never);
  const values = run(call, cancel);
  return result(values instanceof Promise ? await values : values) as Value;
}

/** As `parallel.reduce`, and blocks this thread until all is done. */
export function reduceSync<Value = number, More extends readonly unknown[] = []>(
  numbers: Numbers,
  monoid: Monoid<Value>,
  options: ReduceOptions<Value, More> = {},
): Value {
  const input = inputOf("parallel.reduceSync", numbers);
  const atOnce = reduceAtOnce(input, monoid, options as never);
  if (atOnce !== LATER) return atOnce as Value;
  const { call, result } = prepareReduce(input, monoid, options as never);
  return result(runSync(call)) as Value;
}

/** Options of `scan`. */
export interface ScanOptions<Type extends NumberType = NumberType> extends ParallelOptions {
  /** Whether each result has its own item in it: true if omitted. `false`: only those before. */
  readonly inclusive?: boolean;
  /** What the results are; as the input if omitted. */
  readonly type?: Type;
}

interface PreparedScan {
  readonly folds: Prepared<Values>;
  readonly output: Output;
  /** The second half, once the blocks' values are known. */
  second(values: Values): Call;
}

function prepareScan(input: Input, monoid: unknown, options: ScanOptions): PreparedScan {
  requireMonoid("parallel.scan", monoid);
  requireOptions("parallel.scan", options);
  requireType("parallel.scan", options.type);
  const { identity } = monoid;
  const combine = callbackOf("parallel.scan", "combine", monoid.combine);
  const question = asked("scan", options, monoid.combine);
  const isInclusive = options.inclusive ?? true;
  if (typeof isInclusive !== "boolean") {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `parallel.scan's option inclusive expected true or false, but ${describeKind(isInclusive)} came`,
    );
  }
  const blockItems = blockItemsOf(input.length);
  const folds = prepareFolds(input, monoid, options);
  const output = outputLike(input.kind, options.type ?? input.type, input.length);
  const second = (values: Values): Call => {
    const carries: unknown[] = [];
    let carry = identity;
    for (const value of ofBlocks(values)) {
      carries.push(carry);
      carry = combine.call(carry, value);
    }
    return {
      asked: question,
      kind: "scan",
      functions: [combine.task],
      length: input.length,
      blockItems,
      copiedBytes: copiedBytesOf(input, input.length) + copiedBytesOf(output, input.length),
      here: loopOf("scan", [combine.call], [input.numbers, output.numbers, blockItems, carries, isInclusive]),
      share: () => {
        const inputs = sharedOf(input);
        const results = sharedOutput(output, input.length);
        return {
          data: [inputs.array, results.array, blockItems, carries, isInclusive],
          end: (from, isWhole) => {
            if (inputs.isCopy) inputs.array.dispose();
            results.end(from, isWhole);
          },
        };
      },
    };
  };
  return { folds, output, second };
}

/**
 * The running totals: result i is all numbers up to i put together, or those before i. A
 * new array, of the kind of the input.
 *
 * The results have the same bits however many threads work on them.
 *
 * **Cancels**, **Throws** as `parallel.for`.
 *
 * @since 0.2.0
 */
export async function scan<In extends Numbers, Type extends NumberType = TypeOf<In>>(
  numbers: In,
  monoid: Monoid<number>,
  options: ScanOptions<Type> = {},
  cancel?: Cancel,
): Promise<ResultLike<In, Type>> {
  const { folds, output, second } = prepareScan(inputOf("parallel.scan", numbers), monoid, options);
  const both = async (): Promise<Values> => run(second(await run(folds.call, cancel)), cancel);
  return resultIn(output, both) as Promise<ResultLike<In, Type>>;
}

/** As `parallel.scan`, and blocks this thread until all is done. */
export function scanSync<In extends Numbers, Type extends NumberType = TypeOf<In>>(
  numbers: In,
  monoid: Monoid<number>,
  options: ScanOptions<Type> = {},
): ResultLike<In, Type> {
  const { folds, output, second } = prepareScan(inputOf("parallel.scanSync", numbers), monoid, options);
  return resultInSync(output, () => runSync(second(runSync(folds.call)))) as ResultLike<In, Type>;
}
