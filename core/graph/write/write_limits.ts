/** Limits on what one write may carry per type, and the size estimate they use. */
import { unreachable } from "../../base/assert.ts";
import { BLOB_BYTES_MAX, KEYED_BYTES_MAX, KEYED_ENTITIES_MAX } from "../../base/limits.ts";
import { AppError } from "../../errors.ts";
import type { AnyType, TypeKey } from "../../schema/catalog.ts";
import type { Column, RecordColumns, Utf8Column } from "../../storage/columns.ts";
import { hasManagedPrefix } from "./value_rules.ts";

/** Refuses more than 8,192 entities of one type in an append, a merge load or a mutation. */
export function checkEntityCount(key: TypeKey, count: number): void {
  if (count > KEYED_ENTITIES_MAX) throw limitError(`keyed entities for ${key}`, KEYED_ENTITIES_MAX, count);
}

/** Refuses more than 32 MiB of columns of one type in an append, a merge load or a mutation. */
export function checkEntityBytes(key: TypeKey, records: RecordColumns): void {
  let bytes = 0;
  for (const column of records.columns.values()) bytes += columnBytes(column);
  if (bytes > KEYED_BYTES_MAX) throw limitError(`keyed entity bytes for ${key}`, KEYED_BYTES_MAX, bytes);
}

/**
 * Refuses external URIs, which no configuration allows yet, and more than 32 MiB of managed bytes of one type.
 *
 * @throws AppError `invalid_input` or `resource_limit`.
 */
export function checkBlobs(type: AnyType, records: RecordColumns): void {
  let managed = 0;
  for (const property of type.properties) {
    if (property.type.kind !== "scalar" || property.type.scalar !== "Blob") continue;
    const column = records.columns.get(property.name) as Utf8Column;
    for (let row = 0; row < column.length; row++) {
      if (column.isNull(row)) continue;
      const start = column.offsets[row]!;
      const end = column.offsets[row + 1]!;
      if (!hasManagedPrefix(column.bytes, start, end)) {
        const subject = `external blob '${column.text(row).slice(0, 200)}' of ${type.name}.${property.name}`;
        throw new AppError("invalid_input", `${subject} is not allowed: give the bytes as 'base64:…'`);
      }
      managed += decodedLength(column.bytes, start, end);
    }
  }
  if (managed > BLOB_BYTES_MAX) {
    throw limitError(`decoded blob input bytes for ${type.key}`, BLOB_BYTES_MAX, managed);
  }
}

function limitError(resource: string, limit: number, actual: number): AppError {
  return new AppError("resource_limit", `too many ${resource}: ${actual}, at most ${limit} in one request`, {
    detail: { resource_limit: { resource, limit, actual } },
  });
}

/** Bytes of a column's rows in the layout of the tables. */
function columnBytes(column: Column): number {
  const rows = column.length;
  const validity = column.validity === null ? 0 : Math.ceil(rows / 8);
  switch (column.kind) {
    case "utf8":
      return validity + 4 * rows + column.offsets[rows]!;
    case "number":
    case "big":
      return validity + column.values.BYTES_PER_ELEMENT * rows;
    case "bool":
      return validity + Math.ceil(rows / 8);
    case "vector":
      return validity + 4 * rows * column.dimensions;
    case "list":
      return validity + 4 * rows + columnBytes(column.items);
    default:
      return unreachable(column);
  }
}

/** Bytes behind `base64:` once decoded. */
function decodedLength(bytes: Uint8Array, start: number, end: number): number {
  let padding = 0;
  while (padding < 2 && bytes[end - 1 - padding] === 0x3d) padding++;
  return (end - start - "base64:".length) / 4 * 3 - padding;
}
