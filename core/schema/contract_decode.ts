/** Contract text to typed values: every member is looked at once, here. */
import { AppError } from "../errors.ts";
import type { Annotation } from "./catalog.ts";
import { brokenContract } from "./contract_fault.ts";
import {
  type Ir,
  IR_VERSION,
  type IrBound,
  type IrColumnRef,
  type IrConstraint,
  type IrEdge,
  type IrInterface,
  type IrNode,
  type IrProperty,
  type IrPropertyRef,
  type IrPropertyType,
  type IrTypeRef,
} from "./ir.ts";
import { SCALARS } from "./value_type.ts";

/** The only version of the contract file. */
export const CONTRACT_FORMAT = 1;

/** The contract as stored. */
export interface Contract {
  readonly format_version: typeof CONTRACT_FORMAT;
  readonly source: string;
  readonly ir: Ir;
}

/** Decodes a contract; unknown members are left out. Throws as described at `readContract`. */
export function decodeContract(text: string): Contract {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    brokenContract("", "is not JSON");
  }
  const root = new Member(value, "");
  const format = root.get("format_version").count();
  if (format !== CONTRACT_FORMAT) {
    throw new AppError(
      "unsupported",
      `the stored schema contract has format ${format}, this version reads ${CONTRACT_FORMAT}; upgrade omnigraph`,
    );
  }
  return { format_version: CONTRACT_FORMAT, source: root.get("source").text(), ir: decodeIr(root.get("ir")) };
}

function decodeIr(member: Member): Ir {
  const version = member.get("ir_version").count();
  if (version !== IR_VERSION) {
    throw new AppError(
      "unsupported",
      `the stored schema contract has IR version ${version}, this version reads ${IR_VERSION}; upgrade omnigraph`,
    );
  }
  return {
    ir_version: IR_VERSION,
    schema_identity_domain: member.get("schema_identity_domain").text(),
    next_identity_id: member.get("next_identity_id").count(),
    interfaces: member.get("interfaces").list(decodeInterface),
    nodes: member.get("nodes").list(decodeNode),
    edges: member.get("edges").list(decodeEdge),
  };
}

function decodeInterface(member: Member): IrInterface {
  return {
    name: member.get("name").text(),
    type_id: member.get("type_id").count(),
    properties: member.get("properties").list(decodeProperty),
  };
}

function decodeEntity(member: Member) {
  return {
    ...decodeInterface(member),
    table_incarnation_id: member.get("table_incarnation_id").count(),
    annotations: member.get("annotations").list(decodeAnnotation),
    constraints: member.get("constraints").list(decodeConstraint),
  };
}

function decodeNode(member: Member): IrNode {
  return { ...decodeEntity(member), implements: member.get("implements").list(decodeTypeRef) };
}

function decodeEdge(member: Member): IrEdge {
  const cardinality = member.get("cardinality");
  return {
    ...decodeEntity(member),
    from_type: decodeTypeRef(member.get("from_type")),
    to_type: decodeTypeRef(member.get("to_type")),
    cardinality: {
      min: cardinality.get("min").count(),
      max: cardinality.get("max").orNull((max) => max.count()),
    },
  };
}

function decodeProperty(member: Member): IrProperty {
  return {
    name: member.get("name").text(),
    property_id: member.get("property_id").count(),
    prop_type: decodePropertyType(member.get("prop_type")),
    annotations: member.get("annotations").list(decodeAnnotation),
    embed_source: member.get("embed_source").orNull((embed) => ({
      source: decodePropertyRef(embed.get("source")),
      model: embed.get("model").orNull((model) => model.text()),
    })),
    declared_directly: member.get("declared_directly").flag(),
    satisfies_interface_properties: member.get("satisfies_interface_properties").list(decodePropertyRef),
  };
}

function decodePropertyType(member: Member): IrPropertyType {
  const scalar = member.get("scalar");
  const name = SCALARS.find((one) => one === scalar.value);
  return {
    scalar: name ?? { Vector: scalar.get("Vector").count() },
    nullable: member.get("nullable").flag(),
    list: member.get("list").flag(),
    enum_values: member.get("enum_values").orNull((values) => values.list((value) => value.text())),
  };
}

function decodeAnnotation(member: Member): Annotation {
  const annotation = {
    name: member.get("name").text(),
    value: member.get("value").orNull((value) => value.text()),
  };
  if (!member.has("kwargs")) return annotation;
  return { ...annotation, kwargs: member.get("kwargs").record((value) => value.text()) };
}

function decodeConstraint(member: Member): IrConstraint {
  const kind = member.get("kind").text();
  switch (kind) {
    case "key":
    case "unique":
    case "index":
      return { kind, fields: member.get("fields").list(decodeColumnRef) };
    case "range":
      return {
        kind,
        field: decodeColumnRef(member.get("field")),
        min: decodeBound(member.get("min")),
        max: decodeBound(member.get("max")),
      };
    case "check":
      return { kind, field: decodeColumnRef(member.get("field")), pattern: member.get("pattern").text() };
    default:
      return brokenContract(member.path, `has the unknown kind '${kind}'`);
  }
}

function decodeBound(member: Member): IrBound {
  const { value } = member;
  if (value === null || (typeof value === "number" && Number.isFinite(value))) return value;
  if (typeof value === "string" && /^-?[1-9][0-9]{15,399}$/.test(value)) return value;
  return brokenContract(member.path, "is not a bound");
}

function decodeColumnRef(member: Member): IrColumnRef {
  if (!member.has("system")) return decodePropertyRef(member);
  const system = member.get("system").text();
  if (system === "id" || system === "src" || system === "dst") return { system };
  return brokenContract(member.path, `names the unknown column '${system}'`);
}

function decodePropertyRef(member: Member): IrPropertyRef {
  return {
    owner_type_id: member.get("owner_type_id").count(),
    owner_type_name: member.get("owner_type_name").text(),
    property_id: member.get("property_id").count(),
    property_name: member.get("property_name").text(),
  };
}

function decodeTypeRef(member: Member): IrTypeRef {
  return { type_id: member.get("type_id").count(), type_name: member.get("type_name").text() };
}

/** A JSON value with the path that led to it. */
class Member {
  readonly value: unknown;
  readonly path: string;

  constructor(value: unknown, path: string) {
    this.value = value;
    this.path = path;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#object(), name);
  }

  get(name: string): Member {
    const path = this.path === "" ? name : `${this.path}.${name}`;
    if (!this.has(name)) brokenContract(path, "is missing");
    return new Member(this.#object()[name], path);
  }

  text(): string {
    return typeof this.value === "string" ? this.value : brokenContract(this.path, "is not a string");
  }

  /** A whole number from 0. */
  count(): number {
    const { value } = this;
    const isCount = typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
    return isCount ? value : brokenContract(this.path, "is not a whole number");
  }

  flag(): boolean {
    return typeof this.value === "boolean" ? this.value : brokenContract(this.path, "is not true or false");
  }

  list<T>(read: (item: Member) => T): T[] {
    if (!Array.isArray(this.value)) brokenContract(this.path, "is not an array");
    return this.value.map((item, at) => read(new Member(item, `${this.path}[${at}]`)));
  }

  record<T>(read: (item: Member) => T): Record<string, T> {
    return Object.fromEntries(Object.keys(this.#object()).map((name) => [name, read(this.get(name))]));
  }

  orNull<T>(read: (member: this) => T): T | null {
    return this.value === null ? null : read(this);
  }

  #object(): Record<string, unknown> {
    const { value } = this;
    if (value === null || typeof value !== "object" || Array.isArray(value)) {
      brokenContract(this.path, "is not an object");
    }
    return value as Record<string, unknown>;
  }
}
