/**
 * A graph as plain objects, read from NDJSON: the data side of the naive evaluator. Nothing here knows columns, rows or
 * commits; it is written from the language documents, to be compared with the product.
 */
import { parseJson } from "../../core/base/lossless_json.ts";
import { parseDate, parseDateTime } from "../../core/base/temporal.ts";
import type { AnyType, Catalog, NodeType } from "../../core/schema/catalog.ts";
import type { Scalar, ValueType } from "../../core/schema/value_type.ts";

/**
 * A value: text as strings, integers of every width and epoch days and milliseconds as bigints, floats as numbers,
 * lists and vectors as arrays.
 */
export type NaiveValue = null | string | boolean | number | bigint | readonly NaiveValue[];

/** A node or an edge. */
export interface NaiveEntity {
  readonly id: string;
  /** Ids of the endpoints; empty on nodes. */
  readonly from: string;
  readonly to: string;
  readonly values: Readonly<Record<string, NaiveValue>>;
}

/** Entities by type name. */
export interface NaiveGraph {
  readonly nodes: ReadonlyMap<string, readonly NaiveEntity[]>;
  /** Edges whose endpoints both exist. */
  readonly edges: ReadonlyMap<string, readonly NaiveEntity[]>;
}

/** Reads a whole graph from NDJSON without repeated ids. Edges without an id get one by their place in the file. */
export function naiveGraph(catalog: Catalog, ndjson: string): NaiveGraph {
  const nodes = new Map<string, NaiveEntity[]>([...catalog.nodes.keys()].map((name) => [name, []]));
  const edges = new Map<string, NaiveEntity[]>([...catalog.edges.keys()].map((name) => [name, []]));
  for (const [index, line] of ndjson.split("\n").entries()) {
    if (line.trim() === "") continue;
    const record = parseJson(line) as Record<string, unknown>;
    const data = (record["data"] ?? {}) as Record<string, unknown>;
    if (typeof record["type"] === "string") {
      const type = catalog.nodes.get(record["type"])!;
      const values = entityValues(type, data);
      nodes.get(type.name)!.push({ id: nodeId(type, data, values), from: "", to: "", values });
    } else {
      const type = catalog.edgeByWord.get(String(record["edge"]).toLowerCase())!;
      const id = String(data["id"] ?? `line-${String(index).padStart(8, "0")}`);
      const values = entityValues(type, data);
      edges.get(type.name)!.push({ id, from: String(record["from"]), to: String(record["to"]), values });
    }
  }
  for (const [name, list] of edges) {
    const { from, to } = catalog.edges.get(name)!;
    const exists = (type: string, id: string) => nodes.get(type)!.some((node) => node.id === id);
    edges.set(name, list.filter((edge) => exists(from, edge.from) && exists(to, edge.to)));
  }
  return { nodes, edges };
}

function entityValues(type: AnyType, data: Readonly<Record<string, unknown>>): Record<string, NaiveValue> {
  return Object.fromEntries(
    type.properties.map(({ name, type }) => [name, naiveValue(type, data[name] ?? null)]),
  );
}

function nodeId(
  type: NodeType,
  data: Readonly<Record<string, unknown>>,
  values: Readonly<Record<string, NaiveValue>>,
): string {
  if (type.keyProperties === null) return String(data["id"]);
  const texts = type.keyProperties.map((name) => String(values[name]));
  return texts.length === 1 ? texts[0]! : JSON.stringify(texts);
}

/** A JSON value (of a load or a parameter) as a value of a type. */
export function naiveValue(type: ValueType, json: unknown): NaiveValue {
  if (json === null || json === undefined) return null;
  switch (type.kind) {
    case "list":
      return (json as unknown[]).map((item) => scalarValue(type.item, item));
    case "vector":
      return (json as unknown[]).map((item) => Math.fround(Number(item)));
    case "scalar":
      return scalarValue(type.scalar, json);
  }
}

function scalarValue(scalar: Scalar, json: unknown): NaiveValue {
  switch (scalar) {
    case "I32":
    case "I64":
    case "U32":
    case "U64":
      return BigInt(json as string | number | bigint);
    case "F32":
      return Math.fround(Number(json));
    case "F64":
      return Number(json);
    case "Date":
      return typeof json === "string" ? BigInt(parseDate(json)!) : BigInt(json as number);
    case "DateTime":
      return typeof json === "string" ? BigInt(parseDateTime(json)!) : BigInt(json as number);
    default:
      return json as string | boolean;
  }
}

/** A value of a type as it stands in JSON output. Integers beyond ±(2^53 − 1) stay bigints, as `parseJson` reads them. */
export function jsonForm(type: ValueType, value: NaiveValue): NaiveValue {
  if (value === null) return null;
  if (type.kind !== "scalar") {
    const item: ValueType = {
      kind: "scalar",
      scalar: type.kind === "list" ? type.item : "F32",
      enumValues: null,
    };
    return (value as readonly NaiveValue[]).map((entry) => jsonForm(item, entry));
  }
  if (type.scalar === "Date") return new Date(Number(value) * 86_400_000).toISOString().slice(0, 10);
  if (type.scalar === "DateTime") return new Date(Number(value)).toISOString();
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return value;
}
