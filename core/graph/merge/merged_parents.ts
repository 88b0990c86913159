/**
 * Finding the commits that merges brought in. A merge says in which log its merged parent is; a live branch has that commit
 * when the slot is its own or inherited. Most are on one of the two branches that are being merged.
 */
import { must } from "../../base/assert.ts";
import type { ObjectStore } from "../../storage/object_store.ts";
import { type BranchRef, readRefs } from "../branches.ts";
import type { Commit, LogPlace } from "../commit.ts";
import { BranchLog } from "../log.ts";
import type { CommitPlace } from "../lineage.ts";
import type { SnapshotSource } from "../snapshot.ts";

/** A branch and where its commits are read. */
export interface ReadableBranch {
  readonly ref: BranchRef;
  readonly source: SnapshotSource;
}

/** Finds merged parents for one merge. */
export class MergedParents {
  readonly #store: ObjectStore;
  readonly #near: readonly ReadableBranch[];
  #live: Promise<readonly BranchRef[]> | null = null;

  /** `near` are the branches that are being merged. */
  constructor(store: ObjectStore, near: readonly ReadableBranch[]) {
    this.#store = store;
    this.#near = near;
  }

  /** Where the merged parent of a merge is; null when no live branch has it. */
  async find(merge: Commit): Promise<CommitPlace | null> {
    if (merge.mergedFrom === undefined) return null;
    for (const { ref, source } of this.#near) {
      const found = hasSlot(ref, merge.mergedFrom) ? await mergedParentIn(source, merge) : null;
      if (found !== null) return found;
    }
    this.#live ??= readRefs(this.#store);
    for (const ref of await this.#live) {
      if (!hasSlot(ref, merge.mergedFrom)) continue;
      // The branches of one graph share their schemas.
      const source = { ...this.#near[0]!.source, log: new BranchLog(this.#store, ref) };
      const found = await mergedParentIn(source, merge);
      if (found !== null) return found;
    }
    return null;
  }
}

/** Of a slot that several commits share a branch may have inherited the first ones only. */
async function mergedParentIn(
  source: SnapshotSource,
  { mergedParent, mergedFrom }: Commit,
): Promise<CommitPlace | null> {
  const logged = await source.log.read(must(mergedFrom, "the merge says where").slot);
  const commit = logged?.commits.find(({ id }) => id === mergedParent);
  return logged === null || commit === undefined ? null : { source, logged, commit };
}

/** The log that a slot of a branch is in: its own, or that of a source. */
export function placeOfSlot({ incarnation, ancestry }: BranchRef, slot: number): LogPlace {
  let owner = incarnation;
  for (const ancestor of ancestry) {
    if (slot > ancestor.slot) break;
    owner = ancestor.incarnation;
  }
  return { incarnation: owner, slot };
}

function hasSlot({ incarnation, ancestry }: BranchRef, place: LogPlace): boolean {
  return place.incarnation === incarnation ||
    ancestry.some((ancestor) => place.incarnation === ancestor.incarnation && place.slot <= ancestor.slot);
}
