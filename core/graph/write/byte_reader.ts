/**
 * Strict JSON at the level of bytes: strings with their UTF-8, numbers and white space, without making a value.
 * A scan function returns where its token ends, or -1 when the bytes are not strict JSON.
 */

/** Whether a byte may stand in a string as it is: printable ASCII but `"` and `\`. */
const PLAIN = new Uint8Array(256);
for (let byte = 0x20; byte < 0x80; byte++) PLAIN[byte] = byte === 0x22 || byte === 0x5c ? 0 : 1;

const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });
const ENCODER = new TextEncoder();

/** The first byte at or after `at` that is not white space, or `end`. */
export function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  while (at < end) {
    const byte = bytes[at]!;
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) break;
    at++;
  }
  return at;
}

/**
 * Scans the string whose opening quote is just before `at`. Returns the offset of its closing quote, or the bitwise
 * complement of it (always below -1) when the string holds escapes.
 */
export function scanString(bytes: Uint8Array, at: number, end: number): number {
  let escaped = false;
  while (at < end) {
    const byte = bytes[at]!;
    if (PLAIN[byte] === 1) {
      at++;
      continue;
    }
    if (byte === 0x22) return escaped ? ~at : at;
    if (byte === 0x5c) {
      escaped = true;
      at = escapeEnd(bytes, at, end);
    } else if (byte >= 0x80) at = sequenceEnd(bytes, at, end);
    else return -1;
    if (at === -1) return -1;
  }
  return -1;
}

/**
 * Scans a number. Returns its end, or the bitwise complement of it (always below -1) when it has a fraction or an
 * exponent.
 */
export function scanNumber(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] === 0x2d) at++;
  if (at < end && bytes[at] === 0x30) at++;
  else {
    const start = at;
    at = digitsEnd(bytes, at, end);
    if (at === start) return -1;
  }
  if (at >= end) return at;
  let integer = true;
  if (bytes[at] === 0x2e) {
    integer = false;
    const start = at + 1;
    at = digitsEnd(bytes, start, end);
    if (at === start) return -1;
  }
  if (at < end && (bytes[at]! | 0x20) === 0x65) {
    integer = false;
    let start = at + 1;
    if (start < end && (bytes[start] === 0x2b || bytes[start] === 0x2d)) start++;
    at = digitsEnd(bytes, start, end);
    if (at === start) return -1;
  }
  return integer ? at : ~at;
}

/** Whether `bytes[at ..]` begins with `word`, inside `end`. */
export function hasWord(bytes: Uint8Array, at: number, end: number, word: Uint8Array): boolean {
  if (at + word.length > end) return false;
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) return false;
  return true;
}

/** Whether `bytes[start .. end)` equals `word`. */
export function isWord(bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  return end - start === word.length && hasWord(bytes, start, end, word);
}

/** The text of `bytes[start .. end)`, which must be valid UTF-8. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  return DECODER.decode(bytes.subarray(start, end));
}

/** The text of a scanned string without its quotes. */
export function stringText(bytes: Uint8Array, start: number, end: number, escaped: boolean): string {
  const text = textOf(bytes, start, end);
  return escaped ? JSON.parse(`"${text}"`) as string : text;
}

/** The UTF-8 of a scanned string that holds escapes. */
export function unescaped(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return ENCODER.encode(stringText(bytes, start, end, true));
}

/** The UTF-8 of a text. */
export function utf8(text: string): Uint8Array {
  return ENCODER.encode(text);
}

function digitsEnd(bytes: Uint8Array, at: number, end: number): number {
  while (at < end) {
    const byte = bytes[at]!;
    if (byte < 0x30 || byte > 0x39) break;
    at++;
  }
  return at;
}

/** The end of the escape that begins at `at`; surrogate escapes must come in pairs, because UTF-8 has no lone ones. */
function escapeEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end) return -1;
  switch (bytes[at + 1]) {
    case 0x22: // "
    case 0x5c: // \
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return at + 2;
    case 0x75: { // u
      const unit = hexUnit(bytes, at + 2, end);
      if (unit < 0xd800 || unit > 0xdfff) return unit === -1 ? -1 : at + 6;
      if (unit > 0xdbff || at + 8 > end || bytes[at + 6] !== 0x5c || bytes[at + 7] !== 0x75) return -1;
      const low = hexUnit(bytes, at + 8, end);
      return low >= 0xdc00 && low <= 0xdfff ? at + 12 : -1;
    }
    default:
      return -1;
  }
}

/** Four hexadecimal digits as a number, or -1. */
function hexUnit(bytes: Uint8Array, at: number, end: number): number {
  if (at + 4 > end) return -1;
  let unit = 0;
  for (let i = at; i < at + 4; i++) {
    const byte = bytes[i]!;
    const lower = byte | 0x20;
    if (byte >= 0x30 && byte <= 0x39) unit = unit * 16 + byte - 0x30;
    else if (lower >= 0x61 && lower <= 0x66) unit = unit * 16 + lower - 0x57;
    else return -1;
  }
  return unit;
}

/** The end of the UTF-8 sequence of two to four bytes that begins at `at`. */
function sequenceEnd(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at]!;
  const size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || at + size > end) return -1;
  const second = bytes[at + 1]!;
  // Overlong forms, surrogates and code points beyond U+10FFFF show in the second byte.
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return -1;
  for (let i = at + 2; i < at + size; i++) if ((bytes[i]! & 0xc0) !== 0x80) return -1;
  return at + size;
}
