/**
 * What an entity is at one commit: all its properties and, on edges, its endpoints. Equality is typed: null, `""` and
 * `[]` differ, and so do `["a, b"]` and `["a","b"]`; the two zeros of a float are one value, as in keys. Pure.
 */
import type { AnyType } from "../schema/catalog.ts";
import type { Cell, ScalarCell } from "../schema/value_type.ts";
import { columnNames } from "../storage/columns.ts";
import { MemoryTableView } from "./read/table_view.ts";
import type { TableNeed, TableView } from "./read/view.ts";

/** The columns that make up the image of an entity of a type, beside its id. */
export function imageColumns(type: AnyType): string[] {
  return columnNames(type).slice(1);
}

/** What a view must have in memory before images of a type are compared or written. */
export function imageNeed(type: AnyType): TableNeed {
  return { table: type.key, columns: imageColumns(type) };
}

/**
 * Whether a row of one view and a row of another hold the same image. Both views have their image columns in memory, under
 * the names that `type` gives them.
 */
export function sameImage(type: AnyType, a: TableView, rowA: number, b: TableView, rowB: number): boolean {
  // Views of one lineage share their rows, and a row never changes.
  if (rowA === rowB && a instanceof MemoryTableView && b instanceof MemoryTableView && a.live === b.live) {
    return true;
  }
  for (const name of imageColumns(type)) {
    if (!sameCell(a.cell(rowA, name), b.cell(rowB, name))) return false;
  }
  return true;
}

/** Whether two cells of one type hold the same value. */
export function sameCell(a: Cell | null, b: Cell | null): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  if (typeof a === "number") return Number.isNaN(a) && Number.isNaN(b);
  if (typeof a !== "object" || typeof b !== "object") return false;
  const [left, right] = [a as ArrayLike<ScalarCell>, b as ArrayLike<ScalarCell>];
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (!sameCell(left[i]!, right[i]!)) return false;
  return true;
}
