/**
 * The type checker: from a syntax tree and a catalog to a typed query. Rules run in source order and the first broken
 * one is reported; each rule lives in the file of its concern (`check_match.ts`, `check_filter.ts`, …).
 */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { SourceText } from "../base/span.ts";
import type { Catalog } from "../schema/catalog.ts";
import type { QuerySyntax, ReadSyntax } from "./ast.ts";
import { checkClauses } from "./check_match.ts";
import { checkStatements } from "./check_mutation.ts";
import { checkOrder } from "./check_order.ts";
import { checkParams } from "./check_params.ts";
import { ReturnChecker } from "./check_return.ts";
import { Scope } from "./scope.ts";
import { TypeFailure } from "./type_failure.ts";
import type { TypedQuery, TypedRead } from "./typed.ts";

/** A checked query, or why it is none. */
export type CheckResult =
  | { readonly query: TypedQuery; readonly diagnostic: null }
  | { readonly query: null; readonly diagnostic: Diagnostic };

/** Checks one query; never throws for bad input. The diagnostic's code is `T1` … `T24`, or `type_error`. */
export function checkQuery(catalog: Catalog, syntax: QuerySyntax, source: SourceText): CheckResult {
  try {
    return { query: checkBody(catalog, syntax), diagnostic: null };
  } catch (error) {
    if (!(error instanceof TypeFailure)) throw error;
    const { code, message, span, help } = error;
    const diagnostic: Diagnostic = {
      code: code ?? "type_error",
      severity: "error",
      message,
      path: source.path,
      span: { start: span.start, end: span.end },
      source,
      ...(help === undefined ? {} : { help }),
    };
    return { query: null, diagnostic };
  }
}

function checkBody(
  catalog: Catalog,
  { name, params, description, instruction, body }: QuerySyntax,
): TypedQuery {
  const declared = checkParams(params);
  const head = { name: name.text, params: [...declared.values()], description, instruction };
  const scope = new Scope(catalog, declared);
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
  const projections = returns.check(body.returns);
  const aggregate = projections.some(({ expr }) => expr.kind === "aggregate");
  const limit = body.limit === null ? null : Math.min(Number(body.limit), Number.MAX_SAFE_INTEGER);
  const context = { scope, returns, columns: projections, aggregate, hasLimit: limit !== null };
  const order = checkOrder(context, body.order);
  return { variables: scope.variables, outer: scope.own(), clauses, projections, aggregate, order, limit };
}
