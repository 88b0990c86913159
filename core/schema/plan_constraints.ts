/**
 * How the constraints of a type change. Columns are compared by stable id, so a rename changes nothing.
 *
 *   removed   all columns dropped, and no key    goes silently with them
 *             else                               unsupported: rows were accepted under it, queries may count on it
 *   added     @index                             a step; intent only, nothing is built
 *             else                               unsupported: existing rows may violate it
 */
import { canonicalJson } from "../base/json.ts";
import { columnName } from "./build_catalog.ts";
import type { TypeKind } from "./identity.ts";
import type { IrColumnRef, IrConstraint, IrEdge, IrNode } from "./ir.ts";
import { constraintText } from "./step_text.ts";
import { refusal, type SchemaStep } from "./steps.ts";

/** Steps for the constraints of one surviving type: removed ones, then added ones, each by kind and columns. */
export function* constraintSteps<T extends IrNode | IrEdge>(
  kind: TypeKind,
  before: T,
  after: T,
): Generator<SchemaStep> {
  const entity = `${kind}:${after.name}`;
  const names = new Map(after.properties.map((property) => [property.property_id, property.name]));
  const nameOf = (column: IrColumnRef) =>
    "system" in column ? column.system : names.get(column.property_id) ?? column.property_name;
  const survives = (column: IrColumnRef) => "system" in column || names.has(column.property_id);

  const desired = new Set(after.constraints.map(identityOf));
  for (const constraint of before.constraints) {
    if (desired.has(identityOf(constraint))) continue;
    if (constraint.kind !== "key" && !columnsOf(constraint).some(survives)) continue;
    const text = constraintText(constraint, nameOf);
    const remedy = constraint.kind === "key"
      ? "a key stays as long as its type"
      : "keep it, or drop all of its properties with it";
    yield refusal(entity, `removing ${text} is not supported: ${remedy}`);
  }

  const accepted = new Set(before.constraints.map(identityOf));
  for (const constraint of after.constraints) {
    if (accepted.has(identityOf(constraint))) continue;
    if (constraint.kind === "index") {
      const columns = constraint.fields.map(columnName);
      yield {
        kind: "add_constraint",
        type_kind: kind,
        type_name: after.name,
        constraint: { Index: columns },
      };
    } else {
      const text = constraintText(constraint);
      yield refusal(entity, `adding ${text} is not supported: only @index can be added to an accepted type`);
    }
  }
}

/** Equal texts for constraints that demand the same of the same columns. */
function identityOf(constraint: IrConstraint): string {
  const columns = columnsOf(constraint).map((one) => "system" in one ? one.system : String(one.property_id));
  const demand = constraint.kind === "range"
    ? [constraint.min, constraint.max]
    : constraint.kind === "check"
    ? [constraint.pattern]
    : [];
  return canonicalJson([constraint.kind, columns.sort(), ...demand]);
}

function columnsOf(constraint: IrConstraint): readonly IrColumnRef[] {
  return "fields" in constraint ? constraint.fields : [constraint.field];
}
