/**
 * Which tables are gone for good: `__manifest/purged/<folder>-<name>.json`, one small object per table path, kept for
 * ever. Paths are never used twice.
 *
 * Invariant: the object is there before the first row of the table is taken away, from the log or from the disk. So
 * whoever looks after reading knows whether what was read can be whole.
 */
import { AppError } from "../errors.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import type { TableStore } from "../storage/table_store.ts";

const FOLDER = "__manifest/purged";

/** Marks a table, e.g. `nodes/12`, durably. `purge` is the id of the purge that takes it away. */
export async function markPurged(
  store: Pick<ObjectStore, "put">,
  table: string,
  purge: string,
): Promise<void> {
  await store.put(markKey(table), new TextEncoder().encode(JSON.stringify({ purge })));
}

/** All marked tables. */
export async function purgedTables(store: Pick<ObjectStore, "list">): Promise<ReadonlySet<string>> {
  const names = await store.list(FOLDER);
  return new Set(names.map((name) => name.replace(/\.json$/, "").replace("-", "/")));
}

/**
 * Tables that know why one is not there any more: reading it is 410, and whoever writes to it was outrun, as by any other
 * writer.
 */
export function tablesBesidePurges(tables: TableStore, store: Pick<ObjectStore, "exists">): TableStore {
  return {
    async read(pin, type, columns, filter) {
      try {
        return await tables.read(pin, type, columns, filter);
      } catch (error) {
        if (!await store.exists(markKey(pin.table))) throw error;
        throw reclaimed(`the old table of ${type.kind} type '${type.name}'`, error);
      }
    },
    async write(base, type, branch, write) {
      try {
        return await tables.write(base, type, branch, write);
      } catch (error) {
        if (!await store.exists(markKey(base.table))) throw error;
        return null;
      }
    },
  };
}

/** 410: what is asked for is gone for good. */
export function reclaimed(subject: string, cause?: unknown): AppError {
  return new AppError(
    "historical_version_reclaimed",
    `${subject} was reclaimed: a schema change dropped its data for good, read a newer commit`,
    { cause },
  );
}

function markKey(table: string): string {
  return `${FOLDER}/${table.replace("/", "-")}.json`;
}
