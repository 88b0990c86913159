/** Numbers from their scanned JSON tokens: exact integers, correctly rounded doubles. */

/** 10^0 .. 10^22: the powers of ten that a double holds exactly. */
const POWERS = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** Digits that always fit a double exactly. */
const EXACT_DIGITS = 15;

/** The value of an integer token: a number while it has at most 15 digits, else a bigint. */
export function integerOf(bytes: Uint8Array, start: number, end: number): number | bigint {
  if (end - start > EXACT_DIGITS) return BigInt(ascii(bytes, start, end));
  const negative = bytes[start] === 0x2d;
  let value = 0;
  for (let i = negative ? start + 1 : start; i < end; i++) value = value * 10 + bytes[i]! - 0x30;
  return negative && value !== 0 ? -value : value;
}

/**
 * The double nearest to a number token; infinite when it is out of range. A mantissa below 2^53 and a power of ten up
 * to 22 are both exact, so one multiplication or division rounds correctly; all else goes to the platform.
 */
export function doubleOf(bytes: Uint8Array, start: number, end: number): number {
  const negative = bytes[start] === 0x2d;
  let mantissa = 0;
  let digits = 0;
  let exponent = 0;
  let fraction = false;
  let at = negative ? start + 1 : start;
  for (; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === 0x2e) {
      fraction = true;
      continue;
    }
    if (byte > 0x39) break; // the exponent
    mantissa = mantissa * 10 + byte - 0x30;
    digits++;
    if (fraction) exponent--;
  }
  if (digits > EXACT_DIGITS) return Number(ascii(bytes, start, end));
  if (at < end) exponent += Number(ascii(bytes, at + 1, end));
  if (exponent < -22 || exponent > 22) return Number(ascii(bytes, start, end));
  const value = exponent < 0 ? mantissa / POWERS[-exponent]! : mantissa * POWERS[exponent]!;
  return negative ? -value : value;
}

/** ASCII bytes as text. */
export function ascii(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}
