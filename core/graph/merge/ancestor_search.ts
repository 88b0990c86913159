/** Going back from a commit over first and merged parents, level by level. */
import { must } from "../../base/assert.ts";
import type { Commit } from "../commit.ts";

/** What a search needs to know of a commit. */
export interface Ancestor {
  readonly commit: Pick<Commit, "id" | "sequence" | "mergedParent">;
}

/** How a search gets from commit to commit. Commits whose logs were cleaned up are not found. */
export interface Ancestry<Place extends Ancestor> {
  /** A commit and its first parents, newest first, down to genesis. */
  firstParents(place: Place): AsyncGenerator<Place, undefined>;
  /** The merged parent of a merge; null when it is not found. */
  mergedParent(merge: Place): Promise<Place | null>;
}

/** How a commit was reached: as first or merged parent of a child. */
export interface Step<Place extends Ancestor> {
  readonly child: Place;
  readonly link: "parent" | "merged";
}

/** A line of first parents, and how its next commit is reached; null for the head of the search. */
interface Line<Place extends Ancestor> {
  readonly walk: AsyncGenerator<Place, undefined>;
  readonly step: Step<Place> | null;
}

/** One search: every ancestor up to `depth` is known with its distance. */
export class AncestorSearch<Place extends Ancestor> {
  /** -1 before the first step, which reaches the head itself. */
  depth = -1;
  readonly distances = new Map<string, number>();
  readonly #ancestry: Ancestry<Place>;
  readonly #steps = new Map<string, Step<Place>>();
  /** Lines whose next commit lies one level deeper. */
  #lines: Line<Place>[];
  /** Merges whose merged parents lie one level deeper. */
  #merges: Place[] = [];

  constructor(head: Place, ancestry: Ancestry<Place>) {
    this.#ancestry = ancestry;
    this.#lines = [{ walk: ancestry.firstParents(head), step: null }];
  }

  get isExhausted(): boolean {
    return this.#lines.length === 0 && this.#merges.length === 0;
  }

  /** Goes one level deeper; returns the commits met for the first time. */
  async step(): Promise<Place[]> {
    this.depth++;
    const merges = this.#merges;
    // What lies side by side is read side by side: storage may be far.
    const parents = await Promise.all(merges.map((child) => {
      const id = must(child.commit.mergedParent, "merges have a merged parent");
      return this.distances.has(id) ? null : this.#ancestry.mergedParent(child);
    }));
    const lines = this.#lines;
    for (const [i, place] of parents.entries()) {
      if (place === null) continue;
      lines.push({ walk: this.#ancestry.firstParents(place), step: { child: merges[i]!, link: "merged" } });
    }
    this.#lines = [];
    this.#merges = [];
    const met: Place[] = [];
    const places = await Promise.all(lines.map(({ walk }) => walk.next()));
    for (const [i, { walk, step }] of lines.entries()) {
      const place = places[i]!.value;
      if (place === undefined || this.distances.has(place.commit.id)) continue;
      this.distances.set(place.commit.id, this.depth);
      if (step !== null) this.#steps.set(place.commit.id, step);
      if (place.commit.mergedParent !== null) this.#merges.push(place);
      this.#lines.push({ walk, step: { child: place, link: "parent" } });
      met.push(place);
    }
    return met;
  }

  /** A shortest way from the head to a commit that was met, head first. */
  wayTo(id: string): Step<Place>[] {
    const way: Step<Place>[] = [];
    for (let step = this.#steps.get(id); step !== undefined; step = this.#steps.get(step.child.commit.id)) {
      way.push(step);
    }
    return way.reverse();
  }
}
