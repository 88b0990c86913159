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
  const { uri, id } = commitArgument(context);
  const result = await withGraph(context, { uri }, (graph) => graph.commit(id));
  context.output.out(context.args.switches.has("json") ? prettyOutput(result) : commitText(result));
  return 0;
}

/** `[URI] COMMIT_ID`. */
export function commitArgument({ args: { positionals } }: Context): { uri: string | undefined; id: string } {
  const [first, second] = positionals as [string, string?];
  return second === undefined ? { uri: undefined, id: first } : { uri: first, id: second };
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
