/** Table writes of large commits and folds: pending deltas folded in, tables in parallel, exactly on the pinned versions. */
import { must } from "../base/assert.ts";
import type { Failpoint } from "../base/ports.ts";
import type { TypeKey } from "../schema/catalog.ts";
import type { TablePin, TableStore } from "../storage/table_store.ts";
import type { LoggedState } from "./logged_state.ts";
import type { GraphView, TableView } from "./read/view.ts";
import type { SnapshotState } from "./snapshot_state.ts";
import { combineWrite } from "./table_rewrite.ts";
import type { TableChange } from "./write/change_set.ts";

/** What writing tables needs. */
export interface TableCommitOptions {
  readonly tables: TableStore;
  readonly view: (state: SnapshotState) => GraphView;
  /** Lance branch that the graph branch writes to; null on main. */
  readonly lanceBranch: string | null;
  readonly failpoint: Failpoint;
}

/**
 * Writes each table once: its pending deltas at `state`, then its change (null for a fold). A null pin means that
 * another writer got in between on that table. Waits for all writes, also when one fails.
 */
export async function writeTables(
  state: LoggedState,
  changes: readonly (readonly [TypeKey, TableChange | null])[],
  options: TableCommitOptions,
): Promise<Map<TypeKey, TablePin | null>> {
  const { tables, lanceBranch, failpoint } = options;
  const isPinned = await pinnedLookup(state, changes, options.view);
  const writes = changes.map(async ([key, change]): Promise<[TypeKey, TablePin | null]> => {
    const { type, pin, deltas } = must(state.tables.get(key), `${key} has a table`);
    const write = combineWrite(type, deltas, change, (id) => isPinned(key, id));
    const written = await tables.write(pin, type, lanceBranch, write);
    await failpoint("table_written");
    return [key, written];
  });
  const settled = await Promise.allSettled(writes);
  const pins = new Map<TypeKey, TablePin | null>();
  for (const result of settled) {
    if (result.status === "rejected") throw result.reason;
    pins.set(...result.value);
  }
  return pins;
}

/** Whether a pinned table (deltas aside) has an id, for the tables whose deltas must be folded in. */
async function pinnedLookup(
  state: LoggedState,
  changes: readonly (readonly [TypeKey, TableChange | null])[],
  view: (state: SnapshotState) => GraphView,
): Promise<(key: TypeKey, id: string) => boolean> {
  const asked = changes.filter(([key, change]) => {
    const table = must(state.tables.get(key), `${key} has a table`);
    return table.deltas.length > 0 && table.pin.version > 0 && change?.replaceAll !== true;
  }).map(([key]) => key);
  if (asked.length === 0) return () => false;
  const bare = new Map([...state.tables].map(([key, table]) => [key, { ...table, deltas: [] }]));
  const pinned = view({ ...state, tables: bare });
  await pinned.prepare(asked.map((table) => ({ table, columns: [] })));
  const views = new Map<TypeKey, TableView>();
  for (const key of asked) {
    const { type } = must(state.tables.get(key), `${key} has a table`);
    views.set(key, type.kind === "node" ? pinned.node(type.name) : pinned.edge(type.name));
  }
  return (key, id) => (views.get(key)?.find(id) ?? -1) >= 0;
}
