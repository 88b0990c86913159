/** Parameter values: from parsed JSON to cells of the declared types. */
import { unreachable } from "../base/assert.ts";
import { nearestName } from "../base/suggest.ts";
import { parseDate, parseDateTime } from "../base/temporal.ts";
import { AppError } from "../errors.ts";
import type { Cell, Scalar, ScalarCell, ValueType } from "../schema/value_type.ts";
import type { BoundParams, Param } from "./typed.ts";

/** Longest spelling of an integer worth converting: a sign, 20 digits and some leading zeros. */
const INTEGER_TEXT_MAX = 40;
/** Longest part of a given text that a message shows. */
const SHOWN_TEXT_MAX = 40;
const INTEGER_TEXT = /^-?[0-9]+$/;

/** Inclusive integer ranges and how a value outside is refused. U64 stops at 2^63 − 1. */
const INTEGERS = {
  I32: { min: -(2n ** 31n), max: 2n ** 31n - 1n, misuse: "exceeds I32" },
  U32: { min: 0n, max: 2n ** 32n - 1n, misuse: "exceeds U32" },
  I64: { min: -(2n ** 63n), max: 2n ** 63n - 1n, misuse: "exceeds I64" },
  U64: { min: 0n, max: 2n ** 63n - 1n, misuse: "exceeds current engine range" },
} as const;

/**
 * Binds a JSON object (integers beyond ±(2^53 − 1) as bigints, see `parseJson`) to the declared parameters. Absent
 * and null mean null for `?` parameters; members that are not declared are ignored.
 *
 * @throws AppError `param_error`.
 */
export function bindParams(params: readonly Param[], raw: unknown): BoundParams {
  const given = raw ?? {};
  if (typeof given !== "object" || Array.isArray(given)) {
    throw new AppError("param_error", "params must be a JSON object");
  }
  const bound = new Map<string, Cell | null>();
  for (const { name, type, nullable } of params) {
    const value = Object.hasOwn(given, name) ? (given as Record<string, unknown>)[name] : undefined;
    if (value === undefined && !nullable) {
      throw new AppError(
        "param_error",
        `parameter '${name}' not provided${misspelling(name, params, given)}`,
      );
    }
    if (value === undefined || value === null) {
      if (!nullable) misuse(name, "null is not accepted");
      bound.set(name, null);
    } else bound.set(name, bindValue(name, type, value));
  }
  return bound;
}

/** A given name that is not declared and was probably meant. */
function misspelling(name: string, params: readonly Param[], given: object): string {
  const undeclared = Object.keys(given).filter((key) => params.every((param) => param.name !== key));
  const near = nearestName(name, undeclared);
  return near === null ? "" : `: '${near}' was given, which is not declared`;
}

function bindValue(name: string, type: ValueType, value: unknown): Cell {
  switch (type.kind) {
    case "scalar":
      return bindScalar(name, type.scalar, value);
    case "vector":
      return bindVector(name, type.dimensions, value);
    case "list":
      if (!Array.isArray(value)) return unexpected(name, "array", value);
      return value.map((item) =>
        item === null ? misuse(name, "null is not accepted in a list") : bindScalar(name, type.item, item)
      );
    default:
      return unreachable(type);
  }
}

function bindScalar(name: string, scalar: Scalar, value: unknown): ScalarCell {
  switch (scalar) {
    case "String":
      return bindText(name, value, "string");
    case "Blob":
      return bindText(name, value, "blob URI string");
    case "Bool":
      return typeof value === "boolean" ? value : unexpected(name, "boolean", value);
    case "I32":
    case "U32":
      return Number(bindInteger(name, scalar, value));
    case "I64":
    case "U64":
      return bindInteger(name, scalar, value);
    case "F32":
    case "F64":
      return bindFloat(name, scalar, value);
    case "Date": {
      const text = bindText(name, value, "date string");
      return parseDate(text) ?? misuse(name, `invalid Date literal '${text}', write it as YYYY-MM-DD`);
    }
    case "DateTime": {
      const text = bindText(name, value, "datetime string");
      return parseDateTime(text) ??
        misuse(name, `invalid DateTime literal '${text}', write it as YYYY-MM-DDTHH:MM:SSZ`);
    }
    default:
      return unreachable(scalar);
  }
}

function bindText(name: string, value: unknown, expected: string): string {
  if (typeof value !== "string") return unexpected(name, expected, value);
  return value.isWellFormed() ? value : misuse(name, "the string holds half of a surrogate pair");
}

function bindInteger(name: string, scalar: keyof typeof INTEGERS, value: unknown): bigint {
  const { min, max, misuse: outside } = INTEGERS[scalar];
  let integer: bigint;
  if (typeof value === "bigint") integer = value;
  else if (typeof value === "number" && Number.isInteger(value)) integer = BigInt(value);
  else if (typeof value === "string" && INTEGER_TEXT.test(value)) {
    if (value.length > INTEGER_TEXT_MAX) return misuse(name, outside);
    integer = BigInt(value);
  } else return unexpected(name, "integer", value);
  return integer < min || integer > max ? misuse(name, `${integer} ${outside}`) : integer;
}

function bindFloat(name: string, scalar: "F32" | "F64", value: unknown): number {
  const wide = typeof value === "bigint" ? Number(value) : value;
  if (typeof wide !== "number" || !Number.isFinite(wide)) return unexpected(name, "float", value);
  const stored = scalar === "F32" ? Math.fround(wide) : wide;
  return Number.isFinite(stored) ? stored : misuse(name, `${wide} exceeds F32`);
}

function bindVector(name: string, dimensions: number, value: unknown): Float32Array {
  if (!Array.isArray(value) || value.length !== dimensions) {
    const found = Array.isArray(value) ? String(value.length) : shown(value);
    return misuse(name, `expected ${dimensions} values, found ${found}`);
  }
  const vector = new Float32Array(dimensions);
  for (let i = 0; i < dimensions; i++) {
    const item: unknown = value[i];
    if (typeof item !== "number" && typeof item !== "bigint") {
      return misuse(name, `value ${i} is not numeric: ${shown(item)}`);
    }
    vector[i] = Number(item);
    if (!Number.isFinite(vector[i])) return misuse(name, `value ${i} exceeds F32`);
  }
  return vector;
}

function unexpected(name: string, expected: string, value: unknown): never {
  return misuse(name, `expected ${expected}, found ${shown(value)}`);
}

/** A value as messages show it: short, and never the content of a container. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value !== "string") return String(value);
  return JSON.stringify(value.length > SHOWN_TEXT_MAX ? `${value.slice(0, SHOWN_TEXT_MAX)}…` : value);
}

function misuse(name: string, reason: string): never {
  throw new AppError("param_error", `param '${name}': ${reason}`);
}
