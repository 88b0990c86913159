/**
 * The columns of one table under two versions of its type, paired by stable property id: what a rename keeps together
 * and what a re-added name keeps apart. A property that the stored rows do not have reads as null.
 */
import { assert, must } from "../base/assert.ts";
import type { AnyType } from "../schema/catalog.ts";
import { type Column, columnNames, columnType, newColumn, type RecordColumns } from "../storage/columns.ts";
import type { TableStore } from "../storage/table_store.ts";

/** Whether rows stored under one type are rows of the other as they are: the same properties under the same names. */
export function hasSameColumns(stored: AnyType, type: AnyType): boolean {
  return stored.properties.length === type.properties.length &&
    type.properties.every(({ id, name }) => stored.propertyByName.get(name)?.id === id);
}

/** The name a column of `type` has under `stored`; null when the property is not there. */
export function storedName(stored: AnyType, type: AnyType, column: string): string | null {
  const property = type.propertyByName.get(column);
  if (property === undefined) return column;
  return stored.properties.find(({ id }) => id === property.id)?.name ?? null;
}

/** Whole row images of `stored` as row images of `type`. Columns are shared, not copied. */
export function underType(record: RecordColumns, stored: AnyType, type: AnyType): RecordColumns {
  return paired(record, stored, type, columnNames(type));
}

/** A table reader for pins that were written under `stored`. */
export function readerOf(
  tables: Pick<TableStore, "read">,
  stored: AnyType,
): Pick<TableStore, "read"> {
  return {
    async read(pin, type, columns, filter) {
      const wanted = columns.map((name) => storedName(stored, type, name)).filter((name) => name !== null);
      const record = await tables.read(pin, stored, wanted, filter);
      assert(
        filter === undefined || wanted.length > 0,
        "rows of a filter are read with a column that is there",
      );
      const length = filter === undefined ? pin.rows : record.length;
      return paired({ length, columns: record.columns }, stored, type, columns);
    },
  };
}

function paired(
  record: RecordColumns,
  stored: AnyType,
  type: AnyType,
  names: readonly string[],
): RecordColumns {
  const columns = new Map<string, Column>();
  for (const name of names) {
    const from = storedName(stored, type, name);
    const column = from === null
      ? nullColumn(type, name, record.length)
      : must(record.columns.get(from), `column ${from} of ${stored.key} was read`);
    columns.set(name, column);
  }
  return { length: record.length, columns };
}

function nullColumn(type: AnyType, name: string, length: number): Column {
  const column = newColumn(columnType(type, name));
  for (let row = 0; row < length; row++) column.push(null);
  return column;
}
