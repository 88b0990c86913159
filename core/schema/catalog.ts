/**
 * The resolved catalog: what every later phase knows about an accepted schema. Interfaces are expanded,
 * constraints are in their body form, every type and property carries its stable identity.
 */
import type { ValueType } from "./value_type.ts";

/** `node:<Type>` or `edge:<Type>`. Sorting type keys by code unit puts edges first. */
export type TypeKey = string;

/** An annotation without built-in meaning, or a description or instruction. */
export interface Annotation {
  readonly name: string;
  readonly value: string | null;
  /** Named arguments; absent when there are none. */
  readonly kwargs?: Readonly<Record<string, string>>;
}

/** A property of a node or edge type. */
export interface Property {
  readonly name: string;
  /** Stable identity, kept across renames. */
  readonly id: number;
  readonly type: ValueType;
  readonly nullable: boolean;
  /** On a vector: the String property it embeds, and the recorded model. */
  readonly embed: { readonly source: string; readonly model: string | null } | null;
  readonly annotations: readonly Annotation[];
}

/** A constraint in its body form. Columns are property names, or `src`/`dst` on edges. */
export type Constraint =
  | { readonly kind: "key" | "unique" | "index"; readonly columns: readonly string[] }
  | {
    readonly kind: "range";
    readonly property: string;
    /** Inclusive bounds; null is open. Integers that do not fit a double exactly are bigints. */
    readonly min: number | bigint | null;
    readonly max: number | bigint | null;
  }
  | { readonly kind: "check"; readonly property: string; readonly pattern: string; readonly regex: RegExp };

interface EntityType {
  readonly name: string;
  readonly key: TypeKey;
  /** Stable identity of the type. */
  readonly typeId: number;
  /** Stable identity of the table lifetime; names the table in storage. */
  readonly tableId: number;
  /** Ascending by name (code points): the column order of the table after `id` (and `src`, `dst`). */
  readonly properties: readonly Property[];
  readonly propertyByName: ReadonlyMap<string, Property>;
  readonly constraints: readonly Constraint[];
  readonly annotations: readonly Annotation[];
}

/** A node type. */
export interface NodeType extends EntityType {
  readonly kind: "node";
  /** Property names of the `@key`, ordered by stable property id (the order inside composite ids); null when unkeyed. */
  readonly keyProperties: readonly string[] | null;
  readonly interfaces: readonly string[];
}

/** An edge type. */
export interface EdgeType extends EntityType {
  readonly kind: "edge";
  /** Node type name of the source endpoint. */
  readonly from: string;
  /** Node type name of the target endpoint. */
  readonly to: string;
  /** Edges of this type per source node. */
  readonly cardinality: { readonly min: number; readonly max: number | null };
}

/** A node or edge type. */
export type AnyType = NodeType | EdgeType;

/** All types of one accepted schema. Maps iterate in ascending name order. */
export interface Catalog {
  readonly nodes: ReadonlyMap<string, NodeType>;
  readonly edges: ReadonlyMap<string, EdgeType>;
  /** Edge types by their lower-cased name: how traversals and NDJSON find them. */
  readonly edgeByWord: ReadonlyMap<string, EdgeType>;
  /** Node and edge types by type key. */
  readonly byKey: ReadonlyMap<TypeKey, AnyType>;
  /** `sha256:` + hex of the accepted contract: the schema digest that commits pin. */
  readonly digest: string;
}
