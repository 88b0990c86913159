/**
 * Reads the provenance of a config directory from the checkout that holds it. The `git` program is never run and nothing
 * is written.
 */
import { createHash } from "node:crypto";
import { realpath } from "node:fs/promises";
import { AppError } from "../errors.ts";
import { cleanRemote, type GitProvenance } from "./provenance.ts";
import { insidePath, realPathOf } from "./real_path.ts";
import { type Head, openRepository, type Repository } from "./repository.ts";

/** A file that the configuration uses, with the bytes that were used. */
export interface UsedFile {
  /** Absolute. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** The last commit that touched a file. */
export interface FileChange {
  readonly commit: string;
  /** How many changed files of the same question were found on newer commits: the smaller, the newer. */
  readonly rank: number;
}

/** What the history says about some files. */
export interface FileChanges {
  /** By absolute path as given; null when unknown: not in HEAD, outside the repository, or not in this clone. */
  readonly changes: ReadonlyMap<string, FileChange | null>;
  /** Whether an answer is unknown because the clone is shallow. */
  readonly shallow: boolean;
}

/** A walk over the history ends after this many commits; older changes are unknown then. */
const WALK_COMMITS_MAX = 10_000;

/**
 * Provenance of `configDir` at HEAD, or at another commit; null outside a repository. Throws `AppError("storage_error")` when there is a repository
 * that cannot be read.
 */
export async function readProvenance(
  configDir: string,
  usedFiles: readonly UsedFile[],
  at: Head | null = null,
): Promise<GitProvenance | null> {
  return await reading(async () => {
    const repository = await openRepository(configDir);
    if (repository === null) return null;
    const head = at ?? await repository.head();
    const commit = head.commit === null ? null : await repository.commit(head.commit);
    const path = insidePath(repository, await realpath(configDir)) ?? "";
    const tree = commit === null ? null : await repository.at(commit.tree, path);
    const dirtyPaths = await dirtyFiles(repository, commit?.tree ?? null, usedFiles);
    const origin = await repository.origin();
    return {
      commit: head.commit,
      tree: tree?.oid ?? null,
      ref: head.branch,
      remote: origin === null ? null : cleanRemote(origin),
      path: path === "" ? "." : path,
      dirty: dirtyPaths.length > 0,
      dirty_paths: dirtyPaths,
      author: commit?.author ?? null,
      authored_at: commit === null ? null : instantText(commit.authoredAt),
      committed_at: commit === null ? null : instantText(commit.committedAt),
      subject: commit?.subject ?? null,
    };
  });
}

/** The last commit that touched each file, from HEAD or another commit back. Follows history as `git log -- <file>` does. */
export async function readFileChanges(
  configDir: string,
  paths: readonly string[],
  at: Head | null = null,
): Promise<FileChanges> {
  return await reading(async () => {
    const changes = new Map<string, FileChange | null>(paths.map((path) => [path, null]));
    const repository = await openRepository(configDir);
    const head = repository === null ? null : (at ?? await repository.head()).commit;
    if (repository === null || head === null) return { changes, shallow: false };
    const inside = new Map<string, string>();
    for (const path of paths) {
      const at = insidePath(repository, realPathOf(path));
      if (at !== null) inside.set(path, at);
    }
    const { found, shallow } = await walkHistory(repository, head, new Set(inside.values()));
    for (const [path, at] of inside) changes.set(path, found.get(at) ?? null);
    return { changes, shallow };
  });
}

async function walkHistory(
  repository: Repository,
  head: string,
  paths: ReadonlySet<string>,
): Promise<{ readonly found: ReadonlyMap<string, FileChange>; readonly shallow: boolean }> {
  const found = new Map<string, FileChange>();
  const boundary = await repository.shallowCommits();
  let shallow = false;
  // Where each path is being followed: commits with the paths that look the same there as at HEAD.
  const frontier = new Map<string, Set<string>>([[head, new Set(paths)]]);
  for (let walked = 0; frontier.size > 0 && walked < WALK_COMMITS_MAX; walked++) {
    const commit = await newestOf(repository, frontier.keys());
    const here = frontier.get(commit.oid)!;
    frontier.delete(commit.oid);
    for (const path of here) if (await repository.at(commit.tree, path) === null) here.delete(path);
    if (boundary.has(commit.oid)) {
      shallow ||= here.size > 0;
      continue;
    }
    for (const parentId of commit.parents) {
      if (here.size === 0) break;
      const parent = await repository.commit(parentId);
      const same = await unchangedPaths(repository, commit.tree, parent.tree, here);
      if (same.size === 0) continue;
      const followed = frontier.get(parentId) ?? new Set();
      for (const path of same) {
        followed.add(path);
        here.delete(path);
      }
      frontier.set(parentId, followed);
    }
    const rank = found.size;
    for (const path of here) found.set(path, { commit: commit.oid, rank });
  }
  return { found, shallow };
}

/** The newest commit first, so that paths which come together again are followed together. */
async function newestOf(repository: Repository, oids: Iterable<string>) {
  const commits = await Promise.all([...oids].map((oid) => repository.commit(oid)));
  return commits.reduce((newest, commit) => commit.committedAt > newest.committedAt ? commit : newest);
}

async function unchangedPaths(
  repository: Repository,
  tree: string,
  parentTree: string,
  paths: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  if (tree === parentTree) return new Set(paths);
  const same = new Set<string>();
  for (const path of paths) {
    const [now, before] = await Promise.all([repository.at(tree, path), repository.at(parentTree, path)]);
    if (now?.oid === before?.oid) same.add(path);
  }
  return same;
}

/** Used files that are not byte-equal to their blob in `tree`; untracked, ignored and outside files included. */
async function dirtyFiles(
  repository: Repository,
  tree: string | null,
  files: readonly UsedFile[],
): Promise<string[]> {
  const dirty = new Set<string>();
  await Promise.all(files.map(async ({ path, bytes }) => {
    const real = realPathOf(path);
    const inside = insidePath(repository, real);
    const entry = tree === null || inside === null ? null : await repository.at(tree, inside);
    if (entry?.oid !== blobId(bytes)) dirty.add(inside ?? real);
  }));
  return [...dirty].sort();
}

/** The id Git gives to a file's content. */
function blobId(bytes: Uint8Array): string {
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

function instantText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

async function reading<Value>(read: () => Promise<Value>): Promise<Value> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof AppError) throw error;
    const text = error instanceof Error ? error.message : String(error);
    throw new AppError("storage_error", `the git repository of the configuration cannot be read: ${text}`, {
      cause: error,
    });
  }
}
