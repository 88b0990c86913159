/**
 * The ends of a pipeline that returns bindings: collecting them as they come, or in order.
 *
 * With a limit k the ordering end never holds more than a few times k bindings: when its buffer is full it sorts, keeps
 * the best k, and from then on refuses bindings whose first key is worse than that of the k-th.
 */
import { must } from "../../base/assert.ts";
import type { VariableId } from "../../query/typed.ts";
import type { TypeKey } from "../../schema/catalog.ts";
import { columnOf, compareTextRows, type PropertyRef } from "./filter.ts";
import { approximate, type SortColumns, sortColumns } from "./gather.ts";
import { IntList } from "./int_list.ts";
import { type Batch, type Execution, MORSEL, Operator } from "./pipeline.ts";
import type { ResultColumn } from "./result_column.ts";
import type { TableColumn } from "./table_column.ts";

/** The result of a match: one row number per variable and binding. */
export interface Bindings {
  readonly length: number;
  readonly rows: ReadonlyMap<VariableId, Int32Array>;
  /** Columns of computed projections by their index. */
  readonly computed?: ReadonlyMap<number, ResultColumn>;
}

/** The end of a pipeline that returns bindings. */
export interface BindingSink extends Operator {
  /** The bindings, after all input was pushed. */
  finish(): Bindings;
}

/** Takes bindings as they come, up to a limit. */
export class CollectOperator extends Operator implements BindingSink {
  readonly #variables: readonly VariableId[];
  readonly #limit: number;
  #lists: IntList[] = [];
  #length = 0;
  #execution: Execution | null = null;

  constructor(variables: readonly VariableId[], limit: number | null) {
    super();
    this.#variables = variables;
    this.#limit = limit ?? Infinity;
  }

  override open(execution: Execution): void {
    this.#execution = execution;
    this.#lists = this.#variables.map(() => new IntList(4));
    this.#length = 0;
    if (this.#limit === 0) execution.stopped = true;
  }

  override push(batch: Batch): void {
    const count = Math.min(batch.length, this.#limit - this.#length);
    for (let at = 0; at < this.#variables.length; at++) {
      this.#lists[at]!.append(batch.column(this.#variables[at]!), count);
    }
    this.#length += count;
    if (this.#length === this.#limit) must(this.#execution, "the sink is open").stopped = true;
  }

  finish(): Bindings {
    const rows = new Map<VariableId, Int32Array>();
    for (const [at, variable] of this.#variables.entries()) rows.set(variable, this.#lists[at]!.values);
    return { length: this.#length, rows };
  }

  override close(): void {
    this.#execution = null;
    this.#lists = [];
  }
}

/** One entry of an order. */
export interface OrderBy {
  readonly ref: PropertyRef;
  readonly descending: boolean;
}

/** A variable whose id breaks ties. */
export interface TieBreak {
  readonly variable: VariableId;
  readonly table: TypeKey;
}

/** Bindings held before the first cut, at least. */
const BUFFER_MIN = 256;

/** Takes bindings in order, up to a limit. */
export class OrderOperator extends Operator implements BindingSink {
  readonly #variables: readonly VariableId[];
  readonly #keys: readonly OrderBy[];
  readonly #ties: readonly TieBreak[];
  readonly #limit: number;
  readonly #capacity: number;
  #lists: IntList[] = [];
  #columns: TableColumn[] = [];
  #idColumns: TableColumn[] = [];
  /** The first key of the worst binding kept, as its row and its approximate value. */
  #worst: { readonly row: number; readonly value: number } | null = null;

  /** `variables` are all that keys, ties and the result need; `ties` are in the order of their names. */
  constructor(options: {
    readonly variables: readonly VariableId[];
    readonly keys: readonly OrderBy[];
    readonly ties: readonly TieBreak[];
    readonly limit: number | null;
  }) {
    super();
    this.#variables = options.variables;
    this.#keys = options.keys;
    this.#ties = options.ties;
    this.#limit = options.limit ?? Infinity;
    this.#capacity = Math.max(BUFFER_MIN, this.#limit * 4);
  }

  override open(execution: Execution): void {
    this.#lists = this.#variables.map(() => new IntList(4));
    this.#columns = this.#keys.map(({ ref }) => columnOf(execution, ref));
    this.#idColumns = this.#ties.map(({ table }) => execution.view.table(table).column("id"));
    this.#worst = null;
    if (this.#limit === 0) execution.stopped = true;
  }

  override push(batch: Batch): void {
    if (this.#limit === 0) return;
    if (this.#worst !== null && !this.#refuse(batch, this.#worst)) return;
    for (const [at, variable] of this.#variables.entries()) {
      this.#lists[at]!.append(batch.column(variable), batch.length);
    }
    if (this.#length() >= this.#capacity) this.#cut();
  }

  finish(): Bindings {
    this.#cut();
    const rows = new Map<VariableId, Int32Array>();
    for (const [at, variable] of this.#variables.entries()) rows.set(variable, this.#lists[at]!.values);
    return { length: this.#length(), rows };
  }

  override close(): void {
    this.#lists = [];
    this.#columns = [];
    this.#idColumns = [];
    this.#worst = null;
  }

  #length(): number {
    return must(this.#lists[0], "an ordered match binds variables").length;
  }

  #list(variable: VariableId): IntList {
    return must(this.#lists[this.#variables.indexOf(variable)], "the variable is kept");
  }

  /** Drops the bindings that cannot be among the best; false when none is left. */
  #refuse(batch: Batch, worst: { row: number; value: number }): boolean {
    const { ref, descending } = this.#keys[0]!;
    const column = this.#columns[0]!;
    const rows = batch.column(ref.variable);
    let count = 0;
    for (let i = 0; i < batch.length; i++) {
      const row = rows[i]!;
      const value = approximate(column, row);
      let sign = value - worst.value;
      if (value === worst.value) {
        const decided = column.kind !== "utf8" || value === -Infinity;
        sign = decided ? 0 : compareTextRows(column, row, column, worst.row);
      }
      if (descending ? sign >= 0 : sign <= 0) KEPT[count++] = i;
    }
    if (count > 0) batch.keep(KEPT, count);
    return count > 0;
  }

  /** Sorts what is held and keeps the best. */
  #cut(): void {
    const length = this.#length();
    const order = new Int32Array(length);
    for (let i = 0; i < length; i++) order[i] = i;
    order.sort(this.#comparator(length));
    const kept = Math.min(length, this.#limit);
    for (const list of this.#lists) {
      const values = new Int32Array(kept);
      for (let i = 0; i < kept; i++) values[i] = list.values[order[i]!]!;
      list.values = values;
      list.length = kept;
    }
    const [first] = this.#keys;
    if (kept < this.#limit || kept === 0 || first === undefined) return;
    const row = this.#list(first.ref.variable).values[kept - 1]!;
    this.#worst = { row, value: approximate(this.#columns[0]!, row) };
  }

  #comparator(length: number): (a: number, b: number) => number {
    const keys = this.#keys.map(({ ref, descending }, at): RowOrder => {
      const rows = this.#list(ref.variable).values;
      return { rows, columns: sortColumns(this.#columns[at]!, rows, length), descending };
    });
    const ties = this.#ties.map(({ variable }, at) => ({
      rows: this.#list(variable).values,
      ids: this.#idColumns[at]!,
    }));
    return (a, b) => {
      for (const key of keys) {
        const sign = compareRows(key, a, b);
        if (sign !== 0) return sign;
      }
      for (const { rows, ids } of ties) {
        if (rows[a] === rows[b]) continue;
        return compareTextRows(ids, rows[a]!, ids, rows[b]!);
      }
      return 0;
    };
  }
}

/** Positions that {@linkcode OrderOperator} keeps; one buffer is enough because sinks are never nested. */
const KEPT = new Int32Array(MORSEL);

/** One sort key over positions. */
export interface RowOrder {
  /** Row per position. */
  readonly rows: Int32Array;
  readonly columns: SortColumns;
  readonly descending: boolean;
}

/** Compares two positions by one key, in its direction. */
export function compareRows({ rows, columns, descending }: RowOrder, a: number, b: number): number {
  for (const part of columns.parts) {
    const left = part[a]!;
    const right = part[b]!;
    if (left < right) return descending ? 1 : -1;
    if (left > right) return descending ? -1 : 1;
  }
  const { text } = columns;
  if (text === null || rows[a] === rows[b] || text.isNull(rows[a]!)) return 0;
  const sign = compareTextRows(text, rows[a]!, text, rows[b]!);
  return descending ? -sign : sign;
}
