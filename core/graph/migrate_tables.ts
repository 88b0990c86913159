/** The table writes of a schema change, every one exactly on the pinned version of the head it is prepared on. */
import { must } from "../base/assert.ts";
import type { AnyType, Catalog, TypeKey } from "../schema/catalog.ts";
import { columnNames } from "../storage/columns.ts";
import type { TablePin } from "../storage/table_store.ts";
import { underType } from "./column_pairing.ts";
import type { LoggedState } from "./logged_state.ts";
import type { TableMove } from "./plan_migration_commit.ts";
import { type TableCommitOptions, writeTables } from "./table_commits.ts";
import { foldedRows } from "./table_rewrite.ts";

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
    const pin = await rewriteTable(
      base,
      move.from,
      must(catalog.byKey.get(move.key), "it has a type"),
      options,
    );
    if (pin === null) return null;
    pins.set(move.key, pin);
  }
  return pins;
}

async function rewriteTable(
  base: LoggedState,
  from: TypeKey,
  type: AnyType,
  { tables, lanceBranch, failpoint }: TableCommitOptions,
): Promise<TablePin | null> {
  const { type: stored, pin, deltas } = must(base.tables.get(from), `${from} has a table`);
  const pinned = await tables.read(pin, stored, columnNames(stored));
  const rows = foldedRows(stored, pinned, deltas);
  const inserts = rows.length === 0 ? null : underType(rows, stored, type);
  const write = { replaceAll: true, inserts, updates: null, deletes: [] };
  const written = await tables.write(pin, type, lanceBranch, write);
  await failpoint("table_written");
  return written;
}
