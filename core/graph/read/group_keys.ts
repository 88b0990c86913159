/**
 * Numbers the groups of an aggregation. Every key turns rows into dense codes, the first code seen is 0; a group is the
 * combination of its codes. Codes are remembered per row, so a value is looked at once per entity, not once per binding.
 */
import { jsonText } from "../../base/lossless_json.ts";
import type { Cell } from "../../schema/value_type.ts";
import { Utf8Column } from "../../storage/columns.ts";
import { IdIndex } from "../../storage/id_index.ts";
import type { TableColumn } from "./table_column.ts";

/** Rows up to which the memory of codes is an array from the start. */
const SMALL_TABLE = 16_384;
/** Entries after which the memory of a large table becomes an array. */
const FEW_ROWS = 1024;

/** Remembers one code per row. */
class RowCodes {
  readonly #rowLimit: number;
  #few: Map<number, number> | null = null;
  #all: Int32Array | null = null;

  constructor(rowLimit: number) {
    this.#rowLimit = rowLimit;
    if (rowLimit <= SMALL_TABLE) this.#all = new Int32Array(rowLimit);
    else this.#few = new Map();
  }

  /** The code of a row, or -1. */
  get(row: number): number {
    if (this.#all !== null) return this.#all[row]! - 1;
    return this.#few?.get(row) ?? -1;
  }

  set(row: number, code: number): void {
    if (this.#all !== null) {
      this.#all[row] = code + 1;
      return;
    }
    this.#few?.set(row, code);
    if (this.#few === null || this.#few.size < FEW_ROWS) return;
    this.#all = new Int32Array(this.#rowLimit);
    for (const [seen, known] of this.#few) this.#all[seen] = known + 1;
    this.#few = null;
  }
}

/** Turns the rows of one group key into codes. */
export class KeyCoder {
  readonly #column: TableColumn;
  readonly #byRow: boolean;
  readonly #codes: RowCodes;
  readonly #values = new Map<Cell | null, number>();
  readonly #texts = new Utf8Column();
  readonly #textIndex = new IdIndex(this.#texts);
  /** Code per row of `#texts`. */
  readonly #textCodes: number[] = [];
  #count = 0;

  /** `byRow` when every row is a group of its own, as for a returned node. */
  constructor(column: TableColumn, rowLimit: number, byRow: boolean) {
    this.#column = column;
    this.#byRow = byRow;
    this.#codes = new RowCodes(rowLimit);
  }

  /** Writes the codes of the first `count` rows. */
  encode(rows: Int32Array, count: number, into: Int32Array): void {
    for (let i = 0; i < count; i++) {
      const row = rows[i]!;
      let code = this.#codes.get(row);
      if (code === -1) {
        code = this.#byRow ? this.#count++ : this.#codeOf(row);
        this.#codes.set(row, code);
      }
      into[i] = code;
    }
  }

  #codeOf(row: number): number {
    const column = this.#column;
    if (column.kind === "utf8" && !column.isNull(row)) return this.#codeOfText(row);
    let value: Cell | null = column.get(row);
    if (typeof value === "object" && value !== null) value = jsonText(value);
    let code = this.#values.get(value);
    if (code === undefined) {
      code = this.#count++;
      this.#values.set(value, code);
    }
    return code;
  }

  #codeOfText(row: number): number {
    const { base, tail, split } = this.#column;
    const part = (row < split ? base : tail) as Utf8Column;
    const at = row < split ? row : row - split;
    const known = this.#textIndex.findRowOf(part, at);
    if (known !== -1) return this.#textCodes[known]!;
    this.#texts.pushBytes(part.bytes, part.offsets[at]!, part.offsets[at + 1]!);
    this.#textIndex.add(this.#texts.length - 1);
    this.#textCodes.push(this.#count);
    return this.#count++;
  }
}

/** Numbers pairs of integers in the order they are first seen. */
export class PairCodes {
  /** Open addressing: first, second, code + 1. */
  #slots = new Int32Array(3 * 64);
  #mask = 63;
  #count = 0;

  code(first: number, second: number): number {
    const slots = this.#slots;
    let at = hashPair(first, second) & this.#mask;
    for (;; at = (at + 1) & this.#mask) {
      const code = slots[at * 3 + 2]!;
      if (code === 0) break;
      if (slots[at * 3] === first && slots[at * 3 + 1] === second) return code - 1;
    }
    slots[at * 3] = first;
    slots[at * 3 + 1] = second;
    slots[at * 3 + 2] = ++this.#count;
    if (this.#count * 2 > this.#mask) this.#grow();
    return this.#count - 1;
  }

  #grow(): void {
    const old = this.#slots;
    this.#mask = this.#mask * 2 + 1;
    this.#slots = new Int32Array(old.length * 2);
    for (let from = 0; from < old.length; from += 3) {
      if (old[from + 2] === 0) continue;
      let at = hashPair(old[from]!, old[from + 1]!) & this.#mask;
      while (this.#slots[at * 3 + 2] !== 0) at = (at + 1) & this.#mask;
      this.#slots.set(old.subarray(from, from + 3), at * 3);
    }
  }
}

function hashPair(first: number, second: number): number {
  let hash = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}
