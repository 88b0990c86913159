/** What projections and order entries refer to. */
import { must } from "../../base/assert.ts";
import type { OrderKey, ProjectionExpr, TypedRead, VariableId } from "../../query/typed.ts";

/** A property that an expression reads. */
export interface PropertyUse {
  readonly variable: VariableId;
  readonly property: string;
}

/** The expression of a column; an alias is replaced by what it stands for. */
export function resolveAlias(query: TypedRead, index: number): ProjectionExpr {
  let { expr } = must(query.projections[index], "the column exists");
  while (expr.kind === "alias") expr = must(query.projections[expr.index], "aliases name columns").expr;
  return expr;
}

/** Properties that an expression or an order entry reads. */
export function propertiesOf(expr: ProjectionExpr | OrderKey["by"]): PropertyUse[] {
  switch (expr.kind) {
    case "property":
      return [{ variable: expr.variable, property: expr.property }];
    case "aggregate":
      return propertiesOf(expr.arg);
    case "search":
    case "nearest":
    case "bm25":
      return propertiesOf(expr.field);
    case "rrf":
      return expr.arms.flatMap(propertiesOf);
    default:
      return [];
  }
}

/** Variables that an expression reads. */
export function variablesOf(expr: ProjectionExpr): VariableId[] {
  if (expr.kind === "id") return [expr.variable];
  if (expr.kind === "aggregate") return variablesOf(expr.arg);
  return propertiesOf(expr).map(({ variable }) => variable);
}
