/** Values of mutation statements: evaluated, converted to what a property stores, compared with what it holds. */
import { assert, must, unreachable } from "../../base/assert.ts";
import { AppError } from "../../errors.ts";
import { convertNumber } from "../../query/literal.ts";
import type { BoundParams, MutationPredicate, ValueExpr } from "../../query/typed.ts";
import type { Property } from "../../schema/catalog.ts";
import type { Cell, Scalar, ScalarCell, ValueType } from "../../schema/value_type.ts";
import { holds } from "../read/comparison.ts";
import { utf8 } from "./byte_reader.ts";
import { isBlobSpelling, typeLabel } from "./value_rules.ts";

/** Where the values of one request come from. */
export interface ValueSource {
  readonly params: BoundParams;
  /** The request's instant, milliseconds since the epoch. */
  readonly nowMs: number;
}

/** The value of an operand; null for a null parameter. */
export function evaluate(expr: ValueExpr, source: ValueSource): Cell | null {
  switch (expr.kind) {
    case "literal":
      return expr.value;
    case "param":
      return source.params.get(expr.name) ?? null;
    case "now":
      return Math.floor(source.nowMs);
    case "property":
      assert(false, "mutation statements name no properties as operands");
      return null;
    default:
      return unreachable(expr);
  }
}

/**
 * The cell a property stores for a value, by the rules of loads.
 *
 * @throws AppError `constraint_violation` for null into a required property, `invalid_input` for a value that does not
 * fit; both name the property.
 */
export function storedCell(property: Property, value: Cell | null): Cell | null {
  const { name, type } = property;
  if (value === null) {
    if (property.nullable) return null;
    const message = `non-nullable property '${name}' has null or invalid values: give it a value`;
    throw new AppError("constraint_violation", message);
  }
  switch (type.kind) {
    case "scalar":
      return storedScalar(name, type.scalar, value as ScalarCell);
    case "list":
      return (value as readonly ScalarCell[]).map((item) => storedScalar(name, type.item, item));
    case "vector":
      return storedVector(name, type.dimensions, value as Float32Array | readonly ScalarCell[]);
    default:
      return unreachable(type);
  }
}

function storedScalar(name: string, scalar: Scalar, value: ScalarCell): ScalarCell {
  if (scalar === "Blob" && !isBlobSpelling(utf8(String(value)))) {
    throw new AppError("invalid_input", `property '${name}' holds bad base64 after 'base64:'`);
  }
  const converted = scalar === "F64" && typeof value === "bigint"
    ? Number(value)
    : convertNumber(value, scalar);
  const label = typeLabel(scalar);
  if (converted === null && typeof value === "number" && !Number.isInteger(value)) {
    throw new AppError("invalid_input", `property '${name}' expects ${label}, got number ${value}`);
  }
  if (converted === null || (typeof converted === "number" && !Number.isFinite(converted))) {
    throw new AppError("invalid_input", `property '${name}': ${value} exceeds ${label} range`);
  }
  return converted;
}

function storedVector(name: string, dimensions: number, value: ArrayLike<ScalarCell>): Float32Array {
  if (value.length !== dimensions) {
    const message = `property '${name}' expects ${dimensions} dimensions, got ${value.length}`;
    throw new AppError("invalid_input", message);
  }
  const vector = Float32Array.from(value as ArrayLike<number>, Number);
  if (!vector.every(Number.isFinite)) {
    throw new AppError("invalid_input", `property '${name}' vector elements must be finite`);
  }
  return vector;
}

/** A predicate of update or delete with its operand evaluated: a column, a test and, for `=`, the cell looked up. */
export interface CellTest {
  /** Column of the table: a property, or `src`/`dst`. */
  readonly column: string;
  readonly op: MutationPredicate["op"];
  /** The operand as the column would store it; null when the column can never hold exactly this value. */
  readonly exact: Cell | null;
  /** Whether a value of the column satisfies the predicate; null never does. */
  readonly accepts: (cell: Cell | null) => boolean;
}

/** Prepares a predicate over a column of a type; null when a null operand keeps it from ever matching. */
export function cellTest(
  column: string,
  type: ValueType,
  where: MutationPredicate,
  source: ValueSource,
): CellTest | null {
  const value = evaluate(where.value, source);
  if (value === null) return null;
  assert(type.kind === "scalar", "predicates compare scalars");
  const exact = convertNumber(value as ScalarCell, type.scalar);
  // Beside an F32 column the other side is first rounded to F32.
  const operand = type.scalar === "F32" ? must(exact, "F32 rounds every number") : value as ScalarCell;
  const accepts = (cell: Cell | null) => cell !== null && holds(where.op, cell, operand, false);
  return { column, op: where.op, exact, accepts };
}
