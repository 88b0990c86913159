/**
 * Lance tables as the graph sees them: versioned, columnar, one linear history per branch. Everything that knows
 * LanceDB is behind this interface.
 */
import type { AnyType } from "../schema/catalog.ts";
import type { RecordColumns } from "./columns.ts";

/** A table version that never moves. Version 0 means: the table was never written, it has no rows and no files. */
export interface TablePin {
  /** Path under the graph root without extension, e.g. `nodes/12`. */
  readonly table: string;
  /** Lance branch, or null for the main lineage. */
  readonly branch: string | null;
  readonly version: number;
  /** Rows at this version. */
  readonly rows: number;
}

/** One batch of changes to one table, written as consecutive Lance versions. Ids are distinct over all members. */
export interface TableWrite {
  /** Remove every other row first. */
  readonly replaceAll: boolean;
  /** Rows whose ids are not in the table (after `replaceAll`). */
  readonly inserts: RecordColumns | null;
  /** Rows whose ids are in the table; whole images. */
  readonly updates: RecordColumns | null;
  /** Ids in the table to remove. */
  readonly deletes: readonly string[];
}

/** The outcome of {@linkcode TableStore.write}: the new pin, or null when another writer got in between. */
export type TableWriteResult = TablePin | null;

/** Rows that are wanted: those whose column has one of these values. Other rows may come along. */
export interface RowFilter {
  readonly column: "id" | "src" | "dst";
  readonly values: readonly string[];
}

/** Tables of one graph. Columns are `id`, for edges `src` and `dst`, then the type's properties by name. */
export interface TableStore {
  /**
   * Reads columns of a pinned version, all rows in one stable order per pin, or the rows of a filter in any order. `id` (and
   * `src`, `dst`) only when named.
   */
  read(
    pin: TablePin,
    type: AnyType,
    columns: readonly string[],
    filter?: RowFilter,
  ): Promise<RecordColumns>;
  /**
   * Applies `write` on top of exactly `base` and returns the new pin, or null when the versions the store returned
   * have a gap (another writer is at work): nothing was published then, the caller starts again from the new head.
   * When the newest version of `branch` is not `base`'s, the base is restored on top first. With `branch` other than
   * `base.branch` the table is forked from the base. New files are synced before this returns (local disk).
   */
  write(base: TablePin, type: AnyType, branch: string | null, write: TableWrite): Promise<TableWriteResult>;
}
