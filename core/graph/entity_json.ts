/**
 * Entities as plain JSON values: the images that the change feed and `entity` show. Every value says the same as in an
 * export (`read/entity_lines.ts`): all properties, nulls included, names sorted; integers exact, a Date as days and a
 * DateTime as milliseconds since the epoch, F32 widened, vectors and lists as arrays, blobs as `base64:…` or their URI.
 */
import { unreachable } from "../base/assert.ts";
import type { AnyType } from "../schema/catalog.ts";
import type { Cell, ScalarCell, ValueType } from "../schema/value_type.ts";
import type { TableView } from "./read/view.ts";

/** A value of a property; 64-bit integers are bigints. */
export type EntityValue = null | boolean | number | bigint | string | readonly EntityValue[];

/** What an entity holds beside its type and id. */
export interface EntityImage {
  readonly properties: Readonly<Record<string, EntityValue>>;
  /** On edges only. */
  readonly endpoints?: { readonly from: string; readonly to: string };
}

/** The image of a row of a table; all columns of `type` must be prepared. */
export function entityJson(type: AnyType, view: TableView, row: number): EntityImage {
  // Not by assignment: a property named `__proto__` is a property like any other.
  const properties = Object.fromEntries(
    type.properties.map(({ name, type }) => [name, valueOf(view.cell(row, name), type)]),
  );
  if (type.kind === "node") return { properties };
  return {
    properties,
    endpoints: { from: view.cell(row, "src") as string, to: view.cell(row, "dst") as string },
  };
}

function valueOf(cell: Cell | null, type: ValueType): EntityValue {
  if (cell === null) return null;
  switch (type.kind) {
    case "scalar":
      return scalarValue(cell as ScalarCell);
    case "list":
      return (cell as readonly ScalarCell[]).map(scalarValue);
    case "vector":
      return Array.from(cell as Float32Array, scalarValue);
    default:
      return unreachable(type);
  }
}

/** JSON has no number that is not finite: those are told by name. */
function scalarValue(cell: ScalarCell): EntityValue {
  return typeof cell === "number" && !Number.isFinite(cell) ? String(cell) : cell;
}
