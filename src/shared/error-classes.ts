/** Errors among structured values: the classes they arrive as, and which of their members are kept. */
import { ERROR_CLASSES } from "../core/errors.js";

/** Own members of an error that are kept although they are not enumerable. */
export const HIDDEN_ERROR_MEMBERS = ["message", "name", "stack", "cause", "errors", "error", "suppressed"] as const;

/** The classes that an error can arrive as: the language's, and the library's. */
export const ERROR_PROTOTYPES: readonly Error[] = [
  Error.prototype,
  AggregateError.prototype,
  EvalError.prototype,
  RangeError.prototype,
  ReferenceError.prototype,
  SyntaxError.prototype,
  TypeError.prototype,
  URIError.prototype,
  ...(hasSuppressedError(globalThis) ? [globalThis.SuppressedError.prototype] : []),
  ...Object.values(ERROR_CLASSES).map((type) => type.prototype),
];

function hasSuppressedError(scope: object): scope is { readonly SuppressedError: { readonly prototype: Error } } {
  return "SuppressedError" in scope;
}

const errorNumbers: ReadonlyMap<object, number> = new Map(
  ERROR_PROTOTYPES.map((prototype, number) => [prototype, number]),
);

/** The number of the nearest of those classes, of an error with that prototype; of one from another realm, by name. */
export function errorNumberOf(prototype: object): number {
  let inThisRealm: object | null = prototype;
  for (; inThisRealm !== null; inThisRealm = Object.getPrototypeOf(inThisRealm) as object | null) {
    const number = errorNumbers.get(inThisRealm);
    if (number !== undefined) return number;
  }
  const name: unknown = prototype.constructor.name;
  return Math.max(
    0,
    ERROR_PROTOTYPES.findIndex((known) => known.name === name),
  );
}
