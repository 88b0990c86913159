/**
 * A commit seen under another schema than its own: how history is read. Pure.
 *
 *   a type of the schema         what a reader sees
 *   renamed since                the table under its current name
 *   not there at the commit      no table: reading it is refused
 *   dropped for good since       a table that must not be read
 *   dropped and added again      no table either: the new one has another identity
 *   with properties added since  null in these
 *   with properties renamed      the values, under the current names
 */
import type { Catalog, TypeKey } from "../schema/catalog.ts";
import { hasSameColumns, underType } from "./column_pairing.ts";
import type { SnapshotState, TableSnapshot } from "./snapshot_state.ts";

/** The state under `catalog`, types paired by the identity of their table; the state itself when it is its own schema. */
export function pairState(state: SnapshotState, catalog: Catalog): SnapshotState {
  if (state.catalog.digest === catalog.digest) return state;
  const byTable = new Map([...state.tables.values()].map((table) => [table.type.tableId, table]));
  const tables = new Map<TypeKey, TableSnapshot>();
  for (const [key, type] of catalog.byKey) {
    const table = byTable.get(type.tableId);
    if (table === undefined) continue;
    const { type: stored, pin, deltas } = table;
    const gone = table.isReclaimed ? { isReclaimed: true } as const : {};
    if (hasSameColumns(stored, type)) {
      tables.set(key, { type, pin, deltas, ...gone });
      continue;
    }
    const adapted = deltas.map((delta) => ({
      ...delta,
      upserts: delta.upserts === null ? null : underType(delta.upserts, stored, type),
    }));
    tables.set(key, { type, pin, deltas: adapted, stored, ...gone });
  }
  return { catalog, commit: state.commit, tables };
}
