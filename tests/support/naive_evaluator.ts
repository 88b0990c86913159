/**
 * A second read evaluator, written straight from the language document and sharing no code with the product's: the
 * rows of a query over a graph of plain objects. It knows no full-text search and no ranking.
 */
import type { Projection, ProjectionExpr, TypedRead } from "../../core/query/typed.ts";
import type { Catalog } from "../../core/schema/catalog.ts";
import { jsonForm, type NaiveGraph, type NaiveValue, naiveValue } from "./naive_graph.ts";
import { type Assignment, compareValues, type NaiveContext, solutions, valueOf } from "./naive_match.ts";

/** One result row, by column name, in the JSON forms of the schema document. */
export type NaiveRow = Readonly<Record<string, NaiveValue>>;

/** A row before it is written: its values by column, and what breaks ties. */
interface Draft {
  readonly values: readonly NaiveValue[];
  readonly sortKeys: readonly NaiveValue[];
  readonly ties: readonly NaiveValue[];
}

/** The rows of a read query. `params` is the JSON object of the request. */
export function naiveRead(
  catalog: Catalog,
  graph: NaiveGraph,
  query: TypedRead,
  params: Readonly<Record<string, unknown>>,
  nowMs: number,
): NaiveRow[] {
  const bound = new Map(query.params.map(({ name, type }) => [name, naiveValue(type, params[name] ?? null)]));
  const context: NaiveContext = { catalog, graph, query, params: bound, nowMs };
  const matches = [...solutions(context, query.clauses)];
  const drafts = query.aggregate ? groups(context, matches) : matches.map((row) => draft(context, row));
  if (query.order.length > 0) drafts.sort((a, b) => compareDrafts(query, a, b));
  const limited = query.limit === null ? drafts : drafts.slice(0, query.limit);
  return limited.map(({ values }) =>
    Object.fromEntries(query.projections.map(({ column, type }, i) => [column, jsonForm(type, values[i]!)]))
  );
}

function draft(context: NaiveContext, row: Assignment): Draft {
  const { query } = context;
  const values: NaiveValue[] = [];
  for (const { expr } of query.projections) values.push(projected(context, expr, row, values));
  const sortKeys = query.order.map(({ by }) => {
    if (by.kind === "column") return values[by.index]!;
    if (by.kind === "property") return row.get(by.variable)!.values[by.property] ?? null;
    throw new Error(`the naive evaluator cannot rank by ${by.kind}`);
  });
  // Ties break by the id of every bound node and edge, variables in name order.
  const byName = [...query.outer].sort((a, b) =>
    query.variables[a]!.name < query.variables[b]!.name ? -1 : 1
  );
  return { values, sortKeys, ties: byName.map((variable) => row.get(variable)!.id) };
}

function projected(
  context: NaiveContext,
  expr: ProjectionExpr,
  row: Assignment,
  earlier: readonly NaiveValue[],
): NaiveValue {
  switch (expr.kind) {
    case "property":
    case "param":
    case "literal":
    case "now":
      return valueOf(context, expr, row);
    case "id":
      return row.get(expr.variable)!.id;
    case "alias":
      return earlier[expr.index]!;
    default:
      throw new Error(`the naive evaluator cannot project ${expr.kind}`);
  }
}

/** All projections but the aggregates form the group key; null is its own group. */
function groups(context: NaiveContext, matches: readonly Assignment[]): Draft[] {
  const { projections, order } = context.query;
  const isKey = ({ expr }: Projection) => expr.kind !== "aggregate";
  const groups = new Map<string, Assignment[]>();
  // No rows and no group key: one row.
  if (!projections.some(isKey)) groups.set("[]", []);
  for (const row of matches) {
    const key = projections.filter(isKey).map(({ expr }) => projected(context, expr, row, []));
    const text = JSON.stringify(key, (_, value) => typeof value === "bigint" ? `${value}n` : value);
    const group = groups.get(text);
    if (group === undefined) groups.set(text, [row]);
    else group.push(row);
  }
  return [...groups.values()].map((rows) => {
    const values = projections.map(({ expr }) =>
      expr.kind === "aggregate" ? aggregated(context, expr, rows) : projected(context, expr, rows[0]!, [])
    );
    const sortKeys = order.map(({ by }) => by.kind === "column" ? values[by.index]! : null);
    const ties = values.filter((_, i) => isKey(projections[i]!));
    return { values, sortKeys, ties };
  });
}

function aggregated(
  context: NaiveContext,
  { fn, arg }: ProjectionExpr & { kind: "aggregate" },
  rows: readonly Assignment[],
): NaiveValue {
  const values = rows.map((row) => projected(context, arg, row, [])).filter((value) => value !== null);
  if (fn === "count") return BigInt(values.length);
  if (values.length === 0) return null;
  const sum = () => values.map(Number).reduce((a, b) => a + b, 0);
  switch (fn) {
    case "sum":
      return sum();
    case "avg":
      return sum() / values.length;
    case "min":
      return values.reduce((a, b) => compareValues(b, a) < 0 ? b : a);
    case "max":
      return values.reduce((a, b) => compareValues(b, a) > 0 ? b : a);
  }
}

/** Null is smallest: first ascending, last descending. */
function compareDrafts({ order }: TypedRead, a: Draft, b: Draft): number {
  for (const [i, { descending }] of order.entries()) {
    const sign = compareValues(a.sortKeys[i]!, b.sortKeys[i]!);
    if (sign !== 0) return descending ? -sign : sign;
  }
  for (const [i, left] of a.ties.entries()) {
    const sign = compareValues(left, b.ties[i]!);
    if (sign !== 0) return sign;
  }
  return 0;
}
