/** Makes shapes. */
import { describeKind } from "../async/cancel.js";
import { MisuseError } from "../core/errors.js";
import { formOf } from "./shape-form.js";
import {
  type ArrayShape,
  FORM,
  type NullableShape,
  type OneOfShape,
  type OptionalShape,
  type Shape,
  type ShapeLiteral,
} from "./shape-types.js";

/**
 * A shape by a name, so that several declarations may use it.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT`, with the path to what is no shape.
 *
 * @example
 * ```ts
 * const Point = shape({ x: "float64", y: "float64" });
 * export const length = task((path: ShapeValue<typeof Point>[]) => path.length, { args: [arrayOf(Point)] });
 * ```
 *
 * @since 0.1.0
 */
export function shape<const Of extends Shape>(of: Of): Of {
  formOf(of, "shape");
  return of;
}

/**
 * The shape of an array, of any length.
 *
 * @since 0.1.0
 */
export function arrayOf<const Element extends Shape>(element: Element): ArrayShape<Element> {
  return Object.freeze({ [FORM]: "array" as const, element });
}

/**
 * A shape, or `null`.
 *
 * @since 0.1.0
 */
export function nullable<const Inner extends Shape>(inner: Inner): NullableShape<Inner> {
  return Object.freeze({ [FORM]: "nullable" as const, inner });
}

/**
 * A shape, or `undefined`; also a key that may be missing, or an argument.
 *
 * @since 0.1.0
 */
export function optional<const Inner extends Shape>(inner: Inner): OptionalShape<Inner> {
  return Object.freeze({ [FORM]: "optional" as const, inner });
}

/**
 * One of some strings, numbers, booleans or `null`.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT` for anything else, or none.
 *
 * @example
 * ```ts
 * const Side = oneOf("buy", "sell");
 * console.log(Side.literals); // [ 'buy', 'sell' ]
 * ```
 *
 * @since 0.1.0
 */
export function oneOf<const Literals extends readonly ShapeLiteral[]>(
  ...literals: Literals
): OneOfShape<Literals[number]> {
  const isGood = (literal: unknown): boolean =>
    literal === null ||
    typeof literal === "string" ||
    typeof literal === "boolean" ||
    (Number.isFinite(literal) && !Object.is(literal, -0));
  if (literals.length === 0 || !literals.every(isGood)) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `oneOf expected strings, numbers, booleans or null, but ${literals.map(describeKind).join(", ") || "nothing"} came`,
    );
  }
  return Object.freeze({ [FORM]: "oneOf" as const, literals: Object.freeze(literals) });
}
