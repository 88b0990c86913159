/**
 * The commits that touched whatever differs between a commit and an ancestor of it, at the end of a way.
 *
 *   step back to     what may differ
 *   a first parent   what the commit touched
 *   a merged parent  what was touched on the merge's own side, from the merge's base to its first parent
 *
 * The second holds because a merge takes the merged side's image wherever its own side has that of the base. It is what
 * keeps branches that are merged to and fro for years at the cost of what came since the last time: the way along first
 * parents leads back to where they were forked.
 */
import type { Commit } from "../commit.ts";
import { type Ancestor, AncestorSearch, type Ancestry, type Step } from "./ancestor_search.ts";

/** A commit with its merge's base. */
export interface MergeAncestor extends Ancestor {
  readonly commit: Ancestor["commit"] & Pick<Commit, "parent" | "mergeBase">;
}

/** Merges inside the sides of merges that are followed; deeper ones are not worth it. */
const DEPTH_MAX = 16;
/** Levels gone back from a merge to its base; behind them the way along first parents is taken. */
const LEVELS_MAX = 4096;

/**
 * The commits of a way; null when a merge on it does not tell its base, or one that is gone: then only the way along first
 * parents tells.
 */
export async function touchingCommits<Place extends MergeAncestor>(
  way: readonly Step<Place>[],
  ancestry: Ancestry<Place>,
  depth = 0,
): Promise<Place["commit"][] | null> {
  const commits: Place["commit"][] = [];
  for (const { child, link } of way) {
    if (link === "parent") commits.push(child.commit);
    else {
      const side = depth < DEPTH_MAX ? await wayOfOwnSide(child, ancestry) : null;
      const touching = side === null ? null : await touchingCommits(side, ancestry, depth + 1);
      if (touching === null) return null;
      commits.push(...touching);
    }
  }
  return commits;
}

/** The way from a merge's first parent back to the merge's base. */
async function wayOfOwnSide<Place extends MergeAncestor>(
  merge: Place,
  ancestry: Ancestry<Place>,
): Promise<Step<Place>[] | null> {
  const { mergeBase } = merge.commit;
  if (mergeBase === undefined) return null;
  const walk = ancestry.firstParents(merge);
  await walk.next();
  const { value: parent } = await walk.next();
  if (parent === undefined) return null;
  const search = new AncestorSearch(parent, ancestry);
  while (!search.distances.has(mergeBase)) {
    if (search.isExhausted || search.depth >= LEVELS_MAX) return null;
    await search.step();
  }
  return search.wayTo(mergeBase);
}
