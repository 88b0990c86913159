/**
 * One of the states that a merge compares. Tables that are in memory are used as they are; of large ones that are not,
 * only the rows in question are looked up.
 */
import { must } from "../../base/assert.ts";
import type { AnyType, EdgeType, TypeKey } from "../../schema/catalog.ts";
import type { Commit } from "../commit.ts";
import { imageNeed } from "../entity_image.ts";
import { samePin } from "../logged_state.ts";
import type { PartialTable } from "../read/partial_table.ts";
import { PartialView } from "../read/partial_view.ts";
import type { TableCache } from "../read/table_cache.ts";
import type { GraphView, TableView } from "../read/view.ts";
import type { SnapshotState } from "../snapshot_state.ts";
import { headTable } from "../write/after_image.ts";
import type { ChangeSet } from "../write/change_set.ts";
import { constraintRows, looksUpValues, type RowsAsked } from "../write/constraint_rows.ts";
import { constraintNeeds } from "../write/constraints.ts";
import { uniqueGroups } from "../write/unique_constraints.ts";

/** A state and what was read of it. */
export class MergeSide {
  readonly #cache: Pick<TableCache, "partial">;
  readonly #state: SnapshotState | null;
  readonly #view: GraphView;
  readonly #isTarget: boolean;
  readonly #partial = new Map<TypeKey, PartialTable>();

  /** `target` is the view of the target, whose state may be unknown. */
  constructor(cache: Pick<TableCache, "view" | "partial">, state: SnapshotState | null, target?: GraphView) {
    this.#cache = cache;
    this.#state = state;
    this.#isTarget = target !== undefined;
    this.#view = target ?? cache.view(must(state, "only the target may have no state"));
  }

  /** A table with the images of these entities; null when it has no rows or does not exist. */
  async open(key: TypeKey, ids: readonly string[] | "all"): Promise<TableView | null> {
    const type = this.#view.catalog.byKey.get(key)!;
    if (!this.#mayHaveRows(key)) return null;
    // Checking the target may search the whole table for values.
    const isSearched = this.#isTarget && uniqueGroups(type).length > 0;
    const partial = ids === "all" || isSearched ? null : this.#openPartial(key, ids.length);
    if (partial === null || ids === "all") {
      await this.#view.prepare([imageNeed(type)]);
      return headTable(this.#view, type);
    }
    await partial.load("id", ids);
    return partial;
  }

  /** The target with everything in memory that checking the constraints of its changes asks for. */
  async viewForConstraints(changes: ChangeSet): Promise<GraphView> {
    const { catalog } = this.#view;
    const sourceAtHead = (type: EdgeType, id: string) => this.#sourceOf(type, id);
    const asked = this.#state === null
      ? new Map<TypeKey, RowsAsked>()
      : constraintRows(catalog, changes, sourceAtHead);
    await Promise.all([...asked].map(async ([key, { id, src, dst }]) => {
      if (looksUpValues(catalog, key, changes.get(key)) || !this.#mayHaveRows(key)) return;
      const partial = this.#partial.get(key) ?? this.#openPartial(key, id.size + src.size + dst.size);
      if (partial === null) return;
      await Promise.all([partial.load("id", id), partial.load("src", src), partial.load("dst", dst)]);
    }));
    const view = this.#partial.size === 0 ? this.#view : new PartialView(this.#view, this.#partial);
    await view.prepare(constraintNeeds(view, changes));
    return view;
  }

  /** Whether a table is known to have the same content as on another side, without a look at it. */
  isSameTable(key: TypeKey, other: MergeSide): boolean {
    const [a, b] = [this.#state?.tables.get(key), other.#state?.tables.get(key)];
    return a !== undefined && b !== undefined && samePin(a.pin, b.pin) &&
      a.deltas.length === b.deltas.length &&
      a.deltas.every(({ commitId }, i) => commitId === b.deltas[i]!.commitId);
  }

  /** The same for the table at a commit. */
  isHeadTable(key: TypeKey, commit: Commit): boolean {
    const [a, b] = [this.#state?.tables.get(key), commit.tables[key]];
    return a !== undefined && b !== undefined && samePin(a.pin, b.pin) && a.deltas.length === 0 &&
      b.pending === undefined;
  }

  #mayHaveRows(key: TypeKey): boolean {
    if (this.#isTarget) return (this.#view.commit.tables[key]?.rows ?? 0) > 0;
    const table = this.#state!.tables.get(key);
    return table !== undefined && (table.pin.rows > 0 || table.deltas.length > 0);
  }

  #openPartial(key: TypeKey, rows: number): PartialTable | null {
    const table = this.#state?.tables.get(key);
    const partial = table === undefined ? null : this.#cache.partial(table, rows);
    if (partial !== null) this.#partial.set(key, partial);
    return partial;
  }

  #sourceOf(type: EdgeType, id: string): string {
    const edges: TableView = this.#tableOf(type);
    return must(edges.cell(edges.find(id), "src"), "edges have a source") as string;
  }

  #tableOf(type: AnyType): TableView {
    return this.#partial.get(type.key) ?? headTable(this.#view, type);
  }
}
