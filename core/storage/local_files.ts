/**
 * Durable file primitives for a local disk: whole files and folders that survive power loss, and folder locks.
 *
 * On POSIX a new name is durable only after its folder was synced, and a folder only after its parent was. Everything
 * here throws the errors of `Deno`; the callers translate them.
 */
import { dirname } from "@std/path";
import { LOCK_NAME } from "./keys.ts";

/** Above this average duration of one synced write, what blocking calls save is little against what they hold up. */
const BLOCKING_MS_MAX = 0.8;
/** Longer writes count as this long: one that met something else on the disk says little about the next. */
const NOTED_MS_MAX = 4;
/** Of so many writes that are awaited because the disk was slow, one blocks, to see whether it still is. */
const PROBE_EVERY = 16;
/** Larger files are never written with blocking calls. */
const BLOCKING_BYTES_MAX = 256 * 1024;

/**
 * Decides between blocking and awaited system calls. A blocking sync saves two changes of thread (a small synced
 * put takes 0.37 instead of 0.6 ms on a quick disk) but stops the event loop, so it is only for small
 * writes while the disk answers quickly.
 */
export class DiskPace {
  #averageMs = 0;
  #awaited = 0;

  /** Whether a write of so many bytes may block. */
  mayBlock(bytes: number): boolean {
    if (bytes > BLOCKING_BYTES_MAX) return false;
    return this.#averageMs < BLOCKING_MS_MAX || ++this.#awaited % PROBE_EVERY === 0;
  }

  /** Records how long a small synced write took that blocked; one that was awaited would also tell how busy the machine is. */
  note(durationMs: number): void {
    this.#averageMs += (Math.min(durationMs, NOTED_MS_MAX) - this.#averageMs) / 8;
  }
}

/** Creates `path`, writes all bytes and syncs them. On failure nothing is left behind. */
export async function writeNewFile(path: string, bytes: Uint8Array, blocking: boolean): Promise<void> {
  const file = Deno.openSync(path, { write: true, createNew: true });
  try {
    if (blocking) {
      for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
      file.syncDataSync();
    } else {
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
      await file.syncData();
    }
  } catch (error) {
    file.close();
    removeQuietly(path);
    throw error;
  }
  file.close();
}

/** Makes the names in a folder durable. A no-op on Windows, where folders cannot be opened. */
export async function syncFolder(folder: string, blocking: boolean): Promise<void> {
  if (Deno.build.os === "windows") return;
  const file = Deno.openSync(folder, { read: true });
  try {
    if (blocking) file.syncSync();
    else await file.sync();
  } finally {
    file.close();
  }
}

/** Syncs the content of an existing file. */
export async function syncFile(path: string): Promise<void> {
  const file = await Deno.open(path, { read: true, write: Deno.build.os === "windows" });
  try {
    await file.syncData();
  } finally {
    file.close();
  }
}

/** Removes a file; silent when that fails, because it only tidies up. */
export function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Left-overs are invisible to readers.
  }
}

/**
 * Creates a folder with its parents; when this returns, all names from `root` down to it are durable. Folders in
 * `known` were seen to in this process and are skipped. `folder` is `root` or below it.
 */
export async function ensureFolder(root: string, folder: string, known: Set<string>): Promise<void> {
  if (known.has(folder)) return;
  if (folder === root) {
    await ensureOutside(root);
  } else {
    const parent = dirname(folder);
    await ensureFolder(root, parent, known);
    makeFolder(folder);
    // Even when it existed: the process that made it may not have come to the sync yet.
    await syncFolder(parent, true);
  }
  known.add(folder);
}

/** The root and what lies above it belong to the operator: what exists there is not opened. */
async function ensureOutside(folder: string): Promise<void> {
  if (isPresent(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) await ensureOutside(parent);
  makeFolder(folder);
  await syncFolder(parent, true);
}

function makeFolder(folder: string): void {
  try {
    Deno.mkdirSync(folder);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}

/** Whether something has this path. */
export function isPresent(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Whether an error says that the path does not exist (or that a part of it is a file). */
export function isMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}

/** A held lock; closing it releases it. */
export interface FolderLock {
  close(): void;
}

/**
 * Takes the exclusive lock of a folder: an OS lock on a file of its own that is never renamed over and is removed only
 * together with the folder by someone who holds it. A lock file that vanished while we waited locks nothing, so the
 * inode is compared afterwards. The OS releases the lock when its holder dies.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = `${folder}/${LOCK_NAME}`;
  while (true) {
    const file = Deno.openSync(path, { write: true, create: true });
    try {
      if (!file.tryLockSync(true)) await file.lock(true);
      if (isSameFile(file.statSync(), path)) return file;
    } catch (error) {
      file.close();
      throw error;
    }
    file.close();
  }
}

function isSameFile(held: Deno.FileInfo, path: string): boolean {
  try {
    const found = Deno.statSync(path);
    return found.ino === held.ino && found.dev === held.dev;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
