/**
 * The change set of a merge or a revert: three states, the commits between two of them, one set of rules.
 *
 * Only tables that these commits touched are looked at, and of them only the ids they touched; a table that is the same
 * on two sides is not read at all.
 */
import type { AnyType, Catalog, TypeKey } from "../../schema/catalog.ts";
import type { ObjectStore } from "../../storage/object_store.ts";
import type { Commit } from "../commit.ts";
import { schemaConflict } from "../conflicts.ts";
import { candidateIds } from "../diff.ts";
import { imageNeed } from "../entity_image.ts";
import { samePin } from "../logged_state.ts";
import { pairState } from "../paired_state.ts";
import type { TableCache } from "../read/table_cache.ts";
import type { GraphView, TableView } from "../read/view.ts";
import type { SnapshotState } from "../snapshot_state.ts";
import type { Touched } from "../touched.ts";
import type { ChangeSet } from "../write/change_set.ts";
import { constraintNeeds, violations } from "../write/constraints.ts";
import { divergenceConflict, mergeConflict, violationConflict } from "./conflicts.ts";
import { mergeThreeWay, type TableSides } from "./three_way.ts";

/** What is merged into what. */
export interface MergeSides {
  readonly base: SnapshotState;
  readonly source: SnapshotState;
  /** The head that the changes are made to. */
  readonly target: GraphView;
  /** The commits on the way from base to source: whatever differs between the two was touched by one of them. */
  readonly commits: readonly Commit[];
}

/**
 * What takes the target to the merged content; empty when it is there already.
 *
 * @throws AppError `merge_conflict` with all divergences, or else all broken constraints; `write_conflict` with the member
 * `schema_digest` when the sides do not have the same types.
 */
export async function stageMerge(
  { store, cache }: { readonly store: Pick<ObjectStore, "get">; readonly cache: Pick<TableCache, "view"> },
  sides: MergeSides,
): Promise<ChangeSet> {
  const { target, commits } = sides;
  requireSameTypes(sides);
  const candidates = await candidateIds(store, commits, target.commit);
  const { changes, divergences } = mergeThreeWay(await openTables(cache, sides, candidates));
  if (divergences.length > 0) throw mergeConflict(divergences.map(divergenceConflict));
  await target.prepare(constraintNeeds(target, changes));
  const broken = [...violations({ view: target, changes })];
  if (broken.length > 0) {
    throw mergeConflict(broken.map((violation) => violationConflict(target.catalog, violation)));
  }
  return changes;
}

/** The touched tables on all sides, with everything in memory that comparing them needs. */
async function openTables(
  cache: Pick<TableCache, "view">,
  { base, source, target }: MergeSides,
  candidates: Touched,
): Promise<TableSides[]> {
  const { catalog } = target;
  const before = new Side(cache, pairState(base, catalog));
  const after = new Side(cache, pairState(source, catalog));
  const types: AnyType[] = [];
  for (const key of candidates.keys()) {
    const type = catalog.byKey.get(key)!;
    if (!after.isSameTable(key, before) && !after.isHeadTable(key, target.commit)) types.push(type);
  }
  const needs = (has: (key: TypeKey) => boolean) => types.filter(({ key }) => has(key)).map(imageNeed);
  const isInTarget = (key: TypeKey) => (target.commit.tables[key]?.rows ?? 0) > 0;
  await Promise.all([
    before.view.prepare(needs((key) => before.has(key))),
    after.view.prepare(needs((key) => after.has(key))),
    target.prepare(needs(isInTarget)),
  ]);
  return types.map((type) => {
    const ids = candidates.get(type.key)!;
    return {
      type,
      base: before.table(type),
      source: after.table(type),
      target: isInTarget(type.key) ? tableOf(target, type) : null,
      candidates: ids === "all" ? ids : ids.upserts.concat(ids.deletes),
    };
  });
}

/** One of the two states that a merge compares the target with. */
class Side {
  readonly view: GraphView;
  readonly #state: SnapshotState;

  constructor(cache: Pick<TableCache, "view">, state: SnapshotState) {
    this.#state = state;
    this.view = cache.view(state);
  }

  /** Whether a table may have rows. */
  has(key: TypeKey): boolean {
    const table = this.#state.tables.get(key);
    return table !== undefined && (table.pin.rows > 0 || table.deltas.length > 0);
  }

  table(type: AnyType): TableView | null {
    return this.has(type.key) ? tableOf(this.view, type) : null;
  }

  /** Whether a table is known to have the same content as on another side, without a look at it. */
  isSameTable(key: TypeKey, other: Side): boolean {
    const [a, b] = [this.#state.tables.get(key), other.#state.tables.get(key)];
    return a !== undefined && b !== undefined && samePin(a.pin, b.pin) &&
      a.deltas.length === b.deltas.length &&
      a.deltas.every(({ commitId }, i) => commitId === b.deltas[i]!.commitId);
  }

  /** The same for the table at a commit. */
  isHeadTable(key: TypeKey, commit: Commit): boolean {
    const [a, b] = [this.#state.tables.get(key), commit.tables[key]];
    return a !== undefined && b !== undefined && samePin(a.pin, b.pin) && a.deltas.length === 0 &&
      b.pending === undefined;
  }
}

function tableOf(view: GraphView, type: AnyType): TableView {
  return type.kind === "node" ? view.node(type.name) : view.edge(type.name);
}

/**
 * Under one schema all types are the same. Under several, every table on the way must be there at the target, with all
 * the properties that the source has, and no name may mean two tables.
 */
function requireSameTypes({ base, source, target, commits }: MergeSides): void {
  const digest = target.catalog.digest;
  const other = [source, base].find(({ catalog }) => catalog.digest !== digest);
  if (other === undefined) return;
  const known = new Map([...target.catalog.byKey.values()].map((type) => [type.tableId, type]));
  const clashes = [base, source].some(({ catalog }) =>
    [...catalog.byKey].some(([key, { tableId }]) =>
      (target.catalog.byKey.get(key)?.tableId ?? tableId) !== tableId
    )
  );
  const paths = new Set(Object.values(target.commit.tables).map(({ pin }) => pin.table));
  const touched = commits.flatMap(({ changes, tables }) =>
    Object.keys(changes).map((key) => tables[key]?.pin.table)
  );
  const isLost = touched.some((path) => path !== undefined && !paths.has(path));
  const loses = (catalog: Catalog) =>
    [...catalog.byKey.values()].some((type) => {
      const kept = known.get(type.tableId);
      return kept !== undefined &&
        type.properties.some(({ id }) => !kept.properties.some((one) => one.id === id));
    });
  if (clashes || isLost || loses(source.catalog)) throw schemaConflict(digest, other.catalog.digest);
}
