/**
 * A hash index from tuples of column values to rows, for look-ups by other properties than the id.
 *
 * Each distinct tuple is one byte string in a key column; `heads` holds per key the last row with it, `next` per row
 * the row before it with the same key (both + 1, 0 ends a chain). Rows with a null in the tuple are left out. Rows are
 * only ever added at the end.
 */
import type { Cell } from "../../schema/value_type.ts";
import { type Column, Utf8Column } from "../../storage/columns.ts";
import { IdIndex } from "../../storage/id_index.ts";
import { TupleWriter } from "../../storage/tuples.ts";
import { IntList } from "./int_list.ts";

/** Rows of some columns by their values. */
export class ValueIndex {
  readonly #columns: readonly Column[];
  readonly #keys = new Utf8Column();
  readonly #index: IdIndex;
  readonly #heads = new IntList();
  readonly #next = new IntList();

  constructor(columns: readonly Column[]) {
    this.#columns = columns;
    this.#index = new IdIndex(this.#keys);
  }

  /** Indexes the rows up to `length` that are not indexed yet. */
  extend(length: number): void {
    this.#next.reserve(length);
    for (let row = this.#next.length; row < length; row++) this.#next.push(this.#link(row));
  }

  /** Indexed rows whose values equal the encoded tuple, the newest first. */
  *rowsOf(key: EncodedTuple): Generator<number> {
    const found = this.#index.findBytes(key.bytes, 0, key.length);
    if (found === -1) return;
    for (let at = this.#heads.values[found]!; at !== 0; at = this.#next.values[at - 1]!) yield at - 1;
  }

  /** Memory held, bytes. */
  get byteLength(): number {
    return this.#keys.bytes.byteLength + this.#keys.offsets.byteLength + this.#index.byteLength +
      this.#heads.values.byteLength + this.#next.values.byteLength;
  }

  /** Makes `row` the head of its key's chain and returns the head before it. */
  #link(row: number): number {
    WRITER.clear();
    for (const column of this.#columns) {
      if (column.isNull(row)) return 0;
      WRITER.addRow(column, row);
    }
    const { bytes, length } = WRITER;
    const found = this.#index.findBytes(bytes, 0, length);
    if (found !== -1) {
      const before = this.#heads.values[found]!;
      this.#heads.values[found] = row + 1;
      return before;
    }
    this.#keys.pushBytes(bytes, 0, length);
    this.#index.add(this.#keys.length - 1);
    this.#heads.push(row + 1);
    return 0;
  }
}

/** One writer is enough: a tuple is encoded and used before the next one begins. */
const WRITER = new TupleWriter();

/** A tuple as bytes. */
export interface EncodedTuple {
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** Encodes the values that a look-up asks for; `kinds` are those of the columns. */
export function encodeTuple(kinds: readonly Column["kind"][], values: readonly Cell[]): EncodedTuple {
  WRITER.clear();
  for (const [at, kind] of kinds.entries()) WRITER.addCell(kind, values[at]!);
  const { bytes, length } = WRITER;
  return { bytes: bytes.slice(0, length), length };
}
