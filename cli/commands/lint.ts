/** `omnigraph lint`. */
import { AppError } from "../../core/errors.ts";
import { lintFile, type LintReport } from "../../core/query/lint.ts";
import { checkSchema } from "../../core/schema/accept.ts";
import type { Catalog } from "../../core/schema/catalog.ts";
import type { Context } from "../context.ts";
import { withStoredGraph } from "../direct.ts";
import { readInput } from "../source.ts";
import { prettyOutput } from "../views/json.ts";
import { lintText } from "../views/lint.ts";

/** Checks a query file against a schema file, or else against the accepted schema of a graph. Errors exit 1. */
export async function runLint(context: Context): Promise<number> {
  const { positionals, switches, values } = context.args;
  const path = values.get("query")!;
  const source = { path, text: readInput(context, path) };
  const schema = values.get("schema");
  const report: LintReport = schema === undefined
    ? await withStoredGraph(
      context,
      positionals[0],
      (graph) => lintFile(graph.accepted().catalog, source, { kind: "graph", uri: graph.uri }),
    )
    : lintFile(schemaFile(context, schema), source, { kind: "file", path: schema });
  context.output.out(switches.has("json") ? prettyOutput(report) : lintText(report));
  return report.status === "ok" ? 0 : 1;
}

function schemaFile(context: Context, path: string): Catalog {
  const { accepted, diagnostics } = checkSchema({ path, text: readInput(context, path) });
  if (accepted !== null) return accepted.catalog;
  throw new AppError(
    "schema_error",
    `schema \`${path}\` is not valid: queries cannot be checked against it`,
    {
      diagnostics,
    },
  );
}
