/**
 * How the value types are stored in Arrow, and Arrow's metadata for them
 * (https://arrow.apache.org/docs/format/Columnar.html, Message.fbs, Schema.fbs).
 */
import type { AnyType } from "../schema/catalog.ts";
import type { Scalar, ValueType } from "../schema/value_type.ts";
import { columnNames, columnType } from "./columns.ts";
import { type FlatReader, type FlatTable, flatTable } from "./flat_buffers.ts";

/** Version 5 of the metadata, the one since Arrow 1.0. */
export const METADATA_VERSION = 4;
/** Kinds of messages. */
export const RECORD_BATCH_MESSAGE = 3;

/** Members of the union `Type` that we use. */
const UNION = { int: 2, float: 3, utf8: 5, bool: 6, date: 8, list: 12, fixedSizeList: 16 } as const;

/** How LanceDB is told, by metadata of the field, which column is the primary key that concurrent upserts respect. */
const PRIMARY_KEY = flatTable(
  { kind: "text", value: "lance-schema:unenforced-primary-key" },
  { kind: "text", value: "true" },
);

/** A scalar's type: a member of the union and its table. */
const SCALAR_TYPES: Readonly<Record<Scalar, { readonly member: number; readonly table: FlatTable }>> = {
  String: { member: UNION.utf8, table: flatTable() },
  Blob: { member: UNION.utf8, table: flatTable() },
  Bool: { member: UNION.bool, table: flatTable() },
  I32: integer(32, 1),
  I64: integer(64, 1),
  U32: integer(32, 0),
  U64: integer(64, 0),
  F32: { member: UNION.float, table: flatTable({ kind: "i16", value: 1 }) },
  F64: { member: UNION.float, table: flatTable({ kind: "i16", value: 2 }) },
  Date: { member: UNION.date, table: flatTable({ kind: "i16", value: 0 }) },
  DateTime: { member: UNION.date, table: flatTable({ kind: "i16", value: 1 }) },
};

function integer(bits: number, signed: number): { member: number; table: FlatTable } {
  return { member: UNION.int, table: flatTable({ kind: "i32", value: bits }, { kind: "u8", value: signed }) };
}

/** The Arrow schema of a table: all its columns in storage order, `id` as primary key. */
export function schemaOf(type: AnyType): FlatTable {
  const fields = columnNames(type).map((name) =>
    fieldOf(name, columnType(type, name), type.propertyByName.get(name)?.nullable ?? false)
  );
  return flatTable({ kind: "i16", value: 0 }, { kind: "tables", items: fields });
}

function fieldOf(name: string, type: ValueType, nullable: boolean): FlatTable {
  const scalar = type.kind === "scalar" ? SCALAR_TYPES[type.scalar] : null;
  const member = scalar?.member ?? (type.kind === "list" ? UNION.list : UNION.fixedSizeList);
  const table = scalar?.table ??
    (type.kind === "vector" ? flatTable({ kind: "i32", value: type.dimensions }) : flatTable());
  return flatTable(
    { kind: "text", value: name },
    { kind: "u8", value: nullable ? 1 : 0 },
    { kind: "u8", value: member },
    table,
    null,
    { kind: "tables", items: itemFields(type) },
    name === "id" ? { kind: "tables", items: [PRIMARY_KEY] } : null,
  );
}

/** Lance expects items to be nullable and named `item`; we never store a null one. */
function itemFields(type: ValueType): FlatTable[] {
  const item = itemType(type);
  return item === null ? [] : [fieldOf("item", item, true)];
}

/** The type of the items of lists and vectors. */
export function itemType(type: ValueType): ValueType | null {
  if (type.kind === "scalar") return null;
  return { kind: "scalar", scalar: type.kind === "list" ? type.item : "F32", enumValues: null };
}

/** The Arrow name of a type, e.g. `Utf8`, `Int64`, `FixedSizeList(3)<Float32>`; equal names are equal storage. */
export function arrowName(type: ValueType): string {
  switch (type.kind) {
    case "list":
      return `List<${arrowName(itemType(type)!)}>`;
    case "vector":
      return `FixedSizeList(${type.dimensions})<Float32>`;
    case "scalar":
      return SCALAR_NAMES[type.scalar];
  }
}

const SCALAR_NAMES: Readonly<Record<Scalar, string>> = {
  String: "Utf8",
  Blob: "Utf8",
  Bool: "Bool",
  I32: "Int32",
  I64: "Int64",
  U32: "UInt32",
  U64: "UInt64",
  F32: "Float32",
  F64: "Float64",
  Date: "Date32",
  DateTime: "Date64",
};

/** The same name, of a field read from metadata; types that we do not store are named by their number. */
export function arrowNameOfField(field: FlatReader): string {
  const member = field.u8(2);
  const table = field.table(3);
  const children = field.tables(5);
  switch (member) {
    case UNION.utf8:
      return "Utf8";
    case UNION.bool:
      return "Bool";
    case UNION.int:
      return `${table?.u8(1) === 1 ? "" : "U"}Int${table?.i32(0)}`;
    case UNION.float:
      return `Float${16 << (table?.i16(0) ?? 0)}`;
    case UNION.date:
      return table?.i16(0, 1) === 0 ? "Date32" : "Date64";
    case UNION.list:
      return `List<${children.map(arrowNameOfField)}>`;
    case UNION.fixedSizeList:
      return `FixedSizeList(${table?.i32(0)})<${children.map(arrowNameOfField)}>`;
    default:
      return `type ${member}`;
  }
}
