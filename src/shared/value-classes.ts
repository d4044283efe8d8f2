/** Classes whose instances cross as such, because the program says how. */
import { describeKind } from "../async/cancel.js";
import { MisuseError } from "../core/errors.js";

/** How instances of a class cross to other threads. */
export interface ClassCrossing<Instance, Data> {
  /** How both sides call the class; its own name if omitted. */
  readonly name?: string;
  /** Gives what there is to send of an instance: plain data, or instances of registered classes. */
  readonly leave: (instance: Instance) => Data;
  /** Makes the instance anew from that. */
  readonly arrive: (data: Data) => Instance;
}

export interface KnownClass {
  readonly name: string;
  readonly prototype: object;
  readonly leave: (instance: object) => unknown;
  readonly arrive: (data: unknown) => object;
}

const byPrototype = new Map<object, KnownClass>();
const byName = new Map<string, KnownClass>();

/** The class of an object by its prototype, if it is registered. */
export function classWith(prototype: object): KnownClass | undefined {
  return byPrototype.size === 0 ? undefined : byPrototype.get(prototype);
}

export function classNamed(name: string): KnownClass {
  const known = byName.get(name);
  if (known !== undefined) return known;
  throw new MisuseError(
    "SKEIN_NOT_CLONEABLE",
    `an instance of class "${name}" came, which is not registered on this thread: call registerClass at the top level of a module that the task's module imports`,
  );
}

/**
 * Has instances of a class cross to other threads as what they are: as arguments,
 * results, messages of shared channels and entries of shared maps. Without it they are
 * refused, or arrive as plain objects.
 *
 * Declare it at the top level of the module of the class, so that all threads know it.
 * Instances of derived classes are other classes. What an instance has is copied for
 * each: an object that two of them have arrives twice.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT`; `SKEIN_TASK_DUPLICATE` if another class has that name.
 *
 * @example
 * ```ts
 * class Money {
 *   constructor(readonly cents: number) {}
 * }
 * registerClass(Money, { leave: ({ cents }) => cents, arrive: (cents) => new Money(cents) });
 * ```
 *
 * @since 0.1.0
 */
export function registerClass<Instance extends object, Data>(
  type: abstract new (...args: never[]) => Instance,
  crossing: ClassCrossing<Instance, Data>,
): void {
  const given = crossing as Partial<ClassCrossing<Instance, Data>> | null | undefined;
  if (typeof type !== "function" || typeof given?.leave !== "function" || typeof given.arrive !== "function") {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `registerClass expected a class, and how its instances leave and arrive, but ${describeKind(type)} and ${describeKind(crossing)} came: registerClass(Money, { leave: ({ cents }) => cents, arrive: (cents) => new Money(cents) })`,
    );
  }
  const prototype = type.prototype as object;
  const name = crossing.name ?? type.name;
  const other = byName.get(name);
  if (other !== undefined && other.prototype !== prototype) {
    throw new MisuseError("SKEIN_TASK_DUPLICATE", `two classes are registered by the name "${name}": give one another`);
  }
  const known: KnownClass = { name, prototype, leave: crossing.leave as never, arrive: crossing.arrive as never };
  byName.set(name, known);
  byPrototype.set(prototype, known);
}
