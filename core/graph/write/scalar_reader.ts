/**
 * Readers that turn scanned JSON values into column values. A reader appends exactly one row to its column, or returns
 * what is wrong; after a complaint the column must not be used.
 */
import { unreachable } from "../../base/assert.ts";
import { parseDate, parseDateTime } from "../../base/temporal.ts";
import type { Scalar } from "../../schema/value_type.ts";
import type { BigColumn, BoolColumn, Column, NumberColumn, Utf8Column } from "../../storage/columns.ts";
import { stringText, textOf, unescaped } from "./byte_reader.ts";
import { ARRAY, DECIMAL, ESCAPED_STRING, FALSE, INTEGER, NULL, STRING, TRUE } from "./member_tape.ts";
import { doubleOf, integerOf } from "./number_bytes.ts";
import { integerFault, isBlobSpelling, typeLabel } from "./value_rules.ts";

/** Appends JSON values to one column. */
export interface ValueReader {
  readonly column: Column;
  /** Appends the value of `kind` at `bytes[start .. end)`, which is not null; or says what is wrong with it. */
  read(bytes: Uint8Array, kind: number, start: number, end: number): string | null;
}

/** The reader of a scalar property, or of the items of a list; `column` stores that scalar. */
export function scalarReader(name: string, scalar: Scalar, column: Column): ValueReader {
  switch (column.kind) {
    case "utf8":
      return scalar === "Blob" ? new BlobReader(name, column) : new StringReader(name, column);
    case "bool":
      return new BoolReader(name, column);
    case "big":
      return new IntegerReader(name, scalar, column);
    case "number":
      if (scalar === "I32" || scalar === "U32") return new IntegerReader(name, scalar, column);
      if (scalar === "F32" || scalar === "F64") return new FloatReader(name, scalar, column);
      return new TimeReader(name, scalar === "Date" ? "Date" : "DateTime", column);
    case "vector":
    case "list":
      throw new TypeError(`no scalar reader for a ${column.kind} column`);
    default:
      return unreachable(column);
  }
}

/** How a JSON value is called in a complaint: `string "abc"`, `number 3.0`, `null`, `array`. */
export function describeJson(bytes: Uint8Array, kind: number, start: number, end: number): string {
  switch (kind) {
    case STRING:
    case ESCAPED_STRING: {
      const text = textOf(bytes, start, Math.min(end, start + 64)).replace(/\uFFFD$/, "");
      return end - start > 64 ? `string "${text}…"` : `string "${text}"`;
    }
    case INTEGER:
    case DECIMAL:
      return `number ${textOf(bytes, start, Math.min(end, start + 64))}`;
    case TRUE:
      return "boolean true";
    case FALSE:
      return "boolean false";
    case NULL:
      return "null";
    case ARRAY:
      return "array";
    default:
      return "object";
  }
}

class StringReader implements ValueReader {
  readonly #name: string;
  readonly column: Utf8Column;

  constructor(name: string, column: Utf8Column) {
    this.#name = name;
    this.column = column;
  }

  read(bytes: Uint8Array, kind: number, start: number, end: number): string | null {
    if (kind === STRING) this.column.pushBytes(bytes, start, end);
    else if (kind === ESCAPED_STRING) {
      const decoded = unescaped(bytes, start, end);
      this.column.pushBytes(decoded, 0, decoded.length);
    } else return `property '${this.#name}' expects String, got ${describeJson(bytes, kind, start, end)}`;
    return null;
  }
}

class BlobReader implements ValueReader {
  readonly #name: string;
  readonly column: Utf8Column;

  constructor(name: string, column: Utf8Column) {
    this.#name = name;
    this.column = column;
  }

  read(bytes: Uint8Array, kind: number, start: number, end: number): string | null {
    if (kind !== STRING && kind !== ESCAPED_STRING) {
      const got = describeJson(bytes, kind, start, end);
      return `property '${this.#name}' must be a URI string or base64:, got ${got}`;
    }
    const spelling = kind === STRING ? bytes.subarray(start, end) : unescaped(bytes, start, end);
    if (!isBlobSpelling(spelling)) return `property '${this.#name}' holds bad base64 after 'base64:'`;
    this.column.pushBytes(spelling, 0, spelling.length);
    return null;
  }
}

class BoolReader implements ValueReader {
  readonly #name: string;
  readonly column: BoolColumn;

  constructor(name: string, column: BoolColumn) {
    this.#name = name;
    this.column = column;
  }

  read(bytes: Uint8Array, kind: number, start: number, end: number): string | null {
    if (kind !== TRUE && kind !== FALSE) {
      return `property '${this.#name}' expects Boolean, got ${describeJson(bytes, kind, start, end)}`;
    }
    this.column.push(kind === TRUE);
    return null;
  }
}

/** I32, U32, I64 and U64. */
class IntegerReader implements ValueReader {
  readonly #name: string;
  readonly #scalar: Scalar;
  readonly column: NumberColumn | BigColumn;

  constructor(name: string, scalar: Scalar, column: NumberColumn | BigColumn) {
    this.#name = name;
    this.#scalar = scalar;
    this.column = column;
  }

  read(bytes: Uint8Array, kind: number, start: number, end: number): string | null {
    if (kind !== INTEGER) {
      const got = describeJson(bytes, kind, start, end);
      return `property '${this.#name}' expects ${typeLabel(this.#scalar)}, got ${got}`;
    }
    const value = integerOf(bytes, start, end);
    const fault = integerFault(this.#scalar, value);
    if (fault !== null) return `property '${this.#name}': ${fault}`;
    this.column.push(this.column.kind === "big" ? BigInt(value) : Number(value));
    return null;
  }
}

/** F32 and F64. */
class FloatReader implements ValueReader {
  readonly #name: string;
  readonly #scalar: Scalar;
  readonly column: NumberColumn;

  constructor(name: string, scalar: Scalar, column: NumberColumn) {
    this.#name = name;
    this.#scalar = scalar;
    this.column = column;
  }

  read(bytes: Uint8Array, kind: number, start: number, end: number): string | null {
    if (kind !== INTEGER && kind !== DECIMAL) {
      const got = describeJson(bytes, kind, start, end);
      return `property '${this.#name}' expects ${typeLabel(this.#scalar)}, got ${got}`;
    }
    const value = doubleOf(bytes, start, end);
    const stored = this.#scalar === "F32" ? Math.fround(value) : value;
    if (!Number.isFinite(stored)) {
      const token = describeJson(bytes, kind, start, end);
      return `property '${this.#name}': ${token} exceeds ${typeLabel(this.#scalar)} range`;
    }
    this.column.push(stored);
    return null;
  }
}

/** Date and DateTime: text, or an integer since the epoch. */
class TimeReader implements ValueReader {
  readonly #name: string;
  readonly #scalar: "Date" | "DateTime";
  readonly column: NumberColumn;

  constructor(name: string, scalar: "Date" | "DateTime", column: NumberColumn) {
    this.#name = name;
    this.#scalar = scalar;
    this.column = column;
  }

  read(bytes: Uint8Array, kind: number, start: number, end: number): string | null {
    if (kind === INTEGER) {
      const value = integerOf(bytes, start, end);
      const fault = integerFault(this.#scalar, value);
      if (fault !== null) return `property '${this.#name}': ${fault}`;
      this.column.push(Number(value));
      return null;
    }
    let value: number | null = null;
    if (kind === STRING || kind === ESCAPED_STRING) {
      const text = stringText(bytes, start, end, kind === ESCAPED_STRING);
      value = this.#scalar === "Date" ? parseDate(text) : parseDateTime(text);
    }
    if (value === null) {
      const got = describeJson(bytes, kind, start, end);
      const form = this.#scalar === "Date" ? "YYYY-MM-DD" : "an RFC 3339 timestamp";
      return `property '${this.#name}' expects ${this.#scalar} (${form} or an integer), got ${got}`;
    }
    this.column.push(value);
    return null;
  }
}
