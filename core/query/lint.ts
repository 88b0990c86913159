/**
 * Lint: checks all queries of a file against a schema and says what each does. The report has the members, in this
 * order, of the JSON that people and CI get; members that would be empty are absent.
 */
import { type Diagnostic, explain } from "../base/diagnostic.ts";
import type { SourceText } from "../base/span.ts";
import type { Catalog, NodeType } from "../schema/catalog.ts";
import type { QuerySyntax } from "./ast.ts";
import { checkQuery } from "./check.ts";
import { describeOperation, type Operation } from "./operation.ts";
import { parseFile } from "./parser.ts";
import type { TypedQuery } from "./typed.ts";

/** Where the schema came from. */
export type SchemaSource =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "graph"; readonly uri: string };

/** What lint says about one query. */
export interface QueryResult {
  readonly name: string;
  readonly kind: "read" | "mutation";
  readonly status: "ok" | "error";
  readonly warnings?: readonly string[];
  /** The first broken rule and its place; with status `error`. */
  readonly error?: string;
  /** With status `ok`. */
  readonly operation?: Operation;
}

/** What lint says about a file as a whole. */
export interface LintFinding {
  readonly severity: "error" | "warning" | "info";
  /** `Q000`: the file is not well-formed. `L101`: it declares no query. `L201`: a nullable property that no update sets. */
  readonly code: "Q000" | "L101" | "L201";
  readonly message: string;
  readonly type_name?: string;
  readonly property?: string;
  /** Sorted. */
  readonly query_names?: readonly string[];
}

/** The report on one file. */
export interface LintReport {
  readonly status: "ok" | "error";
  readonly schema_source: SchemaSource;
  readonly query_path: string;
  readonly queries_processed: number;
  /** Failed queries and error findings. */
  readonly errors: number;
  /** Warnings of queries and warning findings. */
  readonly warnings: number;
  readonly infos: number;
  /** In file order. */
  readonly results: readonly QueryResult[];
  /** By severity, type, property, message. */
  readonly findings: readonly LintFinding[];
}

const NO_PARAMS = "mutation declares no params: hardcoded values are easy to miss in a review";

const EMPTY: LintFinding = { severity: "warning", code: "L101", message: "the file declares no query" };

/** Checks a whole file; never throws for bad input. */
export function lintFile(catalog: Catalog, source: SourceText, schemaSource: SchemaSource): LintReport {
  const parsed = parseFile(source);
  const [broken] = parsed.diagnostics;
  if (broken !== undefined) return report(source, schemaSource, [], [syntaxFinding(broken)]);
  const results: QueryResult[] = [];
  const valid: TypedQuery[] = [];
  for (const syntax of parsed.queries) {
    const { query, diagnostic } = checkQuery(catalog, syntax, source);
    const head = { name: syntax.name.text, kind: syntax.body.kind };
    const warnings = warningsOf(syntax);
    if (query === null) results.push({ ...head, status: "error", ...warnings, error: explain(diagnostic) });
    else {
      valid.push(query);
      results.push({ ...head, status: "ok", ...warnings, operation: describeOperation(catalog, query) });
    }
  }
  return report(
    source,
    schemaSource,
    results,
    results.length === 0 ? [EMPTY] : coverageFindings(catalog, valid),
  );
}

function report(
  source: SourceText,
  schemaSource: SchemaSource,
  results: readonly QueryResult[],
  findings: readonly LintFinding[],
): LintReport {
  const found = (severity: LintFinding["severity"]) =>
    findings.filter((one) => one.severity === severity).length;
  const errors = results.filter(({ status }) => status === "error").length + found("error");
  const warnings = results.reduce((sum, one) => sum + (one.warnings?.length ?? 0), 0) + found("warning");
  return {
    status: errors > 0 ? "error" : "ok",
    schema_source: schemaSource,
    query_path: source.path,
    queries_processed: results.length,
    errors,
    warnings,
    infos: found("info"),
    results,
    findings,
  };
}

function syntaxFinding(diagnostic: Diagnostic): LintFinding {
  return { severity: "error", code: "Q000", message: explain(diagnostic) };
}

function warningsOf({ params, body }: QuerySyntax): Pick<QueryResult, "warnings"> {
  return body.kind === "mutation" && params.length === 0 ? { warnings: [NO_PARAMS] } : {};
}

/**
 * `L201`: where a file has updates of a node type, its nullable properties that none of them sets. Keys cannot be updated,
 * and embedded vectors are set by the embedding. Types and properties of a catalog come in the order of their names,
 * and all findings are warnings, so they need no sorting.
 */
function coverageFindings(catalog: Catalog, queries: readonly TypedQuery[]): LintFinding[] {
  const findings: LintFinding[] = [];
  for (const type of catalog.nodes.values()) {
    const { names, assigned } = updatesOf(type, queries);
    if (names.length === 0) continue;
    for (const { name, nullable, embed } of type.properties) {
      const isKey = type.keyProperties?.includes(name) ?? false;
      if (!nullable || isKey || embed !== null || assigned.has(name)) continue;
      findings.push({
        severity: "warning",
        code: "L201",
        message: `${type.name}.${name} exists in schema but no update query sets it`,
        type_name: type.name,
        property: name,
        query_names: names,
      });
    }
  }
  return findings;
}

/** The queries that update a type, by name, and the properties that they set together. */
function updatesOf(
  type: NodeType,
  queries: readonly TypedQuery[],
): { names: readonly string[]; assigned: ReadonlySet<string> } {
  const names = new Set<string>();
  const assigned = new Set<string>();
  for (const query of queries) {
    if (query.kind === "read") continue;
    for (const statement of query.statements) {
      if (statement.kind !== "update" || statement.typeName !== type.name) continue;
      names.add(query.name);
      for (const { property } of statement.assignments) assigned.add(property);
    }
  }
  return { names: [...names].sort(), assigned };
}
