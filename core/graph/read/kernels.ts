/**
 * Typed loops that test one part of a column against a constant.
 *
 * A kernel gets the rows of a variable and the ascending positions still selected, keeps in place those whose value
 * passes, and returns how many. Rows are numbered in the table; `offset` is the table row of the part's first row.
 * Nulls were dropped before. Loops over different array classes are written out, because one loop over all of them runs
 * at a third of the speed; they add conditions up instead of branching on them, because data is unpredictable.
 */
import {
  type BigColumn,
  type BoolColumn,
  type Column,
  type ListColumn,
  type NumberColumn,
  Utf8Column,
} from "../../storage/columns.ts";
import { compareBytes, equalBytes } from "../../storage/id_index.ts";
import { holdsSign, type Interval, type OrderOp } from "./comparison.ts";
import { MORSEL } from "./pipeline.ts";
import type { TableColumn } from "./table_column.ts";

/** A test of column values. */
export interface Kernel {
  select(part: Column, offset: number, rows: Int32Array, selection: Int32Array, count: number): number;
}

/** Positions whose rows lie behind the base; one buffer is enough because selecting is never nested. */
const BEHIND = new Int32Array(MORSEL + 1);
const MERGED = new Int32Array(MORSEL);

/** Applies a kernel to both parts of a column; null never passes. */
export function selectRows(
  kernel: Kernel,
  column: TableColumn,
  rows: Int32Array,
  selection: Int32Array,
  count: number,
): number {
  const { base, tail, split } = column;
  if (tail.length === 0 || isBefore(split, rows, selection, count)) {
    return selectPart(kernel, base, 0, rows, selection, count);
  }
  let before = 0;
  let behind = 0;
  for (let i = 0; i < count; i++) {
    const position = selection[i]!;
    const inBase = Number(rows[position]! < split);
    selection[before] = position;
    before += inBase;
    BEHIND[behind] = position;
    behind += 1 - inBase;
  }
  before = selectPart(kernel, base, 0, rows, selection, before);
  if (behind === 0) return before;
  behind = selectPart(kernel, tail, split, rows, BEHIND, behind);
  return merge(selection, before, behind);
}

/** Whether all selected rows lie before a row: nearly always, as few rows come behind the base. */
function isBefore(split: number, rows: Int32Array, selection: Int32Array, count: number): boolean {
  let room = 0;
  // A negative number of rows left in front of the split sets the sign for good.
  for (let i = 0; i < count; i++) room |= split - 1 - rows[selection[i]!]!;
  return room >= 0;
}

function selectPart(
  kernel: Kernel,
  part: Column,
  offset: number,
  rows: Int32Array,
  selection: Int32Array,
  count: number,
): number {
  const { validity } = part;
  let valid = count;
  if (validity !== null) {
    valid = 0;
    for (let i = 0; i < count; i++) {
      const position = selection[i]!;
      selection[valid] = position;
      valid += validity[rows[position]! - offset]!;
    }
  }
  return valid === 0 ? 0 : kernel.select(part, offset, rows, selection, valid);
}

/** Merges two ascending runs, `selection[0 .. before)` and `BEHIND[0 .. behind)`, into `selection`. */
function merge(selection: Int32Array, before: number, behind: number): number {
  const count = before + behind;
  for (let at = 0, i = 0, j = 0; at < count; at++) {
    const takeFirst = j === behind || (i < before && selection[i]! < BEHIND[j]!);
    MERGED[at] = takeFirst ? selection[i++]! : BEHIND[j++]!;
  }
  for (let at = 0; at < count; at++) selection[at] = MERGED[at]!;
  return count;
}

/** Numbers, Dates and instants in an interval of doubles; booleans as 0 and 1. */
export class NumberKernel implements Kernel {
  readonly #interval: Interval<number>;

  constructor(interval: Interval<number>) {
    this.#interval = interval;
  }

  select(part: Column, offset: number, rows: Int32Array, selection: Int32Array, count: number): number {
    const { values } = part as NumberColumn | BoolColumn;
    const interval = this.#interval;
    if (values instanceof Int32Array) return inInt32(values, interval, offset, rows, selection, count);
    if (values instanceof Float64Array) return inFloat64(values, interval, offset, rows, selection, count);
    if (values instanceof Float32Array) return inFloat32(values, interval, offset, rows, selection, count);
    if (values instanceof Uint32Array) return inUint32(values, interval, offset, rows, selection, count);
    return inUint8(values, interval, offset, rows, selection, count);
  }
}

function inInt32(
  values: Int32Array,
  { low, high, negated }: Interval<number>,
  offset: number,
  rows: Int32Array,
  selection: Int32Array,
  count: number,
): number {
  const flip = Number(negated);
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const position = selection[i]!;
    const value = values[rows[position]! - offset]!;
    selection[kept] = position;
    kept += (Number(value >= low) & Number(value <= high)) ^ flip;
  }
  return kept;
}

function inUint32(
  values: Uint32Array,
  { low, high, negated }: Interval<number>,
  offset: number,
  rows: Int32Array,
  selection: Int32Array,
  count: number,
): number {
  const flip = Number(negated);
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const position = selection[i]!;
    const value = values[rows[position]! - offset]!;
    selection[kept] = position;
    kept += (Number(value >= low) & Number(value <= high)) ^ flip;
  }
  return kept;
}

function inFloat32(
  values: Float32Array,
  { low, high, negated }: Interval<number>,
  offset: number,
  rows: Int32Array,
  selection: Int32Array,
  count: number,
): number {
  const flip = Number(negated);
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const position = selection[i]!;
    const value = values[rows[position]! - offset]!;
    selection[kept] = position;
    kept += (Number(value >= low) & Number(value <= high)) ^ flip;
  }
  return kept;
}

function inFloat64(
  values: Float64Array,
  { low, high, negated }: Interval<number>,
  offset: number,
  rows: Int32Array,
  selection: Int32Array,
  count: number,
): number {
  const flip = Number(negated);
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const position = selection[i]!;
    const value = values[rows[position]! - offset]!;
    selection[kept] = position;
    kept += (Number(value >= low) & Number(value <= high)) ^ flip;
  }
  return kept;
}

function inUint8(
  values: Uint8Array,
  { low, high, negated }: Interval<number>,
  offset: number,
  rows: Int32Array,
  selection: Int32Array,
  count: number,
): number {
  const flip = Number(negated);
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const position = selection[i]!;
    const value = values[rows[position]! - offset]!;
    selection[kept] = position;
    kept += (Number(value >= low) & Number(value <= high)) ^ flip;
  }
  return kept;
}

/** The upper (signed for I64) and lower half of a 64-bit integer. */
function halves(value: bigint, signed: boolean): { high: number; low: number } {
  const high = Number(value >> 32n);
  return { high: signed ? high | 0 : high >>> 0, low: Number(value & 0xffff_ffffn) };
}

/** 64-bit integers in an interval, compared by halves so that no bigint is made per row. */
export class BigKernel implements Kernel {
  readonly #interval: Interval<bigint>;

  constructor(interval: Interval<bigint>) {
    this.#interval = interval;
  }

  select(part: Column, offset: number, rows: Int32Array, selection: Int32Array, count: number): number {
    const { values, scalar } = part as BigColumn;
    const { negated } = this.#interval;
    if (this.#interval.low > this.#interval.high) return negated ? count : 0;
    const signed = scalar === "I64";
    const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
    const low = halves(this.#interval.low, signed);
    const high = halves(this.#interval.high, signed);
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const position = selection[i]!;
      const at = (rows[position]! - offset) * 2;
      const lower = words[at]!;
      const upper = signed ? words[at + 1]! | 0 : words[at + 1]!;
      const inside = (upper > low.high || (upper === low.high && lower >= low.low)) &&
        (upper < high.high || (upper === high.high && lower <= high.low));
      if (inside !== negated) selection[kept++] = position;
    }
    return kept;
  }
}

const ENCODER = new TextEncoder();

/** Strings equal to a constant, or different from it. */
export class TextEqualKernel implements Kernel {
  readonly #text: Uint8Array;
  readonly #negated: boolean;

  constructor(text: string, negated: boolean) {
    this.#text = ENCODER.encode(text);
    this.#negated = negated;
  }

  select(part: Column, offset: number, rows: Int32Array, selection: Int32Array, count: number): number {
    const { offsets, bytes } = part as Utf8Column;
    const text = this.#text;
    const length = text.length;
    const negated = this.#negated;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const position = selection[i]!;
      const row = rows[position]! - offset;
      const start = offsets[row]!;
      let equal = offsets[row + 1]! - start === length;
      for (let j = 0; equal && j < length; j++) equal = bytes[start + j] === text[j];
      if (equal !== negated) selection[kept++] = position;
    }
    return kept;
  }
}

/** Strings before or behind a constant in code point order. */
export class TextOrderKernel implements Kernel {
  readonly #text: Uint8Array;
  readonly #op: OrderOp;

  constructor(op: OrderOp, text: string) {
    this.#text = ENCODER.encode(text);
    this.#op = op;
  }

  select(part: Column, offset: number, rows: Int32Array, selection: Int32Array, count: number): number {
    const { offsets, bytes } = part as Utf8Column;
    const text = this.#text;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const position = selection[i]!;
      const row = rows[position]! - offset;
      const sign = compareBytes(bytes, offsets[row]!, offsets[row + 1]!, text, 0, text.length);
      if (holdsSign(this.#op, sign)) selection[kept++] = position;
    }
    return kept;
  }
}

/** Strings that begin with a constant, or have it anywhere. */
export class TextPartKernel implements Kernel {
  readonly #text: Uint8Array;
  readonly #anywhere: boolean;

  constructor(text: string, where: "start" | "anywhere") {
    this.#text = ENCODER.encode(text);
    this.#anywhere = where === "anywhere";
  }

  select(part: Column, offset: number, rows: Int32Array, selection: Int32Array, count: number): number {
    const { offsets, bytes } = part as Utf8Column;
    const text = this.#text;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const position = selection[i]!;
      const row = rows[position]! - offset;
      const start = offsets[row]!;
      const last = this.#anywhere ? offsets[row + 1]! - text.length : start;
      let found = false;
      for (let at = start; !found && at <= last; at++) {
        found = at + text.length <= offsets[row + 1]! &&
          equalBytes(bytes, at, at + text.length, text, 0, text.length);
      }
      if (found) selection[kept++] = position;
    }
    return kept;
  }
}

/** Lists with an item that passes an inner kernel. */
export class ListKernel implements Kernel {
  readonly #item: Kernel;

  constructor(item: Kernel) {
    this.#item = item;
  }

  select(part: Column, offset: number, rows: Int32Array, selection: Int32Array, count: number): number {
    const { offsets, items } = part as ListColumn;
    const item = new Int32Array(1);
    const first = new Int32Array(1);
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const position = selection[i]!;
      const row = rows[position]! - offset;
      let found = false;
      for (let at = offsets[row]!; !found && at < offsets[row + 1]!; at++) {
        item[0] = at;
        first[0] = 0;
        found = this.#item.select(items, 0, item, first, 1) === 1;
      }
      if (found) selection[kept++] = position;
    }
    return kept;
  }
}
