/** The types of property values and parameters, and their in-memory cells. */

/** Names of the scalar types, as spelled in `.pg` and `.gq`. */
export const SCALARS = [
  "String",
  "Blob",
  "Bool",
  "I32",
  "I64",
  "U32",
  "U64",
  "F32",
  "F64",
  "Date",
  "DateTime",
] as const;

/** A scalar type name. */
export type Scalar = (typeof SCALARS)[number];

/** The type of a property, parameter or expression, without its nullability. */
export type ValueType =
  | {
    readonly kind: "scalar";
    readonly scalar: Scalar;
    /** Allowed values, sorted by code point, when the type was declared as `enum(…)`; its scalar is `String`. */
    readonly enumValues: readonly string[] | null;
  }
  | { readonly kind: "list"; readonly item: Scalar }
  | { readonly kind: "vector"; readonly dimensions: number };

/**
 * One non-null value in memory:
 * String, enum and Blob (its spelling) are strings, Bool a boolean, I32 U32 F32 F64 numbers, I64 U64 bigints,
 * Date a number of days and DateTime a number of milliseconds since the Unix epoch (both integers),
 * lists arrays of item cells, vectors Float32Array.
 */
export type Cell = string | boolean | number | bigint | readonly ScalarCell[] | Float32Array;

/** A cell of a scalar type. */
export type ScalarCell = string | boolean | number | bigint;

/** Whether the type is one of the six number types. */
export function isNumeric(type: ValueType): boolean {
  return type.kind === "scalar" && /^[IUF](32|64)$/.test(type.scalar);
}

/** `String`, `[I32]`, `Vector(3)`, `enum(a, b)`: as spelled in source. */
export function typeName(type: ValueType, nullable = false): string {
  const suffix = nullable ? "?" : "";
  switch (type.kind) {
    case "list":
      return `[${type.item}]${suffix}`;
    case "vector":
      return `Vector(${type.dimensions})${suffix}`;
    case "scalar":
      return (type.enumValues === null ? type.scalar : `enum(${type.enumValues.join(", ")})`) + suffix;
  }
}
