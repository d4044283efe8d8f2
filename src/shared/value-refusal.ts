/** What of a value can't be copied for other threads, and how errors say so. */
import { describeKind } from "../async/cancel.js";
import { describeThrown, MisuseError, withoutStack } from "../core/errors.js";

const PLAIN = Object.prototype;

/** On its way from the part that is refused to the writer's caller; each container adds its step. */
export class Refusal extends Error {
  path = "";
  readonly mend: string;

  constructor(what: string, mend: string, options?: ErrorOptions) {
    super(what, options);
    this.mend = mend;
  }
}

export function refusal(what: string, mend: string, options?: ErrorOptions): Refusal {
  return withoutStack(() => new Refusal(what, mend, options));
}

/** The refusal that something inside met, or was: with one more step before its path. */
export function refusedInside(thrown: unknown, step: string): Refusal {
  const refused =
    thrown instanceof Refusal
      ? thrown
      : refusal(`can't be read: ${describeThrown(thrown)}`, "A getter of it threw that, or a proxy", { cause: thrown });
  refused.path = step + refused.path;
  return refused;
}

/** What the writer's caller gets. */
export function misuseOf(thrown: unknown, root: string): MisuseError {
  const { path, message, mend, cause } = refusedInside(thrown, root);
  return new MisuseError(
    "SKEIN_NOT_CLONEABLE",
    `a value can't be copied for other threads: ${path} ${message}. ${mend}`,
    cause === undefined ? undefined : { cause },
  );
}

/** Of an object that is none of the kinds that are copied; `type` is what `Object.prototype.toString` calls it. */
export function refusedObject(object: object, type: string): Refusal {
  const what = `is ${describeKind(object)}`;
  if (type === "[object SharedArrayBuffer]") {
    return refusal(what, "Pass it to a task as an argument, or keep what it holds in a shared structure");
  }
  if (type === "[object Object]") return refusedClass(object);
  return refusal(what, "Copied are plain data: objects and arrays, maps and sets, dates, errors, buffers, primitives");
}

function refusedClass(object: object): Refusal {
  const { name } = object.constructor;
  const what = Array.isArray(object) ? `${describeKind(object)}, of class ${name}` : describeKind(object);
  return refusal(`is ${what}`, "Its class would be lost: pass its data as a plain object, and make it anew from that");
}

/** Refuses an object of a class derived from that of the language. */
export function requireOwnClass(object: object, prototype: object | null): void {
  const parent = prototype === null ? null : (Object.getPrototypeOf(prototype) as object | null);
  if (parent === PLAIN || (parent !== null && isRootOfRealm(parent))) return;
  throw refusedClass(object);
}

/** True for `Object.prototype`, also that of another realm: a frame, or a context of Node's `vm`. */
export function isRootOfRealm(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "hasOwnProperty");
}
