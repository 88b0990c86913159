/** `omnigraph load`. */
import type { LoadMode, LoadOutput } from "../../core/graph/graph.ts";
import { requireConsent } from "../consent.ts";
import type { Context } from "../context.ts";
import { readInputBytes } from "../source.ts";
import { withGraph, writeActor } from "../target.ts";
import { prettyOutput } from "../views/json.ts";

/** Loads an NDJSON file as one commit. */
export async function runLoad(context: Context): Promise<number> {
  const { values, switches, positionals } = context.args;
  const mode = values.get("mode") as LoadMode;
  const data = readInputBytes(context, values.get("data")!);
  const branch = values.get("branch");
  const from = values.get("from");
  const actor = await writeActor(context);
  if (mode === "overwrite") await requireConsent(context, "load --mode overwrite", positionals[0]);
  const result = await withGraph(context, { uri: positionals[0], echo: "load" }, (graph) =>
    graph.load({
      data,
      mode,
      actor,
      ...(branch === undefined ? {} : { branch }),
      ...(from === undefined ? {} : { from }),
    }));
  context.output.out(
    switches.has("json") ? prettyOutput(loadJson(result, from !== undefined)) : loadText(result),
  );
  return 0;
}

function loadJson(result: LoadOutput, named: boolean): unknown {
  const { uri, branch, mode, base_branch, branch_created, nodes, edges, total_entities, commit } = result;
  return {
    uri,
    branch,
    mode,
    ...(named ? { base_branch } : {}),
    branch_created,
    nodes,
    edges,
    total_entities,
    commit,
  };
}

function loadText(result: LoadOutput): string {
  const line =
    `loaded ${result.uri} on branch ${result.branch} with ${result.mode}: ${result.total_entities} entities ` +
    `across ${result.nodes.length} node types and ${result.edges.length} edge types\n`;
  return result.branch_created ? `${line}branch ${result.branch} created from ${result.base_branch}\n` : line;
}
