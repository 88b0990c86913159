/** Order and limit: what rows may be sorted by, and which rank functions need a limit (T17, T18, T21). */
import { didYouMean } from "../base/suggest.ts";
import { typeName, type ValueType } from "../schema/value_type.ts";
import type { AliasSyntax, ExprSyntax, OrderSyntax, PropertySyntax, VariableSyntax } from "./ast.ts";
import type { ReturnChecker } from "./check_return.ts";
import { checkRank } from "./check_search.ts";
import type { Scope } from "./scope.ts";
import { fail } from "./type_failure.ts";
import type { OrderKey, Projection } from "./typed.ts";

/** What the order block may refer to. */
export interface OrderContext {
  readonly scope: Scope;
  readonly returns: ReturnChecker;
  readonly columns: readonly Projection[];
  /** Whether rows are groups. */
  readonly aggregate: boolean;
  readonly hasLimit: boolean;
}

/** All order entries. */
export function checkOrder(context: OrderContext, entries: readonly OrderSyntax[]): OrderKey[] {
  const { problems } = context.scope;
  const check = (entry: OrderSyntax, index: number): OrderKey => {
    const by = checkEntry(context, entry.expr);
    if (isRank(entry.expr) && index > 0) {
      fail(null, `\`${entry.expr.kind}(…)\` must be the first order entry`, entry.expr);
    }
    // A rank expression always puts the best rows first, whatever direction is written.
    return { by, descending: entry.descending && !isRank(entry.expr) };
  };
  const keys = entries.map((entry, index) => problems.attempt(() => check(entry, index)));
  const alias = entries.find(({ expr }) => expr.kind === "alias");
  if (alias !== undefined && entries.some(({ expr }) => expr.kind === "nearest")) {
    fail(
      "T18",
      "an alias cannot be ordered by beside a standalone `nearest`",
      alias,
      "order by the property itself",
    );
  }
  return keys.filter((key) => key !== null);
}

function checkEntry(context: OrderContext, syntax: ExprSyntax): OrderKey["by"] {
  switch (syntax.kind) {
    case "property":
      return checkProperty(context, syntax);
    case "alias":
      return checkAlias(context, syntax);
    case "variable":
      return checkVariable(context, syntax);
    case "nearest":
    case "bm25":
    case "rrf": {
      if (context.aggregate) return unsupported(syntax, "aggregate queries are ordered by their columns");
      const rank = checkRank(context.scope, syntax);
      requireLimit(context, syntax.kind, syntax);
      return rank;
    }
    case "aggregate":
      return unsupported(syntax, "give the aggregate an alias in return and order by that");
    default:
      return unsupported(syntax);
  }
}

/** `$x.p`; in an aggregate query it must be a returned group key. */
function checkProperty({ scope, returns, aggregate }: OrderContext, syntax: PropertySyntax): OrderKey["by"] {
  const { variable, property } = scope.property(syntax, "T6");
  refuseUnordered(property.type, syntax);
  if (!aggregate) {
    return { kind: "property", variable: variable.id, property: property.name, type: property.type };
  }
  const index = returns.keyColumn(variable.id, property.name);
  return index === undefined
    ? unsupported(syntax, "return it as a group key to order by it")
    : { kind: "column", index };
}

function checkAlias(context: OrderContext, syntax: AliasSyntax): OrderKey["by"] {
  const index = context.returns.columnOf(syntax.text);
  if (index === undefined) {
    context.scope.problems.refuseBroken(syntax.text);
    const isVariable = context.scope.find(syntax.text) !== undefined;
    const help = isVariable
      ? `order by one of its properties: \`$${syntax.text}.…\``
      : () => didYouMean(syntax.text, context.returns.aliases());
    return fail(null, `alias '${syntax.text}' not found for ordering`, syntax, help);
  }
  const column = context.columns[index]!;
  refuseUnordered(column.type, syntax);
  const expr = context.returns.resolved(index);
  if (expr.kind === "nearest" || expr.kind === "rrf") requireLimit(context, expr.kind, syntax);
  return { kind: "column", index };
}

/** A bare `$x` can be ordered by only as a returned group key. */
function checkVariable({ scope, returns, aggregate }: OrderContext, syntax: VariableSyntax): OrderKey["by"] {
  const variable = scope.params.has(syntax.text) ? undefined : scope.find(syntax.text);
  if (variable?.kind === "edge") fail("T23", `edge variable \`$${syntax.text}\` cannot be used bare`, syntax);
  const index = variable === undefined ? undefined : returns.keyColumn(variable.id);
  if (aggregate && index !== undefined) return { kind: "column", index };
  if (variable === undefined && !scope.params.has(syntax.text)) return scope.unbound(syntax.text, syntax);
  return unsupported(syntax, "order by a property or by an alias");
}

/** `nearest` and `rrf` select the best rows, so they need to know how many: T17, T21. */
function requireLimit({ hasLimit }: OrderContext, fn: "nearest" | "bm25" | "rrf", syntax: ExprSyntax): void {
  if (hasLimit || fn === "bm25") return;
  fail(fn === "nearest" ? "T17" : "T21", `ordering by \`${fn}\` needs a \`limit\``, syntax);
}

function refuseUnordered(type: ValueType, syntax: ExprSyntax): void {
  if (type.kind === "scalar" && type.scalar === "Blob") fail("T24", "a Blob cannot be ordered by", syntax);
  if (type.kind === "scalar") return;
  unsupported(syntax, `values of type ${typeName(type)} have no order`);
}

function unsupported(syntax: ExprSyntax, help?: string): never {
  return fail(null, "unsupported ordering expression", syntax, help);
}

function isRank(syntax: ExprSyntax): boolean {
  return syntax.kind === "nearest" || syntax.kind === "bm25" || syntax.kind === "rrf";
}
