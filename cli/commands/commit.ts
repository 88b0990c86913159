/** `omnigraph commit …`. */
import type { CommitOutput } from "../../core/graph/graph.ts";
import type { Context } from "../context.ts";
import { withGraph } from "../target.ts";
import { prettyOutput } from "../views/json.ts";

/** Lists the commits of a branch, newest first. */
export async function runCommitList(context: Context): Promise<number> {
  const { positionals, values, switches } = context.args;
  const result = await withGraph(
    context,
    { uri: positionals[0] },
    (graph) => graph.commits(values.get("branch")),
  );
  context.output.out(switches.has("json") ? prettyOutput(result) : result.commits.map(commitLine).join(""));
  return 0;
}

/** Shows one commit. */
export async function runCommitShow(context: Context): Promise<number> {
  const result = await withGraph(context, {}, (graph) => graph.commit(context.args.positionals[0]!));
  context.output.out(context.args.switches.has("json") ? prettyOutput(result) : commitText(result));
  return 0;
}

function commitLine(commit: CommitOutput): string {
  const actor = commit.actor_id === null ? "" : ` actor=${commit.actor_id}`;
  return `${commit.graph_commit_id} graph_branch=${commit.graph_branch ?? "main"} ` +
    `graph_manifest_version=${commit.graph_manifest_version}${actor}\n`;
}

function commitText(commit: CommitOutput): string {
  const shown = { ...commit, graph_branch: commit.graph_branch ?? "main" };
  return Object.entries(shown).filter(([, value]) => value !== null).map(([key, value]) =>
    `${key}: ${value}\n`
  ).join("");
}
