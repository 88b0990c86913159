/**
 * Purges: what a schema change that drops data for good does after it was published.
 *
 *   __manifest/purges/<purge id>.json    put before the first effect of the change, removed when nothing is left to do
 *     { "format": 1, "id", "after": slot, "schema_digest", "tables": [paths that go], "fresh": [paths written instead] }
 *
 *   recorded ─> fresh tables written ─> slot n+1 published ─> tables marked ─> log scrubbed ─> folders removed ─> record removed
 *
 * | a process died …        | whoever settles the record next …                                       |
 * | before the publish      | removes the fresh tables, once another schema change was published       |
 * | after the publish       | does every step after it, all of which may be done twice or by several   |
 *
 * Invariants:
 * - The commit decides: it names its purge. A change is only published if no other schema change came after the head it
 *   was prepared on, so the first one after that head is the one that tells what became of a record.
 * - Tables are marked before anything of them is taken away (`purged_tables.ts`): a reader may finish, or hears that the
 *   version is gone, but never sees a part of the rows.
 * - Slots stay; an object is only ever rewritten without rows, by compare-and-swap.
 */
import { AppError } from "../errors.ts";
import type { Failpoint } from "../base/ports.ts";
import type { TypeKey } from "../schema/catalog.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { type BranchLog, logFolder } from "./log.ts";
import { scrubLogObject } from "./log_scrub.ts";
import { markPurged, purgedTables } from "./purged_tables.ts";
import { touchedKey } from "./touched.ts";

/** What one schema change drops for good. */
export interface Purge {
  /** ULID; the commit of the change names it. */
  readonly id: string;
  /** Slot of the head that the change was prepared on. */
  readonly after: number;
  /** Schema digest of that head. */
  readonly schemaDigest: string;
  /** Paths of the tables that go when the change is published. */
  readonly tables: readonly string[];
  /** Paths of the tables that are written for the change; they go when it is not published. */
  readonly fresh: readonly string[];
}

/** What purging works with: the log of main. */
export interface PurgeOptions {
  readonly store: ObjectStore;
  readonly log: BranchLog;
  readonly failpoint: Failpoint;
}

const FOLDER = "__manifest/purges";
const FORMAT = 1;
const LOGS = "__manifest/log";
const SLOT = /^\d+\.json$/;
/** Log objects read at the same time. */
const PARALLEL_OBJECTS = 32;

/** Stores the record of a purge. */
export async function recordPurge(store: Pick<ObjectStore, "put">, purge: Purge): Promise<void> {
  const { id, after, schemaDigest: schema_digest, tables, fresh } = purge;
  const record = { format: FORMAT, id, after, schema_digest, tables, fresh };
  await store.put(recordKey(id), new TextEncoder().encode(JSON.stringify(record)));
}

/** Ends a purge whose change was not published and never will be. */
export async function withdrawPurge(
  store: Pick<ObjectStore, "delete" | "deletePrefix">,
  { id, fresh }: Purge,
): Promise<void> {
  for (const table of fresh) await store.deletePrefix(`${table}.lance`);
  await store.delete(recordKey(id));
}

/** Purges what a change dropped that was published in `slot`. */
export async function finishPurge(options: PurgeOptions, purge: Purge, slot: number): Promise<void> {
  const { store, failpoint } = options;
  for (const table of purge.tables) await markPurged(store, table, purge.id);
  await failpoint("purge.marked");
  await scrubLog(options, new Set(purge.tables), slot - 1);
  await scrubOtherLogs(options, new Set(purge.tables));
  await failpoint("purge.scrubbed");
  for (const table of purge.tables) await store.deletePrefix(`${table}.lance`);
  await failpoint("purge.removed");
  await store.delete(recordKey(purge.id));
}

/**
 * Settles what dead processes left. Records are skipped that no published change has decided yet: their process may be
 * alive. `head` is the newest commit of main. Returns whether something was purged.
 */
export async function settlePurges(
  options: PurgeOptions,
  head: { readonly slot: number; readonly schemaDigest: string },
): Promise<boolean> {
  const { store } = options;
  let hasPurged = false;
  for (const name of await store.list(FOLDER)) {
    const purge = await readRecord(store, `${FOLDER}/${name}`);
    // As long as the head has the schema that the change was prepared on, no change was published: nothing to look for.
    if (purge === null || purge.schemaDigest === head.schemaDigest) continue;
    const decided = await firstSchemaChange(options.log, purge.after + 1, head.slot);
    if (decided === null) continue;
    if (decided.purge === purge.id) {
      await finishPurge(options, purge, decided.slot);
      hasPurged = true;
    } else await withdrawPurge(store, purge);
  }
  return hasPurged;
}

/** Takes away what writers that were at work during a purge have put into the folders of its tables since. */
export async function sweepPurged(store: ObjectStore): Promise<void> {
  for (const table of await purgedTables(store)) {
    if (await store.prefixExists(`${table}.lance`)) await store.deletePrefix(`${table}.lance`);
  }
}

/** The first schema change in some slots, or null. */
async function firstSchemaChange(
  log: BranchLog,
  from: number,
  through: number,
): Promise<{ readonly slot: number; readonly purge: string | undefined } | null> {
  for (let start = from; start <= through; start += PARALLEL_OBJECTS) {
    for (
      const { slot, commits } of await log.readRange(start, Math.min(through, start + PARALLEL_OBJECTS - 1))
    ) {
      const change = commits.find(({ operation }) => operation === "schema_apply");
      if (change !== undefined) return { slot, purge: change.purge };
    }
  }
  return null;
}

/** Goes down the log of main until the tables were not there yet. */
async function scrubLog(
  { store, log }: PurgeOptions,
  tables: ReadonlySet<string>,
  newest: number,
): Promise<void> {
  for (let through = newest; through > 0; through -= PARALLEL_OBJECTS) {
    const count = Math.min(PARALLEL_OBJECTS, through);
    const keys = Array.from({ length: count }, (_, i) => log.keyOf(through - i));
    const concerned = await Promise.all(keys.map((key) => scrubObject(store, key, tables)));
    if (concerned.includes(false)) return;
  }
}

/** Goes through the logs of deleted branches. A branch that was made since the change knows none of the tables. */
async function scrubOtherLogs({ store, log }: PurgeOptions, tables: ReadonlySet<string>): Promise<void> {
  const main = log.keyOf(1);
  for (const incarnation of await store.folders(LOGS)) {
    const folder = logFolder(incarnation);
    if (main.startsWith(`${folder}/`)) continue;
    const keys = (await store.list(folder)).filter((name) => SLOT.test(name)).map((name) =>
      `${folder}/${name}`
    );
    for (let from = 0; from < keys.length; from += PARALLEL_OBJECTS) {
      const part = keys.slice(from, from + PARALLEL_OBJECTS);
      await Promise.all(part.map((key) => scrubObject(store, key, tables)));
    }
  }
}

/** Returns whether the log object knows one of the tables. */
async function scrubObject(store: ObjectStore, key: string, tables: ReadonlySet<string>): Promise<boolean> {
  while (true) {
    const found = await store.get(key);
    if (found === null) {
      throw new AppError("integrity_error", `\`${key}\` is missing: restore it from a copy`);
    }
    const { bytes, isConcerned, touched } = scrubLogObject(found.bytes, key, tables);
    // Somebody else may be scrubbing the same object for other tables.
    if (bytes !== null && await store.putIfMatch(key, bytes, found.version) === null) continue;
    for (const { commitId, keys } of touched) await scrubTouched(store, commitId, keys);
    return isConcerned;
  }
}

/** Ids are data, too. */
async function scrubTouched(store: ObjectStore, commitId: string, keys: readonly TypeKey[]): Promise<void> {
  const key = touchedKey(commitId);
  for (let found = await store.get(key); found !== null; found = await store.get(key)) {
    const listed = JSON.parse(new TextDecoder().decode(found.bytes)) as Record<TypeKey, unknown>;
    const left = Object.entries(listed).filter(([type]) => !keys.includes(type));
    if (left.length === Object.keys(listed).length) return;
    if (left.length === 0) return await store.delete(key);
    const bytes = new TextEncoder().encode(JSON.stringify(Object.fromEntries(left)));
    if (await store.putIfMatch(key, bytes, found.version) !== null) return;
  }
}

/** Null when somebody else has settled it meanwhile. */
async function readRecord(store: Pick<ObjectStore, "get">, key: string): Promise<Purge | null> {
  const found = await store.get(key);
  if (found === null) return null;
  let value: Record<string, unknown> = {};
  try {
    value = JSON.parse(new TextDecoder().decode(found.bytes)) as Record<string, unknown>;
  } catch {
    // Judged below.
  }
  const { id, after, schema_digest: schemaDigest, tables, fresh } = value;
  if (
    value.format !== FORMAT || key !== recordKey(`${id}`) || typeof after !== "number" ||
    typeof schemaDigest !== "string" || !isPaths(tables) || !isPaths(fresh)
  ) {
    throw new AppError(
      "integrity_error",
      `\`${key}\` is no record of a purge: remove it, and drop the data again if that was not finished`,
    );
  }
  return { id: `${id}`, after, schemaDigest, tables, fresh };
}

/** The record is what folders are removed by, so it must name tables and nothing else. */
function isPaths(value: unknown): value is readonly string[] {
  return Array.isArray(value) &&
    value.every((path) => typeof path === "string" && /^(nodes|edges)\/[0-9A-Za-z_-]+$/.test(path));
}

function recordKey(id: string): string {
  return `${FOLDER}/${id}.json`;
}
