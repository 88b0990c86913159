/** What a table write does to a lineage, version by version. */
import type { AnyType } from "../schema/catalog.ts";
import { encodeRecords } from "./arrow_write.ts";
import { idColumn, newTableColumns, type RecordColumns } from "./columns.ts";
import type { NativeStats, NativeTable } from "./lance_library.ts";
import type { TableWrite } from "./table_store.ts";

/** Ids per delete: its cost is per call below some thousand and per id above. */
const DELETE_IDS_MAX = 20_000;
/**
 * Fewer updates are a delete and an insert, which go together with the other deletes and inserts: 28 instead of 55 ms for
 * up to 100 in a million rows, about the same as a merge at 1,000, slower above.
 */
const UPDATES_BY_DELETE_MAX = 500;

/** Fragments of a table that may stay as it is. */
export const PIECES_MAX = 64;
/** Larger pieces on average are left alone. */
const ROWS_PER_PIECE = 4096;
/** Larger tables are never written whole: their rows are held in memory meanwhile. */
const WHOLE_BYTES_MAX = 256 << 20;

/** A lineage opened for writing. */
export interface Start {
  /** A handle that follows the newest version. */
  readonly table: NativeTable;
  /** The newest version. */
  readonly version: number;
  /**
   * What the lineage holds: the base as its newest version; the base at the same number with later versions on top; the
   * write as its only version; or something else.
   */
  readonly holds: "base" | "later" | "write" | "other";
}

/** One version to be made. */
export interface Step {
  readonly name: string;
  /** Rows it must find in the table. */
  readonly touches: number;
  run(table: NativeTable): Promise<{ readonly version: number; readonly touched: number }>;
}

/** The rows of a write that replaces everything: at least one part, maybe without rows. */
export function wholeParts(type: AnyType, write: TableWrite): RecordColumns[] {
  const parts = partsOf(write.inserts, write.updates);
  return parts.length > 0 ? parts : [{ length: 0, columns: newTableColumns(type) }];
}

/** The steps to the content of `write` alone. */
export function planReplace(start: Start, type: AnyType, write: TableWrite): Step[] {
  return start.holds === "write" ? [] : [overwrite(type, wholeParts(type, write))];
}

/**
 * Whether a table is to be written whole, because it lies in pieces. Every append adds a fragment, and every manifest
 * lists all of them: after 1,000 writes of a few rows each a further one takes 250 ms instead of 20, and the manifests
 * alone are 100 MB. Per write since the table was whole up to `ROWS_PER_PIECE` rows are written again.
 */
export function isInPieces({ totalBytes, numRows, fragmentStats: { numFragments } }: NativeStats): boolean {
  return numFragments >= PIECES_MAX && numRows <= numFragments * ROWS_PER_PIECE &&
    totalBytes <= WHOLE_BYTES_MAX;
}

/**
 * The steps to the base with the write applied. `wholeBase` are the rows of the base when the lineage has them at no
 * version of its own, or when they are to be written again.
 */
export function planChange(
  start: Start,
  type: AnyType,
  write: TableWrite,
  base: {
    readonly version: number;
    readonly wholeBase: RecordColumns | null;
    /** Names of indexes of the base that the lineage cannot use. */
    readonly strayIndexes: readonly string[];
  },
): Step[] {
  const steps: Step[] = [];
  if (base.wholeBase !== null) {
    steps.push(overwrite(type, [base.wholeBase]));
  } else {
    if (start.holds === "later") steps.push(restore(base.version));
    for (const name of base.strayIndexes) steps.push(dropIndex(name));
  }
  const { inserts, updates } = write;
  const merges = updates !== null && updates.length > UPDATES_BY_DELETE_MAX;
  const gone = merges || updates === null ? write.deletes : [...write.deletes, ...idsOf(updates)];
  for (let at = 0; at < gone.length; at += DELETE_IDS_MAX) {
    steps.push(remove(gone.slice(at, at + DELETE_IDS_MAX)));
  }
  if (merges) steps.push(update(type, updates));
  const added = partsOf(merges ? null : updates, inserts);
  if (added.length > 0) steps.push(append(type, added));
  return steps;
}

/** The records that have rows. */
function partsOf(...records: readonly (RecordColumns | null)[]): RecordColumns[] {
  return records.flatMap((record) => record === null || record.length === 0 ? [] : [record]);
}

function idsOf(record: RecordColumns): string[] {
  const ids = idColumn(record, "id");
  return Array.from({ length: record.length }, (_, row) => ids.text(row));
}

function restore(version: number): Step {
  return {
    name: "restore",
    touches: 0,
    async run(table) {
      await table.checkout(version);
      await table.restore();
      return { version: await table.version(), touched: 0 };
    },
  };
}

function dropIndex(name: string): Step {
  return {
    name: "drop index",
    touches: 0,
    async run(table) {
      await table.dropIndex(name);
      return { version: await table.version(), touched: 0 };
    },
  };
}

function overwrite(type: AnyType, rows: readonly RecordColumns[]): Step {
  return {
    name: "overwrite",
    touches: 0,
    async run(table) {
      const { version } = await table.add(encodeRecords(type, rows), "overwrite");
      return { version, touched: 0 };
    },
  };
}

function append(type: AnyType, rows: readonly RecordColumns[]): Step {
  return {
    name: "insert",
    touches: 0,
    async run(table) {
      const { version } = await table.add(encodeRecords(type, rows), "append");
      return { version, touched: 0 };
    },
  };
}

function update(type: AnyType, rows: RecordColumns): Step {
  return {
    name: "update",
    touches: rows.length,
    async run(table) {
      const merge = table.mergeInsert(["id"]).whenMatchedUpdateAll(null);
      const { version, numUpdatedRows } = await merge.execute(encodeRecords(type, [rows]));
      return { version, touched: numUpdatedRows };
    },
  };
}

/** Texts as they stand in an SQL list. */
export function sqlTexts(texts: readonly string[]): string {
  return texts.map((text) => `'${text.replaceAll("'", "''")}'`).join(",");
}

function remove(ids: readonly string[]): Step {
  const list = sqlTexts(ids);
  return {
    name: "delete",
    touches: ids.length,
    async run(table) {
      const { version, numDeletedRows } = await table.delete(`id IN (${list})`);
      return { version, touched: numDeletedRows };
    },
  };
}
