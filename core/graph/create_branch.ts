/**
 * Making a branch: a ref, and nothing else, at the head of another branch or at any commit of a live one.
 *
 *   fork point ──> ref (create-if-absent) ──> does it hold? (`fork_check.ts`) ──> registered
 *
 * A ref that does not hold is taken away, and everything is decided anew. Two names of which one is a path inside the
 * other may be made at once: each maker looks again when its ref is there and ends its own branch, unless somebody uses
 * it already. Then both stay, which is no worse than confusing.
 */
import { isUlid } from "../base/ids.ts";
import { WRITE_ATTEMPTS_MAX } from "../base/limits.ts";
import { AppError } from "../errors.ts";
import { findPathConflict, MAIN, parseBranchName, parseOwnBranchName } from "./branch_name.ts";
import {
  branchExists,
  branchNotFound,
  type BranchRef,
  listBranches,
  putRef,
  refusePathConflict,
  removeRef,
} from "./branches.ts";
import { endBranch } from "./delete_branch.ts";
import type { BranchCreateOutput, BranchCreateRequest } from "./graph.ts";
import type { GraphContext, GraphParts } from "./graph_context.ts";
import type { LoggedState } from "./logged_state.ts";
import type { OpenBranch } from "./open_branches.ts";

type BranchParts = Pick<GraphParts, "store" | "branches" | "ports">;

/**
 * Makes a branch. Writes no commit and copies no data.
 *
 * @throws AppError `invalid_input` for the name or a commit id in `from`; `branch_not_found` and `commit_not_found` for the
 * source; `branch_exists`; `unsupported` for a commit with an older schema than main; `policy_denied`.
 */
export async function createBranch(
  graph: GraphContext,
  request: BranchCreateRequest,
): Promise<BranchCreateOutput> {
  graph.refuseClosed();
  const { fromCommit, actor = null } = request;
  const name = parseOwnBranchName(request.name);
  if (fromCommit !== undefined && request.from !== undefined) {
    throw new AppError(
      "invalid_input",
      "a branch starts at a branch or at a commit, not at both: leave out `from` or `from_commit`",
    );
  }
  const from = fromCommit === undefined
    ? parseBranchName(request.from ?? MAIN)
    : (await graph.parts.branches.forkPoint(fromCommit)).owner.ref.name;
  graph.require(actor, { action: "branch_create", branch: from, targetBranch: name });
  for (let attempt = 0; attempt < WRITE_ATTEMPTS_MAX; attempt++) {
    await refuseTaken(graph.parts, name);
    const { source, head } = await forkPoint(graph, from, fromCommit);
    const branch = graph.parts.branches.fork({ name, source, head, actor });
    const outcome = await nameBranch(graph.parts, branch);
    if (outcome === "taken" && await graph.parts.branches.find(name) !== null) throw branchExists(name);
    if (outcome === "named") {
      const at = fromCommit === undefined ? {} : { from_commit: fromCommit };
      return { uri: graph.parts.uri, from, ...at, name, actor_id: actor };
    }
  }
  throw new AppError(
    "write_conflict",
    `branch '${name}' could not be made: its source keeps changing, try again`,
  );
}

async function forkPoint(
  graph: GraphContext,
  from: string,
  commit: string | undefined,
): Promise<{ readonly source: BranchRef; readonly head: LoggedState }> {
  const { branches, main } = graph.parts;
  if (commit === undefined) {
    const branch = await branches.find(from);
    if (branch !== null) return { source: branch.ref, head: await branch.head.latest() };
    if (!isUlid(from)) throw branchNotFound(from);
    throw new AppError(
      "invalid_input",
      `'${from}' is a commit id: \`from\` takes a branch, to start at a commit pass \`from_commit\` (\`--from-commit\`)`,
    );
  }
  const { owner, state } = await branches.forkPoint(commit);
  const { schemaDigest } = (await main.head.latest()).commit;
  if (state.commit.schemaDigest === schemaDigest) return { source: owner.ref, head: state };
  throw new AppError(
    "unsupported",
    `commit '${commit}' has another schema than main, and all branches have one schema: start at a commit after the ` +
      "last schema change",
  );
}

/** Refuses a name that is taken, or that is a path inside a live branch, or around one. */
export async function refuseTaken({ store, branches }: BranchParts, name: string): Promise<void> {
  const names = await listBranches(store);
  if (names.includes(name) && await branches.find(name) !== null) throw branchExists(name);
  const other = findPathConflict(name, names);
  // Opening removes a ref that names no branch any more.
  if (other !== null && await branches.find(other) !== null) refusePathConflict(name, [other]);
}

/**
 * Gives an open branch its name, and makes it known. "taken" when a ref has the name, "void" when the source has changed or
 * ended: nothing is left of the branch then but what was written under its incarnation.
 *
 * @throws AppError `branch_exists` when a name inside this one, or around it, was made at the same time.
 */
export async function nameBranch(
  parts: BranchParts,
  branch: OpenBranch,
): Promise<"named" | "taken" | "void"> {
  const { store, branches, ports } = parts;
  const { ref, head: { known } } = branch;
  if (!await putRef(store, ref)) return "taken";
  await ports.failpoint("branch.stored");
  if (!await branches.holds(ref, known)) {
    await removeRef(store, ref);
    return "void";
  }
  await ports.failpoint("branch.checked");
  try {
    refusePathConflict(ref.name, await listBranches(store));
  } catch (error) {
    if (await endBranch(parts, branch, { onlyAt: known.slot })) throw error;
  }
  branches.register(branch);
  return "named";
}
