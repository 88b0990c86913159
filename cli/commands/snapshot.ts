/** `omnigraph snapshot`. */
import type { SnapshotOutput } from "../../core/graph/graph.ts";
import type { Context } from "../context.ts";
import { readTarget } from "../read_target.ts";
import { withGraph } from "../target.ts";
import { prettyOutput } from "../views/json.ts";

/** Shows the tables of a branch head or of an earlier commit. */
export async function runSnapshot(context: Context): Promise<number> {
  const { positionals, switches } = context.args;
  const target = readTarget(context);
  const result = await withGraph(context, { uri: positionals[0] }, (graph) => graph.snapshot(target));
  context.output.out(switches.has("json") ? prettyOutput(result) : snapshotText(result));
  return 0;
}

function snapshotText(result: SnapshotOutput): string {
  const lines = [
    `graph_branch: ${result.graph_branch}`,
    `graph_manifest_version: ${result.graph_manifest_version}`,
    `internal_schema_version: ${result.internal_schema_version}`,
    ...result.datasets.map((table) =>
      `${table.entity_kind} type '${table.type_name}' published_dataset_version=${table.published_dataset_version} ` +
      `native_dataset_branch=${table.native_dataset_branch ?? "main"} entities=${table.entity_count}`
    ),
  ];
  return lines.map((line) => line + "\n").join("");
}
