/** `omnigraph lint`. */
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import type { SourceText } from "../../core/base/span.ts";
import { AppError } from "../../core/errors.ts";
import { compileFile } from "../../core/query/compile.ts";
import { lintFile, type LintReport, type SchemaSource } from "../../core/query/lint.ts";
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
  const check = async (catalog: Catalog, from: SchemaSource) => {
    const report = lintFile(catalog, source, from);
    context.output.out(switches.has("json") ? prettyOutput(report) : lintText(report));
    if (switches.has("github")) {
      const { annotate } = await import("../github.ts");
      await annotate(context, [...compileFile(catalog, source).diagnostics, ...fileFindings(report, source)]);
    }
    return report.status === "ok" ? 0 : 1;
  };
  return schema === undefined
    ? await withStoredGraph(
      context,
      positionals[0],
      (graph) => check(graph.accepted().catalog, { kind: "graph", uri: graph.uri }),
    )
    : await check(await schemaFile(context, schema), { kind: "file", path: schema });
}

/** The findings about a whole file as diagnostics; syntax errors have one with its place already. */
function fileFindings({ findings, query_path: path }: LintReport, source: SourceText): Diagnostic[] {
  return findings.flatMap(({ code, severity, message }) =>
    code === "Q000" || severity === "info" ? [] : [{ code, severity, message, path, source }]
  );
}

async function schemaFile(context: Context, path: string): Promise<Catalog> {
  const { accepted, diagnostics } = checkSchema({ path, text: readInput(context, path) });
  if (accepted !== null) return accepted.catalog;
  if (context.args.switches.has("github")) {
    await (await import("../github.ts")).annotate(context, diagnostics);
  }
  throw new AppError(
    "schema_error",
    `schema \`${path}\` is not valid: queries cannot be checked against it`,
    {
      diagnostics,
    },
  );
}
