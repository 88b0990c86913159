/**
 * The object store on a local disk: one file per object.
 *
 * Invariants:
 * - A name in a folder always leads to a whole, synced object: bytes are written and synced under a temporary name first,
 *   then linked (put-if-absent) or renamed (the other puts) into place; then the folder is synced.
 * - Hard links make put-if-absent exclusive between processes.
 * - Compare-and-rename, compare-and-remove, unconditional rename and delete run under the lock of the folder, so that a
 *   condition never holds for another version than the one it was judged on. The critical sections do not await, hence never wait for this process itself.
 * - The version of an object is the SHA-256 of its content: equal content is the same version.
 * - Temporary files and the lock have reserved names, which no key can have and no list shows.
 */
import { resolve } from "@std/path";
import { sha256Hex } from "../base/digest.ts";
import { AppError } from "../errors.ts";
import { checkKey, checkPrefix, isReservedName, joinKey, TEMPORARY_ENDING } from "./keys.ts";
import { FileLine } from "./file_line.ts";
import * as files from "./local_files.ts";
import { removeTree } from "./local_trees.ts";
import type { Line, ObjectStore, PutResult, StoredObject } from "./object_store.ts";
import { findsQuickly } from "./presence.ts";

/** Larger objects are read with awaited calls. */
const BLOCKING_READ_BYTES_MAX = 256 * 1024;
/** Attempts to write into a folder while others remove it. */
const ATTEMPTS_MAX = 8;

/** The store whose objects are the files under `root`, an absolute folder path; it is created by the first write. */
export function createLocalStore(root: string): ObjectStore {
  const path = resolve(root);
  return new LocalStore(
    { root: path, pace: new files.DiskPace(), folders: new Set(), readFrom: new Set() },
    path,
  );
}

/** What all views of one store share. */
interface Disk {
  readonly root: string;
  readonly pace: files.DiskPace;
  /** Folders known to exist durably, absolute. */
  readonly folders: Set<string>;
  /** Folders an object was read from, absolute. */
  readonly readFrom: Set<string>;
}

/** Names temporary files: unique over processes by the random part, within one by the count. */
const temporaryPrefix = crypto.randomUUID();
let temporaryCount = 0;

/** What is in a folder; nothing when there is none. */
// deno-lint-ignore require-await -- a throw must become a rejection
async function entriesOf(folder: string): Promise<Deno.DirEntry[]> {
  try {
    // 1,000 names take 1 ms at once, and 2 to 6 one by one.
    return [...Deno.readDirSync(folder)];
  } catch (error) {
    if (files.isMissing(error)) return [];
    throw failure("list", folder, error);
  }
}

class LocalStore implements ObjectStore {
  readonly #disk: Disk;
  readonly uri: string;

  constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.uri = path;
  }

  async get(key: string): Promise<StoredObject | null> {
    const path = this.#path(key);
    try {
      if (this.#isKnownMissing(path)) return null;
      const file = Deno.openSync(path);
      try {
        const info = file.statSync();
        if (!info.isFile) return null;
        const bytes = await readAll(file, info.size);
        this.#disk.readFrom.add(folderOf(path));
        return new LocalObject(bytes);
      } finally {
        file.close();
      }
    } catch (error) {
      if (files.isMissing(error)) return null;
      throw failure("read", path, error);
    }
  }

  // deno-lint-ignore require-await -- a throw must become a rejection
  async exists(key: string): Promise<boolean> {
    const path = this.#path(key);
    try {
      return !this.#isKnownMissing(path) && Deno.statSync(path).isFile;
    } catch (error) {
      if (files.isMissing(error)) return false;
      throw failure("look at", path, error);
    }
  }

  async put(key: string, bytes: Uint8Array): Promise<{ readonly version: string }> {
    const path = this.#path(key);
    const version = sha256Hex(bytes);
    await this.#place(path, bytes, async (temporary) => {
      const lock = await files.lockFolder(folderOf(path));
      try {
        Deno.renameSync(temporary, path);
      } finally {
        lock.close();
      }
      return true;
    });
    return { version };
  }

  async putIfAbsent(key: string, bytes: Uint8Array): Promise<PutResult> {
    const path = this.#path(key);
    if (await this.exists(key)) return null;
    const version = sha256Hex(bytes);
    const won = await this.#place(path, bytes, (temporary) => {
      try {
        Deno.linkSync(temporary, path);
      } catch (error) {
        if (error instanceof Deno.errors.AlreadyExists) return false;
        throw linkFailure(path, error);
      }
      files.removeQuietly(temporary);
      return true;
    });
    return won ? { version } : null;
  }

  async putIfMatch(key: string, bytes: Uint8Array, version: string): Promise<PutResult> {
    const path = this.#path(key);
    if ((await this.get(key))?.version !== version) return null;
    const next = sha256Hex(bytes);
    const won = await this.#place(path, bytes, async (temporary) => {
      const lock = await files.lockFolder(folderOf(path));
      try {
        if (versionOnDisk(path) !== version) return false;
        Deno.renameSync(temporary, path);
        return true;
      } finally {
        lock.close();
      }
    });
    return won ? { version: next } : null;
  }

  async delete(key: string): Promise<void> {
    await this.#remove(key, () => true);
  }

  async deleteIfMatch(key: string, version: string): Promise<boolean> {
    return await this.#remove(key, (path) => {
      const current = versionOnDisk(path);
      return current === null || current === version;
    });
  }

  async list(prefix: string): Promise<string[]> {
    const folder = this.#folder(prefix);
    const names: string[] = [];
    for (const entry of await entriesOf(folder)) {
      if (entry.isFile && !isReservedName(entry.name)) names.push(entry.name);
    }
    return names.sort();
  }

  async folders(prefix: string): Promise<string[]> {
    const folder = this.#folder(prefix);
    const names: string[] = [];
    for (const entry of await entriesOf(folder)) if (entry.isDirectory) names.push(entry.name);
    return names.sort();
  }

  async listTree(prefix: string): Promise<string[]> {
    const folder = this.#folder(prefix);
    const keys: string[] = [];
    const walk = async (below: string): Promise<void> => {
      for (const entry of await entriesOf(`${folder}${below}`)) {
        if (entry.isDirectory) await walk(`${below}/${entry.name}`);
        else if (entry.isFile && !isReservedName(entry.name)) keys.push(`${below}/${entry.name}`.slice(1));
      }
    };
    await walk("");
    return keys.sort();
  }

  // deno-lint-ignore require-await -- a throw must become a rejection
  async prefixExists(prefix: string): Promise<boolean> {
    const folder = this.#folder(prefix);
    try {
      return files.isPresent(folder);
    } catch (error) {
      throw failure("look at", folder, error);
    }
  }

  async deletePrefix(prefix: string): Promise<void> {
    const folder = this.#folder(prefix);
    try {
      await removeTree(folder);
      const parent = folderOf(folder);
      if (folder !== this.#disk.root && files.isPresent(parent)) await files.syncFolder(parent, true);
    } catch (error) {
      throw failure("delete", folder, error);
    } finally {
      this.#disk.folders.clear();
      this.#disk.readFrom.clear();
    }
  }

  under(prefix: string): ObjectStore {
    return new LocalStore(this.#disk, this.#folder(prefix));
  }

  line(prefix: string): Line {
    return new FileLine(this.#folder(prefix));
  }

  #path(key: string): string {
    return `${this.uri}/${checkKey(key)}`;
  }

  #folder(prefix: string): string {
    return joinKey(this.uri, checkPrefix(prefix));
  }

  /**
   * The quick answer that a path is missing. It is trusted only where an object was read before: elsewhere a
   * folder that this process may not enter would look like an empty one.
   */
  #isKnownMissing(path: string): boolean {
    return this.#disk.readFrom.has(folderOf(path)) && !findsQuickly(path);
  }

  /** Removes an object if it `may` be removed, judged under the lock of its folder; returns whether it is gone. */
  async #remove(key: string, may: (path: string) => boolean): Promise<boolean> {
    const path = this.#path(key);
    if (!await this.exists(key)) return true;
    const folder = folderOf(path);
    try {
      const lock = await files.lockFolder(folder);
      try {
        if (!may(path)) return false;
        Deno.removeSync(path);
      } finally {
        lock.close();
      }
      await files.syncFolder(folder, this.#disk.pace.mayBlock(0));
      return true;
    } catch (error) {
      if (files.isMissing(error)) return true;
      throw failure("delete", path, error);
    }
  }

  /**
   * Writes a temporary file beside `path`, lets `commit` move it into place (true) or give up (false), then syncs the
   * folder. Nothing is visible before `commit`.
   */
  async #place(
    path: string,
    bytes: Uint8Array,
    commit: (temporary: string) => boolean | Promise<boolean>,
  ): Promise<boolean> {
    const { pace } = this.#disk;
    const folder = folderOf(path);
    const blocking = pace.mayBlock(bytes.length);
    const temporary = await this.#writeTemporary(folder, bytes, blocking);
    let won = false;
    try {
      won = await commit(temporary);
    } catch (error) {
      throw failure("write", path, error);
    } finally {
      if (!won) files.removeQuietly(temporary);
    }
    if (!won) return false;
    try {
      const start = performance.now();
      await files.syncFolder(folder, blocking);
      // A blocking put syncs twice, and the two take about equally long.
      if (blocking) pace.note((performance.now() - start) * 2);
    } catch (error) {
      throw new AppError(
        "outcome_unknown",
        `${JSON.stringify(path)}: written, but its folder could not be synced: ${
          messageOf(error)
        }, check the disk`,
        { cause: error },
      );
    }
    return true;
  }

  async #writeTemporary(folder: string, bytes: Uint8Array, blocking: boolean): Promise<string> {
    const temporary = `${folder}/.${temporaryPrefix}-${temporaryCount++}${TEMPORARY_ENDING}`;
    for (let attempt = 1;; attempt++) {
      try {
        await files.ensureFolder(this.#disk.root, folder, this.#disk.folders);
        await files.writeNewFile(temporary, bytes, blocking);
        return temporary;
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound) || attempt === ATTEMPTS_MAX) {
          throw failure("write", temporary, error);
        }
        // Someone removed the folder behind the back of our memory of it.
        this.#disk.folders.clear();
      }
    }
  }
}

/** The folder of a path that has one; `dirname` would look at every character. */
function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** An object read from disk. Many readers never ask for the version, so it is computed on demand. */
class LocalObject implements StoredObject {
  readonly bytes: Uint8Array;
  #version: string | null = null;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get version(): string {
    return this.#version ??= sha256Hex(this.bytes);
  }
}

async function readAll(file: Deno.FsFile, size: number): Promise<Uint8Array> {
  // Objects are replaced, never changed in place: an open file keeps the size it had.
  const bytes = new Uint8Array(size);
  const blocking = size <= BLOCKING_READ_BYTES_MAX;
  let at = 0;
  while (at < size) {
    const part = bytes.subarray(at);
    const count = blocking ? file.readSync(part) : await file.read(part);
    if (count === null) throw new Error(`the file ends at byte ${at} of ${size}`);
    at += count;
  }
  return bytes;
}

function versionOnDisk(path: string): string | null {
  try {
    return sha256Hex(Deno.readFileSync(path));
  } catch (error) {
    if (files.isMissing(error)) return null;
    throw error;
  }
}

function failure(action: string, path: string, error: unknown): Error {
  if (error instanceof AppError) return error;
  return new AppError("storage_error", `cannot ${action} ${JSON.stringify(path)}: ${messageOf(error)}`, {
    cause: error,
  });
}

function linkFailure(path: string, error: unknown): Error {
  if (error instanceof Deno.errors.NotFound) return failure("write", path, error);
  return new AppError(
    "storage_error",
    `cannot link ${JSON.stringify(path)}: ${
      messageOf(error)
    }; a storage root needs a file system with hard links`,
    { cause: error },
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
