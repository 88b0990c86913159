/** The end of a pipeline that returns groups: numbers the groups of each batch and feeds the aggregate functions. */
import { must } from "../../base/assert.ts";
import type { AggregateFn, VariableId } from "../../query/typed.ts";
import type { TypeKey } from "../../schema/catalog.ts";
import { type Accumulator, CountAccumulator, ExtremeAccumulator, SumAccumulator } from "./accumulators.ts";
import type { ConstantExpr, PropertyRef } from "./filter.ts";
import { sortColumns } from "./gather.ts";
import { KeyCoder, PairCodes } from "./group_keys.ts";
import { IntList } from "./int_list.ts";
import { compareRows, type RowOrder } from "./order.ts";
import { type Batch, type Execution, MORSEL, Operator } from "./pipeline.ts";
import { constantColumn, type ResultColumn } from "./result_column.ts";
import type { ValueType } from "../../schema/value_type.ts";

/** A group key: a property, or a whole node. */
export interface GroupKey {
  readonly kind: "key";
  readonly variable: VariableId;
  readonly table: TypeKey;
  /** Property name, or null for the node itself. */
  readonly property: string | null;
}

/** What an aggregate function is applied to. */
export type AggregateArg =
  | { readonly kind: "property"; readonly ref: PropertyRef }
  | { readonly kind: "rows" }
  | { readonly kind: "constant"; readonly expr: ConstantExpr; readonly type: ValueType };

/** One returned column of an aggregate query. */
export type AggregateColumn = GroupKey | {
  readonly kind: "aggregate";
  readonly fn: AggregateFn;
  readonly arg: AggregateArg;
};

/** The groups as columns in the order of the projections. */
export interface Groups {
  readonly length: number;
  readonly columns: readonly ResultColumn[];
}

const ZEROS = new Int32Array(MORSEL);

/** One open aggregate: its accumulator and where its argument's rows come from. */
interface OpenAggregate {
  readonly accumulator: Accumulator;
  /** Variable of the argument; null when row 0 of a constant is meant. */
  readonly variable: VariableId | null;
}

/** One open key. */
interface OpenKey {
  readonly key: GroupKey;
  readonly coder: KeyCoder;
  /** A row of each group. */
  readonly rows: IntList;
}

/** See the head of this file. */
export class AggregateOperator extends Operator {
  readonly #columns: readonly AggregateColumn[];
  readonly #groups = new Int32Array(MORSEL);
  readonly #codes = new Int32Array(MORSEL);
  #keys: OpenKey[] = [];
  #pairs: PairCodes[] = [];
  #aggregates: OpenAggregate[] = [];
  #groupCount = 0;
  #execution: Execution | null = null;

  constructor(columns: readonly AggregateColumn[]) {
    super();
    this.#columns = columns;
  }

  override open(execution: Execution): void {
    this.#execution = execution;
    for (const column of this.#columns) {
      if (column.kind === "aggregate") this.#aggregates.push(openAggregate(execution, column));
      else {
        const view = execution.view.table(column.table);
        const values = view.column(column.property ?? "id");
        const coder = new KeyCoder(values, view.rowLimit, column.property === null);
        this.#keys.push({ key: column, coder, rows: new IntList() });
      }
    }
    this.#pairs = this.#keys.slice(1).map(() => new PairCodes());
    this.#groupCount = this.#keys.length === 0 ? 1 : 0;
  }

  override push(batch: Batch): void {
    this.#number(batch);
    for (const { accumulator, variable } of this.#aggregates) {
      const rows = variable === null ? ZEROS : batch.column(variable);
      accumulator.add(rows, this.#groups, batch.length, this.#groupCount);
    }
  }

  /** The groups, in the order in which they were first seen. */
  finish(): Groups {
    const execution = must(this.#execution, "the sink is open");
    const keys = this.#keys.values();
    const aggregates = this.#aggregates.values();
    const columns = this.#columns.map((column): ResultColumn => {
      if (column.kind === "aggregate") {
        return must(aggregates.next().value, "every aggregate is open").accumulator.finish(this.#groupCount);
      }
      const values = execution.view.table(column.table).column(column.property ?? "id");
      return { column: values, rows: must(keys.next().value, "every key is open").rows.toArray() };
    });
    return { length: this.#groupCount, columns };
  }

  override close(): void {
    this.#execution = null;
    this.#keys = [];
    this.#pairs = [];
    this.#aggregates = [];
  }

  /** Writes the group of every binding. */
  #number(batch: Batch): void {
    const { length } = batch;
    const groups = this.#groups;
    const [first, ...others] = this.#keys;
    if (first === undefined) {
      groups.fill(0, 0, length);
      return;
    }
    first.coder.encode(batch.column(first.key.variable), length, groups);
    for (const [at, { key, coder }] of others.entries()) {
      coder.encode(batch.column(key.variable), length, this.#codes);
      const pairs = this.#pairs[at]!;
      for (let i = 0; i < length; i++) groups[i] = pairs.code(groups[i]!, this.#codes[i]!);
    }
    for (let i = 0; i < length; i++) {
      if (groups[i] !== this.#groupCount) continue;
      this.#groupCount++; // codes are dense, so an unseen group has the next number
      for (const { key, rows } of this.#keys) rows.push(batch.column(key.variable)[i]!);
    }
  }
}

function openAggregate(
  execution: Execution,
  { fn, arg }: AggregateColumn & { kind: "aggregate" },
): OpenAggregate {
  if (arg.kind === "rows") return { accumulator: new CountAccumulator(null), variable: null };
  const column = arg.kind === "property"
    ? execution.view.table(arg.ref.table).column(arg.ref.property)
    : constantColumn(arg.type, execution.constant(arg.expr)).column;
  const variable = arg.kind === "property" ? arg.ref.variable : null;
  switch (fn) {
    case "count":
      return { accumulator: new CountAccumulator(column), variable };
    case "sum":
    case "avg":
      return { accumulator: new SumAccumulator(column, fn === "avg"), variable };
    case "min":
    case "max":
      return { accumulator: new ExtremeAccumulator(column, fn), variable };
  }
}

/** Sorts groups by columns, ties by the group keys in the order of the projections, and keeps the first ones. */
export function orderGroups(
  groups: Groups,
  order: readonly { readonly index: number; readonly descending: boolean }[],
  ties: readonly number[],
  limit: number | null,
): Groups {
  const length = Math.min(groups.length, limit ?? Infinity);
  if (length === groups.length && (order.length === 0 || length < 2)) return groups;
  const positions = Int32Array.from({ length: groups.length }, (_, group) => group);
  if (order.length > 0 && groups.length > 1) {
    const keys = [...order, ...ties.map((index) => ({ index, descending: false }))].flatMap(
      ({ index, descending }): RowOrder[] => {
        const { column, rows } = groups.columns[index]!;
        if (rows === null || column.kind === "list" || column.kind === "vector") return [];
        return [{ rows, columns: sortColumns(column, rows, groups.length), descending }];
      },
    );
    positions.sort((a, b) => {
      for (const key of keys) {
        const sign = compareRows(key, a, b);
        if (sign !== 0) return sign;
      }
      return 0;
    });
  }
  const kept = positions.subarray(0, length);
  const columns = groups.columns.map(({ column, rows }) => ({
    column,
    rows: rows === null ? null : kept.map((position) => rows[position]!),
  }));
  return { length, columns };
}
