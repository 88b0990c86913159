/** `omnigraph schema …`. */
import type { Context } from "../context.ts";
import { withStoredGraph } from "../direct.ts";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { refuseClusterManaged } from "../cluster_managed.ts";
import { findScope } from "../scope.ts";
import { readInput } from "../source.ts";
import { withGraph, writeActor } from "../target.ts";
import { prettyOutput } from "../views/json.ts";

/** Prints the accepted schema source. */
export async function runSchemaShow(context: Context): Promise<number> {
  const result = await withGraph(context, { uri: context.args.positionals[0] }, (graph) => graph.schema());
  const source = result.schema_source.endsWith("\n") ? result.schema_source : result.schema_source + "\n";
  context.output.out(context.args.switches.has("json") ? prettyOutput(result) : source);
  return 0;
}

/** Shows how a schema file would change the graph; writes nothing. An unsupported plan is an answer, not a failure. */
export async function runSchemaPlan(context: Context): Promise<number> {
  const { requirePlan } = await import("../../core/schema/plan.ts");
  const { schemaPlanText } = await import("../views/schema.ts");
  const { renderDiagnostic } = await import("../../core/base/report.ts");
  const { positionals, switches, values } = context.args;
  const path = values.get("schema")!;
  const desired = { path, text: readInput(context, path) };
  const allowDataLoss = switches.has("allow-data-loss");
  return await withStoredGraph(context, positionals[0], (graph) => {
    const { supported, steps, diagnostics } = requirePlan(graph.accepted(), desired, { allowDataLoss });
    for (const warning of diagnostics) context.output.note(renderDiagnostic(warning));
    const { uri } = graph;
    const result = { uri, supported, step_count: steps.length, steps };
    context.output.out(switches.has("json") ? prettyOutput(result) : schemaPlanText(result));
    return 0;
  });
}

/** Changes the schema of a graph; refused inside a cluster, whose schemas only `cluster apply` changes. */
export async function runSchemaApply(context: Context): Promise<number> {
  const { parseStorageUri } = await import("../../core/storage/uri.ts");
  const { schemaApplyText } = await import("../views/schema.ts");
  const { renderDiagnostic } = await import("../../core/base/report.ts");
  const { positionals, switches, values } = context.args;
  const path = values.get("schema")!;
  const source = { path, text: readInput(context, path) };
  const allowDataLoss = switches.has("allow-data-loss");
  const onWarning = (warning: Diagnostic) => context.output.note(renderDiagnostic(warning));
  const scope = findScope(context, positionals[0]);
  if (scope.kind === "store") await refuseClusterManaged(parseStorageUri(scope.uri, context.cwd));
  const actor = await writeActor(context);
  const result = await withGraph(
    context,
    { uri: positionals[0], echo: "schema apply" },
    (graph) => graph.applySchema({ source, allowDataLoss, actor, onWarning }),
  );
  context.output.out(switches.has("json") ? prettyOutput(result) : schemaApplyText(result));
  return 0;
}
