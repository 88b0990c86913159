/**
 * The end of a pipeline whose rows are ranked by, or return, search and rank functions. The whole matching set is
 * collected first: what ranks where depends on it, and filters come before ranking.
 */
import { must } from "../../base/assert.ts";
import type {
  OrderKey,
  ProjectionExpr,
  RankExpr,
  SearchExpr,
  TypedRead,
  VariableId,
} from "../../query/typed.ts";
import type { QueryTypes } from "./conditions.ts";
import { compareTextRows } from "./filter.ts";
import { sortColumns } from "./gather.ts";
import {
  type Bindings,
  type BindingSink,
  CollectOperator,
  compareRows,
  type RowOrder,
  type TieBreak,
} from "./order.ts";
import { type Batch, type Execution, Operator } from "./pipeline.ts";
import { type RankContext, type RankValues, rankValues } from "./rank_values.ts";
import type { ResultColumn } from "./result_column.ts";
import { wholeColumn } from "./table_column.ts";

/** Whether an expression is computed per binding by this module. */
export function isComputed(expr: { readonly kind: string }): expr is SearchExpr | RankExpr {
  return expr.kind === "search" || expr.kind === "nearest" || expr.kind === "bm25" || expr.kind === "rrf";
}

/** Whether a query orders by computed values or returns them. */
export function needsRanking(query: TypedRead, expressions: readonly ProjectionExpr[]): boolean {
  return expressions.some(isComputed) || query.order.some(({ by }) => isComputed(by));
}

/** See the head of this file. */
export class RankOperator extends Operator implements BindingSink {
  readonly #types: QueryTypes;
  readonly #expressions: readonly ProjectionExpr[];
  readonly #variables: readonly VariableId[];
  readonly #ties: readonly TieBreak[];
  readonly #collected: CollectOperator;
  #execution: Execution | null = null;

  constructor(options: {
    readonly types: QueryTypes;
    readonly expressions: readonly ProjectionExpr[];
    readonly variables: readonly VariableId[];
    readonly ties: readonly TieBreak[];
  }) {
    super();
    this.#types = options.types;
    this.#expressions = options.expressions;
    this.#variables = options.variables;
    this.#ties = options.ties;
    this.#collected = new CollectOperator(options.variables, null);
  }

  override open(execution: Execution): void {
    this.#execution = execution;
    this.#collected.open(execution);
  }

  override push(batch: Batch): void {
    this.#collected.push(batch);
  }

  finish(): Bindings {
    const { query } = this.#types;
    const execution = must(this.#execution, "the sink is open");
    const bindings = this.#collected.finish();
    const context: RankContext = { types: this.#types, execution, bindings, limit: query.limit };
    const values = this.#expressions.map((expr) => isComputed(expr) ? rankValues(context, expr) : null);
    const positions = this.#ordered(context, values);
    const kept = positions.subarray(0, Math.min(positions.length, query.limit ?? Infinity));
    const rows = new Map<VariableId, Int32Array>();
    for (const variable of this.#variables) {
      const all = must(bindings.rows.get(variable), "the variable was collected");
      rows.set(variable, kept.map((position) => all[position]!));
    }
    const computed = new Map<number, ResultColumn>();
    for (const [index, value] of values.entries()) {
      if (value !== null) computed.set(index, { column: wholeColumn(value.column), rows: kept });
    }
    return { length: kept.length, rows, computed };
  }

  override close(): void {
    this.#collected.close();
    this.#execution = null;
  }

  /** Positions of the bindings that stay, in order. */
  #ordered(context: RankContext, values: readonly (RankValues | null)[]): Int32Array {
    const { query } = this.#types;
    const { length } = context.bindings;
    let positions = Int32Array.from({ length }, (_, position) => position);
    if (query.order.length === 0) return positions;
    const orders: RowOrder[] = [];
    for (const { by, descending } of query.order) {
      if (!isComputed(by)) {
        orders.push(...this.#plainOrder(context, by, descending, values));
        continue;
      }
      const ranked = rankValues(context, by);
      const isRanked = (position: number) =>
        !ranked.column.isNull(position) && !(ranked.column.get(position) === 0);
      if (by.kind === "nearest") positions = positions.filter((position) => !ranked.column.isNull(position));
      else positions = positions.filter(isRanked);
      orders.push(valueOrder(ranked, length, by.kind !== "nearest"));
      for (const arm of ranked.arms) {
        orders.push({ rows: positions, columns: { parts: [arm], text: null }, descending: false });
      }
    }
    return positions.sort(this.#comparator(context, orders));
  }

  /** The order by a property, a node id or a column; none for a constant. */
  #plainOrder(
    context: RankContext,
    by: Exclude<OrderKey["by"], RankExpr>,
    descending: boolean,
    values: readonly (RankValues | null)[],
  ): RowOrder[] {
    const { bindings, execution } = context;
    const expr = by.kind === "column" ? must(this.#expressions[by.index], "the column exists") : by;
    if (by.kind === "column" && isComputed(expr)) {
      return [valueOrder(must(values[by.index], "the column was computed"), bindings.length, descending)];
    }
    if (expr.kind !== "property" && expr.kind !== "id") return [];
    const rows = must(bindings.rows.get(expr.variable), "the variable was collected");
    const view = execution.view.table(this.#types.table(expr.variable));
    const column = view.column(expr.kind === "id" ? "id" : expr.property);
    return [{ rows, columns: sortColumns(column, rows, bindings.length), descending }];
  }

  #comparator(
    { bindings, execution }: RankContext,
    orders: readonly RowOrder[],
  ): (a: number, b: number) => number {
    const ties = this.#ties.map(({ variable, table }) => ({
      rows: must(bindings.rows.get(variable), "the variable was collected"),
      ids: execution.view.table(table).column("id"),
    }));
    return (a, b) => {
      for (const order of orders) {
        const sign = compareRows(order, a, b);
        if (sign !== 0) return sign;
      }
      for (const { rows, ids } of ties) {
        if (rows[a] !== rows[b]) return compareTextRows(ids, rows[a]!, ids, rows[b]!);
      }
      return 0;
    };
  }
}

function valueOrder({ column }: RankValues, length: number, descending: boolean): RowOrder {
  const rows = Int32Array.from({ length }, (_, position) => position);
  return { rows, columns: sortColumns(wholeColumn(column), rows, length), descending };
}
