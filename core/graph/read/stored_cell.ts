/** Constants as stored values: what look-ups by equality need, which compare bytes and not numbers. */
import { convertNumber } from "../../query/literal.ts";
import type { Cell, ScalarCell, ValueType } from "../../schema/value_type.ts";
import type { NodeType } from "../../schema/catalog.ts";
import { must } from "../../base/assert.ts";
import { deriveId } from "../../schema/keys.ts";

/** The cell of a scalar type that equals a constant; null when there is none, as for 2.7 or null among integers. */
export function storedCell(constant: Cell | null, type: ValueType): Cell | null {
  if (constant === null || type.kind !== "scalar") return constant;
  if (typeof constant === "number" && Number.isNaN(constant)) return null;
  return convertNumber(constant as ScalarCell, type.scalar);
}

/** The id of the node whose key properties equal these constants; null when no node can have such a key. */
export function keyId(type: NodeType, constants: ReadonlyMap<string, Cell | null>): string | null {
  const cells = new Map<string, Cell>();
  for (const [name, constant] of constants) {
    const property = must(type.propertyByName.get(name), `${type.name} has property ${name}`);
    const cell = storedCell(constant, property.type);
    if (cell === null || (typeof cell === "number" && !Number.isFinite(cell))) return null;
    cells.set(name, cell);
  }
  return deriveId(type, (name) => must(cells.get(name), "every key property has a constant"));
}
