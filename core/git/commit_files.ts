/**
 * The files of a commit, read the way files on disk are: a configuration can be taken from its tree instead of the working
 * tree. Files outside of the repository are in no commit and are left to others.
 */
import { basename, dirname, join } from "@std/path";
import { AppError } from "../errors.ts";
import { insidePath, realPathOf } from "./real_path.ts";
import { openRepository, type Repository } from "./repository.ts";

/** What stands at a path of a commit. `outside`: the path is not in the repository. */
export type CommitEntry =
  | { readonly kind: "file"; readonly read: () => Promise<Uint8Array> }
  | { readonly kind: "folder"; readonly names: readonly string[] }
  | { readonly kind: "link" | "missing" | "outside" };

/** One commit of the repository that holds a folder. */
export interface CommitTree {
  /** Its id. */
  readonly commit: string;
  /** The branch that was asked for; null for tags and ids. */
  readonly branch: string | null;
  /** Looks at an absolute path. Names of folders within a folder are left out. */
  at(path: string): Promise<CommitEntry>;
}

/**
 * The tree of the branch, tag or commit `ref` in the repository that holds `folder`. Throws `AppError("usage")` when there
 * is no such commit, or no repository.
 */
export async function openCommitTree(folder: string, ref: string): Promise<CommitTree> {
  const repository = await openRepository(folder).catch((error: unknown) => {
    if (error instanceof AppError) throw error;
    return null;
  });
  if (repository === null) {
    throw new AppError("usage", `'${folder}' is in no git repository: \`--ref\` needs one`);
  }
  const found = await repository.find(ref);
  if (found === null || found.commit === null) {
    const message = `the git repository of '${folder}' has no branch, tag or commit '${ref}'`;
    throw new AppError("usage", message);
  }
  const { tree } = await repository.commit(found.commit);
  return {
    commit: found.commit,
    branch: found.branch,
    async at(path) {
      // Links of the folders above are followed; what stands at the path itself is the commit's to say.
      const inside = insidePath(repository, join(realPathOf(dirname(path)), basename(path)));
      return inside === null ? { kind: "outside" } : await entryAt(repository, tree, inside);
    },
  };
}

async function entryAt(repository: Repository, tree: string, path: string): Promise<CommitEntry> {
  const entry = await repository.at(tree, path);
  if (entry === null || entry.type === "commit") return { kind: "missing" };
  if (entry.isLink) return { kind: "link" };
  const { oid } = entry;
  if (entry.type === "blob") return { kind: "file", read: () => repository.blob(oid) };
  const names = [...await repository.names(oid)].filter(([, { type }]) => type === "blob").map(([name]) =>
    name
  );
  return { kind: "folder", names };
}
