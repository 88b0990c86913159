/** The table writes of a schema change, every one exactly on the pinned version of the head it is prepared on. */
import { must } from "../base/assert.ts";
import type { AnyType, Catalog, TypeKey } from "../schema/catalog.ts";
import { columnNames } from "../storage/columns.ts";
import type { TablePin } from "../storage/table_store.ts";
import { storedName, underType } from "./column_pairing.ts";
import type { LoggedState } from "./logged_state.ts";
import { emptyPin, type TableMove } from "./plan_migration_commit.ts";
import { type TableCommitOptions, writeTables } from "./table_commits.ts";
import { foldedRows, takeRows } from "./table_rewrite.ts";

/** New vectors of one write, bytes: a row of nulls takes as much room as one of numbers. */
const NULL_VECTOR_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Folds and rewrites the tables that a schema change touches; returns their new pins by the new key, or null when another
 * writer got in between on one of them. Rewrites run one after another: each holds a whole table in memory.
 */
export async function migrateTables(
  base: LoggedState,
  moves: readonly TableMove[],
  catalog: Catalog,
  options: TableCommitOptions,
): Promise<Map<TypeKey, TablePin> | null> {
  const folds = moves.flatMap((move) => move.kind === "fold" ? [move] : []);
  const folded = await writeTables(base, folds.map(({ from }) => [from, null] as const), options);
  const pins = new Map<TypeKey, TablePin>();
  for (const { key, from } of folds) {
    const pin = folded.get(from) ?? null;
    if (pin === null) return null;
    pins.set(key, pin);
  }
  for (const move of moves) {
    if (move.kind !== "rewrite") continue;
    const type = must(catalog.byKey.get(move.key), "it has a type");
    const pin = await rewriteTable(base, move, type, options);
    if (pin === null) return null;
    pins.set(move.key, pin);
  }
  return pins;
}

/** The first write replaces rows and columns, the others add what is left; nobody else may get in between. */
async function rewriteTable(
  base: LoggedState,
  { from, fresh }: { readonly from: TypeKey; readonly fresh?: string },
  type: AnyType,
  { tables, lanceBranch, failpoint }: TableCommitOptions,
): Promise<TablePin | null> {
  const { type: stored, pin, deltas } = must(base.tables.get(from), `${from} has a table`);
  const pinned = await tables.read(pin, stored, columnNames(stored));
  const rows = foldedRows(stored, pinned, deltas);
  const rowsMax = rowsPerWrite(stored, type);
  let written: TablePin | null = fresh === undefined ? pin : emptyPin(fresh);
  for (let start = 0; written !== null && (start === 0 || start < rows.length); start += rowsMax) {
    const part = takeRows(stored, rows, start, Math.min(rows.length, start + rowsMax));
    const inserts = part.length === 0 ? null : underType(part, stored, type);
    const write = { replaceAll: start === 0, inserts, updates: null, deletes: [] };
    written = await tables.write(written, type, lanceBranch, write);
    await failpoint("table_written");
  }
  return written;
}

/** Rows whose new vectors, all null but stored at full width, fit one write. */
function rowsPerWrite(stored: AnyType, type: AnyType): number {
  let rowBytes = 0;
  for (const { name, type: value } of type.properties) {
    if (value.kind === "vector" && storedName(stored, type, name) === null) rowBytes += value.dimensions * 4;
  }
  return rowBytes === 0 ? Number.MAX_SAFE_INTEGER : Math.max(1, Math.floor(NULL_VECTOR_BYTES_MAX / rowBytes));
}
