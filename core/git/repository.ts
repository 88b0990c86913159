/**
 * Read access to a Git repository without the `git` program: where it is, HEAD, commits and trees. Objects and refs are
 * read with isomorphic-git; what that does not know about (linked worktrees) is resolved here first.
 */
import * as nodeFs from "node:fs";
import { readFile, realpath, stat } from "node:fs/promises";
import { dirname, join, resolve } from "@std/path";
import { AppError } from "../errors.ts";

type Git = typeof import("isomorphic-git");

/** Mode of a symbolic link in a tree. */
const LINK_MODE = "120000";

/** One entry of a tree. */
export interface TreeEntry {
  readonly oid: string;
  readonly type: "blob" | "tree" | "commit";
  /** Whether the blob is a symbolic link: its content is the path it leads to. */
  readonly isLink: boolean;
}

/** The facts of a commit that provenance needs. */
export interface CommitFacts {
  readonly oid: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: string;
  /** Seconds since the Unix epoch. */
  readonly authoredAt: number;
  readonly committedAt: number;
  readonly subject: string;
}

/** HEAD of a checkout. */
export interface Head {
  /** null before the first commit. */
  readonly commit: string | null;
  /** Branch name; null when detached. */
  readonly branch: string | null;
}

/** An opened repository. Reads are remembered for its lifetime. */
export class Repository {
  /** Top of the checkout, without symbolic links. */
  readonly root: string;
  /** Folder with this checkout's HEAD. */
  readonly #gitDir: string;
  /** Folder with objects, refs and configuration; differs from `#gitDir` in a linked worktree. */
  readonly #commonDir: string;
  readonly #git: Git;
  readonly #cache = {};
  readonly #commits = new Map<string, Promise<CommitFacts>>();
  readonly #trees = new Map<string, Promise<ReadonlyMap<string, TreeEntry>>>();

  constructor(git: Git, root: string, gitDir: string, commonDir: string) {
    this.#git = git;
    this.root = root;
    this.#gitDir = gitDir;
    this.#commonDir = commonDir;
  }

  /** HEAD of this checkout. */
  async head(): Promise<Head> {
    const text = (await readFile(join(this.#gitDir, "HEAD"), "utf8")).trim();
    const ref = /^ref:\s*(\S+)$/.exec(text)?.[1];
    if (ref === undefined) return { commit: text, branch: null };
    const branch = ref.replace(/^refs\/heads\//, "");
    try {
      const commit = await this.#git.resolveRef({ fs: nodeFs, gitdir: this.#commonDir, ref });
      return { commit, branch };
    } catch (error) {
      if (errorCode(error) === "NotFoundError") return { commit: null, branch };
      throw error;
    }
  }

  /** A commit. */
  commit(oid: string): Promise<CommitFacts> {
    return remember(this.#commits, oid, async () => {
      const { commit } = await this.#git.readCommit({
        fs: nodeFs,
        gitdir: this.#commonDir,
        oid,
        cache: this.#cache,
      });
      return {
        oid,
        tree: commit.tree,
        parents: commit.parent,
        author: commit.author.name,
        authoredAt: commit.author.timestamp,
        committedAt: commit.committer.timestamp,
        subject: commit.message.split("\n", 1)[0]!.trim(),
      };
    });
  }

  /** The commit that a branch, a tag or a commit id (or its beginning) means, and the branch; null when nothing is called so. */
  async find(ref: string): Promise<Head | null> {
    const place = { fs: nodeFs, gitdir: this.#commonDir };
    const prefixes = ["refs/heads/", "refs/tags/", "refs/remotes/", "refs/remotes/origin/", ""];
    // That of a linked worktree is its own, not the repository's.
    if (ref === "HEAD") return await this.head();
    for (const prefix of prefixes.filter((one) => one !== "" || ref.startsWith("refs/"))) {
      const found = await this.#git.resolveRef({ ...place, ref: prefix + ref }).catch(nullWhenUnknown);
      if (found !== null) return await this.#commitHead(found, prefix === "refs/heads/" ? ref : null);
    }
    if (!/^[0-9a-f]{4,40}$/.test(ref)) return null;
    const oid = await this.#git.expandOid({ ...place, oid: ref, cache: this.#cache }).catch(nullWhenUnknown);
    return oid === null ? null : await this.#commitHead(oid, null);
  }

  /** The content of a blob. */
  async blob(oid: string): Promise<Uint8Array> {
    const place = { fs: nodeFs, gitdir: this.#commonDir, cache: this.#cache };
    return (await this.#git.readBlob({ ...place, oid })).blob;
  }

  /** Names in a tree. */
  async names(tree: string): Promise<ReadonlyMap<string, TreeEntry>> {
    return await this.#tree(tree);
  }

  /** What stands at a `/`-separated path below a tree; null when nothing does. `""` is the tree itself. */
  async at(tree: string, path: string): Promise<TreeEntry | null> {
    let entry: TreeEntry = { oid: tree, type: "tree", isLink: false };
    for (const name of path === "" ? [] : path.split("/")) {
      if (entry.type !== "tree") return null;
      const next: TreeEntry | undefined = (await this.#tree(entry.oid)).get(name);
      if (next === undefined) return null;
      entry = next;
    }
    return entry;
  }

  /** `/`-separated paths of the files that differ between two trees. */
  async changedFiles(before: string | null, after: string | null, folder = ""): Promise<string[]> {
    if (before === after) return [];
    const none: ReadonlyMap<string, TreeEntry> = new Map();
    const [left, right] = await Promise.all(
      [before, after].map((tree) => tree === null ? none : this.#tree(tree)),
    ) as [ReadonlyMap<string, TreeEntry>, ReadonlyMap<string, TreeEntry>];
    const changed: string[] = [];
    for (const name of new Set([...left.keys(), ...right.keys()])) {
      const [was, is] = [left.get(name), right.get(name)];
      if (was?.oid === is?.oid && was?.type === is?.type) continue;
      const path = folder + name;
      const trees = [was, is].map((entry) => entry?.type === "tree" ? entry.oid : null);
      if (trees.some((tree) => tree !== null)) {
        changed.push(...await this.changedFiles(trees[0]!, trees[1]!, `${path}/`));
      }
      if ([was, is].some((entry) => entry !== undefined && entry.type !== "tree")) changed.push(path);
    }
    return changed;
  }

  /** The newest commit that two commits descend from; null when there is none. Throws when history is not here. */
  async mergeBase(a: string, b: string): Promise<string | null> {
    const found: string[] = await this.#git.findMergeBase({
      fs: nodeFs,
      gitdir: this.#commonDir,
      oids: [a, b],
      cache: this.#cache,
    });
    return found[0] ?? null;
  }

  /** Address of `origin` as configured; null when there is none. */
  async origin(): Promise<string | null> {
    const path = "remote.origin.url";
    const value: unknown = await this.#git.getConfig({ fs: nodeFs, gitdir: this.#commonDir, path });
    return typeof value === "string" ? value : null;
  }

  /** Commits of a shallow clone whose parents are not here. */
  async shallowCommits(): Promise<ReadonlySet<string>> {
    const text = await readOptional(join(this.#commonDir, "shallow"));
    return new Set((text ?? "").split("\n").filter((line) => line !== ""));
  }

  /** The commit itself, or the one that an annotated tag is about; null for anything else. */
  async #commitHead(oid: string, branch: string | null): Promise<Head | null> {
    const place = { fs: nodeFs, gitdir: this.#commonDir, cache: this.#cache };
    const found = await this.#git.readCommit({ ...place, oid }).catch(nullWhenUnknown);
    return found === null ? null : { commit: found.oid, branch };
  }

  #tree(oid: string): Promise<ReadonlyMap<string, TreeEntry>> {
    return remember(this.#trees, oid, async () => {
      const { tree } = await this.#git.readTree({
        fs: nodeFs,
        gitdir: this.#commonDir,
        oid,
        cache: this.#cache,
      });
      return new Map(
        tree.map(({ path, oid, type, mode }) => [path, { oid, type, isLink: mode === LINK_MODE }]),
      );
    });
  }
}

/** The repository that holds `folder` (found upwards), or null when none does. */
export async function openRepository(folder: string): Promise<Repository | null> {
  let root = await realpath(folder);
  for (;;) {
    const gitDir = await gitDirOf(root);
    if (gitDir !== null) {
      const common = (await readOptional(join(gitDir, "commondir")))?.trim();
      const commonDir = common === undefined ? gitDir : resolve(gitDir, common);
      const git = await import("isomorphic-git");
      await refuseUnknownFormat(git, root, commonDir);
      return new Repository(git, root, gitDir, commonDir);
    }
    const parent = dirname(root);
    if (parent === root) return null;
    root = parent;
  }
}

/** `.git` itself, or what the `.git` file of a linked worktree or submodule points at. */
async function gitDirOf(root: string): Promise<string | null> {
  const path = join(root, ".git");
  const info = await stat(path).catch(nullWhenAbsent);
  if (info === null) return null;
  if (info.isDirectory()) return (await readOptional(join(path, "HEAD"))) === null ? null : path;
  const target = /^gitdir:\s*(.+)$/m.exec(await readFile(path, "utf8"))?.[1]?.trim();
  if (target === undefined) {
    throw new AppError("storage_error", `\`${path}\` does not say where the repository is`);
  }
  return resolve(root, target);
}

/** Repositories in a format that is not understood look empty, not broken: they are refused by name. */
async function refuseUnknownFormat(git: Git, root: string, commonDir: string): Promise<void> {
  for (
    const [key, known] of [["extensions.objectformat", "sha1"], ["extensions.refstorage", "files"]] as const
  ) {
    const value: unknown = await git.getConfig({ fs: nodeFs, gitdir: commonDir, path: key });
    if (value === undefined || String(value).toLowerCase() === known) continue;
    const message = `the git repository \`${root}\` has \`${key} = ${value}\`: only \`${known}\` can be read`;
    throw new AppError("storage_error", message);
  }
}

async function readOptional(path: string): Promise<string | null> {
  return await readFile(path, "utf8").catch(nullWhenAbsent);
}

/** Absence is an answer; anything else, such as a missing permission, must not look like it. */
function nullWhenAbsent(error: unknown): null {
  if (["ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "")) return null;
  throw error;
}

/** What is not there, not one thing alone, or no commit. */
function nullWhenUnknown(error: unknown): null {
  if (["NotFoundError", "AmbiguousError", "ObjectTypeError"].includes(errorCode(error) ?? "")) return null;
  throw error;
}

function remember<Value>(
  known: Map<string, Promise<Value>>,
  key: string,
  read: () => Promise<Value>,
): Promise<Value> {
  let value = known.get(key);
  if (value === undefined) {
    value = read();
    known.set(key, value);
  }
  return value;
}

function errorCode(error: unknown): string | null {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : null;
}
