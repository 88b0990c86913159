/** `omnigraph load`. */
import { AppError } from "../../core/errors.ts";
import type { LoadMode, LoadOutput } from "../../core/graph/graph.ts";
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
  const result = await withGraph(context, { uri: positionals[0], echo: "load" }, (graph, target) => {
    if (mode === "overwrite" && target.access !== "direct, local" && !switches.has("yes")) {
      throw new AppError(
        "usage",
        "refusing destructive `load --mode overwrite` on a target that is not local: pass `--yes`",
      );
    }
    return graph.load({
      data,
      mode,
      actor,
      ...(branch === undefined ? {} : { branch }),
      ...(from === undefined ? {} : { from }),
    });
  });
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
