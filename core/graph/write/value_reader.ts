/** The reader of a property: scalars by `scalar_reader.ts`, vectors and lists here. */
import type { Property } from "../../schema/catalog.ts";
import type { ValueType } from "../../schema/value_type.ts";
import { ListColumn, newColumn, VectorColumn } from "../../storage/columns.ts";
import { scanNumber, scanString, skipSpace, textOf } from "./byte_reader.ts";
import { ARRAY, DECIMAL, ESCAPED_STRING, FALSE, INTEGER, NULL, OBJECT, STRING, TRUE } from "./member_tape.ts";
import { doubleOf } from "./number_bytes.ts";
import { describeJson, scalarReader, type ValueReader } from "./scalar_reader.ts";
import { typeLabel } from "./value_rules.ts";

/** The reader of a property. */
export function readerOf(property: Property): ValueReader {
  const { name, type } = property;
  const column = newColumn(type);
  if (column instanceof ListColumn) return new ListReader(name, type, column);
  if (column instanceof VectorColumn) return new VectorReader(name, column);
  if (type.kind !== "scalar") throw new TypeError(`no reader for ${typeLabel(type)}`);
  return scalarReader(name, type.scalar, column);
}

class VectorReader implements ValueReader {
  readonly #name: string;
  readonly column: VectorColumn;
  readonly #scratch: Float32Array;

  constructor(name: string, column: VectorColumn) {
    this.#name = name;
    this.column = column;
    this.#scratch = new Float32Array(column.dimensions);
  }

  read(bytes: Uint8Array, kind: number, start: number, end: number): string | null {
    const { dimensions } = this.column;
    if (kind !== ARRAY) {
      const got = describeJson(bytes, kind, start, end);
      return `property '${this.#name}' expects Vector(${dimensions}), got ${got}`;
    }
    const items = new ItemCursor(bytes, start, end);
    let count = 0;
    let fault: string | null = null;
    for (; items.next(); count++) {
      if (items.kind !== INTEGER && items.kind !== DECIMAL) {
        const got = describeJson(bytes, items.kind, items.start, items.end);
        return `property '${this.#name}' vector elements must be numeric, got ${got}`;
      }
      const value = Math.fround(doubleOf(bytes, items.start, items.end));
      if (!Number.isFinite(value)) {
        fault ??= `number ${textOf(bytes, items.start, items.end)} exceeds Float32 range`;
      }
      if (count < dimensions) this.#scratch[count] = value;
    }
    if (count !== dimensions) {
      return `property '${this.#name}' expects ${dimensions} dimensions, got ${count}`;
    }
    if (fault !== null) return `property '${this.#name}' vector elements must be finite: ${fault}`;
    this.column.push(this.#scratch);
    return null;
  }
}

class ListReader implements ValueReader {
  readonly #name: string;
  readonly #type: ValueType;
  readonly column: ListColumn;
  readonly #item: ValueReader;

  constructor(name: string, type: ValueType, column: ListColumn) {
    this.#name = name;
    this.#type = type;
    this.column = column;
    this.#item = scalarReader(name, type.kind === "list" ? type.item : "String", column.items);
  }

  read(bytes: Uint8Array, kind: number, start: number, end: number): string | null {
    if (kind !== ARRAY) {
      const got = describeJson(bytes, kind, start, end);
      return `property '${this.#name}' expects ${typeLabel(this.#type)}, got ${got}`;
    }
    const items = new ItemCursor(bytes, start, end);
    for (let index = 0; items.next(); index++) {
      const fault = items.kind === NULL ? "null" : this.#item.read(bytes, items.kind, items.start, items.end);
      if (fault !== null) {
        return `property '${this.#name}' contains a null or invalid item at position ${index}: ${fault}`;
      }
    }
    this.column.push([]); // closes the row over the items just appended
    return null;
  }
}

/** Walks the items of a scanned array. A container ends the walk: no reader accepts one. */
class ItemCursor {
  readonly #bytes: Uint8Array;
  readonly #stop: number;
  #at: number;
  kind = NULL;
  start = 0;
  end = 0;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#stop = end - 1;
    this.#at = start + 1;
  }

  next(): boolean {
    const bytes = this.#bytes;
    let at = skipSpace(bytes, this.#at, this.#stop);
    if (at < this.#stop && bytes[at] === 0x2c) at = skipSpace(bytes, at + 1, this.#stop);
    if (at >= this.#stop) return false;
    this.start = at;
    const byte = bytes[at]!;
    if (byte === 0x22) {
      const scanned = scanString(bytes, at + 1, this.#stop);
      this.start = at + 1;
      this.end = scanned < 0 ? ~scanned : scanned;
      this.kind = scanned < 0 ? ESCAPED_STRING : STRING;
      this.#at = this.end + 1;
      return true;
    }
    if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) {
      const scanned = scanNumber(bytes, at, this.#stop);
      this.end = scanned < 0 ? ~scanned : scanned;
      this.kind = scanned < 0 ? DECIMAL : INTEGER;
    } else if (byte === 0x5b || byte === 0x7b) {
      this.kind = byte === 0x5b ? ARRAY : OBJECT;
      this.end = this.#stop;
    } else {
      this.kind = byte === 0x74 ? TRUE : byte === 0x66 ? FALSE : NULL;
      this.end = at + (byte === 0x66 ? 5 : 4);
    }
    this.#at = this.end;
    return true;
  }
}
