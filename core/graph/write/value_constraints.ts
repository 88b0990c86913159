/**
 * Rules about single values, over the upserted rows of one type: required, enum, `@range`, `@check`. Column by column
 * in schema order, then the constraints as declared; null satisfies everything but required.
 */
import { assert, must } from "../../base/assert.ts";
import type { AnyType, Constraint, Property } from "../../schema/catalog.ts";
import { type Column, idColumn, type RecordColumns, Utf8Column } from "../../storage/columns.ts";
import { IdIndex } from "../../storage/id_index.ts";
import { type PlaceOf, showCell, type Violation } from "./violation.ts";

type RangeConstraint = Constraint & { readonly kind: "range" };
type CheckConstraint = Constraint & { readonly kind: "check" };

/** Violations of value rules by the rows of one type, lazily. */
export function* valueViolations(
  type: AnyType,
  rows: RecordColumns,
  place: PlaceOf,
): Generator<Violation, void, undefined> {
  const ids = idColumn(rows, "id");
  const violation = (kind: Violation["kind"], row: number, message: string): Violation => ({
    kind,
    typeKey: type.key,
    entityId: ids.text(row),
    message: message + place(type.key, row),
  });
  for (const property of type.properties) {
    const column = columnOf(rows, property.name);
    if (!property.nullable) {
      for (const row of nullRows(column)) {
        const message = `non-nullable property '${property.name}' has null or invalid values: ` +
          `${type.name}.${property.name} of '${ids.text(row)}' needs a value`;
        yield violation("required_violation", row, message);
      }
    }
    for (const [row, message] of enumFaults(type, property, column)) {
      yield violation("value_constraint_violation", row, message);
    }
  }
  for (const constraint of type.constraints) {
    const faults = constraint.kind === "range"
      ? rangeFaults(type, constraint, columnOf(rows, constraint.property))
      : constraint.kind === "check"
      ? checkFaults(type, constraint, columnOf(rows, constraint.property))
      : [];
    for (const [row, message] of faults) yield violation("value_constraint_violation", row, message);
  }
}

function columnOf(rows: RecordColumns, name: string): Column {
  return must(rows.columns.get(name), `column ${name} is missing`);
}

function* nullRows(column: Column): Generator<number> {
  if (column.validity === null) return;
  for (let row = 0; row < column.length; row++) if (column.isNull(row)) yield row;
}

type Fault = readonly [row: number, message: string];

function* enumFaults(type: AnyType, property: Property, column: Column): Generator<Fault> {
  const allowed = property.type.kind === "scalar" ? property.type.enumValues : null;
  if (allowed === null) return;
  assert(column.kind === "utf8", "enum values are strings");
  const found = new Int32Array(column.length);
  if (enumIndex(allowed).findAll(column, column.length, found) === 0) return;
  for (let row = 0; row < column.length; row++) {
    if (found[row] !== -1 || column.isNull(row)) continue;
    const value = showCell(column.text(row), property.type);
    yield [
      row,
      `invalid enum value '${value}' for ${type.name}.${property.name}: allowed are ${allowed.join(", ")}`,
    ];
  }
}

/** Enum sets by their bytes, made once per set. */
const ENUM_INDEXES = new WeakMap<readonly string[], IdIndex>();

function enumIndex(allowed: readonly string[]): IdIndex {
  let index = ENUM_INDEXES.get(allowed);
  if (index === undefined) {
    const values = new Utf8Column();
    for (const value of allowed) values.push(value);
    ENUM_INDEXES.set(allowed, index = IdIndex.build(values));
  }
  return index;
}

function* rangeFaults(
  type: AnyType,
  { property, min, max }: RangeConstraint,
  column: Column,
): Generator<Fault> {
  assert(column.kind === "number" || column.kind === "big", "ranges are over numbers");
  for (let row = 0; row < column.length; row++) {
    const value = column.values[row]!;
    // Written so that NaN fails; bigints and numbers compare exactly.
    if ((min === null || value >= min) && (max === null || value <= max)) continue;
    if (column.isNull(row)) continue;
    const bounds = `${min ?? ""}..${max ?? ""}`;
    yield [row, `@range violation on ${type.name}.${property}: ${value} is not in ${bounds}`];
  }
}

function* checkFaults(
  type: AnyType,
  { property, pattern, regex }: CheckConstraint,
  column: Column,
): Generator<Fault> {
  assert(column.kind === "utf8", "checks are over strings");
  for (let row = 0; row < column.length; row++) {
    if (column.isNull(row)) continue;
    const value = column.text(row);
    if (regex.test(value)) continue;
    const shown = showCell(value, must(type.propertyByName.get(property), "a check names a property").type);
    yield [row, `@check violation on ${type.name}.${property}: '${shown}' does not match "${pattern}"`];
  }
}
