/** One aggregate function over numbered groups. Arguments come as a column and rows in it; null arguments are skipped. */
import { InvariantError } from "../../base/assert.ts";
import { BigColumn, type Column, NumberColumn } from "../../storage/columns.ts";
import { compareTextRows } from "./filter.ts";
import { approximate, gatherDoubles, gatherValidity } from "./gather.ts";
import { MORSEL } from "./pipeline.ts";
import type { ResultColumn } from "./result_column.ts";
import { type TableColumn, wholeColumn } from "./table_column.ts";

/** Accumulates one column of the result. */
export interface Accumulator {
  /** Adds the first `count` rows, row i to group `groups[i]`; all groups are below `groupCount`. */
  add(rows: Int32Array, groups: Int32Array, count: number, groupCount: number): void;
  /** The value of every group, in group order. */
  finish(groupCount: number): ResultColumn;
}

/** Which groups the result rows are: all of them, in order. */
function inOrder(column: Column, groupCount: number): ResultColumn {
  return { column: wholeColumn(column), rows: Int32Array.from({ length: groupCount }, (_, group) => group) };
}

function grown(values: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  if (length <= values.length) return values;
  const next = new Float64Array(Math.max(length, values.length * 2, 16));
  next.set(values);
  return next;
}

const DOUBLES = new Float64Array(MORSEL);
const VALID = new Uint8Array(MORSEL);

/** `count`: rows, or rows whose argument is not null. */
export class CountAccumulator implements Accumulator {
  readonly #column: TableColumn | null;
  #counts = new Float64Array(0);

  /** `column` is null when every row counts. */
  constructor(column: TableColumn | null) {
    this.#column = column;
  }

  add(rows: Int32Array, groups: Int32Array, count: number, groupCount: number): void {
    this.#counts = grown(this.#counts, groupCount);
    const counts = this.#counts;
    if (this.#column === null || !this.#column.nullable) {
      for (let i = 0; i < count; i++) counts[groups[i]!]!++;
      return;
    }
    gatherValidity(this.#column, rows, count, VALID);
    for (let i = 0; i < count; i++) counts[groups[i]!] = counts[groups[i]!]! + VALID[i]!;
  }

  finish(groupCount: number): ResultColumn {
    const counts = grown(this.#counts, groupCount);
    const column = new BigColumn("I64", new BigInt64Array(Math.max(1, groupCount)));
    for (let group = 0; group < groupCount; group++) column.push(BigInt(counts[group]!));
    return inOrder(column, groupCount);
  }
}

/**
 * `sum` and `avg`: doubles are added with compensation, so that the order of the rows hardly shows; 64-bit integers
 * are added exactly.
 */
export class SumAccumulator implements Accumulator {
  readonly #column: TableColumn;
  readonly #average: boolean;
  #counts = new Float64Array(0);
  #sums = new Float64Array(0);
  #lost = new Float64Array(0);
  readonly #integers: bigint[] = [];

  constructor(column: TableColumn, average: boolean) {
    this.#column = column;
    this.#average = average;
  }

  add(rows: Int32Array, groups: Int32Array, count: number, groupCount: number): void {
    this.#counts = grown(this.#counts, groupCount);
    if (this.#column.kind === "big") return this.#addIntegers(rows, groups, count, groupCount);
    this.#sums = grown(this.#sums, groupCount);
    this.#lost = grown(this.#lost, groupCount);
    gatherDoubles(this.#column, rows, count, DOUBLES, VALID);
    for (let i = 0; i < count; i++) {
      if (VALID[i] === 0) continue;
      const group = groups[i]!;
      const value = DOUBLES[i]!;
      const before = this.#sums[group]!;
      const after = before + value;
      this.#sums[group] = after;
      this.#counts[group]!++;
      const error = Math.abs(before) >= Math.abs(value) ? (before - after) + value : (value - after) + before;
      this.#lost[group] = this.#lost[group]! + error;
    }
  }

  finish(groupCount: number): ResultColumn {
    const counts = grown(this.#counts, groupCount);
    const column = new NumberColumn("F64");
    for (let group = 0; group < groupCount; group++) {
      const count = counts[group]!;
      if (count === 0) column.push(null);
      else column.push(this.#average ? this.#sum(group) / count : this.#sum(group));
    }
    return inOrder(column, groupCount);
  }

  #sum(group: number): number {
    if (this.#column.kind === "big") return Number(this.#integers[group] ?? 0n);
    const sum = this.#sums[group]!;
    const lost = this.#lost[group]!;
    return Number.isFinite(sum) && Number.isFinite(lost) ? sum + lost : sum;
  }

  #addIntegers(rows: Int32Array, groups: Int32Array, count: number, groupCount: number): void {
    while (this.#integers.length < groupCount) this.#integers.push(0n);
    for (let i = 0; i < count; i++) {
      const value = this.#column.get(rows[i]!) as bigint | null;
      if (value === null) continue;
      const group = groups[i]!;
      this.#integers[group] = this.#integers[group]! + value;
      this.#counts[group]!++;
    }
  }
}

/** `min` and `max`: remembers per group the row with the best value; NaN is greater than every number. */
export class ExtremeAccumulator implements Accumulator {
  readonly #column: TableColumn;
  readonly #sign: 1 | -1;
  /** Per group: best row + 1, 0 before the first row. */
  #best = new Float64Array(0);

  constructor(column: TableColumn, fn: "min" | "max") {
    this.#column = column;
    this.#sign = fn === "min" ? 1 : -1;
  }

  add(rows: Int32Array, groups: Int32Array, count: number, groupCount: number): void {
    this.#best = grown(this.#best, groupCount);
    const column = this.#column;
    for (let i = 0; i < count; i++) {
      const row = rows[i]!;
      const group = groups[i]!;
      const best = this.#best[group]! - 1;
      if (best === row) continue;
      // A first row counts although its value is null: a group of nulls has the value null.
      const better = best === -1 || (!column.isNull(row) &&
        (column.isNull(best) || this.#sign * compareValues(column, row, best) < 0));
      if (better) this.#best[group] = row + 1;
    }
  }

  finish(groupCount: number): ResultColumn {
    const best = grown(this.#best, groupCount);
    return {
      column: this.#column,
      rows: Int32Array.from({ length: groupCount }, (_, group) => best[group]! - 1),
    };
  }
}

function compareValues(column: TableColumn, a: number, b: number): number {
  switch (column.kind) {
    case "utf8":
      return compareTextRows(column, a, column, b);
    case "big": {
      const [left, right] = [column.get(a) as bigint, column.get(b) as bigint];
      return left < right ? -1 : left > right ? 1 : 0;
    }
    case "number":
      return approximate(column, a) - approximate(column, b);
    default:
      throw new InvariantError(`${column.kind} values have no extremes`);
  }
}
