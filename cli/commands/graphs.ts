/** `omnigraph graphs …`. */
import type { Context } from "../context.ts";
import { findServer } from "../scope.ts";
import { bearerToken } from "../token.ts";
import { prettyOutput } from "../views/json.ts";

/** Lists the graphs of a server. */
export async function runGraphsList(context: Context): Promise<number> {
  const scope = findServer(context);
  const { listGraphs } = await import("../../core/api/remote.ts");
  const result = await listGraphs({ baseUrl: scope.baseUrl, token: bearerToken(context.env) });
  const lines = result.graphs.map((graph) => `${graph.graph_id}\t${graph.uri}\n`).join("");
  context.output.out(context.args.switches.has("json") ? prettyOutput(result) : lines);
  return 0;
}
