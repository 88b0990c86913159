/**
 * A hash index from tuples of column values to rows, for look-ups by other properties than the id.
 *
 * Each distinct tuple is one byte string in a key column; `heads` holds per key the last row with it, `next` per row
 * the row before it with the same key (both + 1, 0 ends a chain). Rows with a null in the tuple are left out. Rows are
 * only ever added at the end.
 */
import { InvariantError, unreachable } from "../../base/assert.ts";
import type { Cell } from "../../schema/value_type.ts";
import { type Column, Utf8Column } from "../../storage/columns.ts";
import { IdIndex } from "../../storage/id_index.ts";
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
    const tuple = WRITER.begin();
    for (const column of this.#columns) {
      if (column.isNull(row)) return 0;
      tuple.writeRow(column, row);
    }
    const { bytes, length } = tuple.encoded();
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

/** A tuple as bytes: equal tuples of equally typed columns have equal bytes, others differ. */
export interface EncodedTuple {
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** Encodes the values that a look-up asks for; `kinds` are those of the columns. */
export function encodeTuple(kinds: readonly Column["kind"][], values: readonly Cell[]): EncodedTuple {
  const tuple = WRITER.begin();
  for (const [at, kind] of kinds.entries()) tuple.writeCell(kind, values[at]!);
  const { bytes, length } = tuple.encoded();
  return { bytes: bytes.slice(0, length), length };
}

/** One buffer is enough: a tuple is encoded and used before the next one begins. */
let buffer = new Uint8Array(256);
let view = new DataView(buffer.buffer);
const ENCODER = new TextEncoder();

class TupleWriter {
  #length = 0;

  begin(): this {
    this.#length = 0;
    return this;
  }

  encoded(): EncodedTuple {
    return { bytes: buffer, length: this.#length };
  }

  writeRow(column: Column, row: number): void {
    switch (column.kind) {
      case "utf8": {
        const start = column.offsets[row]!;
        const end = column.offsets[row + 1]!;
        this.#writeLength(end - start);
        for (let at = start; at < end; at++) buffer[this.#length++] = column.bytes[at]!;
        return;
      }
      case "number":
        return this.#writeDouble(column.values[row]!);
      case "big":
        return this.#writeBig(column.values[row]!);
      case "bool":
        return this.#writeDouble(column.values[row]!);
      case "list":
      case "vector":
        throw new InvariantError("lists and vectors have no look-up");
      default:
        return unreachable(column);
    }
  }

  writeCell(kind: Column["kind"], value: Cell): void {
    if (typeof value === "string") {
      const bytes = ENCODER.encode(value);
      this.#writeLength(bytes.length);
      buffer.set(bytes, this.#length);
      this.#length += bytes.length;
    } else if (kind === "big") {
      this.#writeBig(BigInt(value as bigint));
    } else {
      this.#writeDouble(Number(value));
    }
  }

  #writeLength(length: number): void {
    this.#reserve(length + 4);
    view.setUint32(this.#length, length);
    this.#length += 4;
  }

  #writeDouble(value: number): void {
    this.#reserve(8);
    view.setFloat64(this.#length, value === 0 ? 0 : value);
    this.#length += 8;
  }

  #writeBig(value: bigint): void {
    this.#reserve(8);
    view.setBigUint64(this.#length, BigInt.asUintN(64, value));
    this.#length += 8;
  }

  #reserve(more: number): void {
    if (this.#length + more <= buffer.length) return;
    const next = new Uint8Array(Math.max(this.#length + more, buffer.length * 2));
    next.set(buffer);
    buffer = next;
    view = new DataView(buffer.buffer);
  }
}

const WRITER = new TupleWriter();
