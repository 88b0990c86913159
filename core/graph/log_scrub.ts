/**
 * Takes the rows of purged tables out of log objects. Pure.
 *
 * Everything else stays as it is, members that this release does not know included: ids, counts, pins, the rows of other
 * tables. A commit that lost rows says so in `purged`. Taking out twice changes nothing.
 */
import type { TypeKey } from "../schema/catalog.ts";
import { decodeLogObject } from "./commit_codec.ts";

/** What became of one log object. */
export interface ScrubbedObject {
  /** The object without the rows; null when there were none. */
  readonly bytes: Uint8Array | null;
  /** Whether some commit of the object pins one of the tables. */
  readonly isConcerned: boolean;
  /** Commits whose touched ids may lie beside the log, with the keys to take out there. */
  readonly touched: readonly { readonly commitId: string; readonly keys: readonly TypeKey[] }[];
}

/** A commit as JSON, as far as it is looked at; the object was checked before. */
interface CommitJson {
  readonly id: string;
  readonly changes: Readonly<Record<TypeKey, unknown>>;
  readonly tables: Readonly<Record<TypeKey, { readonly pin: { readonly table: string } }>>;
  delta?: Record<TypeKey, unknown>;
  touched?: TypeKey[];
  purged?: TypeKey[];
}

/**
 * The object without the rows of `tables` (paths such as `nodes/12`).
 *
 * @throws AppError `integrity_error` naming `key` when the object is damaged.
 */
export function scrubLogObject(bytes: Uint8Array, key: string, tables: ReadonlySet<string>): ScrubbedObject {
  decodeLogObject(bytes, key);
  const object = JSON.parse(new TextDecoder().decode(bytes)) as { readonly commits: readonly CommitJson[] };
  const concerned = new Set<TypeKey>();
  const touched: { commitId: string; keys: TypeKey[] }[] = [];
  let isChanged = false;
  for (const commit of object.commits) {
    // Later commits of one object repeat only the tables that they change; none of them moves a table to another path.
    for (const [type, { pin }] of Object.entries(commit.tables)) {
      if (tables.has(pin.table)) concerned.add(type);
    }
    const listed = Object.keys(commit.changes).filter((type) =>
      concerned.has(type) && commit.delta?.[type] === undefined && !commit.purged?.includes(type)
    );
    if (listed.length > 0) touched.push({ commitId: commit.id, keys: listed });
    if (takeOut(commit, concerned)) isChanged = true;
  }
  return {
    bytes: isChanged ? new TextEncoder().encode(JSON.stringify(object)) : null,
    isConcerned: concerned.size > 0,
    touched,
  };
}

/** Returns whether the commit had something to take out. */
function takeOut(commit: CommitJson, concerned: ReadonlySet<TypeKey>): boolean {
  const rows = Object.keys(commit.delta ?? {}).filter((type) => concerned.has(type));
  const ids = commit.touched?.filter((type) => concerned.has(type)) ?? [];
  for (const type of rows) delete commit.delta![type];
  if (rows.length > 0) commit.purged = [...commit.purged ?? [], ...rows].sort();
  if (rows.length > 0 && Object.keys(commit.delta!).length === 0) delete commit.delta;
  if (ids.length > 0) {
    const left = commit.touched!.filter((type) => !concerned.has(type));
    if (left.length > 0) commit.touched = left;
    else delete commit.touched;
  }
  return rows.length + ids.length > 0;
}
