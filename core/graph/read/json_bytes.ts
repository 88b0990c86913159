/**
 * JSON text written as UTF-8 bytes, straight from column vectors: no string is made per value, the text is decoded
 * once at the end, or handed on as bytes.
 *
 *   form      integers     Date, DateTime      F32, vector elements               F64        lists, vectors
 *   result    all digits   text                shortest decimal of that width     shortest   arrays
 *   entity    all digits   integers as stored  widened to F64, then its shortest  shortest   arrays
 *
 * Floats that are not finite are strings in both. The entity form says of every stored value exactly which it is, so
 * that loading it gives the same value: also which zero.
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
const MINUS = 0x2d;
const ZERO = 0x30;
const HEX = "0123456789abcdef";
/** The letter after the backslash, for the control characters that have one. */
const SHORT_ESCAPES: Readonly<Record<number, number>> = { 8: 0x62, 9: 0x74, 10: 0x6e, 12: 0x66, 13: 0x72 };

/** How values are spelled; see the table above. */
export type JsonForm = "result" | "entity";

/**
 * A growing JSON text. In the result form one at a time: it uses a shared buffer until `text` or `copy` is called. In the
 * entity form it has a buffer of its own, from which the text is taken piece by piece.
 */
export class JsonBytes {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;
  readonly #exact: boolean;

  constructor(form: JsonForm = "result") {
    this.#exact = form === "entity";
    this.#bytes = this.#exact ? new Uint8Array(1 << 14) : kept;
  }

  /** Bytes written and not yet taken. */
  get length(): number {
    return this.#length;
  }

  /** Takes pieces of exactly `size` bytes from the start of the text, as many as there are; the rest stays. */
  *pieces(size: number): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
    let at = 0;
    for (; this.#length - at >= size; at += size) yield this.#bytes.slice(at, at + size);
    this.#bytes.copyWithin(0, at, this.#length);
    this.#length -= at;
  }

  /** Takes all that was not taken. */
  rest(): Uint8Array<ArrayBuffer> {
    const rest = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return rest;
  }

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
    if (this.#exact) return this.#exactNumber(value);
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

  /** A negative zero needs its point: without one it would be read as an integer by other programs. */
  #exactNumber(value: number): void {
    if (Number.isSafeInteger(value)) {
      return value === 0 && 1 / value < 0 ? this.ascii("-0.0") : this.#integer(value);
    }
    this.ascii(Number.isFinite(value) ? String(value) : `"${value}"`);
  }

  /** An integer of at most 2^53 in size. */
  #integer(value: number): void {
    if (value < 0) this.byte(MINUS);
    const size = Math.abs(value);
    if (size < 1e9) return this.#digits(size, 1);
    const upper = Math.floor(size / 1e9);
    this.#digits(upper, 1);
    this.#digits(size - upper * 1e9, 9);
  }

  /** A number below 2^31 in decimal, with leading zeros up to `width` digits. */
  #digits(value: number, width: number): void {
    let count = width;
    for (let bound = 10 ** width; bound <= value; bound *= 10) count++;
    if (this.#length + count > this.#bytes.length) this.#grow(count);
    const bytes = this.#bytes;
    this.#length += count;
    for (let at = this.#length - 1, rest = value | 0; count > 0; at--, count--) {
      const next = (rest / 10) | 0;
      bytes[at] = ZERO + rest - next * 10;
      rest = next;
    }
  }

  #float(value: number, single: boolean): void {
    if (this.#exact) return this.#exactNumber(value);
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
