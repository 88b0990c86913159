/** What a constraint check finds, and how values are shown in it. */
import { formatDate, formatDateTime } from "../../base/temporal.ts";
import type { TypeKey } from "../../schema/catalog.ts";
import type { Cell, ValueType } from "../../schema/value_type.ts";

/** One broken constraint. The kinds but the first are the conflict kinds of a merge. */
export interface Violation {
  readonly kind:
    | "required_violation"
    | "value_constraint_violation"
    | "unique_violation"
    | "orphan_edge"
    | "cardinality_violation";
  readonly typeKey: TypeKey;
  /** The entity; for cardinality the source node. */
  readonly entityId: string;
  readonly message: string;
}

/** Says where an upserted row came from, e.g. ` (line 3)`; empty when there is nothing to say. */
export type PlaceOf = (key: TypeKey, row: number) => string;

/** A value as messages show it: strings as they are but cut, dates as dates. */
export function showCell(cell: Cell, type: ValueType): string {
  if (typeof cell === "string") return cell.length > 80 ? `${cell.slice(0, 80)}…` : cell;
  if (type.kind === "scalar" && typeof cell === "number") {
    if (type.scalar === "Date") return formatDate(cell);
    if (type.scalar === "DateTime") return formatDateTime(cell);
  }
  return String(cell);
}
