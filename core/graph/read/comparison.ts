/**
 * What comparisons mean. Numbers compare by exact value across widths and kinds; beside a single-precision property the
 * other side is first rounded to single precision; strings compare by code point.
 *
 * A comparison of a number column with a constant becomes one closed interval in the column's own type, so that
 * kernels need one loop: `count = 2.7` on integers is the empty interval, `x != c` the interval [c, c] negated.
 */
import { toSingle } from "../../base/single.ts";
import type { CompareOp } from "../../query/typed.ts";
import type { Cell, ScalarCell, ValueType } from "../../schema/value_type.ts";

/** Operators with an order, and equality. */
export type OrderOp = Exclude<CompareOp, "contains" | "starts_with">;

/** Accepts `low <= value && value <= high`, or exactly the other values. NaN is outside of every interval. */
export interface Interval<N> {
  readonly low: N;
  readonly high: N;
  readonly negated: boolean;
}

const NOTHING: Interval<number> = { low: 1, high: 0, negated: false };
const EVERYTHING: Interval<number> = { low: 1, high: 0, negated: true };

/** The interval of doubles that compare true with a constant; `single` when the column holds single precision. */
export function doubleInterval(op: OrderOp, constant: number | bigint, single: boolean): Interval<number> {
  const rounded = single ? toSingle(constant) : constant;
  const value = Number(rounded);
  if (Number.isNaN(value)) return op === "!=" ? EVERYTHING : NOTHING;
  if (typeof rounded === "bigint" && BigInt(value) !== rounded) {
    // No double equals the constant; `value` is the nearest one, on either side.
    const below = BigInt(value) < rounded ? value : nextDown(value);
    switch (op) {
      case "=":
        return NOTHING;
      case "!=":
        return EVERYTHING;
      case "<":
      case "<=":
        return { low: -Infinity, high: below, negated: false };
      case ">":
      case ">=":
        return { low: nextUp(below), high: Infinity, negated: false };
    }
  }
  switch (op) {
    case "=":
    case "!=":
      return { low: value, high: value, negated: op === "!=" };
    case "<":
      return value === -Infinity ? NOTHING : { low: -Infinity, high: nextDown(value), negated: false };
    case "<=":
      return { low: -Infinity, high: value, negated: false };
    case ">":
      return value === Infinity ? NOTHING : { low: nextUp(value), high: Infinity, negated: false };
    case ">=":
      return { low: value, high: Infinity, negated: false };
  }
}

/** The bounds of the 64-bit integer types. */
const BOUNDS = {
  I64: { low: -(2n ** 63n), high: 2n ** 63n - 1n },
  U64: { low: 0n, high: 2n ** 64n - 1n },
} as const;

/** The interval of 64-bit integers that compare true with a constant, inside the bounds of their type. */
export function bigInterval(op: OrderOp, constant: number | bigint, scalar: "I64" | "U64"): Interval<bigint> {
  const bounds = BOUNDS[scalar];
  const nothing = { low: 1n, high: 0n, negated: op === "!=" };
  let floor: bigint;
  let exact = true;
  if (typeof constant === "bigint") floor = constant;
  else if (Number.isNaN(constant)) return nothing;
  else if (constant === Infinity) [floor, exact] = [bounds.high, false];
  else if (constant === -Infinity) [floor, exact] = [bounds.low - 1n, false];
  else {
    floor = BigInt(Math.floor(constant));
    exact = Number.isInteger(constant);
  }
  const clip = (low: bigint, high: bigint) => ({
    low: low < bounds.low ? bounds.low : low,
    high: high > bounds.high ? bounds.high : high,
    negated: op === "!=",
  });
  switch (op) {
    case "=":
    case "!=":
      return exact ? clip(floor, floor) : nothing;
    case "<":
      return clip(bounds.low, exact ? floor - 1n : floor);
    case "<=":
      return clip(bounds.low, floor);
    case ">":
      return clip(floor + 1n, bounds.high);
    case ">=":
      return clip(exact ? floor : floor + 1n, bounds.high);
  }
}

/** Whether a type stores single-precision numbers. */
export function isSingle(type: ValueType): boolean {
  return type.kind === "scalar" ? type.scalar === "F32" : type.kind === "list" && type.item === "F32";
}

const DOUBLE = new Float64Array(1);
const BITS = new BigInt64Array(DOUBLE.buffer);

/** The least double greater than a finite or negative infinite one. */
export function nextUp(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  DOUBLE[0] = value;
  BITS[0] = BITS[0]! + (value > 0 ? 1n : -1n);
  return DOUBLE[0]!;
}

/** The greatest double less than a finite or positive infinite one. */
export function nextDown(value: number): number {
  return -nextUp(-value);
}

/** Compares two strings by code point. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left === right) continue;
    // Surrogates stand for code points above all other units.
    const leftHigh = left >= 0xd800 && left <= 0xdfff;
    const rightHigh = right >= 0xd800 && right <= 0xdfff;
    return leftHigh === rightHigh ? left - right : leftHigh ? 1 : -1;
  }
  return a.length - b.length;
}

/** Whether `left op right` holds, for any cells the checker lets meet; `single` when either side is an F32 property. */
export function holds(op: CompareOp, left: Cell, right: Cell, single: boolean): boolean {
  if (op === "starts_with") return (left as string).startsWith(right as string);
  if (op === "contains") {
    if (typeof left === "string") return left.includes(right as string);
    return (left as readonly ScalarCell[]).some((item) => holds("=", item, right, single));
  }
  if (typeof left === "string") return holdsSign(op, compareText(left, right as string));
  const [a, b] = single
    ? [toSingle(left as number), toSingle(right as number)]
    : [left as number | bigint, right as number | bigint];
  switch (op) {
    case "=":
      return a == b; // loose: compares numbers with bigints by exact value
    case "!=":
      return a != b;
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
  }
}

/** Whether an operator accepts the sign of a three-way comparison. */
export function holdsSign(op: OrderOp, sign: number): boolean {
  switch (op) {
    case "=":
      return sign === 0;
    case "!=":
      return sign !== 0;
    case "<":
      return sign < 0;
    case "<=":
      return sign <= 0;
    case ">":
      return sign > 0;
    case ">=":
      return sign >= 0;
  }
}

/** The operator with its sides swapped. */
export function swapped(op: OrderOp): OrderOp {
  switch (op) {
    case "<":
      return ">";
    case "<=":
      return ">=";
    case ">":
      return "<";
    case ">=":
      return "<=";
    default:
      return op;
  }
}
