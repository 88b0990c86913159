/**
 * Three-way merge of entities. Pure.
 *
 * Per (type, id): b, s, t are the images at base, source and target, – is absent. Images are equal when all properties
 * and endpoints are; two of them are only compared where the table asks for it.
 *
 *   b    s     t          what happens to the target
 *   –    s     –          insert s
 *   –    –     any        nothing
 *   –    s     = s        nothing
 *   –    s     ≠ s        divergent_insert
 *   b    = b   any, –     nothing
 *   b    ≠ b   = b        update to s
 *   b    –     = b        delete
 *   b    –     –          nothing
 *   b    ≠ b   = s        nothing
 *   b    ≠ b   ≠ b, ≠ s   divergent_update
 *   b    –     ≠ b        delete_vs_update
 *   b    ≠ b   –          delete_vs_update
 *
 * Reverting a commit is the same with the commit as base and its first parent as source.
 */
import { must } from "../../base/assert.ts";
import type { AnyType, TypeKey } from "../../schema/catalog.ts";
import {
  type Column,
  columnNames,
  columnType,
  newColumn,
  type RecordColumns,
} from "../../storage/columns.ts";
import { sameImage } from "../entity_image.ts";
import type { TableView } from "../read/view.ts";
import type { ChangeSet, TableChange } from "../write/change_set.ts";

/** One table on the three sides; null where it has no rows or does not exist. All columns are prepared. */
export interface TableSides {
  readonly type: AnyType;
  readonly base: TableView | null;
  readonly source: TableView | null;
  readonly target: TableView | null;
  /** At least the ids whose image differs between base and source; "all" compares every row of both. */
  readonly candidates: Iterable<string> | "all";
}

/** How source and target can contradict each other about one entity. */
export type DivergenceKind = "divergent_insert" | "divergent_update" | "delete_vs_update";

/** An entity that source and target changed in different ways. */
export interface Divergence {
  readonly kind: DivergenceKind;
  readonly type: AnyType;
  readonly entityId: string;
}

/** What a merge does to the target. The changes hold only where there are no divergences. */
export interface ThreeWayResult {
  readonly changes: ChangeSet;
  /** By type key, then id. */
  readonly divergences: readonly Divergence[];
}

/** What is decided about one entity. */
export type Verdict = "keep" | "upsert" | "delete" | DivergenceKind;

/** Merges the tables whose rows may differ between base and source. */
export function mergeThreeWay(tables: Iterable<TableSides>): ThreeWayResult {
  const changes = new Map<TypeKey, TableChange>();
  const divergences: Divergence[] = [];
  for (const sides of [...tables].sort((a, b) => a.type.key < b.type.key ? -1 : 1)) {
    const change = mergeTable(sides, divergences);
    if (change !== null) changes.set(sides.type.key, change);
  }
  return { changes, divergences };
}

function mergeTable(sides: TableSides, divergences: Divergence[]): TableChange | null {
  const { type, source } = sides;
  const upserted: number[] = [];
  const existing: number[] = [];
  const deletes: string[] = [];
  const ids = sides.candidates === "all" ? allIds(sides) : new Set(sides.candidates);
  for (const id of [...ids].sort()) {
    const rows = rowsOf(sides, id);
    const verdict = decide(sides, rows);
    switch (verdict) {
      case "keep":
        break;
      case "upsert":
        upserted.push(rows.source);
        existing.push(rows.target === -1 ? 0 : 1);
        break;
      case "delete":
        deletes.push(id);
        break;
      default:
        divergences.push({ kind: verdict, type, entityId: id });
    }
  }
  if (upserted.length === 0 && deletes.length === 0) return null;
  const upserts = upserted.length === 0
    ? null
    : takeRows(must(source, "a source row was found"), type, upserted);
  return { replaceAll: false, upserts, existing: Uint8Array.from(existing), deletes };
}

/** Rows of one entity, -1 where it is absent. */
interface EntityRows {
  readonly base: number;
  readonly source: number;
  readonly target: number;
}

function rowsOf({ base, source, target }: TableSides, id: string): EntityRows {
  return { base: base?.find(id) ?? -1, source: source?.find(id) ?? -1, target: target?.find(id) ?? -1 };
}

/** The table above, rows from the top. */
function decide({ type, base, source, target }: TableSides, rows: EntityRows): Verdict {
  const [b, s, t] = [rows.base !== -1, rows.source !== -1, rows.target !== -1];
  const sourceIsBase = () => sameImage(type, source!, rows.source, base!, rows.base);
  const targetIsBase = () => sameImage(type, target!, rows.target, base!, rows.base);
  const targetIsSource = () => sameImage(type, target!, rows.target, source!, rows.source);
  if (!b) {
    if (!s) return "keep";
    if (!t) return "upsert";
    return targetIsSource() ? "keep" : "divergent_insert";
  }
  if (!s) {
    if (!t) return "keep";
    return targetIsBase() ? "delete" : "delete_vs_update";
  }
  if (sourceIsBase()) return "keep";
  if (!t) return "delete_vs_update";
  if (targetIsBase()) return "upsert";
  return targetIsSource() ? "keep" : "divergent_update";
}

/** Every id of base and source. */
function allIds({ base, source }: TableSides): Set<string> {
  const ids = new Set<string>();
  for (const table of [base, source]) {
    if (table !== null) { for (const row of table.liveRows()) ids.add(table.idOf(row)); }
  }
  return ids;
}

/** Whole images of some rows. */
function takeRows(table: TableView, type: AnyType, rows: readonly number[]): RecordColumns {
  const columns = new Map<string, Column>();
  for (const name of columnNames(type)) {
    const column = newColumn(columnType(type, name));
    for (const row of rows) column.push(name === "id" ? table.idOf(row) : table.cell(row, name));
    columns.set(name, column);
  }
  return { length: rows.length, columns };
}
