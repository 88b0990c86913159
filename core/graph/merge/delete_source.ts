/** What a merge may do when it has succeeded: delete its source. */
import { AppError } from "../../errors.ts";
import type { BranchMergeOutput } from "../graph.ts";

/**
 * The result of a merge, with how deleting its source went. The merge stays made when that is not permitted or fails, so
 * nothing is thrown.
 */
export async function deleteMerged(
  merged: BranchMergeOutput,
  remove: () => Promise<unknown>,
): Promise<BranchMergeOutput> {
  try {
    await remove();
    return { ...merged, branch_deleted: true };
  } catch (error) {
    const reason = error instanceof AppError ? error.message : "internal error";
    return { ...merged, branch_deleted: false, branch_delete_error: reason };
  }
}
