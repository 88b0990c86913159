/** The accepted IR to the catalog that every later phase uses: one path for fresh and for stored schemas. */
import { assert, unreachable } from "../base/assert.ts";
import type { AnyType, Catalog, Constraint, EdgeType, NodeType, Property } from "./catalog.ts";
import type { CheckedConstraint } from "./checked.ts";
import type {
  Ir,
  IrBound,
  IrColumnRef,
  IrConstraint,
  IrEdge,
  IrNode,
  IrProperty,
  IrPropertyType,
} from "./ir.ts";
import { compilePattern } from "./pattern.ts";
import type { ValueType } from "./value_type.ts";

/** Resolves a consistent IR; `digest` is the contract digest that commits pin. */
export function buildCatalog(ir: Ir, digest: string): Catalog {
  const nodes = new Map(ir.nodes.map((node) => [node.name, nodeType(node)]));
  const edges = new Map(ir.edges.map((edge) => [edge.name, edgeType(edge)]));
  const all: AnyType[] = [...nodes.values(), ...edges.values()];
  all.sort((a, b) => a.key < b.key ? -1 : 1);
  return {
    nodes,
    edges,
    edgeByWord: new Map([...edges.values()].map((edge) => [edge.name.toLowerCase(), edge])),
    byKey: new Map(all.map((type) => [type.key, type])),
    digest,
  };
}

function nodeType(node: IrNode): NodeType {
  return {
    kind: "node",
    ...entity("node", node),
    keyProperties: keyProperties(node),
    interfaces: node.implements.map((one) => one.type_name),
  };
}

function edgeType(edge: IrEdge): EdgeType {
  return {
    kind: "edge",
    ...entity("edge", edge),
    from: edge.from_type.type_name,
    to: edge.to_type.type_name,
    cardinality: edge.cardinality,
  };
}

function entity(kind: "node" | "edge", type: IrNode | IrEdge) {
  const properties = type.properties.map(property);
  return {
    name: type.name,
    key: `${kind}:${type.name}`,
    typeId: type.type_id,
    tableId: type.table_incarnation_id,
    properties,
    propertyByName: new Map(properties.map((one) => [one.name, one])),
    constraints: type.constraints.map(compiledConstraint),
    annotations: type.annotations,
  };
}

/** Composite ids list their parts by property id, so that renaming a part changes no id. */
function keyProperties(node: IrNode): string[] | null {
  for (const constraint of node.constraints) {
    if (constraint.kind !== "key") continue;
    const parts = constraint.fields.flatMap((ref) => "system" in ref ? [] : [ref]);
    return parts.sort((a, b) => a.property_id - b.property_id).map((ref) => ref.property_name);
  }
  return null;
}

function property(ir: IrProperty): Property {
  const { embed_source: embed } = ir;
  return {
    name: ir.name,
    id: ir.property_id,
    type: valueType(ir.prop_type),
    nullable: ir.prop_type.nullable,
    embed: embed === null ? null : { source: embed.source.property_name, model: embed.model },
    annotations: ir.annotations,
  };
}

/** The inverse of `irPropertyType`. */
function valueType(ir: IrPropertyType): ValueType {
  if (typeof ir.scalar !== "string") return { kind: "vector", dimensions: ir.scalar.Vector };
  if (ir.list) return { kind: "list", item: ir.scalar };
  return { kind: "scalar", scalar: ir.scalar, enumValues: ir.enum_values };
}

/** A stored constraint by column names. */
export function checkedConstraint(ir: IrConstraint): CheckedConstraint {
  switch (ir.kind) {
    case "key":
    case "unique":
    case "index":
      return { kind: ir.kind, columns: ir.fields.map(columnName) };
    case "range":
      return { kind: "range", property: columnName(ir.field), min: bound(ir.min), max: bound(ir.max) };
    case "check":
      return { kind: "check", property: columnName(ir.field), pattern: ir.pattern };
    default:
      return unreachable(ir);
  }
}

function compiledConstraint(ir: IrConstraint): Constraint {
  const constraint = checkedConstraint(ir);
  if (constraint.kind !== "check") return constraint;
  const compiled = compilePattern(constraint.pattern);
  assert(compiled.kind === "pattern", `pattern ${constraint.pattern} compiled when it was accepted`);
  return { ...constraint, regex: compiled.regex };
}

/** The column a reference names. */
export function columnName(ref: IrColumnRef): string {
  return "system" in ref ? ref.system : ref.property_name;
}

function bound(value: IrBound): number | bigint | null {
  return typeof value === "string" ? BigInt(value) : value;
}
