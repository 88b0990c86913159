/**
 * The change set of a merge or a revert: three states, the commits between two of them, one set of rules.
 *
 * Only tables that these commits touched are looked at, and of them only the ids they touched; a table that is the same
 * on two sides is not read at all.
 */
import type { ObjectStore } from "../../storage/object_store.ts";
import type { Commit } from "../commit.ts";
import { candidateIds } from "../diff.ts";
import { pairState } from "../paired_state.ts";
import { reclaimed } from "../purged_tables.ts";
import type { TableCache } from "../read/table_cache.ts";
import type { GraphView } from "../read/view.ts";
import type { SnapshotState } from "../snapshot_state.ts";
import type { ChangeSet } from "../write/change_set.ts";
import { violations } from "../write/constraints.ts";
import { divergenceConflict, mergeConflict, typesDiffer, violationConflict } from "./conflicts.ts";
import { MergeSide } from "./side.ts";
import { mergeThreeWay, type TableSides } from "./three_way.ts";

/** What is merged into what. */
export interface MergeSides {
  readonly base: SnapshotState;
  readonly source: SnapshotState;
  /** The head that the changes are made to. Without its state all its touched tables are read whole. */
  readonly target: { readonly view: GraphView; readonly state: SnapshotState | null };
  /** The commits on the way from base to source: whatever differs between the two was touched by one of them. */
  readonly commits: readonly Commit[];
}

/** Where tables and objects come from. */
export interface MergeStores {
  readonly store: Pick<ObjectStore, "get">;
  readonly cache: Pick<TableCache, "view" | "partial">;
}

/**
 * What takes the target to the merged content; empty when it is there already.
 *
 * @throws AppError `merge_conflict` with all divergences, or else all broken constraints; `write_conflict` with the member
 * `schema_digest` when the sides do not have the same types; `historical_version_reclaimed`.
 */
export async function stageMerge({ store, cache }: MergeStores, sides: MergeSides): Promise<ChangeSet> {
  const { target, commits } = sides;
  const { catalog, commit } = target.view;
  requireSameTypes(sides);
  const base = new MergeSide(cache, pairState(sides.base, catalog));
  const source = new MergeSide(cache, pairState(sides.source, catalog));
  const head = new MergeSide(cache, target.state, target.view);
  const candidates = await candidateIds(store, commits, commit);
  const touched = [...candidates].filter(([key]) =>
    !source.isSameTable(key, base) && !source.isHeadTable(key, commit)
  );
  const tables = await Promise.all(touched.map(async ([key, listed]): Promise<TableSides> => {
    const ids = listed === "all" ? listed : listed.upserts.concat(listed.deletes);
    const [b, s, t] = await Promise.all([base, source, head].map((side) => side.open(key, ids)));
    return { type: catalog.byKey.get(key)!, base: b!, source: s!, target: t!, candidates: ids };
  }));
  const { changes, divergences } = mergeThreeWay(tables);
  if (divergences.length > 0) throw mergeConflict(divergences.map(divergenceConflict));
  const view = await head.viewForConstraints(changes);
  const broken = [...violations({ view, changes })];
  if (broken.length > 0) {
    throw mergeConflict(broken.map((violation) => violationConflict(catalog, violation)));
  }
  return changes;
}

/**
 * Under one schema all types are the same. Otherwise every table that was touched must be one of the target's: a type that
 * was dropped and added again under its name is another one, and a property dropped for good took the older rows along.
 */
function requireSameTypes({ base, source, target: { view: target }, commits }: MergeSides): void {
  const other = [source, base].find((state) => state.catalog.digest !== target.catalog.digest);
  if (other === undefined) return;
  const known = new Set(Object.values(target.commit.tables).map(({ pin }) => pin.table));
  const kept = new Set([...target.catalog.byKey.values()].map(({ typeId }) => typeId));
  for (const { id, changes, tables } of commits) {
    const gone = Object.keys(changes).find((key) => !known.has(tables[key]!.pin.table));
    if (gone === undefined) continue;
    const type = other.catalog.byKey.get(gone);
    if (type === undefined || !kept.has(type.typeId)) {
      throw typesDiffer(gone, target.catalog.digest, other.catalog.digest);
    }
    throw reclaimed(`${type.kind} type '${type.name}' of commit '${id}'`);
  }
}
