/**
 * Deleting a branch: its log ends, then its ref goes.
 *
 *   fence for the next slot ──> no branch depends on it ──> terminal object in that slot ──> ref away ──> fence away
 *
 * The terminal object restates the head and is the commit point: every write that was under way loses the slot and is
 * told that the branch is gone, nothing is acknowledged after it, and no branch can be made from the log any more. A
 * crash after it leaves a ref that listings hide by the fence and that whoever opens it removes.
 *
 * What the branch stored stays where it is, under the name of its incarnation: a branch that gets the same name later
 * never meets it, and merges of branches that it was merged into find their base there. A cleanup may remove all of it
 * but the terminal object, from which processes that have the branch open learn that it is gone: first the log, newest
 * slots first, so that nobody finds half of it.
 */
import { WRITE_ATTEMPTS_MAX } from "../base/limits.ts";
import { AppError } from "../errors.ts";
import { parseOwnBranchName } from "./branch_name.ts";
import { type BranchRef, readRefs } from "./branches.ts";
import { writeConflict } from "./conflicts.ts";
import { putFence, removeFence } from "./fence.ts";
import type { BranchDeleteOutput } from "./graph.ts";
import type { GraphContext, GraphParts } from "./graph_context.ts";
import type { OpenBranch } from "./open_branches.ts";
import { planEnd } from "./plan_commit.ts";
import type { SoleTurn } from "./publish_request.ts";

type BranchParts = Pick<GraphParts, "store" | "branches" | "ports">;

/**
 * Deletes a branch.
 *
 * @throws AppError `invalid_input` for main and internal names; `branch_not_found`; `branch_in_use` when a live branch was
 * forked from it or has a name inside its own; `policy_denied`.
 */
export async function deleteBranch(
  graph: GraphContext,
  request: { readonly name: string; readonly actor?: string | null },
): Promise<BranchDeleteOutput> {
  const { actor = null } = request;
  const name = parseOwnBranchName(request.name);
  graph.require(actor, { action: "branch_delete", targetBranch: name });
  await endBranch(graph.parts, await graph.branch(name));
  return { uri: graph.parts.uri, name, actor_id: actor };
}

/**
 * Ends a branch and takes its ref away. With `onlyAt` only while its head is in that slot and nobody depends on it;
 * returns whether it was ended.
 */
export async function endBranch(
  parts: BranchParts,
  branch: OpenBranch,
  options: { readonly onlyAt?: number } = {},
): Promise<boolean> {
  const { onlyAt = null } = options;
  const ended = await branch.writer.writeAlone(
    "delete",
    (turn) => publishEnd(parts, branch.ref, turn, onlyAt),
  );
  if (!ended) return false;
  await parts.branches.forget(branch);
  return true;
}

async function publishEnd(
  { store, ports }: BranchParts,
  { name, incarnation }: BranchRef,
  turn: SoleTurn,
  onlyAt: number | null,
): Promise<boolean> {
  const first = await turn.latest();
  for (let lost = 0, head = first; lost < WRITE_ATTEMPTS_MAX; head = await turn.latest()) {
    if (onlyAt !== null && head.slot !== onlyAt) return false;
    const fence = await putFence(store, ports, { name, incarnation, slot: head.slot + 1, purpose: "delete" });
    await ports.failpoint("delete.fenced");
    const refs = await readRefs(store);
    const obstacle = forkAmong(refs, incarnation) ?? (onlyAt === null ? nameInside(refs, name) : null);
    if (obstacle !== null) {
      await removeFence(store, fence);
      if (onlyAt !== null) return false;
      throw new AppError(
        "branch_in_use",
        `branch '${name}' cannot be deleted: ${obstacle}, delete that one first`,
      );
    }
    if (await turn.append(planEnd(head, ports.newId()))) return true;
    await removeFence(store, fence);
    await turn.pause(++lost);
  }
  const { commit: actual } = await turn.latest();
  throw writeConflict({ branch: name, expected: first.commit, actual, touched: [] });
}

/** The branch that was forked from a log, directly or through others. */
function forkAmong(refs: readonly BranchRef[], incarnation: string): string | null {
  const fork = refs.find(({ ancestry }) => ancestry.some((ancestor) => ancestor.incarnation === incarnation));
  return fork === undefined ? null : `branch '${fork.name}' still depends on it`;
}

/** The branch whose name is a path inside a name. */
function nameInside(refs: readonly BranchRef[], name: string): string | null {
  const inside = refs.find((ref) => ref.name.startsWith(`${name}/`));
  return inside === undefined ? null : `the name of branch '${inside.name}' is inside its own`;
}
