/** What keeps a merge from being made, as one error that names everything. Pure. */
import { AppError, type MergeConflict } from "../../errors.ts";
import type { AnyType, Catalog, TypeKey } from "../../schema/catalog.ts";
import { must } from "../../base/assert.ts";
import type { Violation } from "../write/violation.ts";
import type { Divergence, DivergenceKind } from "./three_way.ts";

/** Conflicts that the message names; the detail has all of them. */
const NAMED_MAX = 3;

/** 409 with all conflicts, of which there is at least one. */
export function mergeConflict(conflicts: readonly MergeConflict[]): AppError {
  const subjects = conflicts.slice(0, NAMED_MAX).map(subjectOf).join("; ");
  const more = conflicts.length > NAMED_MAX ? `; and ${conflicts.length - NAMED_MAX} more` : "";
  return new AppError("merge_conflict", `merge conflicts: ${subjects}${more}`, {
    detail: { merge_conflicts: conflicts },
  });
}

/** 409: a type that was changed is not there any more on the target, or another one has its name. */
export function typesDiffer(key: TypeKey, expected: string, actual: string): AppError {
  const [kind, name] = key.split(":", 2);
  return new AppError(
    "write_conflict",
    `${kind} type '${name}' is not the same on both sides: it was dropped since, and its entities with it`,
    { detail: { read_set_conflict: { member: "schema_digest", expected, actual } } },
  );
}

/** `divergent_update of node Film 'f-1'`. */
function subjectOf({ kind, entity_kind, type_name, entity_id }: MergeConflict): string {
  return `${kind} of ${entity_kind} ${type_name}${entity_id === null ? "" : ` '${entity_id}'`}`;
}

const DIVERGED: Readonly<Record<DivergenceKind, string>> = {
  divergent_insert: "was added on both sides with different values",
  divergent_update: "was changed on both sides in different ways",
  delete_vs_update: "was deleted on one side and changed on the other",
};

/** An entity that both sides changed. */
export function divergenceConflict({ kind, type, entityId }: Divergence): MergeConflict {
  return conflictOf(kind, type, entityId, `${type.kind} ${type.name} '${entityId}' ${DIVERGED[kind]}`);
}

/** A constraint that the merged content breaks. Values and cardinality are facts about a type, not about one entity. */
export function violationConflict(
  catalog: Catalog,
  { kind, typeKey, entityId, message }: Violation,
): MergeConflict {
  const type = must(catalog.byKey.get(typeKey), "violations name known types");
  switch (kind) {
    case "required_violation": // only where the target's schema asks for more than the source's
    case "value_constraint_violation":
      return conflictOf("value_constraint_violation", type, null, message);
    case "cardinality_violation":
      return conflictOf(kind, type, null, message);
    case "unique_violation":
    case "orphan_edge":
      return conflictOf(kind, type, entityId, message);
  }
}

function conflictOf(
  kind: MergeConflict["kind"],
  type: AnyType,
  entityId: string | null,
  message: string,
): MergeConflict {
  return { entity_kind: type.kind, type_name: type.name, entity_id: entityId, kind, message };
}
