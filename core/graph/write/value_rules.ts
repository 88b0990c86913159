/** Rules of single values, shared by load and mutation: names in messages, integer ranges, Blob spellings. */
import type { Scalar, ValueType } from "../../schema/value_type.ts";
import { hasWord, utf8 } from "./byte_reader.ts";

const LABELS: Readonly<Record<Scalar, string>> = {
  String: "String",
  Blob: "Blob",
  Bool: "Boolean",
  I32: "Int32",
  I64: "Int64",
  U32: "UInt32",
  U64: "UInt64",
  F32: "Float32",
  F64: "Float64",
  Date: "Date",
  DateTime: "DateTime",
};

/** An inclusive range of integers, and the same bounds as the nearest numbers. */
class IntegerRange {
  readonly min: bigint;
  readonly max: bigint;
  readonly #low: number;
  readonly #high: number;

  constructor(min: bigint, max: bigint) {
    this.min = min;
    this.max = max;
    this.#low = Number(min);
    this.#high = Number(max);
  }

  /** Numbers must be exact (at most 2^53), so that a bound rounded outwards cannot matter. */
  holds(value: number | bigint): boolean {
    if (typeof value === "number") return value >= this.#low && value <= this.#high;
    return value >= this.min && value <= this.max;
  }
}

/** What integer tokens may give. Date is days in 32 bits, DateTime milliseconds that a double holds exactly. */
const RANGES: Readonly<Partial<Record<Scalar, IntegerRange>>> = {
  I32: new IntegerRange(-(2n ** 31n), 2n ** 31n - 1n),
  U32: new IntegerRange(0n, 2n ** 32n - 1n),
  I64: new IntegerRange(-(2n ** 63n), 2n ** 63n - 1n),
  U64: new IntegerRange(0n, 2n ** 64n - 1n),
  Date: new IntegerRange(-(2n ** 31n), 2n ** 31n - 1n),
  DateTime: new IntegerRange(1n - 2n ** 53n, 2n ** 53n - 1n),
};

const BASE64_PREFIX = utf8("base64:");

/** How messages call a type: `Int32`, `[Float64]`, `Vector(3)`, `String` for enums too. */
export function typeLabel(type: ValueType | Scalar): string {
  if (typeof type === "string") return LABELS[type];
  switch (type.kind) {
    case "scalar":
      return LABELS[type.scalar];
    case "list":
      return `[${LABELS[type.item]}]`;
    case "vector":
      return `Vector(${type.dimensions})`;
  }
}

/** What is wrong with storing an integer as a scalar: `5000000000 exceeds Int32 range`; null when it fits. */
export function integerFault(scalar: Scalar, value: number | bigint): string | null {
  const range = RANGES[scalar];
  if (range === undefined || range.holds(value)) return null;
  return `${value} exceeds ${LABELS[scalar]} range`;
}

/** Whether a Blob spelling is fine: an external URI, or `base64:` with standard, padded base64 behind it. */
export function isBlobSpelling(spelling: Uint8Array): boolean {
  if (!hasManagedPrefix(spelling, 0, spelling.length)) return true;
  let end = spelling.length;
  if ((end - BASE64_PREFIX.length) % 4 !== 0) return false;
  for (let padding = 0; padding < 2 && spelling[end - 1] === 0x3d; padding++) end--;
  for (let i = BASE64_PREFIX.length; i < end; i++) {
    const byte = spelling[i]!;
    const lower = byte | 0x20;
    const fine = (byte >= 0x30 && byte <= 0x39) || (lower >= 0x61 && lower <= 0x7a) || byte === 0x2b ||
      byte === 0x2f;
    if (!fine) return false;
  }
  return true;
}

/** Whether a Blob spelling carries its bytes (`base64:`), as opposed to naming an external URI. */
export function hasManagedPrefix(bytes: Uint8Array, start: number, end: number): boolean {
  return hasWord(bytes, start, end, BASE64_PREFIX);
}
