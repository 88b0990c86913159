/**
 * The type checker: from a syntax tree and a catalog to a typed query. Rules run in source order and all broken ones
 * are reported; each rule lives in the file of its concern (`check_match.ts`, `check_filter.ts`, …).
 */
import { must } from "../base/assert.ts";
import type { Diagnostic } from "../base/diagnostic.ts";
import { DIAGNOSTICS_MAX } from "../base/limits.ts";
import type { SourceText } from "../base/span.ts";
import type { Catalog } from "../schema/catalog.ts";
import type { QuerySyntax, ReadSyntax } from "./ast.ts";
import { checkClauses } from "./check_match.ts";
import { checkStatements } from "./check_mutation.ts";
import { checkOrder } from "./check_order.ts";
import { checkParams } from "./check_params.ts";
import { ReturnChecker } from "./check_return.ts";
import { Problems } from "./problems.ts";
import { Scope } from "./scope.ts";
import type { TypedQuery, TypedRead } from "./typed.ts";

/** A checked query, or why it is none. */
export type CheckResult =
  | { readonly query: TypedQuery; readonly diagnostic: null; readonly diagnostics: readonly [] }
  | {
    readonly query: null;
    /** The first of `diagnostics`. */
    readonly diagnostic: Diagnostic;
    /** In source order, at least one. */
    readonly diagnostics: readonly Diagnostic[];
  };

/**
 * Checks one query; never throws for bad input. Codes of diagnostics are `T1` … `T24`, or `type_error`; at most `max` of
 * them come back, and at least one when the query is wrong.
 */
export function checkQuery(
  catalog: Catalog,
  syntax: QuerySyntax,
  source: SourceText,
  max: number = DIAGNOSTICS_MAX,
): CheckResult {
  const problems = new Problems(source, Math.max(1, max));
  const query = problems.attempt(() => checkBody(catalog, syntax, problems));
  if (query !== null && problems.count === 0) return { query, diagnostic: null, diagnostics: [] };
  const diagnostics = problems.inOrder();
  const diagnostic = must(diagnostics[0], "an echo follows a reported mistake");
  return { query: null, diagnostic, diagnostics };
}

function checkBody(
  catalog: Catalog,
  { name, params, description, instruction, body }: QuerySyntax,
  problems: Problems,
): TypedQuery {
  const declared = checkParams(params, problems);
  const head = {
    name: name.text,
    schemaDigest: catalog.digest,
    params: [...declared.values()],
    description,
    instruction,
  };
  const scope = new Scope(catalog, declared, problems);
  if (body.kind === "read") return { kind: "read", ...head, ...checkRead(scope, body) };
  return { kind: "mutation", ...head, statements: checkStatements(scope, name, body.statements) };
}

type ReadBody = Pick<
  TypedRead,
  "variables" | "outer" | "clauses" | "projections" | "aggregate" | "order" | "limit"
>;

function checkRead(scope: Scope, body: ReadSyntax): ReadBody {
  const clauses = checkClauses(scope, body.match);
  const returns = new ReturnChecker(scope);
  const before = scope.problems.count;
  const projections = returns.check(body.returns);
  const aggregate = body.returns.some(({ expr }) => expr.kind === "aggregate");
  const limit = body.limit === null ? null : Math.min(Number(body.limit), Number.MAX_SAFE_INTEGER);
  const context = { scope, returns, columns: projections, aggregate, hasLimit: limit !== null };
  // Groups are ordered by what they return: where a column is missing, nothing can be said about their order.
  const judged = !aggregate || scope.problems.count === before;
  const order = judged ? checkOrder(context, body.order) : [];
  return { variables: scope.variables, outer: scope.own(), clauses, projections, aggregate, order, limit };
}
