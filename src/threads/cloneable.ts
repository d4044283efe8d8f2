/** Finds what makes a value impossible to clone, for an error that can be acted on. */
import { describeKind } from "../async/cancel.js";

// The search runs only after a clone failed; the bound keeps it short for huge values.
const MOST_VISITS = 100_000;

/**
 * The path and kind of the first value inside `value` that can't be cloned.
 *
 * @param path - how messages name `value` itself
 */
export function findUncloneable(value: unknown, path: string, transfer: readonly object[]): string {
  const seen = new Set<unknown>(transfer);
  let visits = 0;

  const search = (inner: unknown, innerPath: string): string | undefined => {
    if (typeof inner === "function" || typeof inner === "symbol") return `${innerPath} is ${describeKind(inner)}`;
    if (typeof inner !== "object" || inner === null || seen.has(inner) || ++visits > MOST_VISITS) return undefined;
    seen.add(inner);
    for (const [key, child] of children(inner)) {
      const found = search(child, innerPath + key);
      if (found !== undefined) return found;
    }
    // None of its parts fails, so if it fails it is itself the culprit.
    return isLeaf(inner) && !canClone(inner) ? `${innerPath} is ${describeKind(inner)}` : undefined;
  };

  return search(value, path) ?? `${path} is ${describeKind(value)}`;
}

function* children(value: object): Generator<[path: string, child: unknown]> {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) yield [`[${i}]`, value[i]];
  } else if (value instanceof Map) {
    for (const [key, child] of value) {
      yield [".keys()", key];
      yield [`.get(${describeKey(key)})`, child];
    }
  } else if (value instanceof Set) {
    for (const child of value) yield [".values()", child];
  } else if (!isLeaf(value)) {
    for (const key of Object.keys(value)) {
      yield [
        /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`,
        readSafely(value, key),
      ];
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

function describeKey(key: unknown): string {
  return typeof key === "string" || typeof key === "number" ? JSON.stringify(key) : "…";
}
