/** Types and catalogs built by hand, for tests of the commit protocol. */
import type { AnyType, Catalog, EdgeType, NodeType, Property } from "../../core/schema/catalog.ts";
import type { ValueType } from "../../core/schema/value_type.ts";

/** Property name and type; everything except `id` may be null. */
export type PropertyList = readonly (readonly [string, ValueType])[];

/** A String type. */
export const TEXT: ValueType = { kind: "scalar", scalar: "String", enumValues: null };
/** An I32 type. */
export const INT: ValueType = { kind: "scalar", scalar: "I32", enumValues: null };

let lastTypeId = 0;

function entity<K extends "node" | "edge">(kind: K, name: string, properties: PropertyList) {
  const id = ++lastTypeId;
  const list: Property[] = properties.map(([property, type], index) => ({
    name: property,
    id: index + 1,
    type,
    nullable: true,
    embed: null,
    annotations: [],
  }));
  list.sort((a, b) => a.name < b.name ? -1 : 1);
  return {
    kind,
    name,
    key: `${kind}:${name}`,
    typeId: id,
    tableId: id,
    properties: list,
    propertyByName: new Map(list.map((property) => [property.name, property])),
    constraints: [],
    annotations: [],
  };
}

/** A node type without key and constraints. */
export function nodeType(name: string, properties: PropertyList): NodeType {
  return { ...entity("node", name, properties), keyProperties: null, interfaces: [] };
}

/** An edge type without constraints. */
export function edgeType(name: string, from: string, to: string, properties: PropertyList): EdgeType {
  return { ...entity("edge", name, properties), from, to, cardinality: { min: 0, max: null } };
}

/** A catalog of these types. */
export function catalogOf(nodes: readonly NodeType[], edges: readonly EdgeType[]): Catalog {
  const types: AnyType[] = [...edges, ...nodes].sort((a, b) => a.key < b.key ? -1 : 1);
  return {
    nodes: new Map(nodes.map((type) => [type.name, type])),
    edges: new Map(edges.map((type) => [type.name, type])),
    edgeByWord: new Map(edges.map((type) => [type.name.toLowerCase(), type])),
    byKey: new Map(types.map((type) => [type.key, type])),
    digest: "sha256:" + "0".repeat(64),
  };
}
