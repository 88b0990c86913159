/** Runs read queries: finds or makes the plan, loads what it needs, then executes without waiting for anything. */
import { assert, must } from "../../base/assert.ts";
import type { BoundParams, ProjectionExpr, TypedRead } from "../../query/typed.ts";
import type { RowSet } from "../graph.ts";
import { AggregateOperator, orderGroups } from "./aggregate.ts";
import { MemoryGraphView } from "./graph_view.ts";
import type { Bindings } from "./order.ts";
import { Execution, unitBatch } from "./pipeline.ts";
import { planRead, type ReadPlan } from "./plan.ts";
import { constantColumn, type ResultColumn } from "./result_column.ts";
import { ColumnarRowSet } from "./row_set.ts";
import type { GraphView } from "./view.ts";

/** A plan is made anew when a table has become this many times larger or smaller. */
const SIZE_FACTOR = 8;

const PLANS = new WeakMap<TypedRead, ReadPlan>();

/**
 * Runs a read query against one commit. `nowMs` is the request's instant.
 *
 * `bindingsMax` bounds its work.
 *
 * @throws AppError `resource_limit` when that is exceeded, `unsupported` for what this version cannot compute, `invalid_input` for rank arguments without
 * meaning; errors of storage while tables are loaded.
 */
export async function runRead(
  query: TypedRead,
  params: BoundParams,
  view: GraphView,
  nowMs: number,
  bindingsMax?: number,
): Promise<RowSet> {
  assert(view instanceof MemoryGraphView, "reads run over views of the table cache");
  const plan = planFor(query, view);
  if (!view.isPrepared(plan.needs)) await view.prepare(plan.needs);
  return executeRead(plan, new Execution(view, params, nowMs, bindingsMax));
}

/** Executes a plan over a view that has everything the plan needs. */
export function executeRead(plan: ReadPlan, execution: Execution): RowSet {
  try {
    for (const operator of plan.operators) operator.open(execution);
    if (!execution.stopped) plan.first.push(unitBatch());
    const { query, sink, shape } = plan;
    if (sink instanceof AggregateOperator) {
      const groups = orderGroups(sink.finish(), columnOrder(query), groupKeys(plan), query.limit);
      return new ColumnarRowSet(shape, groups.columns, groups.length);
    }
    const bindings = sink.finish();
    const columns = plan.expressions.map((expr, index) =>
      resultColumn(plan, execution, bindings, expr, index)
    );
    return new ColumnarRowSet(shape, columns, bindings.length);
  } finally {
    for (const operator of plan.operators) operator.close();
  }
}

/** The cached plan of a query, while it fits the catalog and the sizes of the tables. */
function planFor(query: TypedRead, view: MemoryGraphView): ReadPlan {
  let plan = PLANS.get(query);
  if (plan === undefined || plan.catalog !== view.catalog || !fits(plan, view)) {
    plan = planRead(query, view.catalog, { rows: (table) => view.estimateRows(table) });
    PLANS.set(query, plan);
  }
  return plan;
}

function fits(plan: ReadPlan, view: MemoryGraphView): boolean {
  for (const [table, planned] of plan.sizes) {
    const rows = view.estimateRows(table);
    if (rows > (planned + 16) * SIZE_FACTOR || planned > (rows + 16) * SIZE_FACTOR) return false;
  }
  return true;
}

function columnOrder(query: TypedRead): { index: number; descending: boolean }[] {
  return query.order.map(({ by, descending }) => {
    assert(by.kind === "column", "groups are ordered by their columns");
    return { index: by.index, descending };
  });
}

/** Columns of the group key, in the order of the projections. */
function groupKeys({ expressions }: ReadPlan): number[] {
  return expressions.flatMap((expr, index) => expr.kind === "aggregate" ? [] : [index]);
}

function resultColumn(
  plan: ReadPlan,
  execution: Execution,
  bindings: Bindings,
  expr: ProjectionExpr,
  index: number,
): ResultColumn {
  switch (expr.kind) {
    case "property":
    case "id": {
      const { kind, typeName } = must(plan.query.variables[expr.variable], "the variable exists");
      const column = execution.view.table(`${kind}:${typeName}`).column(
        expr.kind === "id" ? "id" : expr.property,
      );
      return { column, rows: must(bindings.rows.get(expr.variable), "returned variables are kept") };
    }
    case "param":
    case "literal":
    case "now":
      return constantColumn(
        must(plan.query.projections[index], "the column exists").type,
        execution.constant(expr),
      );
    default:
      return must(bindings.computed?.get(index), "computed columns come from the ranking sink");
  }
}
