/** What a table write does to a lineage, version by version. */
import type { AnyType } from "../schema/catalog.ts";
import { encodeRecord } from "./arrow_write.ts";
import { newTableColumns, type RecordColumns } from "./columns.ts";
import type { NativeTable } from "./lance_library.ts";
import type { TableWrite } from "./table_store.ts";

/** Ids per delete: its cost is per call below some thousand and per id above. */
const DELETE_IDS_MAX = 20_000;

/** A lineage opened for writing. */
export interface Start {
  /** A handle that follows the newest version. */
  readonly table: NativeTable;
  /** The newest version. */
  readonly version: number;
  /**
   * What the lineage holds: the base as its newest version; the base at the same number with later versions on top; the
   * first part of the write as its only version; or something else.
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

/** The rows of a write that replaces everything, in one or two parts that are written one after the other. */
export function wholeParts(type: AnyType, write: TableWrite): [RecordColumns, ...RecordColumns[]] {
  const [first, ...rest] = [write.inserts, write.updates].flatMap((part) =>
    part === null || part.length === 0 ? [] : [part]
  );
  return [first ?? { length: 0, columns: newTableColumns(type) }, ...rest];
}

/** The steps to the content of `write` alone. */
export function planReplace(start: Start, type: AnyType, write: TableWrite): Step[] {
  const [first, ...rest] = wholeParts(type, write);
  const steps = rest.map((part) => append(type, part));
  return start.holds === "write" ? steps : [overwrite(type, first), ...steps];
}

/**
 * The steps to the base with the write applied. `wholeBase` are the rows of the base when the lineage has them at no
 * version of its own.
 */
export function planChange(
  start: Start,
  type: AnyType,
  write: TableWrite,
  base: { readonly version: number; readonly wholeBase: RecordColumns | null },
): Step[] {
  const steps: Step[] = [];
  if (base.wholeBase !== null) steps.push(overwrite(type, base.wholeBase));
  else if (start.holds === "later") steps.push(restore(base.version));
  for (let at = 0; at < write.deletes.length; at += DELETE_IDS_MAX) {
    steps.push(remove(write.deletes.slice(at, at + DELETE_IDS_MAX)));
  }
  if (write.updates !== null && write.updates.length > 0) steps.push(update(type, write.updates));
  if (write.inserts !== null && write.inserts.length > 0) steps.push(append(type, write.inserts));
  return steps;
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

function overwrite(type: AnyType, rows: RecordColumns): Step {
  return {
    name: "overwrite",
    touches: 0,
    async run(table) {
      const { version } = await table.add(encodeRecord(type, rows), "overwrite");
      return { version, touched: 0 };
    },
  };
}

function append(type: AnyType, rows: RecordColumns): Step {
  return {
    name: "insert",
    touches: 0,
    async run(table) {
      const { version } = await table.add(encodeRecord(type, rows), "append");
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
      const { version, numUpdatedRows } = await merge.execute(encodeRecord(type, rows));
      return { version, touched: numUpdatedRows };
    },
  };
}

function remove(ids: readonly string[]): Step {
  const list = ids.map((id) => `'${id.replaceAll("'", "''")}'`).join(",");
  return {
    name: "delete",
    touches: ids.length,
    async run(table) {
      const { version, numDeletedRows } = await table.delete(`id IN (${list})`);
      return { version, touched: numDeletedRows };
    },
  };
}
