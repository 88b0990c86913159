/**
 * Two accepted schemas of one identity domain to the steps between them: the differ. What belongs together is known by
 * stable id, so a rename is an equal id under another name.
 *
 *   interfaces -> nodes -> edges
 *     desired types by name:  rename -> problems of the type -> metadata -> properties -> constraints
 *     dropped types by name
 */
import { canonicalJson } from "../base/json.ts";
import type { TypeKind } from "./identity.ts";
import type { Ir, IrEdge, IrInterface, IrNode, IrTypeRef } from "./ir.ts";
import { annotationProblems, changedMetadata } from "./plan_annotations.ts";
import { constraintSteps } from "./plan_constraints.ts";
import { propertySteps } from "./plan_properties.ts";
import { type DropMode, joinById, refusal, type SchemaStep } from "./steps.ts";

/** All steps from one schema to the other, in plan order. */
export function typeSteps(before: Ir, after: Ir, mode: DropMode): SchemaStep[] {
  return [
    ...kindSteps("interface", before.interfaces, after.interfaces, interfaceRules(mode)),
    ...kindSteps("node", before.nodes, after.nodes, nodeRules(mode)),
    ...kindSteps("edge", before.edges, after.edges, edgeRules(mode)),
  ];
}

/** What happens to a type that stays, and to one that goes. */
interface KindRules<T> {
  change(before: T, after: T): Iterable<SchemaStep>;
  drop(type: T): SchemaStep;
}

function* kindSteps<T extends IrInterface>(
  kind: TypeKind,
  before: readonly T[],
  after: readonly T[],
  rules: KindRules<T>,
): Generator<SchemaStep> {
  const { desired, dropped } = joinById(before, after, (type) => type.type_id);
  for (const { before: was, after: is } of desired) {
    if (was === null) yield { kind: "add_type", type_kind: kind, name: is.name };
    else yield* rules.change(was, is);
  }
  for (const type of dropped) yield rules.drop(type);
}

/** Interfaces have no rows and no hints: they can be added and changed in place, nothing else. */
function interfaceRules(mode: DropMode): KindRules<IrInterface> {
  return {
    change: (before, after) => propertySteps("interface", before, after, mode),
    drop: ({ name }) =>
      refusal(
        `interface:${name}`,
        `removing or renaming interface '${name}' is not supported: keep it, even when nothing implements it`,
      ),
  };
}

function nodeRules(mode: DropMode): KindRules<IrNode> {
  return {
    *change(before, after) {
      yield* rename("node", before, after);
      if (!sameTypes(before.implements, after.implements)) {
        const change = `from ${namesOf(before.implements)} to ${namesOf(after.implements)}`;
        const reason = `the interfaces of node '${after.name}' change ${change}, which is not supported`;
        yield refusal(`node:${after.name}`, reason);
      }
      yield* annotationSteps("node", before, after);
      yield* propertySteps("node", before, after, mode);
      yield* constraintSteps("node", before, after);
    },
    drop: ({ name }) => ({ kind: "drop_type", type_kind: "node", name, mode }),
  };
}

function edgeRules(mode: DropMode): KindRules<IrEdge> {
  return {
    *change(before, after) {
      const entity = `edge:${after.name}`;
      yield* rename("edge", before, after);
      if (!sameTypes([before.from_type, before.to_type], [after.from_type, after.to_type])) {
        const change = `from ${endpointsOf(before)} to ${endpointsOf(after)}`;
        const reason = `the endpoints of edge '${after.name}' change ${change}: add a new edge type instead`;
        yield refusal(entity, reason);
      }
      if (canonicalJson(before.cardinality) !== canonicalJson(after.cardinality)) {
        const change = `from ${cardinalityOf(before)} to ${cardinalityOf(after)}`;
        const reason = `the cardinality of edge '${after.name}' changes ${change}, which is not supported`;
        yield refusal(entity, reason);
      }
      yield* annotationSteps("edge", before, after);
      yield* propertySteps("edge", before, after, mode);
      yield* constraintSteps("edge", before, after);
    },
    drop: ({ name }) => ({ kind: "drop_type", type_kind: "edge", name, mode }),
  };
}

function* rename(kind: TypeKind, before: IrInterface, after: IrInterface): Generator<SchemaStep> {
  if (before.name === after.name) return;
  yield { kind: "rename_type", type_kind: kind, from: before.name, to: after.name };
}

function* annotationSteps<T extends IrNode | IrEdge>(
  kind: TypeKind,
  before: T,
  after: T,
): Generator<SchemaStep> {
  const { name } = after;
  yield* annotationProblems(`${kind}:${name}`, before.annotations, after.annotations);
  const annotations = changedMetadata(before.annotations, after.annotations);
  if (annotations !== null) yield { kind: "update_type_metadata", type_kind: kind, name, annotations };
}

function sameTypes(before: readonly IrTypeRef[], after: readonly IrTypeRef[]): boolean {
  return canonicalJson(before.map((ref) => ref.type_id)) === canonicalJson(after.map((ref) => ref.type_id));
}

function namesOf(refs: readonly IrTypeRef[]): string {
  return refs.length === 0 ? "none" : refs.map((ref) => `'${ref.type_name}'`).join(", ");
}

function endpointsOf({ from_type: from, to_type: to }: IrEdge): string {
  return `${from.type_name} -> ${to.type_name}`;
}

function cardinalityOf({ cardinality: { min, max } }: IrEdge): string {
  return `${min}..${max ?? "*"}`;
}
