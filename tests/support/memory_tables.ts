/**
 * A table store in memory that keeps the contract of `TableStore`, for tests that need no LanceDB.
 *
 * Like Lance it moves updated rows to the end, gives every write the next version of its branch, and never changes a
 * version that exists.
 */
import { assert, must } from "../../core/base/assert.ts";
import type { AnyType } from "../../core/schema/catalog.ts";
import {
  type Column,
  columnNames,
  columnType,
  idColumn,
  newColumn,
  newTableColumns,
  type RecordColumns,
} from "../../core/storage/columns.ts";
import type {
  RowFilter,
  TablePin,
  TableStore,
  TableWrite,
  TableWriteResult,
} from "../../core/storage/table_store.ts";

/** A {@linkcode TableStore} in memory with hooks for tests. */
export interface MemoryTables extends TableStore {
  /** What was read so far, as `table@version: columns`. */
  readonly reads: readonly string[];
  /** Adds a version nobody asked for, as another writer would: the next `write` on this branch finds a gap. */
  intrude(table: string, branch: string | null): void;
  /** Writes `rows` as the first version of a table, in one step. */
  seed(table: string, type: AnyType, rows: RecordColumns): Promise<TablePin>;
}

/** The pin of a table that was never written. */
export function emptyPin(table: string): TablePin {
  return { table, branch: null, version: 0, rows: 0 };
}

/** Creates an empty store. */
export function createMemoryTables(): MemoryTables {
  const versions = new Map<string, Map<number, RecordColumns>>();
  const newest = new Map<string, number>();
  const intruded = new Set<string>();
  const reads: string[] = [];

  function rowsAt(pin: TablePin, type: AnyType): RecordColumns {
    if (pin.version === 0) return { length: 0, columns: newTableColumns(type) };
    const lineage = versions.get(lineageKey(pin.table, pin.branch));
    return must(lineage?.get(pin.version), `version ${pin.version} of ${pin.table} exists`);
  }

  const store: MemoryTables = {
    reads,
    read(pin, type, columns, filter) {
      const only = filter === undefined ? "" : ` where ${filter.column}`;
      reads.push(`${pin.table}@${pin.version}: ${columns.join(" ")}${only}`);
      const rows = filter === undefined ? rowsAt(pin, type) : filtered(rowsAt(pin, type), type, filter);
      const picked = new Map<string, Column>();
      for (const name of columns) picked.set(name, must(rows.columns.get(name), `column ${name} was stored`));
      return Promise.resolve({ length: rows.length, columns: picked });
    },
    write(base, type, branch, write) {
      const lineage = lineageKey(base.table, branch);
      if (intruded.delete(lineage)) return Promise.resolve<TableWriteResult>(null);
      const rows = applied(rowsAt(base, type), type, write);
      const version = Math.max(newest.get(lineage) ?? 0, base.version) + 1;
      newest.set(lineage, version);
      if (!versions.has(lineage)) versions.set(lineage, new Map());
      versions.get(lineage)!.set(version, rows);
      return Promise.resolve<TableWriteResult>({ table: base.table, branch, version, rows: rows.length });
    },
    intrude(table, branch) {
      const lineage = lineageKey(table, branch);
      newest.set(lineage, (newest.get(lineage) ?? 0) + 1);
      intruded.add(lineage);
    },
    async seed(table, type, rows) {
      const write = { replaceAll: false, inserts: rows, updates: null, deletes: [] };
      return must(await store.write(emptyPin(table), type, null, write), "nobody else writes here");
    },
  };
  return store;
}

/** Makes columns for a table from plain objects; cells that are left out are null. */
export function recordsOf(
  type: AnyType,
  rows: readonly Readonly<Record<string, unknown>>[],
): RecordColumns {
  const columns = newTableColumns(type);
  for (const row of rows) {
    for (const [name, column] of columns) column.push((row[name] ?? null) as never);
  }
  return { length: rows.length, columns };
}

function filtered(rows: RecordColumns, type: AnyType, { column, values }: RowFilter): RecordColumns {
  const wanted = new Set(values);
  const kept = Array.from({ length: rows.length }, (_, row) => row)
    .filter((row) => wanted.has(idColumn(rows, column).text(row)));
  const columns = new Map<string, Column>();
  for (const name of columnNames(type)) {
    const target = newColumn(columnType(type, name));
    for (const row of kept) target.push(must(rows.columns.get(name), `column ${name} was stored`).get(row));
    columns.set(name, target);
  }
  return { length: kept.length, columns };
}

function lineageKey(table: string, branch: string | null): string {
  return `${table}@${branch ?? ""}`;
}

function applied(base: RecordColumns, type: AnyType, write: TableWrite): RecordColumns {
  const gone = new Set<string>(write.deletes);
  const have = idsOf(base);
  for (const id of idsOf(write.updates)) {
    assert(have.has(id), `an update names ${id}, which is not in the table`);
    gone.add(id);
  }
  if (base.length === 0 && write.updates === null && write.inserts !== null) return write.inserts;
  const columns = new Map<string, Column>();
  const sources: [RecordColumns, ReadonlySet<string>][] = [];
  if (!write.replaceAll) sources.push([base, gone]);
  for (const part of [write.updates, write.inserts]) if (part !== null) sources.push([part, new Set()]);
  let length = 0;
  for (const name of columnNames(type)) {
    const column = newColumn(columnType(type, name));
    for (const [part, skipped] of sources) {
      const ids = idColumn(part, "id");
      const source = must(part.columns.get(name), `column ${name} is part of every write`);
      for (let row = 0; row < part.length; row++) {
        if (!skipped.has(ids.text(row))) column.push(source.get(row));
      }
    }
    columns.set(name, column);
    length = column.length;
  }
  const record = { length, columns };
  assert(idsOf(record).size === length, "ids are unique in a table");
  return record;
}

function idsOf(record: RecordColumns | null): Set<string> {
  const ids = new Set<string>();
  if (record === null) return ids;
  const column = idColumn(record, "id");
  for (let row = 0; row < record.length; row++) ids.add(column.text(row));
  return ids;
}
