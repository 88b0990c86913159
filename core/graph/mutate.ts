/** Mutations: a compiled query, its parameters and one write on a branch. */
import { replayedIds } from "../base/replayed_ids.ts";
import { bindParams } from "../query/params.ts";
import type { TypedMutation } from "../query/typed.ts";
import { MAIN, parseBranchName } from "./branch_name.ts";
import { schemaConflict } from "./conflicts.ts";
import type { ChangeOutput } from "./graph.ts";
import type { GraphContext } from "./graph_context.ts";
import { commitOutput } from "./results.ts";
import { isInsertOnly, stageMutation } from "./write/stage_mutation.ts";

/** Options of a mutation. */
export interface MutationOptions {
  readonly branch?: string;
  /** Change only on top of this commit. */
  readonly ifCommit?: string;
  readonly actor?: string | null;
}

/** Runs a mutation that the gate has allowed. `raw` are parameter values as they arrive. Throws what publishing throws. */
export async function mutateBranch(
  graph: GraphContext,
  query: TypedMutation,
  raw: unknown,
  options: MutationOptions,
): Promise<ChangeOutput> {
  const { actor = null, ifCommit } = options;
  const name = parseBranchName(options.branch ?? MAIN);
  const params = bindParams(query.params, raw);
  const branch = await graph.branch(name);
  const { clock, newId } = graph.parts.ports;
  const nowMs = clock.nowMs();
  const newIds = replayedIds(newId);
  let affected = { affectedNodes: 0, affectedEdges: 0 };
  const commit = await branch.writer.publish({
    operation: "mutation",
    actor,
    retry: isInsertOnly(query) ? "redo" : "fail",
    ...(ifCommit === undefined ? {} : { ifCommit }),
    stage: async (view) => {
      const { digest } = view.catalog;
      if (digest !== query.schemaDigest) throw schemaConflict(query.schemaDigest, digest);
      const staged = await stageMutation(view, query, params, { nowMs, newId: newIds() });
      affected = staged;
      return staged.changes;
    },
  });
  return {
    branch: name,
    query_name: query.name,
    affected_nodes: affected.affectedNodes,
    affected_edges: affected.affectedEdges,
    actor_id: actor,
    commit: commit === null ? null : commitOutput(commit),
  };
}
