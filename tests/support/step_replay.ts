/**
 * Replays migration steps on the shape of a schema, written from the meaning of each step alone. What a step does not
 * carry (the inside of an added type, the annotations of an added property) is taken from the desired schema; everything
 * else must follow from the steps. Comparing the result with the desired shape shows that a plan says everything.
 */
import assert from "node:assert/strict";
import type { AcceptedSchema } from "../../core/schema/accept.ts";
import type { SchemaStep } from "../../core/schema/steps.ts";

interface ShapeRef {
  owner_type_name: string;
  property_name: string;
}

interface ShapeProperty {
  name: string;
  prop_type: unknown;
  annotations: { name: string }[];
  embed_source: { source: ShapeRef } | null;
  satisfies_interface_properties: ShapeRef[];
}

interface ShapeConstraint {
  kind: string;
  fields?: (ShapeRef | { system: string })[];
  field?: ShapeRef;
}

interface ShapeType {
  name: string;
  properties: ShapeProperty[];
  annotations?: { name: string }[];
  constraints?: ShapeConstraint[];
  implements?: { type_name: string }[];
  from_type?: { type_name: string };
  to_type?: { type_name: string };
}

interface Shape {
  interface: ShapeType[];
  node: ShapeType[];
  edge: ShapeType[];
}

/** The shape after the steps. */
export function replay(
  accepted: AcceptedSchema,
  steps: readonly SchemaStep[],
  desired: AcceptedSchema,
): unknown {
  const shape = shapeOf(accepted);
  const goal = shapeOf(desired);
  for (const step of steps) replayStep(shape, step, goal);
  for (const type of [...shape.node, ...shape.edge]) {
    // The end columns of edges never go.
    const names = new Set(["src", "dst", ...type.properties.map((property) => property.name)]);
    type.constraints = type.constraints!.filter((constraint) =>
      columns(constraint).some((name) => names.has(name))
    );
  }
  return sorted(shape);
}

/** The shape of a schema, sorted like the result of {@linkcode replay}. */
export function sortedShape(accepted: AcceptedSchema): unknown {
  return sorted(shapeOf(accepted));
}

function replayStep(shape: Shape, step: SchemaStep, goal: Shape): void {
  const type = "type_name" in step ? find(shape[step.type_kind], step.type_name) : null;
  const property = "property_name" in step && step.kind !== "add_property"
    ? find(type!.properties, step.property_name)
    : null;
  switch (step.kind) {
    case "add_type":
      shape[step.type_kind].push(find(goal[step.type_kind], step.name));
      break;
    case "rename_type":
      renameType(shape, step);
      break;
    case "add_property": {
      const wanted = find(find(goal[step.type_kind], step.type_name).properties, step.property_name);
      type!.properties.push({ ...wanted, prop_type: step.property_type });
      break;
    }
    case "rename_property":
      renameProperty(shape, step);
      break;
    case "add_constraint":
      type!.constraints!.push({
        kind: "index",
        fields: step.constraint.Index.map((name) =>
          name === "src" || name === "dst"
            ? { system: name }
            : { owner_type_name: type!.name, property_name: name }
        ),
      });
      break;
    case "extend_enum": {
      const was = property!.prop_type as { enum_values: string[] };
      property!.prop_type = { ...was, enum_values: [...was.enum_values, ...step.added_values].sort() };
      break;
    }
    case "update_type_metadata":
      setMetadata(find(shape[step.type_kind], step.name), step.annotations);
      break;
    case "update_property_metadata":
      setMetadata(property!, step.annotations);
      break;
    case "drop_property":
      type!.properties.splice(type!.properties.indexOf(property!), 1);
      break;
    case "drop_type":
      shape[step.type_kind] = shape[step.type_kind].filter((one) => one.name !== step.name);
      break;
    case "unsupported_change":
      assert.fail("an unsupported change cannot be replayed");
  }
}

function renameType(
  shape: Shape,
  { type_kind, from, to }: { type_kind: keyof Shape; from: string; to: string },
): void {
  const type = find(shape[type_kind], from);
  type.name = to;
  for (const ref of refsOf(type)) {
    ref.owner_type_name = ref.owner_type_name === from ? to : ref.owner_type_name;
  }
  if (type_kind !== "node") return;
  for (const edge of shape.edge) {
    for (const end of [edge.from_type!, edge.to_type!]) if (end.type_name === from) end.type_name = to;
  }
}

function renameProperty(
  shape: Shape,
  step: { type_kind: keyof Shape; type_name: string; from: string; to: string },
): void {
  const { type_kind, type_name, from, to } = step;
  const type = find(shape[type_kind], type_name);
  find(type.properties, from).name = to;
  for (const ref of refsOf(type)) if (ref.property_name === from) ref.property_name = to;
  if (type_kind !== "interface") return;
  for (const ref of shape.node.flatMap(linksOf)) {
    if (ref.owner_type_name === type_name && ref.property_name === from) ref.property_name = to;
  }
}

/** References of a type to its own columns. */
function refsOf(type: ShapeType): ShapeRef[] {
  const constrained = (type.constraints ?? []).flatMap((one) => one.field ?? one.fields!);
  const embedded = type.properties.flatMap((property) => property.embed_source?.source ?? []);
  return [...constrained.filter((ref): ref is ShapeRef => "property_name" in ref), ...embedded];
}

/** References of a node to interface properties. */
function linksOf(type: ShapeType): ShapeRef[] {
  return type.properties.flatMap((property) => property.satisfies_interface_properties);
}

function columns(constraint: ShapeConstraint): string[] {
  return (constraint.fields ?? [constraint.field!]).map((ref) =>
    "system" in ref ? ref.system : ref.property_name
  );
}

function setMetadata(
  target: { annotations?: { name: string }[] },
  metadata: readonly { name: string }[],
): void {
  const others = target.annotations!.filter((one) => !["description", "instruction"].includes(one.name));
  target.annotations = [...others, ...metadata];
}

function find<T extends { name: string }>(list: readonly T[], name: string): T {
  const found = list.find((one) => one.name === name);
  assert.ok(found, `${name} exists when its step comes`);
  return found;
}

function shapeOf(accepted: AcceptedSchema): Shape {
  const { interfaces, nodes, edges } = withoutIdentities(accepted.contract.ir) as Record<string, ShapeType[]>;
  return { interface: interfaces!, node: nodes!, edge: edges! };
}

function withoutIdentities(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutIdentities);
  if (value === null || typeof value !== "object") return value;
  const kept = Object.entries(value).filter(([key]) =>
    !/^(type|property|owner_type|table_incarnation)_id$/.test(key)
  );
  return Object.fromEntries(kept.map(([key, child]) => [key, withoutIdentities(child)]));
}

/** Equal shapes give equal values, whatever the order of their lists. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(sorted).map((item) => [JSON.stringify(item), item] as const);
    return items.sort(([a], [b]) => a < b ? -1 : 1).map(([, item]) => item);
  }
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([k, v]) => [k, sorted(v)]),
  );
}
