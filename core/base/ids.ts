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

/** Length of a ULID, characters and bytes. */
export const ULID_LENGTH = 26;

const ALPHABET_BYTES = new TextEncoder().encode(ALPHABET);
const TIME_DIGITS = 10;
const RANDOM_DIGITS = 16;

/**
 * Makes ULIDs that never repeat and always grow within one factory: inside one millisecond, or when the
 * clock steps back, the random part of the previous id is counted up.
 */
export function ulidFactory(clock: Clock, random: Random): NewId {
  const digits = new Uint8Array(RANDOM_DIGITS);
  let lastMs = -1;

  function advance(): void {
    const nowMs = Math.floor(clock.nowMs());
    if (nowMs <= lastMs) return countUp(digits);
    lastMs = nowMs;
    random.fill(digits);
    for (let i = 0; i < RANDOM_DIGITS; i++) digits[i] = digits[i]! & 31;
    digits[0] = digits[0]! & 15; // room to count up for 2^79 ids
  }

  function newId(): string {
    advance();
    let text = "";
    for (let i = 0, rest = lastMs; i < TIME_DIGITS; i++, rest = Math.floor(rest / 32)) {
      text = ALPHABET[rest % 32]! + text;
    }
    for (const digit of digits) text += ALPHABET[digit]!;
    return text;
  }

  /** One look at the clock for all: ids of one bulk write are numbered, so they still grow and never repeat. */
  function write(target: Uint8Array, at: number, count: number): void {
    if (count === 0) return;
    advance();
    const time = new Uint8Array(TIME_DIGITS);
    for (let i = TIME_DIGITS - 1, rest = lastMs; i >= 0; i--, rest = Math.floor(rest / 32)) {
      time[i] = ALPHABET_BYTES[rest % 32]!;
    }
    for (let n = 0; n < count; n++) {
      if (n > 0) countUp(digits);
      for (let i = 0; i < TIME_DIGITS; i++) target[at++] = time[i]!;
      for (let i = 0; i < RANDOM_DIGITS; i++) target[at++] = ALPHABET_BYTES[digits[i]!]!;
    }
  }

  return Object.assign(newId, { write });
}

/** Adds one to a number of base-32 digits, the most significant first. */
function countUp(digits: Uint8Array): void {
  let i = digits.length - 1;
  while (i >= 0 && digits[i] === 31) digits[i--] = 0;
  if (i >= 0) digits[i] = digits[i]! + 1;
}
