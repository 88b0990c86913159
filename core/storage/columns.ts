/**
 * Column vectors: the in-memory form of table data, shared by loading, storage and query execution.
 *
 * Numbers live in typed arrays, strings as UTF-8 bytes with offsets. All columns can grow at the end and never change
 * existing rows, so a row number stays valid and a reader that knows its row limit is not disturbed by appends.
 * Arrays have spare capacity: only the first `length` rows mean anything.
 */
import type { AnyType } from "../schema/catalog.ts";
import type { Cell, Scalar, ScalarCell, ValueType } from "../schema/value_type.ts";
import { assert, must, unreachable } from "../base/assert.ts";

const ENCODER = new TextEncoder();
/** Keeps a leading U+FEFF, which is part of the value. */
const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

/** What every column can do. Kernels switch on `kind` and read the arrays. */
interface ColumnBase {
  length: number;
  /** One byte per row, 1 = has a value; null while no row is null. */
  validity: Uint8Array<ArrayBuffer> | null;
  isNull(row: number): boolean;
  /** The value, decoded; null when null. */
  get(row: number): Cell | null;
  /** Appends a value that fits the column's type. */
  push(value: Cell | null): void;
}

/** A column of any type. */
export type Column = Utf8Column | NumberColumn | BigColumn | BoolColumn | VectorColumn | ListColumn;

function grown<T extends { length: number; set(source: T): void }>(
  old: T,
  needed: number,
  make: (length: number) => T,
): T {
  if (needed <= old.length) return old;
  const next = make(Math.max(needed, old.length * 2, 16));
  next.set(old);
  return next;
}

abstract class Nullable {
  length = 0;
  validity: Uint8Array<ArrayBuffer> | null = null;

  isNull(row: number): boolean {
    return this.validity !== null && this.validity[row] === 0;
  }

  /** Records whether the row about to be appended has a value, and counts it. */
  protected mark(valid: boolean): void {
    if (!valid && this.validity === null) {
      this.validity = new Uint8Array(Math.max(16, this.length * 2)).fill(1, 0, this.length);
    }
    if (this.validity !== null) {
      this.validity = grown(this.validity, this.length + 1, (n) => new Uint8Array(n));
      this.validity[this.length] = valid ? 1 : 0;
    }
    this.length++;
  }
}

/** Strings, enums, Blob spellings and ids: row `i` is `bytes[offsets[i] .. offsets[i + 1])`. */
export class Utf8Column extends Nullable implements ColumnBase {
  readonly kind = "utf8";
  offsets: Int32Array<ArrayBuffer>;
  bytes: Uint8Array<ArrayBuffer>;

  constructor(
    offsets: Int32Array<ArrayBuffer> = new Int32Array(17),
    bytes: Uint8Array<ArrayBuffer> = new Uint8Array(256),
    length = 0,
    validity: Uint8Array<ArrayBuffer> | null = null,
  ) {
    super();
    this.offsets = offsets;
    this.bytes = bytes;
    this.length = length;
    this.validity = validity;
  }

  get(row: number): string | null {
    return this.isNull(row) ? null : this.text(row);
  }

  /** The string of a row that is not null. */
  text(row: number): string {
    const start = this.offsets[row]!;
    const end = this.offsets[row + 1]!;
    if (end - start < 24) {
      let text = "";
      for (let i = start; i < end; i++) {
        const byte = this.bytes[i]!;
        if (byte > 127) return DECODER.decode(this.bytes.subarray(start, end));
        text += String.fromCharCode(byte);
      }
      return text;
    }
    return DECODER.decode(this.bytes.subarray(start, end));
  }

  push(value: Cell | null): void {
    const start = this.#open();
    if (value === null) return this.#close(start, false);
    const text = value as string;
    this.bytes = grown(this.bytes, start + text.length * 3, (n) => new Uint8Array(n));
    let end = start;
    if (text.length < 48) {
      for (let i = 0; i < text.length; i++) {
        const code = text.charCodeAt(i);
        if (code > 127) {
          end = start + ENCODER.encodeInto(text, this.bytes.subarray(start)).written;
          return this.#close(end, true);
        }
        this.bytes[end++] = code;
      }
    } else {
      end = start + ENCODER.encodeInto(text, this.bytes.subarray(start)).written;
    }
    this.#close(end, true);
  }

  /** Appends `source[from .. to)`, which must be valid UTF-8. */
  pushBytes(source: Uint8Array, from: number, to: number): void {
    const start = this.#open();
    const end = start + (to - from);
    this.bytes = grown(this.bytes, end, (n) => new Uint8Array(n));
    if (to - from < 32) { for (let i = from, j = start; i < to; i++, j++) this.bytes[j] = source[i]!; }
    else this.bytes.set(source.subarray(from, to), start);
    this.#close(end, true);
  }

  #open(): number {
    this.offsets = grown(this.offsets, this.length + 2, (n) => new Int32Array(n));
    return this.offsets[this.length]!;
  }

  #close(end: number, valid: boolean): void {
    assert(end <= 0x7fff_ffff, "a string column holds less than 2 GiB");
    this.offsets[this.length + 1] = end;
    this.mark(valid);
  }
}

/** The array classes of {@linkcode NumberColumn}. */
export type NumberArray =
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

/** I32 and Date (Int32Array), U32 (Uint32Array), F32 (Float32Array), F64 and DateTime (Float64Array). */
export class NumberColumn extends Nullable implements ColumnBase {
  readonly kind = "number";
  readonly scalar: Scalar;
  values: NumberArray;

  constructor(
    scalar: Scalar,
    values: NumberArray = numberArray(scalar, 16),
    length = 0,
    validity: Uint8Array<ArrayBuffer> | null = null,
  ) {
    super();
    this.scalar = scalar;
    this.values = values;
    this.length = length;
    this.validity = validity;
  }

  get(row: number): number | null {
    return this.isNull(row) ? null : this.values[row]!;
  }

  push(value: Cell | null): void {
    if (this.length === this.values.length) {
      const next = numberArray(this.scalar, Math.max(16, this.length * 2));
      next.set(this.values as never);
      this.values = next;
    }
    this.values[this.length] = value === null ? 0 : value as number;
    this.mark(value !== null);
  }
}

/** The typed array that stores a scalar of {@linkcode NumberColumn}. */
export function numberArray(scalar: Scalar, length: number): NumberArray {
  switch (scalar) {
    case "I32":
    case "Date":
      return new Int32Array(length);
    case "U32":
      return new Uint32Array(length);
    case "F32":
      return new Float32Array(length);
    default:
      assert(scalar === "F64" || scalar === "DateTime", `no number array stores ${scalar}`);
      return new Float64Array(length);
  }
}

/** I64 and U64. */
export class BigColumn extends Nullable implements ColumnBase {
  readonly kind = "big";
  readonly scalar: "I64" | "U64";
  values: BigInt64Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>;

  constructor(
    scalar: "I64" | "U64",
    values: BigInt64Array<ArrayBuffer> | BigUint64Array<ArrayBuffer> = bigArray(scalar, 16),
    length = 0,
    validity: Uint8Array<ArrayBuffer> | null = null,
  ) {
    super();
    this.scalar = scalar;
    this.values = values;
    this.length = length;
    this.validity = validity;
  }

  get(row: number): bigint | null {
    return this.isNull(row) ? null : this.values[row]!;
  }

  push(value: Cell | null): void {
    if (this.length === this.values.length) {
      const next = bigArray(this.scalar, Math.max(16, this.length * 2));
      next.set(this.values as never);
      this.values = next;
    }
    this.values[this.length] = value === null ? 0n : value as bigint;
    this.mark(value !== null);
  }
}

/** The typed array of {@linkcode BigColumn}. */
export function bigArray(
  scalar: "I64" | "U64",
  length: number,
): BigInt64Array<ArrayBuffer> | BigUint64Array<ArrayBuffer> {
  return scalar === "I64" ? new BigInt64Array(length) : new BigUint64Array(length);
}

/** Bool: one byte per row, 0 or 1. */
export class BoolColumn extends Nullable implements ColumnBase {
  readonly kind = "bool";
  values: Uint8Array<ArrayBuffer>;

  constructor(
    values: Uint8Array<ArrayBuffer> = new Uint8Array(16),
    length = 0,
    validity: Uint8Array<ArrayBuffer> | null = null,
  ) {
    super();
    this.values = values;
    this.length = length;
    this.validity = validity;
  }

  get(row: number): boolean | null {
    return this.isNull(row) ? null : this.values[row] === 1;
  }

  push(value: Cell | null): void {
    this.values = grown(this.values, this.length + 1, (n) => new Uint8Array(n));
    this.values[this.length] = value === true ? 1 : 0;
    this.mark(value !== null);
  }
}

/** Vectors of one width: row `i` is `values[i * dimensions .. (i + 1) * dimensions)`. */
export class VectorColumn extends Nullable implements ColumnBase {
  readonly kind = "vector";
  readonly dimensions: number;
  values: Float32Array<ArrayBuffer>;

  constructor(
    dimensions: number,
    values: Float32Array<ArrayBuffer> = new Float32Array(0),
    length = 0,
    validity: Uint8Array<ArrayBuffer> | null = null,
  ) {
    super();
    this.dimensions = dimensions;
    this.values = values;
    this.length = length;
    this.validity = validity;
  }

  get(row: number): Float32Array | null {
    if (this.isNull(row)) return null;
    return this.values.slice(row * this.dimensions, (row + 1) * this.dimensions);
  }

  push(value: Cell | null): void {
    const start = this.length * this.dimensions;
    this.values = grown(this.values, start + this.dimensions, (n) => new Float32Array(n));
    if (value !== null) this.values.set(value as Float32Array, start);
    this.mark(value !== null);
  }
}

/** Lists of non-null scalars: row `i` holds `items[offsets[i] .. offsets[i + 1])`. */
export class ListColumn extends Nullable implements ColumnBase {
  readonly kind = "list";
  offsets: Int32Array<ArrayBuffer>;
  items: Utf8Column | NumberColumn | BigColumn | BoolColumn;

  constructor(
    items: Utf8Column | NumberColumn | BigColumn | BoolColumn,
    offsets: Int32Array<ArrayBuffer> = new Int32Array(17),
    length = 0,
    validity: Uint8Array<ArrayBuffer> | null = null,
  ) {
    super();
    this.items = items;
    this.offsets = offsets;
    this.length = length;
    this.validity = validity;
  }

  get(row: number): readonly ScalarCell[] | null {
    if (this.isNull(row)) return null;
    const cells: ScalarCell[] = [];
    for (let i = this.offsets[row]!; i < this.offsets[row + 1]!; i++) {
      cells.push(must(this.items.get(i), "list items are never null"));
    }
    return cells;
  }

  push(value: Cell | null): void {
    this.offsets = grown(this.offsets, this.length + 2, (n) => new Int32Array(n));
    if (value !== null) { for (const item of value as readonly ScalarCell[]) this.items.push(item); }
    this.offsets[this.length + 1] = this.items.length;
    this.mark(value !== null);
  }
}

/** An empty column for values of a type. */
export function newColumn(type: ValueType): Column {
  switch (type.kind) {
    case "vector":
      return new VectorColumn(type.dimensions);
    case "list":
      return new ListColumn(newScalarColumn(type.item));
    case "scalar":
      return newScalarColumn(type.scalar);
    default:
      return unreachable(type);
  }
}

/** An empty column for values of a scalar type. */
export function newScalarColumn(scalar: Scalar): Utf8Column | NumberColumn | BigColumn | BoolColumn {
  switch (scalar) {
    case "String":
    case "Blob":
      return new Utf8Column();
    case "Bool":
      return new BoolColumn();
    case "I64":
    case "U64":
      return new BigColumn(scalar);
    default:
      return new NumberColumn(scalar);
  }
}

/** Some columns of equally many rows of one table, by column name. */
export interface RecordColumns {
  readonly length: number;
  readonly columns: ReadonlyMap<string, Column>;
}

/** The string type that `id`, `src` and `dst` have. */
export const ID_TYPE: ValueType = { kind: "scalar", scalar: "String", enumValues: null };

/** All column names of a table in storage order: `id`, on edges `src` and `dst`, then the properties by name. */
export function columnNames(type: AnyType): string[] {
  const system = type.kind === "edge" ? ["id", "src", "dst"] : ["id"];
  return [...system, ...type.properties.map((property) => property.name)];
}

/** The value type of one column of a table. */
export function columnType(type: AnyType, column: string): ValueType {
  if (column === "id" || (type.kind === "edge" && (column === "src" || column === "dst"))) return ID_TYPE;
  return must(type.propertyByName.get(column), `${type.key} has no column ${column}`).type;
}

/** Empty columns for all columns of a table. */
export function newTableColumns(type: AnyType): Map<string, Column> {
  return new Map(columnNames(type).map((name) => [name, newColumn(columnType(type, name))]));
}

/** The string column of ids, sources or targets. */
export function idColumn(record: RecordColumns, name: "id" | "src" | "dst"): Utf8Column {
  const column = must(record.columns.get(name), `column ${name} is missing`);
  assert(column.kind === "utf8", `column ${name} holds strings`);
  return column;
}
