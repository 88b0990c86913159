/** Column values of many rows as doubles: for sums, and for sorting without looking at values one by one. */
import { InvariantError } from "../../base/assert.ts";
import type { BigColumn, BoolColumn, Column, NumberColumn, Utf8Column } from "../../storage/columns.ts";
import type { TableColumn } from "./table_column.ts";

/** A column whose values are numbers or booleans. */
type Doubles = NumberColumn | BoolColumn;

/** The doubles of number, boolean, Date or instant rows; `valid[i]` is 0 where the row is null. */
export function gatherDoubles(
  column: TableColumn,
  rows: Int32Array,
  count: number,
  values: Float64Array,
  valid: Uint8Array,
): void {
  const base = column.base as Doubles;
  if (column.tail.length === 0) {
    gatherWhole(base, rows, count, values);
  } else {
    const tail = column.tail as Doubles;
    for (let i = 0; i < count; i++) {
      const row = rows[i]!;
      values[i] = row < column.split ? base.values[row]! : tail.values[row - column.split]!;
    }
  }
  gatherValidity(column, rows, count, valid);
}

function gatherWhole(column: Doubles, rows: Int32Array, count: number, into: Float64Array): void {
  const { values } = column;
  if (values instanceof Int32Array) {
    for (let i = 0; i < count; i++) into[i] = values[rows[i]!]!;
  } else if (values instanceof Float64Array) {
    for (let i = 0; i < count; i++) into[i] = values[rows[i]!]!;
  } else {
    for (let i = 0; i < count; i++) into[i] = values[rows[i]!]!;
  }
}

/** `valid[i]` is 1 where the row has a value. */
export function gatherValidity(
  column: TableColumn,
  rows: Int32Array,
  count: number,
  valid: Uint8Array,
): void {
  if (!column.nullable) {
    valid.fill(1, 0, count);
    return;
  }
  for (let i = 0; i < count; i++) valid[i] = column.isNull(rows[i]!) ? 0 : 1;
}

/** A double that never decreases as the value grows; null is −∞ and NaN is +∞. Different values may give one double. */
export function approximate(column: TableColumn, row: number): number {
  if (column.isNull(row)) return -Infinity;
  const part = row < column.split ? column.base : column.tail;
  const at = row < column.split ? row : row - column.split;
  switch (part.kind) {
    case "number": {
      const value = part.values[at]!;
      return Number.isNaN(value) ? Infinity : value;
    }
    case "bool":
      return part.values[at]!;
    case "big":
      return upperHalf(part, at) * 2 ** 32 + lowerHalf(part, at);
    case "utf8":
      return textPrefix(part, at);
    default:
      throw new InvariantError(`${part.kind} values have no order`);
  }
}

/**
 * Values of some rows as columns of doubles, such that comparing the columns in order compares the values: null first,
 * NaN last. Strings are decided by their columns only when those differ: `text` then compares the rest.
 */
export interface SortColumns {
  readonly parts: readonly Float64Array[];
  /** The string column to compare when all parts are equal, or null when the parts decide. */
  readonly text: TableColumn | null;
}

/** The sort columns of the first `count` rows. */
export function sortColumns(column: TableColumn, rows: Int32Array, count: number): SortColumns {
  const parts: Float64Array[] = [];
  const nullRank = new Float64Array(count);
  let nulls = false;
  for (let i = 0; i < count; i++) {
    const isNull = column.isNull(rows[i]!);
    nullRank[i] = isNull ? 0 : 1;
    nulls ||= isNull;
  }
  if (nulls) parts.push(nullRank);
  switch (column.kind) {
    case "utf8":
      parts.push(valuesOf<Utf8Column>(column, rows, count, textPrefix));
      return { parts, text: column };
    case "big":
      parts.push(valuesOf<BigColumn>(column, rows, count, upperHalf));
      parts.push(valuesOf<BigColumn>(column, rows, count, lowerHalf));
      return { parts, text: null };
    case "number":
    case "bool":
      parts.push(...withoutNaN(valuesOf<Doubles>(column, rows, count, (part, at) => part.values[at]!)));
      return { parts, text: null };
    default:
      throw new InvariantError(`${column.kind} values have no order`);
  }
}

/** One double per row; 0 where the row is null. */
function valuesOf<C extends Column>(
  column: TableColumn,
  rows: Int32Array,
  count: number,
  value: (part: C, row: number) => number,
): Float64Array {
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const row = rows[i]!;
    if (column.isNull(row)) continue;
    values[i] = row < column.split
      ? value(column.base as C, row)
      : value(column.tail as C, row - column.split);
  }
  return values;
}

/** Moves NaN behind every number by a rank column before the values, if there is any NaN. */
function withoutNaN(values: Float64Array): Float64Array[] {
  if (!values.some(Number.isNaN)) return [values];
  const rank = values.map((value) => Number.isNaN(value) ? 1 : 0);
  return [rank, values.map((value) => Number.isNaN(value) ? 0 : value)];
}

/** The first six bytes as an integer. */
function textPrefix(column: Utf8Column, row: number): number {
  const start = column.offsets[row]!;
  const end = column.offsets[row + 1]!;
  let prefix = 0;
  for (let at = start; at < start + 6; at++) prefix = prefix * 256 + (at < end ? column.bytes[at]! : 0);
  return prefix;
}

/** The upper 32 bits, signed for I64. */
function upperHalf(column: BigColumn, row: number): number {
  const word = wordsOf(column)[row * 2 + 1]!;
  return column.scalar === "I64" ? word | 0 : word;
}

/** The lower 32 bits, unsigned. */
function lowerHalf(column: BigColumn, row: number): number {
  return wordsOf(column)[row * 2]!;
}

const WORDS = new WeakMap<ArrayBuffer, Uint32Array>();

function wordsOf({ values }: BigColumn): Uint32Array {
  let words = WORDS.get(values.buffer);
  if (words === undefined) {
    words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
    WORDS.set(values.buffer, words);
  }
  return words;
}
