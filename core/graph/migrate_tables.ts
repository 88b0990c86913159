/** The table writes of a schema change, every one exactly on the pinned version of the head it is prepared on. */
import { must } from "../base/assert.ts";
import type { Catalog, TypeKey } from "../schema/catalog.ts";
import { columnNames } from "../storage/columns.ts";
import type { TablePin } from "../storage/table_store.ts";
import { underType } from "./column_pairing.ts";
import type { LoggedState } from "./logged_state.ts";
import type { TableMove } from "./plan_migration_commit.ts";
import type { TableCommitOptions } from "./table_commits.ts";
import { foldedRows } from "./table_rewrite.ts";

/**
 * Rewrites the tables whose columns a schema change changes; returns their new pins by the new key, or null when another
 * writer got in between on one of them. They are written one after another: each is wholly in memory meanwhile.
 */
export async function migrateTables(
  base: LoggedState,
  moves: readonly TableMove[],
  catalog: Catalog,
  { tables, lanceBranch, failpoint }: TableCommitOptions,
): Promise<Map<TypeKey, TablePin> | null> {
  const pins = new Map<TypeKey, TablePin>();
  for (const move of moves) {
    if (move.kind !== "rewrite") continue;
    const { type: stored, pin, deltas } = must(base.tables.get(move.from), `${move.from} has a table`);
    const type = must(catalog.byKey.get(move.key), `the new schema has ${move.key}`);
    const pinned = await tables.read(pin, stored, columnNames(stored));
    const rows = foldedRows(stored, pinned, deltas);
    const inserts = rows.length === 0 ? null : underType(rows, stored, type);
    const write = { replaceAll: true, inserts, updates: null, deletes: [] };
    const written = await tables.write(pin, type, lanceBranch, write);
    await failpoint("table_written");
    if (written === null) return null;
    pins.set(move.key, written);
  }
  return pins;
}
