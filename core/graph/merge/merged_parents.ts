/**
 * Finding the commits that merges brought in. A merge says in which log its merged parent is, mostly that of one of the two
 * branches that are being merged. Deleted branches have left theirs, until a cleanup: what a merge brought in is a base
 * of later merges whether its branch is there or not, or else they would bring back what was taken back since.
 */
import { must } from "../../base/assert.ts";
import type { ObjectStore } from "../../storage/object_store.ts";
import { type BranchRef, logOwner } from "../branches.ts";
import type { Commit, LogPlace } from "../commit.ts";
import type { CommitPlace } from "../lineage.ts";
import type { SnapshotSource } from "../snapshot.ts";
import { OnceReadLog } from "./once_read_log.ts";

/** A branch and where its commits are read. */
export interface ReadableBranch {
  readonly ref: BranchRef;
  readonly source: SnapshotSource;
}

/** Finds merged parents for one merge. */
export class MergedParents {
  readonly #store: ObjectStore;
  readonly #near: readonly ReadableBranch[];
  /** Other logs that merges of this walk name, by incarnation. */
  readonly #logs = new Map<string, SnapshotSource>();

  /** `near` are the branches that are being merged. */
  constructor(store: ObjectStore, near: readonly ReadableBranch[]) {
    this.#store = store;
    this.#near = near;
  }

  /** Where the merged parent of a merge is; null when its log was cleaned up. */
  async find(merge: Commit): Promise<CommitPlace | null> {
    const { mergedFrom } = merge;
    if (mergedFrom === undefined) return null;
    for (const { ref, source } of this.#near) {
      const found = hasSlot(ref, mergedFrom) ? await mergedParentIn(source, merge) : null;
      if (found !== null) return found;
    }
    return await mergedParentIn(this.#sourceOf(mergedFrom), merge);
  }

  #sourceOf({ incarnation, ancestry }: LogPlace): SnapshotSource {
    let source = this.#logs.get(incarnation);
    if (source === undefined) {
      const log = new OnceReadLog(this.#store, logOwner(incarnation, ancestry));
      // The branches of one graph share their schemas.
      source = { ...this.#near[0]!.source, log };
      this.#logs.set(incarnation, source);
    }
    return source;
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
  const inherited = ancestry.filter((ancestor) => slot <= ancestor.slot).length;
  const owner = inherited === 0 ? incarnation : ancestry[inherited - 1]!.incarnation;
  return { incarnation: owner, slot, ancestry: ancestry.slice(inherited) };
}

function hasSlot({ incarnation, ancestry }: BranchRef, place: LogPlace): boolean {
  return place.incarnation === incarnation ||
    ancestry.some((ancestor) => place.incarnation === ancestor.incarnation && place.slot <= ancestor.slot);
}
