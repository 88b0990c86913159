/**
 * Tuples of column values as bytes: equal tuples of equally typed columns have equal bytes, others differ. Values have a
 * fixed width by the kind of their column, or their length in front.
 */
import { InvariantError, unreachable } from "../base/assert.ts";
import type { Cell } from "../schema/value_type.ts";
import type { Column } from "./columns.ts";

const ENCODER = new TextEncoder();

/** Encodes one tuple after another into one buffer. Nulls have no bytes: callers leave such tuples out. */
export class TupleWriter {
  /** The tuple is in the first `length` bytes, until the next one begins. */
  bytes = new Uint8Array(256);
  length = 0;
  #view = new DataView(this.bytes.buffer);

  /** Begins the next tuple. */
  clear(): void {
    this.length = 0;
  }

  /** Appends the value in a row that is not null. */
  addRow(column: Column, row: number): void {
    switch (column.kind) {
      case "utf8": {
        const start = column.offsets[row]!;
        const end = column.offsets[row + 1]!;
        this.#addLength(end - start);
        const { bytes } = this;
        for (let from = start, at = this.length; from < end; from++, at++) bytes[at] = column.bytes[from]!;
        this.length += end - start;
        return;
      }
      case "number":
      case "bool":
        return this.#addDouble(column.values[row]!);
      case "big":
        return this.#addBig(column.values[row]!);
      case "list":
      case "vector":
        throw new InvariantError("lists and vectors have no tuples");
      default:
        return unreachable(column);
    }
  }

  /** Appends a value as a column of this kind would hold it. */
  addCell(kind: Column["kind"], value: Cell): void {
    if (typeof value === "string") {
      const bytes = ENCODER.encode(value);
      this.#addLength(bytes.length);
      this.bytes.set(bytes, this.length);
      this.length += bytes.length;
    } else if (kind === "big") {
      this.#addBig(BigInt(value as bigint));
    } else {
      this.#addDouble(Number(value));
    }
  }

  /** Appends the length of what follows and makes room for that too. */
  #addLength(length: number): void {
    this.#reserve(4 + length);
    this.#view.setUint32(this.length, length);
    this.length += 4;
  }

  #addDouble(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.length, value === 0 ? 0 : value); // -0 equals 0
    this.length += 8;
  }

  #addBig(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigUint64(this.length, BigInt.asUintN(64, value));
    this.length += 8;
  }

  #reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const next = new Uint8Array(Math.max(this.length + more, this.bytes.length * 2));
    next.set(this.bytes);
    this.bytes = next;
    this.#view = new DataView(next.buffer);
  }
}
