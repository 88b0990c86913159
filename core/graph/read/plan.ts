/**
 * The plan of a read query: linked operators, what they need in memory, and how bindings become rows.
 *
 * A plan is made once per query, catalog and rough table sizes, and used again by every execution.
 */
import { must } from "../../base/assert.ts";
import type { ProjectionExpr, TypedRead, VariableId } from "../../query/typed.ts";
import type { Catalog, TypeKey } from "../../schema/catalog.ts";
import { AggregateOperator } from "./aggregate.ts";
import type { AggregateArg, AggregateColumn } from "./aggregate.ts";
import { planBlock, type Statistics } from "./block_plan.ts";
import { QueryTypes } from "./conditions.ts";
import { type BindingSink, CollectOperator, OrderOperator, type TieBreak } from "./order.ts";
import type { Operator } from "./pipeline.ts";
import { propertiesOf, resolveAlias, variablesOf } from "./projection.ts";
import { needsRanking, RankOperator } from "./rank.ts";
import { RowShape } from "./row_set.ts";
import { type Stage, StageCompiler } from "./stages.ts";
import type { TableNeed } from "./view.ts";

/** See the head of this file. */
export interface ReadPlan {
  readonly query: TypedRead;
  readonly catalog: Catalog;
  readonly needs: readonly TableNeed[];
  /** Sizes of the tables the plan was made for. */
  readonly sizes: ReadonlyMap<TypeKey, number>;
  /** The head of the pipeline: it takes one binding of nothing. */
  readonly first: Operator;
  /** All operators, inner ones included. */
  readonly operators: readonly Operator[];
  readonly sink: BindingSink | AggregateOperator;
  readonly shape: RowShape;
  /** Projections with aliases replaced by what they stand for. */
  readonly expressions: readonly ProjectionExpr[];
}

/** Makes the plan of a query. */
export function planRead(query: TypedRead, catalog: Catalog, statistics: Statistics): ReadPlan {
  const types = new QueryTypes(query, catalog);
  const stages = planBlock(types, statistics, query.clauses, []);
  const expressions = query.projections.map((_, index) => resolveAlias(query, index));
  const sink = query.aggregate ? aggregateSink(types, expressions) : bindingSink(types, expressions);
  const compiler = new StageCompiler(query.variables.length);
  const first = compiler.compile(stages, sink.operator, sink.variables);
  const needs = needsOf(types, stages, expressions);
  const sizes = new Map(needs.map(({ table }) => [table, statistics.rows(table)]));
  return {
    query,
    catalog,
    needs,
    sizes,
    first,
    operators: compiler.operators,
    sink: sink.operator,
    shape: new RowShape(query.projections.map(({ column }) => column)),
    expressions,
  };
}

/** The end of a pipeline and the variables it reads. */
interface Sink<O> {
  readonly operator: O;
  readonly variables: readonly VariableId[];
}

function bindingSink(types: QueryTypes, expressions: readonly ProjectionExpr[]): Sink<BindingSink> {
  const { query } = types;
  const returned = expressions.flatMap(variablesOf);
  const ties = query.order.length === 0 ? [] : tieBreaks(types);
  const variables = [...new Set([...returned, ...ties.map(({ variable }) => variable)])];
  if (needsRanking(query, expressions)) {
    return { operator: new RankOperator({ types, expressions, variables, ties }), variables };
  }
  if (query.order.length === 0) return { operator: new CollectOperator(variables, query.limit), variables };
  const keys = query.order.flatMap(({ by, descending }) => {
    if (by.kind === "property") return [{ ref: types.ref(by.variable, by.property), descending }];
    const expr = by.kind === "column" ? must(expressions[by.index], "the column exists") : null;
    if (expr?.kind === "property") return [{ ref: types.ref(expr.variable, expr.property), descending }];
    if (expr?.kind !== "id") return []; // a constant orders nothing
    const table = types.table(expr.variable);
    return [{ ref: { variable: expr.variable, table, property: "id", type: ID_TYPE }, descending }];
  });
  return { operator: new OrderOperator({ variables, keys, ties, limit: query.limit }), variables };
}

const ID_TYPE = { kind: "scalar", scalar: "String", enumValues: null } as const;

/** Ids break ties in the order of the variable names. */
function tieBreaks(types: QueryTypes): TieBreak[] {
  const variables = types.query.outer.map((id) => must(types.query.variables[id], "the variable exists"));
  const sorted = variables.sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  return sorted.map(({ id }) => ({ variable: id, table: types.table(id) }));
}

function aggregateSink(types: QueryTypes, expressions: readonly ProjectionExpr[]): Sink<AggregateOperator> {
  const columns = expressions.map((expr): AggregateColumn => {
    if (expr.kind === "aggregate") return { kind: "aggregate", fn: expr.fn, arg: argument(types, expr) };
    if (expr.kind === "property") {
      const { variable, property } = expr;
      return { kind: "key", variable, table: types.table(variable), property };
    }
    const variable = must(
      expr.kind === "id" ? expr.variable : null,
      "beside aggregates stand group keys only",
    );
    return { kind: "key", variable, table: types.table(variable), property: null };
  });
  return {
    operator: new AggregateOperator(columns),
    variables: [...new Set(expressions.flatMap(variablesOf))],
  };
}

function argument(types: QueryTypes, { arg }: ProjectionExpr & { kind: "aggregate" }): AggregateArg {
  let expr = arg;
  while (expr.kind === "alias") expr = resolveAlias(types.query, expr.index);
  switch (expr.kind) {
    case "property":
      return { kind: "property", ref: types.ref(expr.variable, expr.property) };
    case "id":
      return { kind: "rows" };
    case "now":
      return { kind: "rows" }; // an instant is never null, and has no sum or extremes
    default: {
      const constant = must(expr.kind === "param" || expr.kind === "literal" ? expr : null, "a constant");
      return { kind: "constant", expr: constant, type: constant.type };
    }
  }
}

/** Everything that the query reads, table by table. */
function needsOf(
  types: QueryTypes,
  stages: readonly Stage[],
  expressions: readonly ProjectionExpr[],
): TableNeed[] {
  const columns = new Map<TypeKey, Set<string>>();
  const walked = new Set<TypeKey>();
  const add = (table: TypeKey, property?: string) => {
    if (!columns.has(table)) columns.set(table, new Set());
    if (property !== undefined) columns.get(table)!.add(property);
  };
  for (const { id } of types.query.variables) add(types.table(id));
  const visit = (stage: Stage): void => {
    if (stage.kind === "product" || stage.kind === "not") return stage.stages.forEach(visit);
    if (stage.kind === "index") add(stage.ref.table, stage.ref.property);
    if (stage.kind === "filter") {
      for (const { refs } of stage.conditions) for (const ref of refs) add(ref.table, ref.property);
    }
    if ("hop" in stage) {
      add(`edge:${stage.hop.edge}`);
      walked.add(`edge:${stage.hop.edge}`);
    }
  };
  stages.forEach(visit);
  for (const { variable, property } of expressions.flatMap(propertiesOf)) {
    add(types.table(variable), property);
  }
  for (const { by } of types.query.order) {
    for (const { variable, property } of propertiesOf(by)) add(types.table(variable), property);
  }
  return [...columns].map(([table, names]) => {
    const need = { table, columns: [...names] };
    return walked.has(table) ? { ...need, adjacency: true } : need;
  });
}
