/**
 * JSON text written as UTF-8 bytes, straight from column vectors: no string is made per value, the text is decoded
 * once at the end.
 *
 * Forms: integers with all digits, floats as their shortest decimal at stored width, non-finite floats as strings,
 * Dates and instants as text, vectors and lists as arrays.
 */
import { unreachable } from "../../base/assert.ts";
import { formatDate, formatDateTime } from "../../base/temporal.ts";
import type { Column, NumberColumn } from "../../storage/columns.ts";

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();
/** A buffer that grew beyond this many bytes is not kept for the next text. */
const KEPT_BYTES_MAX = 1 << 22;

let kept = new Uint8Array(1 << 14);

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const HEX = "0123456789abcdef";
/** The letter after the backslash, for the control characters that have one. */
const SHORT_ESCAPES: Readonly<Record<number, number>> = { 8: 0x62, 9: 0x74, 10: 0x6e, 12: 0x66, 13: 0x72 };

/** A growing JSON text. One at a time: it uses a shared buffer until `text` or `copy` is called. */
export class JsonBytes {
  #bytes = kept;
  #length = 0;

  /** The text as a string. */
  text(): string {
    const text = DECODER.decode(this.#bytes.subarray(0, this.#length));
    this.#release();
    return text;
  }

  /** The text as UTF-8. */
  copy(): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes.slice(0, this.#length);
    this.#release();
    return bytes;
  }

  /** Appends one byte. */
  byte(byte: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#length++] = byte;
  }

  /** Appends bytes that are JSON already. */
  raw(bytes: Uint8Array): void {
    const { length } = bytes;
    if (this.#length + length > this.#bytes.length) this.#grow(length);
    if (length > 32) {
      this.#bytes.set(bytes, this.#length);
      this.#length += length;
    } else {
      for (let i = 0; i < length; i++) this.#bytes[this.#length++] = bytes[i]!;
    }
  }

  /** Appends a short text of ASCII characters that are JSON already. */
  ascii(text: string): void {
    const { length } = text;
    if (this.#length + length > this.#bytes.length) this.#grow(length);
    for (let i = 0; i < length; i++) this.#bytes[this.#length++] = text.charCodeAt(i);
  }

  /** Appends a row of a column. */
  value(column: Column, row: number): void {
    if (column.validity !== null && column.validity[row] === 0) return this.ascii("null");
    switch (column.kind) {
      case "utf8":
        return this.#string(column.bytes, column.offsets[row]!, column.offsets[row + 1]!);
      case "number":
        return this.#number(column, column.values[row]!);
      case "big":
        return this.ascii(String(column.values[row]!));
      case "bool":
        return this.ascii(column.values[row] === 1 ? "true" : "false");
      case "vector":
        return this.#vector(column.values, row * column.dimensions, (row + 1) * column.dimensions);
      case "list": {
        this.byte(0x5b);
        for (let at = column.offsets[row]!; at < column.offsets[row + 1]!; at++) {
          if (at > column.offsets[row]!) this.byte(0x2c);
          this.value(column.items, at);
        }
        return this.byte(0x5d);
      }
      default:
        return unreachable(column);
    }
  }

  /** A string in quotes, from valid UTF-8. */
  #string(source: Uint8Array, from: number, to: number): void {
    const most = (to - from) * 6 + 2;
    if (this.#length + most > this.#bytes.length) this.#grow(most);
    const bytes = this.#bytes;
    let length = this.#length;
    bytes[length++] = QUOTE;
    for (let i = from; i < to; i++) {
      const byte = source[i]!;
      if (byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH) {
        bytes[length++] = byte;
        continue;
      }
      bytes[length++] = BACKSLASH;
      const short = byte >= 0x20 ? byte : SHORT_ESCAPES[byte];
      if (short !== undefined) bytes[length++] = short;
      else for (const char of `u00${HEX[byte >> 4]}${HEX[byte & 15]}`) bytes[length++] = char.charCodeAt(0);
    }
    bytes[length++] = QUOTE;
    this.#length = length;
  }

  #number({ scalar }: NumberColumn, value: number): void {
    switch (scalar) {
      case "Date":
        return this.ascii(`"${formatDate(value)}"`);
      case "DateTime":
        return this.ascii(`"${formatDateTime(value)}"`);
      case "F32":
        return this.#float(value, true);
      case "F64":
        return this.#float(value, false);
      default:
        return this.ascii(String(value));
    }
  }

  #float(value: number, single: boolean): void {
    if (!Number.isFinite(value)) return this.ascii(`"${value}"`);
    return this.ascii(single ? shortSingle(value) : String(value));
  }

  #vector(values: Float32Array, from: number, to: number): void {
    this.byte(0x5b);
    for (let i = from; i < to; i++) {
      if (i > from) this.byte(0x2c);
      this.#float(values[i]!, true);
    }
    this.byte(0x5d);
  }

  #grow(more: number): void {
    const next = new Uint8Array(Math.max(this.#length + more, this.#bytes.length * 2));
    next.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = next;
  }

  #release(): void {
    if (this.#bytes.length <= KEPT_BYTES_MAX) kept = this.#bytes;
    this.#length = 0;
  }
}

/** A decimal that reads back as the same single-precision number, with as few digits as that takes. */
function shortSingle(value: number): string {
  if (Number.isInteger(value)) return String(value);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

/** Text as UTF-8. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return ENCODER.encode(text);
}
