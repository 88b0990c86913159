/** Catalogs made by hand, for tests that do not want to go through the schema language. */
import type { Catalog, Constraint, EdgeType, NodeType, Property } from "../../core/schema/catalog.ts";
import type { Scalar, ValueType } from "../../core/schema/value_type.ts";

/** `String`, `I64?`, `[String]`, `Vector(3)?`: a property type as spelled in a schema, without enums. */
export type TypeText = string;

/** Parses {@linkcode TypeText}. */
export function valueType(text: TypeText): { type: ValueType; nullable: boolean } {
  const nullable = text.endsWith("?");
  const bare = nullable ? text.slice(0, -1) : text;
  const vector = /^Vector\((\d+)\)$/.exec(bare);
  if (vector !== null) return { type: { kind: "vector", dimensions: Number(vector[1]) }, nullable };
  if (bare.startsWith("[")) return { type: { kind: "list", item: bare.slice(1, -1) as Scalar }, nullable };
  return { type: { kind: "scalar", scalar: bare as Scalar, enumValues: null }, nullable };
}

let nextId = 1;

function properties(texts: Readonly<Record<string, TypeText>>): Property[] {
  return Object.keys(texts).sort().map((name) => ({
    name,
    id: nextId++,
    ...valueType(texts[name]!),
    embed: null,
    annotations: [],
  }));
}

/** A node type; `key` names its key property. */
export function nodeType(
  name: string,
  texts: Readonly<Record<string, TypeText>>,
  key: readonly string[] | null = null,
): NodeType {
  const all = properties(texts);
  const constraints: Constraint[] = key === null ? [] : [{ kind: "key", columns: key }];
  return {
    kind: "node",
    name,
    key: `node:${name}`,
    typeId: nextId++,
    tableId: nextId++,
    properties: all,
    propertyByName: new Map(all.map((property) => [property.name, property])),
    constraints,
    annotations: [],
    keyProperties: key,
    interfaces: [],
  } as NodeType;
}

/** An edge type. */
export function edgeType(
  name: string,
  from: string,
  to: string,
  texts: Readonly<Record<string, TypeText>> = {},
): EdgeType {
  const all = properties(texts);
  return {
    kind: "edge",
    name,
    key: `edge:${name}`,
    typeId: nextId++,
    tableId: nextId++,
    properties: all,
    propertyByName: new Map(all.map((property) => [property.name, property])),
    constraints: [],
    annotations: [],
    from,
    to,
    cardinality: { min: 0, max: null },
  } as EdgeType;
}

/** A catalog of these types. */
export function catalogOf(types: readonly (NodeType | EdgeType)[]): Catalog {
  const sorted = [...types].sort((a, b) => a.name < b.name ? -1 : 1);
  const nodes = sorted.filter((type): type is NodeType => type.kind === "node");
  const edges = sorted.filter((type): type is EdgeType => type.kind === "edge");
  return {
    nodes: new Map(nodes.map((type) => [type.name, type])),
    edges: new Map(edges.map((type) => [type.name, type])),
    edgeByWord: new Map(edges.map((type) => [type.name.toLowerCase(), type])),
    byKey: new Map(sorted.map((type) => [type.key, type])),
    digest: "sha256:test",
  } as Catalog;
}
