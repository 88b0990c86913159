/**
 * Row numbers in the order of a string column, bytewise. Rows that lie in order already cost one look each; many others
 * are sorted by six bytes at a time (radix), few ones by comparing them.
 */
import type { Utf8Column } from "../../storage/columns.ts";
import { compareTextRows } from "./filter.ts";
import type { TableColumn } from "./table_column.ts";

/** Bytes that one pass orders by: what a double and three 16-bit digits hold. */
const PREFIX_BYTES = 6;
/** Ranges of fewer rows are sorted by comparing. */
const RADIX_MIN = 2048;
const DIGITS = 1 << 16;
/** Ranges up to this many rows are sorted without any set-up. */
const INSERTION_MAX = 24;

/** Sorts `rows` in place by a column that is null in none of them, and returns them. */
export function sortByText(column: TableColumn, rows: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const compare = (a: number, b: number) => compareTextRows(column, a, column, b);
  if (isSorted(rows, compare)) return rows;
  const work: { from: number; to: number; depth: number }[] = [{ from: 0, to: rows.length, depth: 0 }];
  const scratch = rows.length < RADIX_MIN ? null : new Scratch(rows.length);
  while (work.length > 0) {
    const { from, to, depth } = work.pop()!;
    const range = rows.subarray(from, to);
    if (scratch === null || range.length < RADIX_MIN) {
      range.sort(compare);
      continue;
    }
    const shared = sharedPrefix(column, range, depth);
    if (shared === -1) {
      range.sort(compare); // one is a prefix of all others
      continue;
    }
    scratch.sort(column, range, shared);
    for (const tie of scratch.ties(range.length)) {
      const next = shared + PREFIX_BYTES;
      if (tie.to - tie.from > INSERTION_MAX) {
        work.push({ from: from + tie.from, to: from + tie.to, depth: next });
      } else insertionSort(column, range.subarray(tie.from, tie.to), next);
    }
  }
  return rows;
}

/** The bytes that {@linkcode insertionSort} orders by, once per row, because looking at a row again is what costs. */
const KEYS = new Float64Array(INSERTION_MAX);

/** Sorts a few rows that are equal before `depth`. */
function insertionSort(column: TableColumn, rows: Int32Array, depth: number): void {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    const key = prefixNumber(column, row, depth);
    let at = i;
    for (; at > 0; at--) {
      const before = KEYS[at - 1]!;
      if (before < key || (before === key && compareTextRows(column, rows[at - 1]!, column, row) <= 0)) break;
      rows[at] = rows[at - 1]!;
      KEYS[at] = before;
    }
    rows[at] = row;
    KEYS[at] = key;
  }
}

/** Six bytes of a row as a number; behind its end they are zero. */
function prefixNumber(column: TableColumn, row: number, depth: number): number {
  const isBase = row < column.split;
  const { bytes, offsets } = (isBase ? column.base : column.tail) as Utf8Column;
  const index = isBase ? row : row - column.split;
  const start = offsets[index]! + depth;
  const end = offsets[index + 1]!;
  let number = 0;
  for (let at = start; at < start + PREFIX_BYTES; at++) number = number * 256 + (at < end ? bytes[at]! : 0);
  return number;
}

function isSorted(rows: Int32Array, compare: (a: number, b: number) => number): boolean {
  for (let i = 1; i < rows.length; i++) if (compare(rows[i - 1]!, rows[i]!) > 0) return false;
  return true;
}

/** Bytes that all rows begin with, `depth` or more of them; -1 when one row has no byte beyond these. */
function sharedPrefix(column: TableColumn, rows: Int32Array, depth: number): number {
  const first = partOf(column, rows[0]!);
  const firstAt = rows[0]! - first.offset;
  const start = first.column.offsets[firstAt]!;
  let shared = first.column.offsets[firstAt + 1]! - start;
  let shortest = shared;
  for (const row of rows) {
    const { column: part, offset } = partOf(column, row);
    const from = part.offsets[row - offset]!;
    const length = part.offsets[row - offset + 1]! - from;
    if (length < shortest) shortest = length;
    if (length < shared) shared = length;
    let same = depth;
    while (same < shared && part.bytes[from + same] === first.column.bytes[start + same]) same++;
    shared = same < shared ? same : shared;
  }
  return shortest <= shared ? -1 : shared;
}

/** The part of a column that holds a row, and the row number that it begins with. */
function partOf(column: TableColumn, row: number): { readonly column: Utf8Column; readonly offset: number } {
  return row < column.split
    ? { column: column.base as Utf8Column, offset: 0 }
    : { column: column.tail as Utf8Column, offset: column.split };
}

/** Arrays that one sort uses again and again. */
class Scratch {
  readonly #counts = new Uint32Array(DIGITS);
  /** Two sets of rows and their prefixes, as three digits each: a pass moves them from one to the other. */
  #rows: readonly [Int32Array, Int32Array];
  #digits: readonly [Uint16Array, Uint16Array];

  constructor(length: number) {
    this.#rows = [new Int32Array(length), new Int32Array(length)];
    this.#digits = [new Uint16Array(length * 3), new Uint16Array(length * 3)];
  }

  /** Sorts rows by the bytes from `depth` on, as far as a prefix goes. */
  sort(column: TableColumn, rows: Int32Array, depth: number): void {
    const { length } = rows;
    let [from, to] = this.#rows;
    let [digits, sorted] = this.#digits;
    from.set(rows);
    for (let i = 0; i < length; i++) readPrefix(column, rows[i]!, depth, digits, i * 3);
    for (let digit = 2; digit >= 0; digit--) {
      this.#pass(length, digit, from, to, digits, sorted);
      [from, to] = [to, from];
      [digits, sorted] = [sorted, digits];
    }
    this.#rows = [from, to];
    this.#digits = [digits, sorted];
    rows.set(from.subarray(0, length));
  }

  /** The ranges, of the rows sorted last, that have one prefix in common. */
  *ties(length: number): Generator<{ readonly from: number; readonly to: number }> {
    const [digits] = this.#digits;
    let from = 0;
    for (let i = 1; i <= length; i++) {
      const [a, b] = [from * 3, i * 3];
      const same = i < length && digits[a] === digits[b] && digits[a + 1] === digits[b + 1] &&
        digits[a + 2] === digits[b + 2];
      if (same) continue;
      if (i - from > 1) yield { from, to: i };
      from = i;
    }
  }

  #pass(
    length: number,
    digit: number,
    from: Int32Array,
    to: Int32Array,
    digits: Uint16Array,
    sorted: Uint16Array,
  ): void {
    const counts = this.#counts.fill(0);
    for (let i = 0; i < length; i++) counts[digits[i * 3 + digit]!]!++;
    for (let value = 0, sum = 0; value < DIGITS; value++) {
      const count = counts[value]!;
      counts[value] = sum;
      sum += count;
    }
    for (let i = 0; i < length; i++) {
      const at = counts[digits[i * 3 + digit]!]!++;
      to[at] = from[i]!;
      sorted[at * 3] = digits[i * 3]!;
      sorted[at * 3 + 1] = digits[i * 3 + 1]!;
      sorted[at * 3 + 2] = digits[i * 3 + 2]!;
    }
  }
}

/** Writes six bytes of a row as three digits; behind its end they are zero. */
function readPrefix(column: TableColumn, row: number, depth: number, digits: Uint16Array, at: number): void {
  const number = prefixNumber(column, row, depth);
  const upper = Math.floor(number / DIGITS);
  digits[at] = Math.floor(upper / DIGITS);
  digits[at + 1] = upper % DIGITS;
  digits[at + 2] = number % DIGITS;
}
