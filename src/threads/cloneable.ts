/** Finds what makes a value impossible to clone, for an error that can be acted on. */
import { describeKind } from "../async/cancel.js";
import { entryStep, indexStep, keyStep, memberOfSetStep, memberStep } from "../core/value-path.js";

// The search runs only after a clone failed; the bound keeps it short for huge values.
const MOST_VISITS = 100_000;

// The search recurses as deep as this. Structured clone itself gives up some
// thousands of levels down, with an overflow of the stack.
const DEEPEST = 500;

/**
 * The path and kind of the first value inside `value` that can't be cloned.
 *
 * Never throws, whatever proxies and getters the value has: its callers have a
 * call to settle with the answer.
 *
 * @param path - how messages name `value` itself
 */
export function findUncloneable(value: unknown, path: string, transfer: readonly object[]): string {
  // JavaScript callers may pass anything as the list.
  const seen = new Set<unknown>(Array.isArray(transfer) ? transfer : []);
  let visits = 0;
  let deepPath: string | undefined;

  const search = (inner: unknown, innerPath: string, depth: number): string | undefined => {
    try {
      return inspect(inner, innerPath, depth);
    } catch {
      return `${innerPath} is ${describeKind(inner)} that can't be looked into`; // a revoked proxy, a hostile one
    }
  };

  const inspect = (inner: unknown, innerPath: string, depth: number): string | undefined => {
    if (typeof inner === "function" || typeof inner === "symbol") return `${innerPath} is ${describeKind(inner)}`;
    if (typeof inner !== "object" || inner === null || seen.has(inner) || ++visits > MOST_VISITS) return undefined;
    seen.add(inner);
    if (depth > DEEPEST) {
      deepPath ??= innerPath;
      return undefined;
    }
    for (const [key, child] of children(inner)) {
      const found = search(child, innerPath + key, depth + 1);
      if (found !== undefined) return found;
    }
    // None of its parts fails, so if it fails it is itself the culprit.
    return isLeaf(inner) && !canClone(inner) ? `${innerPath} is ${describeKind(inner)}` : undefined;
  };

  const found = search(value, path, 0);
  if (found !== undefined) return found;
  if (deepPath !== undefined) return `${path} is nested deeper than ${DEEPEST} levels (${shorten(deepPath)})`;
  return `${path} is ${describeKind(value)}`;
}

function shorten(path: string): string {
  return path.length > 60 ? `${path.slice(0, 60)}…` : path;
}

function* children(value: object): Generator<[path: string, child: unknown]> {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) yield [indexStep(i), value[i]];
  } else if (value instanceof Map) {
    for (const [key, child] of value) {
      yield [keyStep, key];
      yield [entryStep(key), child];
    }
  } else if (value instanceof Set) {
    for (const child of value) yield [memberOfSetStep, child];
  } else if (!isLeaf(value)) {
    for (const key of Object.keys(value)) {
      yield [memberStep(key), readSafely(value, key)];
    }
  }
}

function readSafely(value: object, key: string): unknown {
  try {
    return (value as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** True for objects that are cloned, or refused, as one: promises, ports, weak maps, buffers, dates. */
function isLeaf(value: object): boolean {
  return (
    Object.prototype.toString.call(value) !== "[object Object]" &&
    !Array.isArray(value) &&
    !(value instanceof Map) &&
    !(value instanceof Set)
  );
}

function canClone(value: object): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
