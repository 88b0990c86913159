/**
 * Dates and instants as text. A Date is a number of days, a DateTime a number of milliseconds since 1970-01-01 UTC,
 * both integers in the proleptic Gregorian calendar. Years outside 0000..9999, which only integer input can make, are
 * written with a sign and at least four digits, and read back the same way.
 */

const DAY_MS = 86_400_000;
const DAYS_MAX = 2 ** 31 - 1;
const DAYS_IN_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/**
 * Days since the epoch of `YYYY-MM-DD` or of a timestamp (its UTC date); null when `text` is neither or the day does
 * not fit 32 bits.
 */
export function parseDate(text: string): number | null {
  const days = readDay(text);
  if (days === null) return null;
  if (days.end === text.length) return days.value;
  const ms = readTime(text, days);
  return ms === null ? null : dayOf(ms);
}

/**
 * Milliseconds since the epoch of an RFC 3339 timestamp or of a plain date (its midnight UTC); null when `text` is
 * neither. Date and time are parted by `T` or a space, a missing zone means UTC, fractions are cut to milliseconds.
 *
 * @example
 * ```ts
 * import { formatDateTime, parseDateTime } from "./temporal.ts";
 * const ms = parseDateTime("2024-05-01 10:00:00.1239+02:00");
 * console.assert(ms !== null && formatDateTime(ms) === "2024-05-01T08:00:00.123Z");
 * ```
 */
export function parseDateTime(text: string): number | null {
  const days = readDay(text);
  if (days === null) return null;
  return days.end === text.length ? days.value * DAY_MS : readTime(text, days);
}

/** `YYYY-MM-DD`. */
export function formatDate(days: number): string {
  // Hinnant's civil_from_days: eras of 400 years that start on the first of March.
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return `${showYear(era * 400 + yearOfEra + (month <= 2 ? 1 : 0))}-${digits(month, 2)}-${digits(day, 2)}`;
}

/** `YYYY-MM-DDTHH:MM:SS.mmmZ`. */
export function formatDateTime(ms: number): string {
  const day = dayOf(ms);
  const rest = ms - day * DAY_MS;
  const hour = digits(Math.floor(rest / 3_600_000), 2);
  const minute = digits(Math.floor(rest / 60_000) % 60, 2);
  const second = digits(Math.floor(rest / 1000) % 60, 2);
  return `${formatDate(day)}T${hour}:${minute}:${second}.${digits(rest % 1000, 3)}Z`;
}

/** The UTC day of an instant. */
function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS);
}

/** A calendar day at the start of a text, and where it ends. */
interface Day {
  readonly value: number;
  readonly end: number;
}

function readDay(text: string): Day | null {
  const sign = text.charCodeAt(0);
  const signed = sign === 43 || sign === 45;
  let end = signed ? 1 : 0;
  const yearStart = end;
  while (end - yearStart < 7 && isDigit(text, end)) end++;
  const width = end - yearStart;
  if (signed ? width < 4 : width !== 4) return null;
  const year = (sign === 45 ? -1 : 1) * Number(text.slice(yearStart, end));
  if (text[end] !== "-" || text[end + 3] !== "-") return null;
  const month = twoDigits(text, end + 1);
  const day = twoDigits(text, end + 4);
  if (month < 1 || month > 12 || day < 1 || day > DAYS_IN_MONTH[month - 1]!) return null;
  if (month === 2 && day === 29 && (year % 4 !== 0 || (year % 100 === 0 && year % 400 !== 0))) return null;
  const value = daysFromCivil(year, month, day);
  return value > DAYS_MAX || value < -DAYS_MAX - 1 ? null : { value, end: end + 6 };
}

/** Reads `[T ]HH:MM:SS[.fraction][zone]` after `day`, up to the end of the text. */
function readTime(text: string, day: Day): number | null {
  const at = day.end;
  const separator = text[at];
  if (separator !== "T" && separator !== " " && separator !== "t") return null;
  if (text[at + 3] !== ":" || text[at + 6] !== ":") return null;
  const hour = twoDigits(text, at + 1);
  const minute = twoDigits(text, at + 4);
  const second = twoDigits(text, at + 7);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return null;
  let end = at + 9;
  let fraction = 0;
  if (text[end] === ".") {
    const start = ++end;
    while (isDigit(text, end)) end++;
    if (end === start) return null;
    fraction = Number(text.slice(start, Math.min(end, start + 3)).padEnd(3, "0"));
  }
  const offset = readZone(text, end);
  if (offset === null) return null;
  const minutes = day.value * 1440 + hour * 60 + minute - offset;
  // RFC 3339 allows a leap second, and only as the last one of a UTC day.
  if (second === 60 && (minutes + 1) % 1440 !== 0) return null;
  return minutes * 60_000 + second * 1000 + fraction;
}

/** The zone from `at` to the end of the text, in minutes east of UTC. */
function readZone(text: string, at: number): number | null {
  if (at === text.length) return 0;
  const sign = text[at];
  if (sign === "Z" || sign === "z") return at + 1 === text.length ? 0 : null;
  if ((sign !== "+" && sign !== "-") || text[at + 3] !== ":" || at + 6 !== text.length) return null;
  const hours = twoDigits(text, at + 1);
  const minutes = twoDigits(text, at + 4);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return null;
  return (sign === "-" ? -1 : 1) * (hours * 60 + minutes);
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}

/** The number of two digits, or -1. */
function twoDigits(text: string, at: number): number {
  if (!isDigit(text, at) || !isDigit(text, at + 1)) return -1;
  return (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;
}

/** Hinnant's days_from_civil. */
function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function showYear(year: number): string {
  if (year >= 0 && year <= 9999) return digits(year, 4);
  return (year < 0 ? "-" : "+") + digits(Math.abs(year), 4);
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, "0");
}
