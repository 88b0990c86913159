/**
 * What LanceDB leaves to its caller on a local disk: syncing, and tidying up after a power loss.
 *
 *   <table>.lance/            one lineage: data/ _deletions/ _transactions/ _versions/
 *     tree/<branch>/          another lineage, the same again
 *     _refs/branches/         what was forked from where
 *
 * Lance writes each file under a temporary name and renames or links it into place, and never syncs. Files are never
 * changed afterwards, except for the hint of the newest version, which may be missing or wrong without harm.
 */
import { dirname } from "@std/path";
import { isMissing, removeQuietly, syncFile, syncFolder } from "./local_files.ts";

/** What the end of a whole manifest says. */
const MANIFEST_MAGIC = "LANC";

/** Where a lineage lies. */
export interface LineagePlace {
  /** Folder of the table, `….lance`. */
  readonly table: string;
  /** Folder of the lineage: the table's own or one below `tree/`. */
  readonly lineage: string;
}

/** Paths at some moment, and whether each is a file. */
export type Names = ReadonlyMap<string, boolean>;

/** The files and folders of a lineage and the table's refs: what is not in here later is new. */
export function namesAt(place: LineagePlace): Names {
  const names = new Map<string, boolean>();
  collect(place.lineage, names);
  collect(`${place.table}/_refs`, names);
  return names;
}

function collect(folder: string, names: Map<string, boolean>): void {
  try {
    for (const entry of Deno.readDirSync(folder)) {
      const path = `${folder}/${entry.name}`;
      names.set(path, entry.isFile);
      if (entry.isDirectory && entry.name !== "tree") collect(path, names);
    }
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  names.set(folder, false);
}

/**
 * Makes everything durable that came into the lineage and the refs since `before`, up to the folder of the table; with
 * an empty `before` everything there is, and the folder that holds the table. A writer that died may have made any
 * folder above a new file without syncing it, so all of them are synced: for clean ones that costs next to nothing.
 */
export async function syncSince(place: LineagePlace, before: Names): Promise<void> {
  const work: Promise<void>[] = [];
  const folders = new Set<string>();
  for (const [path, isFile] of namesAt(place)) {
    if (before.has(path)) continue;
    if (isFile) work.push(syncFile(path));
    for (let folder = path; folder !== place.table && !folders.has(dirname(folder));) {
      folder = dirname(folder);
      folders.add(folder);
    }
  }
  if (before.size === 0) folders.add(place.table).add(dirname(place.table));
  for (const folder of folders) work.push(syncFolder(folder, false));
  for (const result of await Promise.allSettled(work)) {
    // Temporary files of other writers come and go.
    if (result.status === "rejected" && !isMissing(result.reason)) throw result.reason;
  }
}

/**
 * Removes manifests that a power loss cut off; one such file keeps the whole lineage from being opened. Manifests get
 * their name only when they are whole, and pinned ones are synced, so a cut-off one was never published and nobody is
 * about to finish it. Returns whether there were any.
 */
export function removeTornManifests(lineage: string): boolean {
  let removed = false;
  try {
    for (const entry of Deno.readDirSync(`${lineage}/_versions`)) {
      const path = `${lineage}/_versions/${entry.name}`;
      if (!entry.name.endsWith(".manifest") || isWhole(path)) continue;
      removeQuietly(path);
      removed = true;
    }
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return removed;
}

function isWhole(manifest: string): boolean {
  const file = Deno.openSync(manifest);
  try {
    const { size } = file.statSync();
    if (size < MANIFEST_MAGIC.length) return false;
    file.seekSync(size - MANIFEST_MAGIC.length, Deno.SeekMode.Start);
    const end = new Uint8Array(MANIFEST_MAGIC.length);
    file.readSync(end);
    return new TextDecoder().decode(end) === MANIFEST_MAGIC;
  } finally {
    file.close();
  }
}
