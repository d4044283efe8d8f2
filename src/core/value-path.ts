/**
 * How messages name a place inside a value, as steps from the value itself:
 * `$.users[3].name`, `$["two words"]`, `$.get("key")`.
 */

/** Steps from a map to its keys, and from a set to its members: those have no name. */
export const keyStep = ".keys()";
export const memberOfSetStep = ".values()";

/** The step to a property. */
export function memberStep(key: string): string {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** The step to an element of an array. */
export function indexStep(index: number): string {
  return `[${index}]`;
}

/** The step from a map to what it has under a key. */
export function entryStep(key: unknown): string {
  return `.get(${typeof key === "string" || typeof key === "number" ? JSON.stringify(key) : "…"})`;
}
