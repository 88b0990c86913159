/**
 * Unconnected parts of a match that an equation of two properties ties together: instead of all pairs, a hash of the inner
 * part's values gives the pairs that may be equal. The equation itself is still tested afterwards, so the hash may be
 * coarse: numbers count as their nearest double.
 */
import { must } from "../../base/assert.ts";
import type { VariableId } from "../../query/typed.ts";
import type { Cell, ScalarCell } from "../../schema/value_type.ts";
import { isSingle } from "./comparison.ts";
import { columnOf, type PropertyRef } from "./filter.ts";
import type { KeepOperator } from "./match.ts";
import { Batch, type Execution, MORSEL, Operator, unitBatch } from "./pipeline.ts";
import type { TableColumn } from "./table_column.ts";

/** An equation between a property that is bound before and one of the inner part. */
export interface Equation {
  readonly outer: PropertyRef;
  readonly inner: PropertyRef;
}

/** See the head of this file. */
export class JoinOperator extends Operator {
  readonly #first: Operator;
  readonly #kept: KeepOperator;
  readonly #equation: Equation;
  readonly #carried: readonly VariableId[];
  readonly #batch = new Batch();
  readonly #parents = new Int32Array(MORSEL);
  readonly #partners = new Int32Array(MORSEL);
  readonly #single: boolean;
  #execution: Execution | null = null;
  #column: TableColumn | null = null;
  /** Positions of the inner bindings by value; null until the inner part ran. */
  #positions: Map<string | number, number[]> | null = null;

  /** `first` is the head of the inner pipeline, `kept` its end, which keeps the variable of the equation. */
  constructor(first: Operator, kept: KeepOperator, equation: Equation, carried: readonly VariableId[]) {
    super();
    this.#first = first;
    this.#kept = kept;
    this.#equation = equation;
    this.#carried = carried;
    this.#single = isSingle(equation.outer.type) || isSingle(equation.inner.type);
    for (const variable of [...carried, ...kept.variables]) {
      this.#batch.columns[variable] = new Int32Array(MORSEL);
    }
  }

  override open(execution: Execution): void {
    this.#execution = execution;
    this.#column = columnOf(execution, this.#equation.outer);
  }

  override push(batch: Batch): void {
    const execution = must(this.#execution, "the join is open");
    const column = must(this.#column, "the join is open");
    const positions = this.#positions ??= this.#run(execution);
    const rows = batch.column(this.#equation.outer.variable);
    let count = 0;
    for (let position = 0; position < batch.length; position++) {
      const value = this.#hashed(column.get(rows[position]!));
      for (const partner of value === null ? [] : positions.get(value) ?? []) {
        this.#parents[count] = position;
        this.#partners[count] = partner;
        if (++count < MORSEL) continue;
        this.#flush(batch, count);
        count = 0;
        if (execution.stopped) return;
      }
    }
    if (count > 0) this.#flush(batch, count);
  }

  override close(): void {
    this.#execution = null;
    this.#column = null;
    this.#positions = null;
  }

  #flush(input: Batch, count: number): void {
    for (const variable of this.#carried) {
      gather(input.column(variable), this.#parents, count, this.#batch, variable);
    }
    for (const [at, variable] of this.#kept.variables.entries()) {
      gather(this.#kept.lists[at]!.values, this.#partners, count, this.#batch, variable);
    }
    this.#batch.length = count;
    must(this.#execution, "the join is open").count(count);
    this.next.push(this.#batch);
  }

  /** Runs the inner part and hashes its values. */
  #run(execution: Execution): Map<string | number, number[]> {
    this.#first.push(unitBatch());
    const { inner } = this.#equation;
    const column = columnOf(execution, inner);
    const { values: rows } = must(
      this.#kept.lists[this.#kept.variables.indexOf(inner.variable)],
      "the variable of the equation is kept",
    );
    const positions = new Map<string | number, number[]>();
    for (let position = 0; position < this.#kept.length; position++) {
      const value = this.#hashed(column.get(rows[position]!));
      if (value === null) continue;
      const known = positions.get(value);
      if (known === undefined) positions.set(value, [position]);
      else known.push(position);
    }
    return positions;
  }

  /** Equal values have equal hashed values. */
  #hashed(cell: Cell | null): string | number | null {
    if (cell === null || typeof cell === "string") return cell;
    const value = Number(cell as ScalarCell);
    return this.#single ? Math.fround(value) : value;
  }
}

function gather(
  source: Int32Array,
  positions: Int32Array,
  count: number,
  batch: Batch,
  variable: VariableId,
): void {
  const target = batch.column(variable);
  for (let i = 0; i < count; i++) target[i] = source[positions[i]!]!;
}
