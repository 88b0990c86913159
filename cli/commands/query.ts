/** `omnigraph query`. */
import { parseJson } from "../../core/base/lossless_json.ts";
import type { ReadOutput } from "../../core/graph/graph.ts";
import type { Context } from "../context.ts";
import { readTarget } from "../read_target.ts";
import { askedQuery } from "../source.ts";
import { withGraph, withStoredQueries } from "../target.ts";
import { type PlainRead, type ReadFormat, renderRead } from "../views/read_formats.ts";

/** Runs a read query, ad hoc or stored, and prints its rows. */
export async function runQuery(context: Context): Promise<number> {
  const asked = askedQuery(context);
  const target = readTarget(context);
  const show = await chosenView(context);
  await withGraph(context, {}, async (graph) => {
    const result = asked.kind === "source"
      ? await graph.query({ ...asked.request, ...target })
      : await withStoredQueries(graph, asked.name).invokeRead(asked.name, {
        params: asked.params,
        ...target,
      });
    context.output.out(show(plain(result)));
  });
  return 0;
}

/** How the result is shown: the flags win over the operator config. */
async function chosenView(context: Context): Promise<(result: PlainRead) => string> {
  if (context.args.switches.has("json")) return (result) => renderRead(result, "json");
  const flag = context.args.values.get("format") as ReadFormat | undefined;
  // Other formats than a table have nothing to configure.
  if (flag !== undefined && flag !== "table") return (result) => renderRead(result, flag);
  const { readOperatorConfig } = await import("../operator.ts");
  const { output, table } = readOperatorConfig(context).defaults;
  return (result) => renderRead(result, flag ?? output ?? "table", table);
}

function plain(result: ReadOutput): PlainRead {
  const rows = parseJson(result.rows.toJsonText()) as unknown as PlainRead["rows"];
  const { query_name, target, row_count, columns, graph_commit_id } = result;
  return { query_name, target, row_count, columns, rows, graph_commit_id };
}
