/**
 * Which ids a commit touched, per table, at a cost of the change and not of the table.
 *
 *   small commit    its own delta tells
 *   large commit    __manifest/touched/<commit id>.json, put durably before the log append; the commit lists the tables
 *                   that are in it as `touched`
 *                     {"node:Film": {"upserts": ["a", …], "deletes": ["b", …]}, …}
 *   fold, optimize, schema change   nothing: what they carry restates older commits
 *
 * A changed table that is in neither was replaced as a whole or was empty before: all its rows may differ. An object
 * whose commit was never published is garbage.
 */
import { AppError } from "../errors.ts";
import type { TypeKey } from "../schema/catalog.ts";
import { idColumn } from "../storage/columns.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import type { Commit, TableDelta } from "./commit.ts";
import type { ChangeSet, TableChange } from "./write/change_set.ts";

/** Ids of one table; an id is in one of the lists at most. */
export interface TouchedIds {
  /** Inserted and updated ids. */
  readonly upserts: readonly string[];
  readonly deletes: readonly string[];
}

/** Touched ids by type key; "all" when only comparing whole tables tells. */
export type Touched = ReadonlyMap<TypeKey, TouchedIds | "all">;

/** Key of the object that lists the ids of a large commit. */
export function touchedKey(commitId: string): string {
  return `__manifest/touched/${commitId}.json`;
}

/** Keys of the tables whose ids are worth listing: replaced and formerly empty ones are compared as a whole. Ascending. */
export function listedTables(before: Commit, changes: ChangeSet): TypeKey[] {
  return [...changes]
    .filter(([key, change]) =>
      !change.replaceAll && (before.tables[key]?.rows ?? 0) > 0 &&
      (change.upserts !== null || change.deletes.length > 0)
    )
    .map(([key]) => key)
    .sort();
}

/** Stores the ids of a large commit for the tables `keys`, durably. Does nothing when there are none. */
export async function putTouched(
  store: Pick<ObjectStore, "put">,
  commitId: string,
  changes: ChangeSet,
  keys: readonly TypeKey[],
): Promise<void> {
  if (keys.length === 0) return;
  const listed: Record<TypeKey, TouchedIds> = {};
  for (const key of keys) listed[key] = idsOf(changes.get(key)!);
  await store.put(touchedKey(commitId), new TextEncoder().encode(JSON.stringify(listed)));
}

function idsOf({ upserts, deletes }: TableChange): TouchedIds {
  if (upserts === null) return { upserts: [], deletes };
  const ids = idColumn(upserts, "id");
  return { upserts: Array.from({ length: upserts.length }, (_, row) => ids.text(row)), deletes };
}

/** The ids that a published commit touched. Throws `AppError("integrity_error")` when the object of a large one is damaged. */
export async function touchedBy(store: Pick<ObjectStore, "get">, commit: Commit): Promise<Touched> {
  const touched = new Map<TypeKey, TouchedIds | "all">();
  const { operation, changes, delta = {} } = commit;
  if (operation === "fold" || operation === "optimize" || operation === "schema_apply") return touched;
  const listed = commit.touched === undefined ? {} : await readTouched(store, commit.id);
  for (const key of Object.keys(changes)) {
    const rows = delta[key];
    if (rows !== undefined) touched.set(key, idsOfDelta(rows));
    else if (!commit.touched?.includes(key)) touched.set(key, "all");
    else touched.set(key, listed[key] ?? fail(commit.id, `does not list \`${key}\``));
  }
  return touched;
}

function idsOfDelta({ columns, rows, deletes }: TableDelta): TouchedIds {
  const at = columns.indexOf("id");
  return { upserts: rows.map((row) => row[at] as string), deletes };
}

async function readTouched(
  store: Pick<ObjectStore, "get">,
  commitId: string,
): Promise<Readonly<Record<TypeKey, TouchedIds>>> {
  const found = await store.get(touchedKey(commitId));
  if (found === null) return fail(commitId, "is missing");
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(found.bytes));
  } catch {
    return fail(commitId, "is not JSON");
  }
  if (value === null || typeof value !== "object" || !Object.values(value).every(isTouchedIds)) {
    return fail(commitId, "holds no lists of ids");
  }
  return value as Readonly<Record<TypeKey, TouchedIds>>;
}

function isTouchedIds(value: unknown): boolean {
  if (value === null || typeof value !== "object") return false;
  const { upserts, deletes } = value as { readonly upserts?: unknown; readonly deletes?: unknown };
  return [upserts, deletes].every((list) =>
    Array.isArray(list) && list.every((id) => typeof id === "string")
  );
}

function fail(commitId: string, what: string): never {
  throw new AppError(
    "integrity_error",
    `\`${touchedKey(commitId)}\` ${what}: the object is damaged, restore it from a copy`,
  );
}
