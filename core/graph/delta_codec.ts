/**
 * The encoded form of the rows a small commit carries, exact for every type:
 *
 *   null                          null
 *   String, enum, Blob, ids       string
 *   Bool                          true, false
 *   I32 U32 Date DateTime F32 F64 number; `"NaN"`, `"Infinity"`, `"-Infinity"` and `"-0"` as strings
 *   I64 U64                       decimal digits as string
 *   Vector(N)                     array of N numbers when all are small integers, else base64 of N little-endian floats
 *   [T]                           array of encoded items
 */
import { assert } from "../base/assert.ts";
import { AppError } from "../errors.ts";
import type { AnyType } from "../schema/catalog.ts";
import type { Cell, Scalar, ScalarCell, ValueType } from "../schema/value_type.ts";
import { columnNames, columnType, idColumn, newColumn, type RecordColumns } from "../storage/columns.ts";
import type { TableDelta } from "./commit.ts";

/** Decoded rows of one table in one small commit. */
export interface DeltaRows {
  readonly upserts: RecordColumns | null;
  readonly deletes: readonly string[];
}

/** Encodes whole row images and removed ids of one table. */
export function encodeDelta(type: AnyType, delta: DeltaRows): TableDelta {
  const names = columnNames(type);
  const rows: unknown[][] = [];
  if (delta.upserts !== null) {
    const columns = names.map((name) => {
      const column = delta.upserts!.columns.get(name);
      assert(column !== undefined, `${type.key}: an upsert carries all columns, ${name} is missing`);
      return { column, type: columnType(type, name) };
    });
    for (let row = 0; row < delta.upserts.length; row++) {
      rows.push(columns.map((each) => encodeCell(each.type, each.column.get(row))));
    }
  }
  return { columns: names, rows, deletes: delta.deletes };
}

/** A lower bound of the encoded size, bytes, without encoding: tells at once that a bulk load is not small. */
export function encodedBytesAtLeast(delta: DeltaRows): number {
  let bytes = delta.deletes.length * 3;
  if (delta.upserts === null) return bytes;
  const { length, columns } = delta.upserts;
  for (const column of columns.values()) {
    bytes += length * 2;
    if (column.kind === "utf8") bytes += column.offsets[length]! - column.offsets[0]!;
    else if (column.kind === "list") bytes += (column.offsets[length]! - column.offsets[0]!) * 2;
    else if (column.kind === "vector" && column.validity === null) bytes += length * column.dimensions * 2;
  }
  return bytes;
}

/**
 * Decodes rows of one table. Columns of the type that the delta does not name become null; names that the type does not
 * have are skipped, so that deltas outlive changes of the schema.
 *
 * @throws AppError `integrity_error` naming `where` when the rows do not fit the type.
 */
export function decodeDelta(type: AnyType, delta: TableDelta, where: string): DeltaRows {
  if (delta.rows.length === 0) return { upserts: null, deletes: delta.deletes };
  const columns = new Map(columnNames(type).map((name) => [name, newColumn(columnType(type, name))]));
  for (const [name, column] of columns) {
    const index = delta.columns.indexOf(name);
    const valueType = columnType(type, name);
    for (const row of delta.rows) {
      const encoded = index === -1 ? null : row[index];
      const cell = encoded === null ? null : decodeCell(valueType, encoded);
      if (cell === undefined || (cell === null && name === "id")) {
        throw new AppError(
          "integrity_error",
          `\`${where}\`: a row of \`${type.key}\` has no valid value in column \`${name}\`, ` +
            "the object is damaged: restore it from a copy",
        );
      }
      column.push(cell);
    }
  }
  const upserts = { length: delta.rows.length, columns };
  assert(idColumn(upserts, "id").length === upserts.length, "columns are equally long");
  return { upserts, deletes: delta.deletes };
}

function encodeCell(type: ValueType, cell: Cell | null): unknown {
  if (cell === null) return null;
  switch (type.kind) {
    case "scalar":
      return encodeScalar(cell as ScalarCell);
    case "list":
      return (cell as readonly ScalarCell[]).map(encodeScalar);
    case "vector":
      return encodeVector(cell as Float32Array<ArrayBuffer>);
  }
}

function encodeScalar(cell: ScalarCell): string | number | boolean {
  if (typeof cell === "bigint") return String(cell);
  if (typeof cell !== "number") return cell;
  if (Number.isFinite(cell)) return Object.is(cell, -0) ? "-0" : cell;
  return String(cell);
}

/** Integers below this magnitude take less room as digits than as base64. */
const SHORT_INTEGER = 1000;

function encodeVector(vector: Float32Array): string | number[] {
  if (vector.every(isShort)) return [...vector];
  const bytes = new Uint8Array(vector.length * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < vector.length; i++) view.setFloat32(i * 4, vector[i]!, true);
  return bytes.toBase64();
}

function isShort(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) < SHORT_INTEGER && !Object.is(value, -0);
}

/** The cell, or undefined when `encoded` is no value of the type. */
function decodeCell(type: ValueType, encoded: unknown): Cell | undefined {
  switch (type.kind) {
    case "scalar":
      return decodeScalar(type.scalar, encoded);
    case "list": {
      if (!Array.isArray(encoded)) return undefined;
      const items = encoded.map((item) => decodeScalar(type.item, item));
      return items.includes(undefined) ? undefined : items as ScalarCell[];
    }
    case "vector":
      return decodeVector(type.dimensions, encoded);
  }
}

function decodeScalar(scalar: Scalar, encoded: unknown): ScalarCell | undefined {
  switch (scalar) {
    case "String":
    case "Blob":
      return typeof encoded === "string" ? encoded : undefined;
    case "Bool":
      return typeof encoded === "boolean" ? encoded : undefined;
    case "I64":
      return decodeBig(encoded, -(1n << 63n), (1n << 63n) - 1n);
    case "U64":
      return decodeBig(encoded, 0n, (1n << 64n) - 1n);
    case "I32":
    case "Date":
      return typeof encoded === "number" && (encoded | 0) === encoded ? encoded : undefined;
    case "U32":
      return typeof encoded === "number" && (encoded >>> 0) === encoded ? encoded : undefined;
    case "DateTime": {
      const value = decodeFloat(encoded);
      return Number.isSafeInteger(value) ? value : undefined;
    }
    case "F32":
    case "F64":
      return decodeFloat(encoded);
  }
}

const FLOAT_WORDS: ReadonlyMap<unknown, number> = new Map([
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity],
  ["-0", -0],
]);

function decodeFloat(encoded: unknown): number | undefined {
  return typeof encoded === "number" ? encoded : FLOAT_WORDS.get(encoded);
}

function decodeBig(encoded: unknown, min: bigint, max: bigint): bigint | undefined {
  if (typeof encoded !== "string" || !/^-?[0-9]{1,20}$/.test(encoded)) return undefined;
  const value = BigInt(encoded);
  return value >= min && value <= max ? value : undefined;
}

function decodeVector(dimensions: number, encoded: unknown): Float32Array | undefined {
  if (Array.isArray(encoded)) {
    return encoded.length === dimensions && encoded.every((item) => typeof item === "number")
      ? Float32Array.from(encoded as number[])
      : undefined;
  }
  if (typeof encoded !== "string") return undefined;
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.fromBase64(encoded);
  } catch {
    return undefined;
  }
  if (bytes.length !== dimensions * 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return Float32Array.from({ length: dimensions }, (_, i) => view.getFloat32(i * 4, true));
}
