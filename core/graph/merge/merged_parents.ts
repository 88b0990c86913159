/**
 * Finding the commits that merges brought in. Most are on one of the two branches that are being merged; the others are
 * looked for on all live branches.
 *
 * Invariant: an id that was found on no live branch is never found again, because branches are only made from commits of
 * live ones. So it is looked for once per process.
 */
import { AppError } from "../../errors.ts";
import type { CommitPlace } from "../lineage.ts";
import type { OpenBranches } from "../open_branches.ts";
import type { SnapshotSource } from "../snapshot.ts";
import type { OnceReadLog } from "./once_read_log.ts";

const GONE = new WeakMap<OpenBranches, Set<string>>();

/** One of the branches that are being merged. */
export interface NearBranch {
  readonly source: SnapshotSource & { readonly log: OnceReadLog };
  /** Its newest slot. */
  readonly head: number;
}

/** Where a merged parent is; null when no live branch has it. */
export async function findMergedParent(
  branches: OpenBranches,
  near: readonly NearBranch[],
  id: string,
): Promise<CommitPlace | null> {
  let gone = GONE.get(branches);
  if (gone === undefined) GONE.set(branches, gone = new Set());
  if (gone.has(id)) return null;
  for (const { source, head } of near) {
    const logged = await source.log.slotNear(id, head);
    const commit = logged?.commits.find((one) =>
      one.id === id && one.operation !== "fold" && one.operation !== "end"
    );
    if (logged && commit !== undefined) return { source, logged, commit };
  }
  try {
    return await branches.place(id);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "commit_not_found") throw error;
    gone.add(id);
    return null;
  }
}
