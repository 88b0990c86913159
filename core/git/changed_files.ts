/** Which files a pull request changes, for putting what is said about them first. */
import { join } from "@std/path";
import { InvariantError } from "../base/assert.ts";
import { openRepository, type Repository } from "./repository.ts";

/** The two sides of a pull request, as its event names them. */
export interface PullRequestSides {
  readonly base: string;
  readonly head: string;
}

/**
 * Absolute paths, without symbolic links, of the files that a pull request adds, changes or removes, compared in the
 * checkout that holds `folder`; null when it cannot be known: outside a repository, in one that cannot be read, or when
 * the base is not in this clone.
 */
export async function readChangedFiles(
  folder: string,
  sides: PullRequestSides,
): Promise<ReadonlySet<string> | null> {
  try {
    const repository = await openRepository(folder);
    const head = repository === null ? null : (await repository.head()).commit;
    if (repository === null || head === null) return null;
    const base = await baseOf(repository, head, sides);
    if (base === null) return null;
    const [before, after] = await Promise.all([repository.commit(base), repository.commit(head)]);
    const changed = await repository.changedFiles(before.tree, after.tree);
    return new Set(changed.map((path) => join(repository.root, path)));
  } catch (error) {
    if (error instanceof InvariantError) throw error;
    // Objects that a shallow clone lacks, or a repository in a state that is none of our business here.
    return null;
  }
}

/**
 * What the checkout is to be compared with. Continuous integration checks out a merge of both sides: there it is the
 * side merged into, elsewhere the newest commit that both sides have.
 */
async function baseOf(
  repository: Repository,
  head: string,
  sides: PullRequestSides,
): Promise<string | null> {
  const { parents } = await repository.commit(head);
  if (parents.length === 2 && parents[1] === sides.head) return parents[0]!;
  return await repository.mergeBase(sides.base, head);
}
