/** Table types, rows and records for the tests of storage. */
import fc from "fast-check";
import type { NodeType } from "../../core/schema/catalog.ts";
import { type Cell, type Scalar, SCALARS, type ValueType } from "../../core/schema/value_type.ts";
import { columnNames, newTableColumns, type RecordColumns } from "../../core/storage/columns.ts";

/** One row: column name to cell. */
export type Row = Readonly<Record<string, Cell | null>>;

/** A node type `Thing` with these nullable properties. */
export function tableType(properties: Readonly<Record<string, ValueType>>): NodeType {
  const list = Object.keys(properties).sort().map((name, i) => ({
    name,
    id: i + 1,
    type: properties[name]!,
    nullable: true,
    embed: null,
    annotations: [],
  }));
  return {
    kind: "node",
    name: "Thing",
    key: "node:Thing",
    typeId: 1,
    tableId: 12,
    properties: list,
    propertyByName: new Map(list.map((property) => [property.name, property])),
    constraints: [],
    annotations: [],
    keyProperties: null,
    interfaces: [],
  };
}

/** A type with a property of every scalar, a list of every scalar, an enum and a vector. */
export const ALL_TYPES = tableType({
  ...Object.fromEntries(SCALARS.map((scalar) => [`one${scalar}`, scalarType(scalar)])),
  ...Object.fromEntries(
    SCALARS.filter((scalar) => scalar !== "Blob").map((item) => [`many${item}`, listType(item)]),
  ),
  choice: { kind: "scalar", scalar: "String", enumValues: ["no", "yes"] },
  vector: { kind: "vector", dimensions: 3 },
});

function scalarType(scalar: Scalar): ValueType {
  return { kind: "scalar", scalar, enumValues: null };
}

function listType(item: Scalar): ValueType {
  return { kind: "list", item };
}

/** Columns of a type from rows; what a row does not name is null. */
export function recordOf(type: NodeType, rows: readonly Row[]): RecordColumns {
  const columns = newTableColumns(type);
  for (const row of rows) {
    for (const name of columnNames(type)) columns.get(name)!.push(row[name] ?? null);
  }
  return { length: rows.length, columns };
}

/** All rows, decoded. */
export function rowsOf(record: RecordColumns): Row[] {
  return Array.from({ length: record.length }, (_, row) => {
    const cells: Record<string, Cell | null> = {};
    for (const [name, column] of record.columns) cells[name] = column.get(row);
    return cells;
  });
}

/** Rows of a type with unique ids; extremes and nulls are frequent. */
export function arbitraryRecord(type: NodeType, maxLength: number): fc.Arbitrary<Row[]> {
  const cells = Object.fromEntries(
    type.properties.map((
      property,
    ) => [property.name, fc.option(arbitraryCell(property.type), { nil: null })]),
  );
  return fc.uniqueArray(fc.record({ id: fc.string({ unit: "grapheme" }), ...cells }), {
    maxLength,
    selector: (row) => row.id,
  }) as fc.Arbitrary<Row[]>;
}

/** Cells of a type. */
export function arbitraryCell(type: ValueType): fc.Arbitrary<Cell> {
  switch (type.kind) {
    case "vector":
      return fc.float32Array({
        minLength: type.dimensions,
        maxLength: type.dimensions,
        noNaN: true, // the schema language allows finite elements only
        noDefaultInfinity: true,
      });
    case "list":
      return fc.array(arbitraryScalar(type.item), { maxLength: 5 });
    case "scalar":
      return type.enumValues === null ? arbitraryScalar(type.scalar) : fc.constantFrom(...type.enumValues);
  }
}

function arbitraryScalar(scalar: Scalar): fc.Arbitrary<string | boolean | number | bigint> {
  switch (scalar) {
    case "String":
      return fc.oneof(
        fc.string({ unit: "grapheme" }),
        fc.string({ unit: "binary" }).map(wellFormed),
        fc.constant(""),
      );
    case "Blob":
      return fc.constantFrom("base64:", "base64:AAEC", "s3://quay/scan 1.pdf");
    case "Bool":
      return fc.boolean();
    case "I32":
      return fc.oneof(fc.integer(), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1));
    case "U32":
      return fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.constant(2 ** 32 - 1));
    case "I64":
      return fc.oneof(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n),
      );
    case "U64":
      return fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.constant(2n ** 64n - 1n));
    case "F32":
      return fc.float();
    case "F64":
      return fc.double();
    case "Date":
      return fc.integer({ min: -100_000_000, max: 100_000_000 });
    case "DateTime":
      return fc.oneof(
        fc.integer({ min: -8.64e15, max: 8.64e15 }),
        fc.constantFrom(-1, 0, 1, -(2 ** 32), 2 ** 32),
      );
  }
}

/** Lone surrogates have no UTF-8. */
function wellFormed(text: string): string {
  return text.toWellFormed();
}
