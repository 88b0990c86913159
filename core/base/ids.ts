/**
 * ULIDs (https://github.com/ulid/spec): 48 bits of milliseconds and 80 random bits as 26 upper-case
 * Crockford base-32 characters, so that ids sort by the time they were made.
 */
import type { Clock, NewId, Random } from "./ports.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** Whether `text` is spelled like a ULID. */
export function isUlid(text: string): boolean {
  return ULID.test(text);
}

/**
 * Makes ULIDs that never repeat and always grow within one factory: inside one millisecond, or when the
 * clock steps back, the random part of the previous id is counted up.
 */
export function ulidFactory(clock: Clock, random: Random): NewId {
  const digits = new Uint8Array(16);
  let lastMs = -1;
  return () => {
    const nowMs = Math.floor(clock.nowMs());
    if (nowMs > lastMs) {
      lastMs = nowMs;
      random.fill(digits);
      for (let i = 0; i < 16; i++) digits[i] = digits[i]! & 31;
      digits[0] = digits[0]! & 15; // room to count up for 2^79 ids
    } else {
      let i = 15;
      while (i >= 0 && digits[i] === 31) digits[i--] = 0;
      if (i >= 0) digits[i] = digits[i]! + 1;
    }
    let text = "";
    for (let i = 0, rest = lastMs; i < 10; i++, rest = Math.floor(rest / 32)) {
      text = ALPHABET[rest % 32]! + text;
    }
    for (const digit of digits) text += ALPHABET[digit]!;
    return text;
  };
}
