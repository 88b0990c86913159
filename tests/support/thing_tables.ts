/** A table of simple rows for the tests of tables. */
import assert from "node:assert/strict";
import { columnNames } from "../../core/storage/columns.ts";
import { LanceTables } from "../../core/storage/lance_tables.ts";
import type { TablePin, TableWrite } from "../../core/storage/table_store.ts";
import { recordOf, type Row, rowsOf, tableType } from "./records.ts";

/** The type of the rows. */
export const THING = tableType({
  n: { kind: "scalar", scalar: "I32", enumValues: null },
  text: { kind: "scalar", scalar: "String", enumValues: null },
});
/** A table before its first write. */
export const UNWRITTEN: TablePin = { table: "nodes/12", branch: null, version: 0, rows: 0 };
/** A write without changes. */
export const NOTHING: TableWrite = { replaceAll: false, inserts: null, updates: null, deletes: [] };

/** Runs a test with the tables of a graph root that does not exist yet. */
export async function withTables(body: (tables: LanceTables, root: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(new LanceTables(`${folder}/graph.omni`), `${folder}/graph.omni`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Rows of `THING`. */
export function things(...ids: string[]): Row[] {
  return ids.map((id, i) => ({ id, n: i, text: `text of ${id}` }));
}

/** A write of rows of `THING`. */
export function change(
  parts: { inserts?: Row[]; updates?: Row[]; deletes?: string[]; replaceAll?: boolean },
): TableWrite {
  return {
    replaceAll: parts.replaceAll ?? false,
    inserts: parts.inserts === undefined ? null : recordOf(THING, parts.inserts),
    updates: parts.updates === undefined ? null : recordOf(THING, parts.updates),
    deletes: parts.deletes ?? [],
  };
}

/** Writes, which must succeed. */
export async function written(
  tables: LanceTables,
  base: TablePin,
  write: TableWrite,
  branch: string | null = base.branch,
): Promise<TablePin> {
  const pin = await tables.write(base, THING, branch, write);
  assert.ok(pin !== null);
  return pin;
}

/** All rows of a pin, by id. */
export async function contentOf(tables: LanceTables, pin: TablePin): Promise<Row[]> {
  return sorted(rowsOf(await tables.read(pin, THING, columnNames(THING))));
}

/** Rows by id. */
export function sorted(rows: readonly Row[]): Row[] {
  return [...rows].sort((a, b) => (a.id as string) < (b.id as string) ? -1 : 1);
}
