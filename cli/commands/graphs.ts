/** `omnigraph graphs …`. */
import { AppError } from "../../core/errors.ts";
import type { Context } from "../context.ts";
import { findScope } from "../scope.ts";
import { prettyOutput } from "../views/json.ts";

/** Lists the graphs of a server. */
export async function runGraphsList(context: Context): Promise<number> {
  const scope = findScope(context, undefined);
  if (scope.kind !== "server") {
    throw new AppError(
      "usage",
      "`graphs list` needs a server scope: pass `--server <url>`, it requires a server",
    );
  }
  const { listGraphs } = await import("../../core/api/remote.ts");
  const token = (context.env("OMNIGRAPH_BEARER_TOKEN") ?? "").trim();
  const result = await listGraphs({ baseUrl: scope.baseUrl, token: token === "" ? null : token });
  const lines = result.graphs.map((graph) => `${graph.graph_id}\t${graph.uri}\n`).join("");
  context.output.out(context.args.switches.has("json") ? prettyOutput(result) : lines);
  return 0;
}
