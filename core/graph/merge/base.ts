/**
 * The base of a merge: the common ancestor of two commits, over first and merged parents, with the least sum of
 * distances; of several the one with the higher sequence, then the higher id.
 *
 * Two searches go back from the heads, level by level, so that nothing is read that lies further back than the sum of the
 * best ancestor found: a common ancestor that is not found yet is further than one of the searches has come. Sequences
 * cannot shorten this, for a merged parent may have a higher one than the merge. Commits of branches that are gone do
 * not count.
 */
import type { Commit } from "../commit.ts";

/** What the search needs to know of a commit. */
export interface Ancestor {
  readonly commit: Pick<Commit, "id" | "sequence" | "mergedParent">;
}

/** How the search gets from commit to commit. */
export interface Ancestry<Place extends Ancestor> {
  /** A commit and its first parents, newest first, down to genesis. */
  firstParents(place: Place): AsyncGenerator<Place, undefined>;
  /** A merged parent; null when no live branch has it. */
  find(id: string): Promise<Place | null>;
}

/** The base of a merge of `source` into `target`, or null when they have nothing in common. */
export async function findBase<Place extends Ancestor>(
  source: Place,
  target: Place,
  ancestry: Ancestry<Place>,
): Promise<Place | null> {
  const known = new Map<string, Place>();
  const find = async (id: string) => known.get(id) ?? await ancestry.find(id);
  const sides = [source, target].map((head) => new Search(head, { ...ancestry, find }, known));
  const [left, right] = sides as [Search<Place>, Search<Place>];
  let best: { place: Place; sum: number } | null = null;
  while (true) {
    const open = sides.filter((side) => !side.isExhausted && (best === null || side.depth < best.sum));
    const side = open.sort((a, b) => a.depth - b.depth)[0];
    if (side === undefined) return best?.place ?? null;
    const other = side === left ? right : left;
    for (const place of await side.step()) {
      const { id } = place.commit;
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

/** One search: every ancestor up to `depth` is known with its distance. */
class Search<Place extends Ancestor> {
  /** -1 before the first step, which reaches the head itself. */
  depth = -1;
  readonly distances = new Map<string, number>();
  readonly #ancestry: Ancestry<Place>;
  /** Commits that any search has met. */
  readonly #known: Map<string, Place>;
  /** Lines of first parents whose next commit lies one level deeper. */
  #lines: AsyncGenerator<Place, undefined>[];
  /** Merged parents that lie one level deeper. */
  #merged: string[] = [];

  constructor(head: Place, ancestry: Ancestry<Place>, known: Map<string, Place>) {
    this.#ancestry = ancestry;
    this.#known = known;
    this.#lines = [ancestry.firstParents(head)];
  }

  get isExhausted(): boolean {
    return this.#lines.length === 0 && this.#merged.length === 0;
  }

  /** Goes one level deeper; returns the commits met for the first time. */
  async step(): Promise<Place[]> {
    this.depth++;
    const lines = this.#lines;
    for (const id of this.#merged) {
      const place = this.distances.has(id) ? null : await this.#ancestry.find(id);
      if (place !== null) lines.push(this.#ancestry.firstParents(place));
    }
    this.#lines = [];
    this.#merged = [];
    const met: Place[] = [];
    for (const line of lines) {
      const { value: place } = await line.next();
      if (place === undefined || this.distances.has(place.commit.id)) continue;
      this.distances.set(place.commit.id, this.depth);
      this.#known.set(place.commit.id, place);
      if (place.commit.mergedParent !== null) this.#merged.push(place.commit.mergedParent);
      this.#lines.push(line);
      met.push(place);
    }
    return met;
  }
}
