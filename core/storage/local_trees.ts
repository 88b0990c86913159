/** Removing folders of a local disk with all that is in them, beside others who write there. */
import { LOCK_NAME } from "./keys.ts";
import { type FolderLock, isMissing, isPresent, lockFolder } from "./local_files.ts";

/** Attempts to remove a folder while others fill it. */
const ATTEMPTS_MAX = 8;

/**
 * Removes a file or a folder with all it holds. All folder locks below it are taken first, in one fixed order, so that
 * nobody is between compare and rename in there; what others write meanwhile makes the removal start again.
 */
export async function removeTree(path: string): Promise<void> {
  for (let attempt = 1; isPresent(path); attempt++) {
    const locks: FolderLock[] = [];
    try {
      for (const folder of await lockedFolders(path)) locks.push(await lockFolder(folder));
      await Deno.remove(path, { recursive: true });
      return;
    } catch (error) {
      if (!isMissing(error) && attempt === ATTEMPTS_MAX) throw error;
    } finally {
      for (const lock of locks) lock.close();
    }
  }
}

/** The folders at or under `path` that have a lock file, in a fixed order. */
async function lockedFolders(path: string): Promise<string[]> {
  if (!Deno.lstatSync(path).isDirectory) return [];
  const found: string[] = [];
  const names: string[] = [];
  for await (const entry of Deno.readDir(path)) {
    if (entry.isDirectory) names.push(entry.name);
    else if (entry.name === LOCK_NAME) found.push(path);
  }
  for (const name of names.sort()) found.push(...await lockedFolders(`${path}/${name}`));
  return found;
}
