/**
 * Errors between threads.
 *
 * Structured clone keeps only the standard classes and drops `code` and other own
 * properties, differently on each runtime. So errors are taken apart here into
 * plain data, and put together again on the other side: class name, message,
 * stack, code, own properties, cause, and the errors of an aggregate.
 */
import { ERROR_CLASSES } from "../core/errors.js";

/** A value that may be, or hold, an error; safe to clone. */
export type EncodedValue =
  | { readonly kind: "plain"; readonly value: unknown }
  /** Could not be cloned; said in words instead. */
  | { readonly kind: "described"; readonly text: string }
  | { readonly kind: "error"; readonly error: EncodedError }
  | { readonly kind: "list"; readonly values: readonly EncodedValue[] }
  /** An error that contains itself: the one with this number, counted in order of encoding. */
  | { readonly kind: "seen"; readonly number: number };

export interface EncodedError {
  /** Name of the error's class. */
  readonly className: string;
  /** Its `name` property. */
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Own properties besides `message` and `stack`; `cause` and `errors` among them. */
  readonly properties: readonly (readonly [name: string, value: EncodedValue, enumerable: boolean])[];
}

// Deep enough for any honest chain of causes; a hostile one must not overflow the stack.
const DEEPEST = 64;

/** Takes any thrown value apart. Never throws, whatever getters and proxies the value has. */
export function encodeThrown(thrown: unknown): EncodedValue {
  return encode(thrown, [], 0);
}

function encode(value: unknown, seen: unknown[], depth: number): EncodedValue {
  const seenBefore = seen.length;
  try {
    if (value instanceof Error || isErrorOfAnotherRealm(value)) {
      const number = seen.indexOf(value);
      if (number !== -1) return { kind: "seen", number };
      if (depth > DEEPEST) return { kind: "described", text: `${value.name}: ${value.message} (nested too deep)` };
      seen.push(value);
      return { kind: "error", error: encodeError(value, seen, depth) };
    }
    if (Array.isArray(value) && value.length <= 10_000 && value.some((item) => item instanceof Error)) {
      if (depth > DEEPEST) return { kind: "described", text: "(nested too deep)" };
      return { kind: "list", values: value.map((item) => encode(item, seen, depth + 1)) };
    }
    return { kind: "plain", value: structuredClone(value) };
  } catch {
    // What was half encoded is dropped. Its numbers must be too: `decode` counts
    // only the errors that it makes.
    seen.length = seenBefore;
    return { kind: "described", text: describe(value) };
  }
}

function isErrorOfAnotherRealm(value: unknown): value is Error {
  return Object.prototype.toString.call(value) === "[object Error]";
}

function encodeError(error: Error, seen: unknown[], depth: number): EncodedError {
  const properties: [string, EncodedValue, boolean][] = [];
  // `cause` and `errors` are own but not enumerable, so all own names are looked
  // at; one by one, as merely describing `stack` may run a hostile getter.
  for (const name of Object.getOwnPropertyNames(error)) {
    if (name === "message" || name === "stack") continue;
    const descriptor = Object.getOwnPropertyDescriptor(error, name) as PropertyDescriptor;
    let value: unknown = descriptor.value;
    if (descriptor.get !== undefined) {
      try {
        value = descriptor.get.call(error);
      } catch (thrown) {
        value = `(its getter threw ${describe(thrown)})`;
      }
    }
    properties.push([name, encode(value, seen, depth + 1), descriptor.enumerable === true]);
  }
  return {
    className: textOf(() => error.constructor.name, "Error"),
    name: textOf(() => error.name, "Error"),
    message: textOf(() => error.message, ""),
    stack: textOf(() => error.stack, undefined),
    properties,
  };
}

function textOf<Fallback>(read: () => unknown, fallback: Fallback): string | Fallback {
  try {
    const value = read();
    return typeof value === "string" ? value : fallback;
  } catch {
    return fallback;
  }
}

function describe(value: unknown): string {
  try {
    return typeof value === "function" ? `[function ${value.name}]` : `[${typeof value} ${String(value)}]`;
  } catch {
    return `[${typeof value}]`;
  }
}

/**
 * Puts a thrown value together again.
 *
 * @param rewriteStack - may change the stack of each error in it; `isOutermost` is
 *   true for the thrown error itself
 */
export function decodeThrown(
  encoded: EncodedValue,
  rewriteStack: (stack: string, isOutermost: boolean) => string = (stack) => stack,
): unknown {
  return decode(encoded, [], rewriteStack);
}

function decode(
  encoded: EncodedValue,
  made: unknown[],
  rewriteStack: (stack: string, isOutermost: boolean) => string,
): unknown {
  switch (encoded.kind) {
    case "plain":
      return encoded.value;
    case "described":
      return encoded.text;
    case "list":
      return encoded.values.map((value) => decode(value, made, rewriteStack));
    case "seen":
      return made[encoded.number];
    case "error": {
      const error = new Error(encoded.error.message);
      const isOutermost = made.length === 0;
      made.push(error);
      Object.setPrototypeOf(error, prototypeFor(encoded.error));
      for (const [name, value, enumerable] of encoded.error.properties) {
        Object.defineProperty(error, name, {
          value: decode(value, made, rewriteStack),
          enumerable,
          writable: true,
          configurable: true,
        });
      }
      if (error.name !== encoded.error.name) setHidden(error, "name", encoded.error.name);
      setHidden(error, "stack", rewriteStack(encoded.error.stack ?? `${error.name}: ${error.message}`, isOutermost));
      return error;
    }
  }
}

function setHidden(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: false, writable: true, configurable: true });
}

const PLATFORM_CLASSES: ReadonlyMap<string, object> = new Map(
  [Error, AggregateError, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((type) => [
    type.name,
    type.prototype as object,
  ]),
);

// Classes of the program, by name: this thread may never have loaded the class
// itself, but `error.constructor.name` and printing show it.
const standIns = new Map<string, object>();

function prototypeFor(error: EncodedError): object {
  if (Object.hasOwn(ERROR_CLASSES, error.className)) {
    return ERROR_CLASSES[error.className as keyof typeof ERROR_CLASSES].prototype;
  }
  const platform = PLATFORM_CLASSES.get(error.className);
  if (platform !== undefined) return platform;
  let standIn = standIns.get(error.className);
  if (standIn === undefined) {
    const type = { [error.className]: class extends Error {} }[error.className] as typeof Error;
    standIn = type.prototype;
    // A hostile or generated program may throw classes without end.
    if (standIns.size < 1000) standIns.set(error.className, standIn);
  }
  return standIn;
}
