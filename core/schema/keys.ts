/**
 * Row identity: how the values of a `@key` become the id of a node. Loads and mutations share this derivation.
 *
 *   one key property        its spelling                                          Rome
 *   several                 compact JSON array of spellings, by property id       ["4","Rome"]
 *
 * Equal stored values have equal spellings and different ones different spellings, so ids decide equality.
 */
import { assert, must } from "../base/assert.ts";
import { AppError } from "../errors.ts";
import type { NodeType } from "./catalog.ts";
import { type Cell, typeName, type ValueType } from "./value_type.ts";

/**
 * The canonical spelling of a key value: strings and enum values as they are, integers in decimal, `true`/`false`, dates
 * as epoch days, instants as epoch milliseconds, floats by {@linkcode floatSpelling}.
 * Throws `AppError("invalid_input")` for a float that is not finite.
 */
export function keySpelling(cell: Cell, type: ValueType): string {
  assert(type.kind === "scalar" && type.scalar !== "Blob", `${typeName(type)} is no key type`);
  switch (type.scalar) {
    case "String":
      assert(typeof cell === "string", "a String cell is a string");
      return cell;
    case "F32":
    case "F64":
      assert(typeof cell === "number", "a float cell is a number");
      return floatSpelling(cell, type.scalar);
    case "I64":
    case "U64":
      assert(typeof cell === "bigint", "a 64-bit cell is a bigint");
      return cell.toString();
    case "Bool":
      assert(typeof cell === "boolean", "a Bool cell is a boolean");
      return String(cell);
    default:
      assert(typeof cell === "number" && Number.isSafeInteger(cell), `a ${type.scalar} cell is an integer`);
      return String(cell);
  }
}

/**
 * The id of a keyed node, from its key cells; none of them may be null. Throws `AppError("invalid_input")`, naming type
 * and property, for a float key that is not finite.
 */
export function deriveId(type: NodeType, cells: (property: string) => Cell): string {
  const properties = must(type.keyProperties, `node type ${type.name} has no @key`);
  const spellings = properties.map((name) => {
    const property = must(type.propertyByName.get(name), `${type.name} has no property ${name}`);
    const cell = cells(name);
    if (typeof cell === "number" && !Number.isFinite(cell)) {
      throw new AppError(
        "invalid_input",
        `@key property '${type.name}.${name}' is ${cell}: a key must be a finite number`,
      );
    }
    return keySpelling(cell, property.type);
  });
  return spellings.length === 1 ? must(spellings[0], "one spelling") : JSON.stringify(spellings);
}

/**
 * The shortest decimal that reads back as the same stored float, written positionally: no exponent, no `.0`, both zeros
 * `0`. An F32 value is first rounded to its stored width.
 */
export function floatSpelling(value: number, width: "F32" | "F64"): string {
  const stored = width === "F32" ? Math.fround(value) : value;
  if (!Number.isFinite(stored)) {
    throw new AppError("invalid_input", `a key must be a finite number, not ${stored}`);
  }
  if (stored === 0) return "0";
  const sign = stored < 0 ? "-" : "";
  const size = Math.abs(stored);
  return sign + positional(width === "F32" ? shortestF32(size) : size.toExponential());
}

/** Shortest scientific spelling of a positive F32. 9 digits always suffice. */
function shortestF32(size: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const nearest = size.toExponential(digits - 1);
    if (Math.fround(Number(nearest)) === size) return nearest;
    // At powers of two the gap above is twice the gap below: the nearest decimal may miss where the next one up hits.
    const [mantissa, exponent] = splitScientific(nearest);
    const above = `${Number(mantissa) + 1}e${exponent - (digits - 1)}`;
    if (Math.fround(Number(above)) === size) return Number(above).toExponential(digits - 1);
  }
  return size.toExponential(8);
}

/** `d.ddde±x` as plain decimal digits. */
function positional(scientific: string): string {
  const [digits, exponent] = splitScientific(scientific);
  const point = exponent + 1;
  if (point <= 0) return "0." + "0".repeat(-point) + digits;
  if (point >= digits.length) return digits + "0".repeat(point - digits.length);
  return digits.slice(0, point) + "." + digits.slice(point);
}

/** All digits without the point, and the exponent of the first one. */
function splitScientific(scientific: string): [digits: string, exponent: number] {
  const [mantissa, exponent] = scientific.split("e");
  return [must(mantissa, "a mantissa").replace(".", ""), Number(must(exponent, "an exponent"))];
}
