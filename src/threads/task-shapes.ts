/**
 * What tasks declare of their arguments and results, and how these then cross: as
 * values of shapes (`../shared/shape-form.ts`), in the same places as others.
 */
import type { TaskIdentity } from "../async/executor.js";
import { MisuseError, TransferError } from "../core/errors.js";
import type { MemoryViews } from "../shared/memory-views.js";
import { ShapeCodec } from "../shared/shape-codec.js";
import { type Form, formOf, listFormOf, misfit } from "../shared/shape-form.js";
import type { Shape, ShapeInput, ShapeValue, OptionalShape } from "../shared/shape-types.js";

/** The shapes that a task declares. */
export interface TaskShapes {
  /** One for each parameter. */
  readonly args?: readonly Shape[];
  /** Of what the task returns, or resolves to. */
  readonly result?: Shape;
}

/** The values of a list of shapes. */
type ValuesOf<Shapes> = Shapes extends readonly [infer First, ...infer Rest]
  ? First extends OptionalShape<infer Inner>
    ? [ShapeValue<Inner>?, ...ValuesOf<Rest>]
    : [ShapeValue<First>, ...ValuesOf<Rest>]
  : [];

type InputsOf<Shapes> = Shapes extends readonly [infer First, ...infer Rest]
  ? First extends OptionalShape<infer Inner>
    ? readonly [(ShapeInput<Inner> | undefined)?, ...InputsOf<Rest>]
    : readonly [ShapeInput<First>, ...InputsOf<Rest>]
  : readonly [];

/** The parameters of a task that declares these shapes. */
export type ShapedArgs<Shapes> = Shapes extends { readonly args: infer Args extends readonly Shape[] }
  ? ValuesOf<Args>
  : // eslint-disable-next-line typescript/no-explicit-any -- a function of any parameters is assignable to that alone
    any[];

/** What it may return. */
export type ShapedResult<Shapes> = Shapes extends { readonly result: infer Result }
  ? ShapeInput<Result> | PromiseLike<ShapeInput<Result>>
  : unknown;

/** Nothing more to ask of a function, if callers can't give it what its shapes don't take. */
export type FitsShapes<Args extends readonly unknown[], Shapes> = Shapes extends {
  readonly args: infer Declared extends readonly Shape[];
}
  ? Args extends InputsOf<Declared>
    ? unknown
    : { readonly "takes more than its shapes do": InputsOf<Declared> }
  : unknown;

/** Checks shapes. **Throws** `SKEIN_INVALID_ARGUMENT`, with the path to what is no shape. */
export function requireShapes({ args, result }: TaskShapes): void {
  if (args !== undefined) listFormOf(args, "args");
  if (result !== undefined) formOf(result, "result");
}

/** How the values of one task cross. */
export interface TaskCodecs {
  /** Of a call's values: its arguments, and before them its name if it takes its scope. */
  readonly args: ShapeCodec | undefined;
  readonly result: ShapeCodec | undefined;
  /** Of the arguments alone. */
  readonly argsForm: Form | undefined;
}

const known = new WeakMap<TaskIdentity, TaskCodecs>();

/** `undefined` if the task declares nothing. */
export function codecsOf(identity: TaskIdentity): TaskCodecs | undefined {
  const { shapes, takesScope } = identity;
  if (shapes === undefined) return undefined;
  let codecs = known.get(identity);
  if (codecs === undefined) {
    const { args, result } = shapes as TaskShapes;
    const argsForm = args === undefined ? undefined : listFormOf(args, "args");
    codecs = {
      args:
        args === undefined ? undefined : new ShapeCodec(listFormOf(takesScope ? ["string", ...args] : args, "args")),
      result: result === undefined ? undefined : new ShapeCodec(formOf(result, "result")),
      argsForm,
    };
    known.set(identity, codecs);
  }
  return codecs;
}

/** As `codecsOf`, of what came from elsewhere: shapes that are none here count as not declared. */
export function codecsOfFound(identity: TaskIdentity | undefined): TaskCodecs | undefined {
  try {
    return identity === undefined ? undefined : codecsOf(identity);
  } catch {
    return undefined; // then the first call says so, and the thread goes on
  }
}

/** Reads values that were written by the codec of that task on another thread. */
export function decodeShaped(
  codec: ShapeCodec | undefined,
  key: string,
  memory: MemoryViews,
  from: number,
  byteLength: number,
): unknown {
  if (codec?.wrote(memory, from) === true) return codec.decode(memory, from, byteLength);
  throw new MisuseError(
    "SKEIN_TASK_NOT_FOUND",
    `task "${key}" does not declare the same shapes on all threads: declare it unconditionally, at the top level of its module`,
  );
}

const MEND = "Give it what its shape takes, or change the shape that the task declares";

/** The refusal of arguments that don't fit; `undefined` if they do. */
export function misfitOfArguments(
  { argsForm }: TaskCodecs,
  key: string,
  args: readonly unknown[],
): TransferError | undefined {
  const what = argsForm === undefined ? undefined : misfit(argsForm, args, "args");
  if (what === undefined) return undefined;
  return new TransferError(`an argument of task "${key}" can't be passed to a thread: ${what}. ${MEND}`);
}

/** The refusal of a result that does not fit; `undefined` if it does. */
export function misfitOfResult(codec: ShapeCodec, key: string, result: unknown): TransferError | undefined {
  const what = codec.misfit(result, "result");
  if (what === undefined) return undefined;
  return new TransferError(`the result of task "${key}" can't be passed back from its thread: ${what}. ${MEND}`);
}
