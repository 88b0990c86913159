/** `omnigraph ingest`, deprecated: a load with other defaults and the permissive parser. */
import type { LoadedType, LoadMode, LoadOutput } from "../../core/graph/graph.ts";
import { requireConsent } from "../consent.ts";
import type { Context } from "../context.ts";
import { readInputBytes } from "../source.ts";
import { withGraph, writeActor } from "../target.ts";
import { prettyOutput } from "../views/json.ts";

/** Ingests a file as one commit. */
export async function runIngest(context: Context): Promise<number> {
  const { values, switches, positionals } = context.args;
  const mode = (values.get("mode") ?? "merge") as LoadMode;
  const data = readInputBytes(context, values.get("data")!);
  const actor = await writeActor(context);
  if (mode === "overwrite") await requireConsent(context, "ingest --mode overwrite", positionals[0]);
  const branch = values.get("branch") ?? "main";
  const from = values.get("from") ?? "main";
  const result = await withGraph(
    context,
    { uri: positionals[0], echo: "ingest" },
    (graph) => graph.load({ data, mode, branch, from, actor, legacy: true }),
  );
  context.output.out(switches.has("json") ? prettyOutput(result) : ingestText(result));
  return 0;
}

function ingestText(result: LoadOutput): string {
  const { total_entities, uri, branch, base_branch, mode, branch_created, nodes, edges, actor_id } = result;
  const lines = [
    `ingested ${total_entities} entities from ${uri} into branch ${branch} from ${base_branch} with ${mode} ` +
    `(branch ${branch_created ? "created" : "exists"})`,
    ...nodes.map((type) => loadedLine("node", type)),
    ...edges.map((type) => loadedLine("edge", type)),
    ...(actor_id === null ? [] : [`actor_id: ${actor_id}`]),
  ];
  return lines.map((line) => line + "\n").join("");
}

function loadedLine(kind: "node" | "edge", { name, entities_loaded }: LoadedType): string {
  return `${kind} type '${name}': ${entities_loaded} entities loaded`;
}
