/**
 * A column of a live table: the immutable part that was read from storage and the part that deltas append.
 *
 * Row numbers run through both: `0 .. split` are rows of `base`, row `split + i` is row `i` of `tail`. Kernels work on
 * one part at a time, so that their loops read plain arrays.
 */
import { assert, unreachable } from "../../base/assert.ts";
import type { Cell } from "../../schema/value_type.ts";
import {
  BigColumn,
  BoolColumn,
  type Column,
  ListColumn,
  NumberColumn,
  Utf8Column,
  VectorColumn,
} from "../../storage/columns.ts";

/** Base and tail of one column. Both parts have the same kind. */
export class TableColumn {
  readonly base: Column;
  readonly tail: Column;
  /** Rows of the base. */
  readonly split: number;

  constructor(base: Column, tail: Column, split: number) {
    assert(base.kind === tail.kind, "both parts of a column have one kind");
    this.base = base;
    this.tail = tail;
    this.split = split;
  }

  get kind(): Column["kind"] {
    return this.base.kind;
  }

  /** The value of a row, decoded. */
  get(row: number): Cell | null {
    return row < this.split ? this.base.get(row) : this.tail.get(row - this.split);
  }

  isNull(row: number): boolean {
    return row < this.split ? this.base.isNull(row) : this.tail.isNull(row - this.split);
  }

  /** Whether any row may be null. */
  get nullable(): boolean {
    return this.base.validity !== null || this.tail.validity !== null;
  }
}

/** A table column made of computed values. */
export function wholeColumn(column: Column): TableColumn {
  return new TableColumn(column, emptyLike(column), column.length);
}

/** An empty column of the same kind and type. */
export function emptyLike<C extends Column>(column: C): C {
  return emptyOf(column) as C;
}

function emptyOf(column: Column): Column {
  switch (column.kind) {
    case "utf8":
      return new Utf8Column();
    case "number":
      return new NumberColumn(column.scalar);
    case "big":
      return new BigColumn(column.scalar);
    case "bool":
      return new BoolColumn();
    case "vector":
      return new VectorColumn(column.dimensions);
    case "list":
      return new ListColumn(emptyLike(column.items));
    default:
      return unreachable(column);
  }
}

/** Appends the rows `from` to `to` of `source`, or nulls where there is no source, to a column of the same type. */
export function appendRows(target: Column, source: Column | undefined, from: number, to: number): void {
  if (source === undefined) {
    for (let row = from; row < to; row++) target.push(null);
  } else if (source.kind === "utf8" && target.kind === "utf8") {
    for (let row = from; row < to; row++) {
      if (source.isNull(row)) target.push(null);
      else target.pushBytes(source.bytes, source.offsets[row]!, source.offsets[row + 1]!);
    }
  } else {
    assert(source.kind === target.kind, "rows are appended to a column of their own kind");
    for (let row = from; row < to; row++) target.push(source.get(row));
  }
}

/** Memory held by a column, bytes. */
export function columnBytes(column: Column): number {
  const validity = column.validity?.byteLength ?? 0;
  switch (column.kind) {
    case "utf8":
      return validity + column.offsets.byteLength + column.bytes.byteLength;
    case "list":
      return validity + column.offsets.byteLength + columnBytes(column.items);
    default:
      return validity + column.values.byteLength;
  }
}
