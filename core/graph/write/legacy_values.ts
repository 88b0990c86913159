/** How permissive batches are cut into records and values, and which values fit their properties. */
import { parseDate, parseDateTime } from "../../base/temporal.ts";
import type { Scalar } from "../../schema/value_type.ts";
import { stringText } from "./byte_reader.ts";
import { DECIMAL, ESCAPED_STRING, FALSE, INTEGER, type MemberTape, STRING, TRUE } from "./member_tape.ts";

/** A range of bytes. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

const LINE_FEED = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * The values of a text, one after another, whatever is inside them. Line feeds outside strings become spaces, in place,
 * so that every record can be written as one line.
 */
export function splitRecords(bytes: Uint8Array): ByteRange[] {
  const records: ByteRange[] = [];
  for (let at = 0; at < bytes.length;) {
    if (isSpace(bytes[at]!)) at++;
    else {
      const end = valueEnd(bytes, at, bytes.length);
      records.push({ start: at, end });
      at = end;
    }
  }
  return records;
}

/** The end of the value that begins at `at`, by its brackets and quotes alone. Blanks line feeds on its way. */
function valueEnd(bytes: Uint8Array, at: number, limit: number): number {
  let depth = 0;
  while (at < limit) {
    const byte = bytes[at]!;
    if (byte === LINE_FEED) bytes[at] = 0x20;
    if (byte === QUOTE) at = quoteEnd(bytes, at, limit);
    else if (byte === 0x7b || byte === 0x5b) {
      depth++;
      at++;
    } else if (byte === 0x7d || byte === 0x5d) {
      if (depth === 0) return at + 1;
      depth--;
      at++;
    } else if (depth === 0) {
      at = wordEnd(bytes, at, limit);
    } else at++;
    if (depth === 0) return at;
  }
  return limit;
}

/** The end of a string whose opening quote is at `at`. */
function quoteEnd(bytes: Uint8Array, at: number, limit: number): number {
  for (at++; at < limit; at++) {
    if (bytes[at] === BACKSLASH) at++;
    else if (bytes[at] === QUOTE) return at + 1;
  }
  return limit;
}

/** The end of what stands at `at` without brackets or quotes; at least one byte. */
function wordEnd(bytes: Uint8Array, at: number, limit: number): number {
  for (at++; at < limit; at++) {
    const byte = bytes[at]!;
    if (
      isSpace(byte) || byte === 0x2c || byte === QUOTE || (byte | 0x20) === 0x7b || (byte | 0x20) === 0x7d
    ) break;
  }
  return at;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === LINE_FEED || byte === 0x0d || byte === 0x09;
}

/** The positions of an object's members by name; of equal names the last. */
export function lastMembers(bytes: Uint8Array, tape: MemberTape): Map<string, number> {
  const members = new Map<string, number>();
  for (let at = 0; at < tape.count; at++) members.set(tape.name(bytes, at), at);
  return members;
}

/** The items, of the array at `bytes[start .. end)`, that a list of this scalar can hold, with their quotes. */
export function* fittingItems(
  bytes: Uint8Array,
  start: number,
  end: number,
  scalar: Scalar,
): Generator<ByteRange> {
  for (let at = start + 1; at < end - 1;) {
    if (isSpace(bytes[at]!) || bytes[at] === 0x2c) {
      at++;
      continue;
    }
    const stop = valueEnd(bytes, at, end - 1);
    const kind = kindOf(bytes, at, stop);
    const quotes = kind === STRING || kind === ESCAPED_STRING ? 1 : 0;
    if (fitsScalar(scalar, bytes, kind, at + quotes, stop - quotes)) yield { start: at, end: stop };
    at = stop;
  }
}

/** The kind of a valid scalar; 0 for everything that no list holds. */
function kindOf(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start]!;
  if (first === QUOTE) return bytes.subarray(start, end).includes(BACKSLASH) ? ESCAPED_STRING : STRING;
  if (first === 0x74) return TRUE;
  if (first === 0x66) return FALSE;
  if (first !== 0x2d && (first < 0x30 || first > 0x39)) return 0;
  for (let at = start; at < end; at++) {
    if (bytes[at] === 0x2e || (bytes[at]! | 0x20) === 0x65) return DECIMAL;
  }
  return INTEGER;
}

/** Whether a value is of a kind that the scalar is read from; whether it is in range is not looked at. */
export function fitsScalar(
  scalar: Scalar,
  bytes: Uint8Array,
  kind: number,
  start: number,
  end: number,
): boolean {
  const isText = kind === STRING || kind === ESCAPED_STRING;
  const text = () => stringText(bytes, start, end, kind === ESCAPED_STRING);
  switch (scalar) {
    case "String":
    case "Blob":
      return isText;
    case "Bool":
      return kind === TRUE || kind === FALSE;
    case "F32":
    case "F64":
      return kind === INTEGER || kind === DECIMAL;
    case "Date":
      return kind === INTEGER || (isText && parseDate(text()) !== null);
    case "DateTime":
      return kind === INTEGER || (isText && parseDateTime(text()) !== null);
    default:
      return kind === INTEGER;
  }
}
