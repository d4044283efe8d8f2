/**
 * Shapes: what values are, declared by the program, so that they cross to other
 * threads by code that was made for them alone.
 */
import type { BigIntType, NumberType } from "./record-schema.js";

/** What is no plain object; shared by all copies of the library. */
export const FORM: unique symbol = Symbol.for("skein.shape") as never;

/** A number: whole, of so many bits, or any. */
export type ShapeNumber = Exclude<NumberType, "float32">;

/** The typed arrays that a shape may name. */
export interface ShapeArrays<Buffer extends ArrayBufferLike> {
  readonly Int8Array: Int8Array<Buffer>;
  readonly Uint8Array: Uint8Array<Buffer>;
  readonly Uint8ClampedArray: Uint8ClampedArray<Buffer>;
  readonly Int16Array: Int16Array<Buffer>;
  readonly Uint16Array: Uint16Array<Buffer>;
  readonly Int32Array: Int32Array<Buffer>;
  readonly Uint32Array: Uint32Array<Buffer>;
  readonly Float32Array: Float32Array<Buffer>;
  readonly Float64Array: Float64Array<Buffer>;
  readonly BigInt64Array: BigInt64Array<Buffer>;
  readonly BigUint64Array: BigUint64Array<Buffer>;
}

/** What `oneOf` takes. */
export type ShapeLiteral = string | number | boolean | null;

/** A shape made by `arrayOf`. */
export interface ArrayShape<Element extends Shape = Shape> {
  readonly [FORM]: "array";
  readonly element: Element;
}

/** A shape made by `nullable`. */
export interface NullableShape<Inner extends Shape = Shape> {
  readonly [FORM]: "nullable";
  readonly inner: Inner;
}

/** A shape made by `optional`. */
export interface OptionalShape<Inner extends Shape = Shape> {
  readonly [FORM]: "optional";
  readonly inner: Inner;
}

/** A shape made by `oneOf`. */
export interface OneOfShape<Literal extends ShapeLiteral = ShapeLiteral> {
  readonly [FORM]: "oneOf";
  readonly literals: readonly Literal[];
}

/** The shape of a plain object: its keys, and what they have. */
export interface ObjectShape {
  readonly [key: string]: Shape;
}

/**
 * What a value is.
 *
 * - `"float64"`: any number; `"int8"` to `"uint32"`: a whole one, where -0 counts as 0;
 *   `"bigint64"`, `"biguint64"`: a bigint of 64 bits
 * - `"boolean"`, `"string"`
 * - `"Float64Array"` and the like: a typed array, which is copied
 * - an object of shapes: a plain object with these keys and no others
 * - `arrayOf(shape)`: an array, of any length; `nullable(shape)`: or `null`;
 *   `optional(shape)`: or `undefined`, and a key that may be missing; `oneOf("a", "b")`
 * - `"value"`: anything that can be passed without a shape
 *
 * @since 0.1.0
 */
export type Shape =
  | ShapeNumber
  | BigIntType
  | "boolean"
  | "string"
  | "value"
  | keyof ShapeArrays<ArrayBuffer>
  | ArrayShape
  | NullableShape
  | OptionalShape
  | OneOfShape
  | ObjectShape;

type OptionalKeys<Of> = { [Key in keyof Of]: Of[Key] extends OptionalShape ? Key : never }[keyof Of];

/** As one type, for messages. */
type Flat<Of> = { [Key in keyof Of]: Of[Key] };

/**
 * The values of a shape.
 *
 * @example
 * ```ts
 * const Order = shape({ id: "uint32", items: arrayOf("string"), note: optional("string") });
 * type Order = ShapeValue<typeof Order>;
 * const order: Order = { id: 7, items: ["tea"] };
 * ```
 *
 * @since 0.1.0
 */
export type ShapeValue<Of> = [Shape] extends [Of]
  ? // eslint-disable-next-line typescript/no-explicit-any -- of any shape; without this it would have no end
    any
  : Of extends ShapeNumber
    ? number
    : Of extends BigIntType
      ? bigint
      : Of extends "boolean"
        ? boolean
        : Of extends "string"
          ? string
          : Of extends "value"
            ? // eslint-disable-next-line typescript/no-explicit-any -- so that any parameter takes it
              any
            : Of extends keyof ShapeArrays<ArrayBuffer>
              ? ShapeArrays<ArrayBuffer>[Of]
              : Of extends ArrayShape<infer Element>
                ? ShapeValue<Element>[]
                : Of extends NullableShape<infer Inner>
                  ? ShapeValue<Inner> | null
                  : Of extends OptionalShape<infer Inner>
                    ? ShapeValue<Inner> | undefined
                    : Of extends OneOfShape<infer Literal>
                      ? Literal
                      : Flat<
                          { -readonly [Key in Exclude<keyof Of, OptionalKeys<Of>>]: ShapeValue<Of[Key]> } & {
                            -readonly [Key in OptionalKeys<Of>]?: Of[Key] extends OptionalShape<infer Inner>
                              ? ShapeValue<Inner>
                              : never;
                          }
                        >;

/** What may be given where a shape is declared: as its values, or readonly. */
export type ShapeInput<Of> = [Shape] extends [Of]
  ? unknown
  : Of extends "value"
    ? unknown
    : Of extends keyof ShapeArrays<ArrayBuffer>
      ? ShapeArrays<ArrayBufferLike>[Of]
      : Of extends ArrayShape<infer Element>
        ? readonly ShapeInput<Element>[]
        : Of extends NullableShape<infer Inner>
          ? ShapeInput<Inner> | null
          : Of extends OptionalShape<infer Inner>
            ? ShapeInput<Inner> | undefined
            : Of extends string | OneOfShape
              ? ShapeValue<Of>
              : Flat<
                  { readonly [Key in Exclude<keyof Of, OptionalKeys<Of>>]: ShapeInput<Of[Key]> } & {
                    readonly [Key in OptionalKeys<Of>]?:
                      | (Of[Key] extends OptionalShape<infer Inner> ? ShapeInput<Inner> : never)
                      | undefined;
                  }
                >;
