/** Durations on the command line: `30`, `30s`, `5m`, `2h`, `7d`, `1w`. */
import { AppError } from "../core/errors.ts";

const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Milliseconds of a duration; a bare number counts seconds. Throws `AppError("usage")` listing the units. */
export function readDurationMs(text: string): number {
  const match = /^(\d+)([a-z]*)$/.exec(text.trim());
  const unit = match === null ? undefined : UNITS_MS[match[2] === "" ? "s" : match[2]!];
  if (match === null || unit === undefined) {
    throw new AppError(
      "usage",
      `\`${text}\` is not a duration: write a whole number and one of s, m, h, d, w`,
    );
  }
  return Number(match[1]) * unit;
}
