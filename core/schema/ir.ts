/**
 * The accepted schema as JSON: member names and order are those of the stored contract.
 *
 *   { ir_version: 2, schema_identity_domain, next_identity_id,
 *     interfaces: [{ name, type_id, properties: [P] }],
 *     nodes: [{ name, type_id, table_incarnation_id, annotations: [A], implements, properties: [P], constraints: [C] }],
 *     edges: [{ … without implements, from_type, to_type, cardinality: { min, max | null } }] }
 *
 * Types and properties ascend by name, annotations by JSON text, constraints by kind and columns. Everything here is
 * plain JSON; {@linkcode buildIr} makes it and `build_catalog.ts` resolves it.
 */
import { unreachable } from "../base/assert.ts";
import type { Annotation } from "./catalog.ts";
import type {
  CheckedConstraint,
  CheckedEdge,
  CheckedNode,
  CheckedProperty,
  CheckedSchema,
  CheckedType,
} from "./checked.ts";
import type { Identities } from "./identity.ts";
import type { Scalar, ValueType } from "./value_type.ts";

/** The only version of the IR. */
export const IR_VERSION = 2;

/** A property by its stable identity, with the names at acceptance. */
export interface IrPropertyRef {
  readonly owner_type_id: number;
  readonly owner_type_name: string;
  readonly property_id: number;
  readonly property_name: string;
}

/** A constrained column. */
export type IrColumnRef = IrPropertyRef | { readonly system: "id" | "src" | "dst" };

/** A type by its stable identity. */
export interface IrTypeRef {
  readonly type_id: number;
  readonly type_name: string;
}

/** A property type. */
export interface IrPropertyType {
  readonly scalar: Scalar | { readonly Vector: number };
  readonly nullable: boolean;
  readonly list: boolean;
  readonly enum_values: readonly string[] | null;
}

/** A property. */
export interface IrProperty {
  readonly name: string;
  readonly property_id: number;
  readonly prop_type: IrPropertyType;
  readonly annotations: readonly Annotation[];
  /** Null also when an interface names a source that only its nodes declare. */
  readonly embed_source: { readonly source: IrPropertyRef; readonly model: string | null } | null;
  readonly declared_directly: boolean;
  readonly satisfies_interface_properties: readonly IrPropertyRef[];
}

/** A bound of a range: a JSON number, or the digits of an integer that a double cannot hold. */
export type IrBound = number | string | null;

/** A constraint. */
export type IrConstraint =
  | { readonly kind: "key" | "unique" | "index"; readonly fields: readonly IrColumnRef[] }
  | { readonly kind: "range"; readonly field: IrColumnRef; readonly min: IrBound; readonly max: IrBound }
  | { readonly kind: "check"; readonly field: IrColumnRef; readonly pattern: string };

/** An interface. */
export interface IrInterface {
  readonly name: string;
  readonly type_id: number;
  readonly properties: readonly IrProperty[];
}

interface IrEntity extends IrInterface {
  readonly table_incarnation_id: number;
  readonly annotations: readonly Annotation[];
  readonly constraints: readonly IrConstraint[];
}

/** A node type. */
export interface IrNode extends IrEntity {
  readonly implements: readonly IrTypeRef[];
}

/** An edge type. */
export interface IrEdge extends IrEntity {
  readonly from_type: IrTypeRef;
  readonly to_type: IrTypeRef;
  readonly cardinality: { readonly min: number; readonly max: number | null };
}

/** A whole accepted schema. */
export interface Ir {
  readonly ir_version: typeof IR_VERSION;
  readonly schema_identity_domain: string;
  readonly next_identity_id: number;
  readonly interfaces: readonly IrInterface[];
  readonly nodes: readonly IrNode[];
  readonly edges: readonly IrEdge[];
}

/** Joins a checked schema with its identities. */
export function buildIr(schema: CheckedSchema, identities: Identities): Ir {
  return {
    ir_version: IR_VERSION,
    schema_identity_domain: identities.domain,
    next_identity_id: identities.next,
    interfaces: schema.interfaces.map((type) => ({
      name: type.name,
      type_id: identities.typeId("interface", type.name),
      properties: type.properties.map((property) => irProperty(type, property, identities)),
    })),
    nodes: schema.nodes.map((type) => ({
      ...irEntity(type, identities),
      implements: type.interfaces.map((name) => irTypeRef("interface", name, identities)),
    })),
    edges: schema.edges.map((type) => ({
      ...irEntity(type, identities),
      from_type: irTypeRef("node", type.from, identities),
      to_type: irTypeRef("node", type.to, identities),
      cardinality: { min: type.cardinality.min, max: type.cardinality.max },
    })),
  };
}

function irEntity(type: CheckedNode | CheckedEdge, identities: Identities): IrEntity {
  return {
    name: type.name,
    type_id: identities.typeId(type.kind, type.name),
    table_incarnation_id: identities.tableId(type.kind, type.name),
    annotations: type.annotations,
    properties: type.properties.map((property) => irProperty(type, property, identities)),
    constraints: type.constraints.map((constraint) => irConstraint(type, constraint, identities)),
  };
}

function irProperty(owner: CheckedType, property: CheckedProperty, identities: Identities): IrProperty {
  const { embed } = property;
  const source = embed !== null && owner.properties.some((one) => one.name === embed.source)
    ? irPropertyRef(owner.kind, owner.name, embed.source, identities)
    : null;
  return {
    name: property.name,
    property_id: identities.propertyId(owner.kind, owner.name, property.name),
    prop_type: irPropertyType(property.type, property.nullable),
    annotations: property.annotations,
    embed_source: embed === null || source === null ? null : { source, model: embed.model },
    declared_directly: property.declaredDirectly,
    satisfies_interface_properties: property.satisfies.map((name) =>
      irPropertyRef("interface", name, property.name, identities)
    ),
  };
}

/** The stored form of a property type. */
export function irPropertyType(type: ValueType, nullable: boolean): IrPropertyType {
  switch (type.kind) {
    case "scalar":
      return { scalar: type.scalar, nullable, list: false, enum_values: type.enumValues };
    case "list":
      return { scalar: type.item, nullable, list: true, enum_values: null };
    case "vector":
      return { scalar: { Vector: type.dimensions }, nullable, list: false, enum_values: null };
    default:
      return unreachable(type);
  }
}

function irConstraint(
  owner: CheckedType,
  constraint: CheckedConstraint,
  identities: Identities,
): IrConstraint {
  const column = (name: string): IrColumnRef => {
    if (owner.kind === "edge" && (name === "src" || name === "dst")) return { system: name };
    return irPropertyRef(owner.kind, owner.name, name, identities);
  };
  switch (constraint.kind) {
    case "range":
      return {
        kind: "range",
        field: column(constraint.property),
        min: irBound(constraint.min),
        max: irBound(constraint.max),
      };
    case "check":
      return { kind: "check", field: column(constraint.property), pattern: constraint.pattern };
    default:
      return { kind: constraint.kind, fields: constraint.columns.map(column) };
  }
}

function irBound(value: number | bigint | null): IrBound {
  return typeof value === "bigint" ? value.toString() : value;
}

function irTypeRef(kind: CheckedType["kind"], name: string, identities: Identities): IrTypeRef {
  return { type_id: identities.typeId(kind, name), type_name: name };
}

function irPropertyRef(
  kind: CheckedType["kind"],
  owner: string,
  property: string,
  identities: Identities,
): IrPropertyRef {
  return {
    owner_type_id: identities.typeId(kind, owner),
    owner_type_name: owner,
    property_id: identities.propertyId(kind, owner, property),
    property_name: property,
  };
}
