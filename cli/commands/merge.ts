/** `omnigraph branch merge` and `omnigraph commit revert`. */
import type { BranchMergeOutput, RevertOutput } from "../../core/graph/graph.ts";
import type { Context } from "../context.ts";
import { withGraph, writeActor } from "../target.ts";
import { prettyOutput } from "../views/json.ts";

/** Merges a branch into another one; a source that could not be deleted afterwards is a warning. */
export async function runBranchMerge(context: Context): Promise<number> {
  const { positionals, values, switches } = context.args;
  const source = positionals[0]!;
  const target = values.get("into");
  const actor = await writeActor(context);
  const result = await withGraph(context, { echo: "branch merge" }, (graph) =>
    graph.mergeBranch({
      source,
      actor,
      ...(target === undefined ? {} : { target }),
      ...(switches.has("delete-branch") ? { deleteBranch: true } : {}),
    }));
  context.output.out(switches.has("json") ? prettyOutput(result) : mergeText(result));
  if (result.branch_deleted === false) {
    const reason = result.branch_delete_error ?? "no reason was given";
    context.output.note(`warning: could not delete branch '${result.source}': ${reason}`);
  }
  return 0;
}

/** Takes one commit back. */
export async function runCommitRevert(context: Context): Promise<number> {
  const { positionals, values, switches } = context.args;
  const branch = values.get("branch");
  const actor = await writeActor(context);
  const result = await withGraph(
    context,
    { echo: "commit revert" },
    (graph) =>
      graph.revertCommit({ commitId: positionals[0]!, actor, ...(branch === undefined ? {} : { branch }) }),
  );
  context.output.out(switches.has("json") ? prettyOutput(result) : revertText(result));
  return 0;
}

function mergeText({ source, target, outcome, branch_deleted }: BranchMergeOutput): string {
  const line = `merged ${source} into ${target}: ${outcome}\n`;
  return branch_deleted === true ? `${line}deleted branch ${source}\n` : line;
}

function revertText({ branch, reverted_commit_id, commit }: RevertOutput): string {
  const how = commit === null ? "nothing is left of it" : `commit ${commit.graph_commit_id}`;
  return `reverted ${reverted_commit_id} on ${branch}: ${how}\n`;
}
