/**
 * The base of a merge: the common ancestor of two commits, over first and merged parents, with the least sum of
 * distances; of several the one with the higher sequence, then the higher id.
 *
 * Two searches go back from the heads, level by level, so that nothing is read that lies further back than the sum of the
 * best ancestor found: a common ancestor that is not found yet is further than one of the searches has come. Sequences
 * cannot shorten this, for a merged parent may have a higher one than the merge. Commits whose
 * logs were cleaned up do not count.
 */
import { type Ancestor, AncestorSearch, type Ancestry, type Step } from "./ancestor_search.ts";

/** The base of a merge. */
export interface MergeBase<Place extends Ancestor> {
  readonly base: Place;
  /** A way from the source back to the base, source first. */
  readonly way: readonly Step<Place>[];
}

/** The base of a merge of `source` into `target`, or null when they have nothing in common. */
export async function findBase<Place extends Ancestor>(
  source: Place,
  target: Place,
  ancestry: Ancestry<Place>,
): Promise<MergeBase<Place> | null> {
  const known = new Map<string, Place>();
  const mergedParent = async (merge: Place) =>
    known.get(merge.commit.mergedParent ?? "") ?? await ancestry.mergedParent(merge);
  const left = new AncestorSearch(source, { ...ancestry, mergedParent });
  const right = new AncestorSearch(target, { ...ancestry, mergedParent });
  let best: { place: Place; sum: number } | null = null;
  while (true) {
    const open = [left, right].filter((side) =>
      !side.isExhausted && (best === null || side.depth < best.sum)
    );
    const side = open.sort((a, b) => a.depth - b.depth)[0];
    if (side === undefined) {
      return best === null ? null : { base: best.place, way: left.wayTo(best.place.commit.id) };
    }
    const other = side === left ? right : left;
    for (const place of await side.step()) {
      const { id } = place.commit;
      known.set(id, place);
      const distance = other.distances.get(id);
      if (distance === undefined) continue;
      const sum = side.distances.get(id)! + distance;
      if (best === null || sum < best.sum || (sum === best.sum && isNewer(place, best.place))) {
        best = { place, sum };
      }
    }
  }
}

function isNewer({ commit: a }: Ancestor, { commit: b }: Ancestor): boolean {
  return a.sequence === b.sequence ? a.id > b.id : a.sequence > b.sequence;
}
