/**
 * Reverts: the inverse of one commit as a new commit. What the commit inserted goes, what it updated or deleted is as
 * before, unless it was changed since: a merge whose base is the commit and whose source is the commit's first parent.
 */
import { INLINE_MERGE_BYTES_MAX } from "../../base/limits.ts";
import { AppError } from "../../errors.ts";
import { MAIN, parseBranchName } from "../branch_name.ts";
import type { RevertOutput } from "../graph.ts";
import type { GraphContext } from "../graph_context.ts";
import { type CommitPlace, firstParent } from "../lineage.ts";
import { commitOutput } from "../results.ts";
import { openCommit } from "../snapshot.ts";
import { stageMerge } from "./stage.ts";

/** A revert as it is asked for. */
export interface RevertRequest {
  /** A commit of any live branch. */
  readonly commitId: string;
  /** Branch that gets the new commit, default `main`. */
  readonly branch?: string;
  readonly actor?: string | null;
}

/**
 * Takes one commit back on a branch. There is no commit when nothing is left of it.
 *
 * @throws AppError `commit_not_found`, `branch_not_found`, `policy_denied`; `invalid_input` for a commit without parent
 * and for a schema change; `merge_conflict` when something it touched was changed since, or when the result breaks a
 * constraint; `write_conflict`. Nothing has changed then.
 */
export async function revertCommit(graph: GraphContext, request: RevertRequest): Promise<RevertOutput> {
  const { commitId, actor = null } = request;
  const name = parseBranchName(request.branch ?? MAIN);
  graph.require(actor, { action: "change", branch: name });
  const branch = await graph.branch(name);
  const { reverted, before } = await placesOf(graph, commitId);
  const [base, source] = await Promise.all([stateAt(reverted), stateAt(before)]);
  const commit = await branch.writer.publish({
    operation: "revert",
    actor,
    retry: "fail",
    capture: "turn",
    inlineBytesMax: INLINE_MERGE_BYTES_MAX,
    stage: async (view) => {
      const { known } = branch.head;
      const target = { view, state: known.commit.id === view.commit.id ? known : null };
      const changes = await stageMerge(graph.parts, { base, source, target, commits: [reverted.commit] });
      return changes.size === 0 ? null : changes;
    },
  });
  return {
    branch: name,
    reverted_commit_id: commitId,
    actor_id: actor,
    commit: commit === null ? null : commitOutput(commit),
  };
}

async function placesOf(
  graph: GraphContext,
  commitId: string,
): Promise<{ readonly reverted: CommitPlace; readonly before: CommitPlace }> {
  const reverted = await graph.parts.branches.place(commitId);
  const before = await firstParent(reverted);
  if (before === null) {
    throw new AppError(
      "invalid_input",
      `commit '${commitId}' is the first one of the graph: it has no inverse`,
    );
  }
  if (reverted.commit.operation === "schema_apply") {
    throw new AppError(
      "invalid_input",
      `commit '${commitId}' changed the schema: apply the schema you want instead of reverting it`,
    );
  }
  return { reverted, before };
}

function stateAt({ source, logged, commit }: CommitPlace): ReturnType<typeof openCommit> {
  return openCommit(source, logged, commit);
}
