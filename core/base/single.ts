/** Single precision. */

/** The nearest single-precision number, rounded once: also for integers that no double holds exactly. */
export function toSingle(value: number | bigint): number {
  if (typeof value === "number") return Math.fround(value);
  const magnitude = value < 0n ? -value : value;
  if (magnitude < 2n ** 53n) return Math.fround(Number(value));
  // Rounding to double first could round twice. Keep the leading 53 bits, the last one standing for all that follow.
  const shift = BigInt(magnitude.toString(2).length - 53);
  const kept = magnitude >> shift;
  const sticky = kept << shift === magnitude ? kept : kept | 1n;
  const single = Math.fround(Number(sticky)) * 2 ** Number(shift);
  return value < 0n ? -single : single;
}
