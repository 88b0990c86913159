/** The natural type of a literal, and what it becomes beside a property. */
import { toSingle } from "../base/single.ts";
import { parseDate, parseDateTime } from "../base/temporal.ts";
import {
  type Cell,
  isNumeric,
  type Scalar,
  type ScalarCell,
  typeName,
  type ValueType,
} from "../schema/value_type.ts";
import type { LiteralSyntax } from "./ast.ts";
import { fail } from "./type_failure.ts";
import type { ValueExpr } from "./typed.ts";

/** A constant with its type. */
export type LiteralValue = ValueExpr & { readonly kind: "literal" };

/** Inclusive ranges of the integer scalars. */
const INTEGER_RANGES: Readonly<Partial<Record<Scalar, readonly [bigint, bigint]>>> = {
  I32: [-(2n ** 31n), 2n ** 31n - 1n],
  U32: [0n, 2n ** 32n - 1n],
  I64: [-(2n ** 63n), 2n ** 63n - 1n],
  U64: [0n, 2n ** 64n - 1n],
};

/** A scalar type without an enum set. */
export function scalarType(scalar: Scalar): ValueType & { kind: "scalar" } {
  return { kind: "scalar", scalar, enumValues: null };
}

/** The types that are the same for comparing and assigning: equal list-ness and scalar, or both numeric. */
export function compatible(a: ValueType, b: ValueType): boolean {
  if (a.kind === "vector" || b.kind === "vector") {
    return a.kind === "vector" && b.kind === "vector" && a.dimensions === b.dimensions;
  }
  if (a.kind !== b.kind) return false;
  const left = a.kind === "list" ? scalarType(a.item) : a;
  const right = b.kind === "list" ? scalarType(b.item) : b;
  return left.scalar === right.scalar || (isNumeric(left) && isNumeric(right));
}

/** A literal by itself: integers are I64, fractions F64, an empty list is `[String]`. */
export function naturalLiteral(literal: LiteralSyntax): LiteralValue {
  switch (literal.kind) {
    case "string":
      return constant(literal.text, "String");
    case "int":
      return constant(literal.value, "I64");
    case "float":
      return constant(literal.value, "F64");
    case "bool":
      return constant(literal.value, "Bool");
    case "date":
    case "datetime":
      return temporalLiteral(literal, literal.kind, literal.text);
    case "list":
      return listLiteral(literal);
  }
}

function constant(value: Cell, scalar: Scalar): LiteralValue {
  return { kind: "literal", value, type: scalarType(scalar) };
}

function temporalLiteral(span: LiteralSyntax, kind: "date" | "datetime", text: string): LiteralValue {
  const scalar = kind === "date" ? "Date" : "DateTime";
  const value = kind === "date" ? parseDate(text) : parseDateTime(text);
  if (value !== null) return constant(value, scalar);
  const help = kind === "date" ? "write it as `YYYY-MM-DD`" : "write it as `YYYY-MM-DDTHH:MM:SSZ`";
  return fail("T3", `invalid ${scalar} literal "${text}"`, span, help);
}

function listLiteral(literal: LiteralSyntax & { kind: "list" }): LiteralValue {
  const items: LiteralValue[] = [];
  for (const item of literal.items) {
    if (item.kind === "list") fail(null, "a nested list literal is not supported", item);
    items.push(naturalLiteral(item));
  }
  let item: Scalar = "String";
  for (const [index, { type }] of items.entries()) {
    const scalar = type.kind === "scalar" ? type.scalar : "String";
    if (index === 0) item = scalar;
    else if (!compatible(scalarType(item), scalarType(scalar))) {
      fail(
        null,
        `list literal elements must share one type, found ${item} and ${scalar}`,
        literal.items[index]!,
      );
    } else if (scalar === "F64") item = "F64";
  }
  const value = items.map((entry) => convertNumber(entry.value as ScalarCell, item) ?? Number(entry.value));
  return { kind: "literal", value, type: { kind: "list", item } };
}

/**
 * The same number as a cell of another number type, F32 rounded to nearest; null when the type has no such number.
 * Cells that are no numbers come back unchanged.
 */
export function convertNumber(value: ScalarCell, scalar: Scalar): ScalarCell | null {
  if ((typeof value !== "number" && typeof value !== "bigint") || !isNumeric(scalarType(scalar))) {
    return value;
  }
  if (scalar === "F32") return toSingle(value);
  if (scalar === "F64") {
    const wide = Number(value);
    return typeof value === "number" || BigInt(wide) === value ? wide : null;
  }
  const range = INTEGER_RANGES[scalar];
  if (range === undefined || (typeof value === "number" && !Number.isInteger(value))) return null;
  const integer = BigInt(value);
  if (integer < range[0] || integer > range[1]) return null;
  return scalar === "I64" || scalar === "U64" ? integer : Number(integer);
}

/** A literal to compare with a value of `type`: the type's own cell where it has exactly this value. */
export function comparedLiteral(literal: LiteralValue, type: ValueType): LiteralValue {
  if (type.kind !== "scalar" || !isNumeric(type) || !isNumeric(literal.type)) return literal;
  const value = convertNumber(literal.value as ScalarCell, type.scalar);
  return value === null ? literal : { kind: "literal", value, type: scalarType(type.scalar) };
}

/** The property that a literal is assigned to or matched against, as messages name it. */
export interface Field {
  /** Type name of the entity. */
  readonly owner: string;
  readonly name: string;
  readonly type: ValueType;
}

/** A literal as the new value of a property; T3 when it does not fit. */
export function assignedLiteral(literal: LiteralSyntax, field: Field): LiteralValue {
  const { type } = field;
  if (type.kind === "vector") return vectorLiteral(literal, type, field);
  const natural = naturalLiteral(literal);
  if (type.kind === "scalar") {
    const value = scalarAssignment(natural, literal, type, field);
    return { kind: "literal", value, type: scalarType(type.scalar) };
  }
  if (literal.kind !== "list" || !compatible(natural.type, type)) {
    return mismatch(natural.type, literal, field);
  }
  const item = scalarType(type.item);
  const value = literal.items.map((entry) => scalarAssignment(naturalLiteral(entry), entry, item, field));
  return { kind: "literal", value, type };
}

function scalarAssignment(
  natural: LiteralValue,
  literal: LiteralSyntax,
  type: ValueType,
  field: Field,
): ScalarCell {
  if (type.kind !== "scalar" || natural.type.kind !== "scalar") return mismatch(natural.type, literal, field);
  const blobFromText = type.scalar === "Blob" && natural.type.scalar === "String";
  if (!blobFromText && !compatible(natural.type, type)) return mismatch(natural.type, literal, field);
  checkEnum(natural, literal, type, field);
  const value = natural.value as ScalarCell;
  const converted = convertNumber(value, type.scalar);
  if (converted !== null) return converted;
  if (type.scalar === "F64") return Number(value);
  const reason = typeof value === "bigint"
    ? `${value} exceeds ${rangeName(type.scalar)}`
    : `${value} has a fraction`;
  return fail(
    "T3",
    `property \`${field.owner}.${field.name}\` has type ${type.scalar}, but ${reason}`,
    literal,
  );
}

/** `Int32 range`, as loads say it. */
function rangeName(scalar: Scalar): string {
  return `${scalar.replace("I", "Int").replace("U", "UInt").replace("F", "Float")} range`;
}

/** T3 when a string literal is outside the enum of the property. */
export function checkEnum(
  natural: LiteralValue,
  literal: LiteralSyntax,
  type: ValueType,
  field: Field,
): void {
  if (type.kind !== "scalar" || type.enumValues === null || typeof natural.value !== "string") return;
  if (type.enumValues.includes(natural.value)) return;
  const allowed = type.enumValues.join(", ");
  fail(
    "T3",
    `property \`${field.owner}.${field.name}\` expects one of ${allowed}, found "${natural.value}"`,
    literal,
  );
}

function vectorLiteral(
  literal: LiteralSyntax,
  type: ValueType & { kind: "vector" },
  field: Field,
): LiteralValue {
  const value = numbersOf(literal);
  if (value === null) return mismatch(naturalLiteral(literal).type, literal, field);
  if (!value.every(Number.isFinite)) fail("T3", "a vector element exceeds Float32 range", literal);
  if (value.length === type.dimensions) return { kind: "literal", value, type };
  const expected = `property \`${field.owner}.${field.name}\` expects ${type.dimensions} dimensions`;
  return fail("T3", `${expected}, the literal has ${value.length}`, literal);
}

/** The numbers of a numeric list literal rounded to F32, or null when the literal is something else. */
export function numbersOf(literal: LiteralSyntax): Float32Array | null {
  if (
    literal.kind !== "list" || !literal.items.every((item) => item.kind === "int" || item.kind === "float")
  ) {
    return null;
  }
  return Float32Array.from(
    literal.items,
    (item) => item.kind === "int" || item.kind === "float" ? Number(item.value) : 0,
  );
}

/** T3 with both types. */
export function mismatch(found: ValueType, literal: LiteralSyntax, field: Field): never {
  const expected = typeName(field.type);
  const temporal = field.type.kind === "scalar" && found.kind === "scalar" && found.scalar === "String" &&
    (field.type.scalar === "Date" || field.type.scalar === "DateTime");
  return fail(
    "T3",
    `property \`${field.owner}.${field.name}\` has type ${expected}, the literal has type ${typeName(found)}`,
    literal,
    temporal ? `write \`${expected.toLowerCase()}("…")\`` : undefined,
  );
}
