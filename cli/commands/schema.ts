/** `omnigraph schema …`. */
import type { Context } from "../context.ts";
import { withGraph } from "../target.ts";
import { prettyOutput } from "../views/json.ts";

/** Prints the accepted schema source. */
export async function runSchemaShow(context: Context): Promise<number> {
  const result = await withGraph(context, { uri: context.args.positionals[0] }, (graph) => graph.schema());
  const source = result.schema_source.endsWith("\n") ? result.schema_source : result.schema_source + "\n";
  context.output.out(context.args.switches.has("json") ? prettyOutput(result) : source);
  return 0;
}
