/** Descriptions of typed queries for query catalogs. */
import { unreachable } from "../base/assert.ts";
import type { Scalar, ValueType } from "../schema/value_type.ts";
import type { Param } from "./typed.ts";

/** Kinds of values in descriptors. `bigint`, `date`, `datetime` and `blob` values travel as JSON strings. */
export type ValueKind =
  | "string"
  | "bool"
  | "int"
  | "bigint"
  | "float"
  | "date"
  | "datetime"
  | "blob"
  | "vector"
  | "list"
  | "object";

/** The kind of a value with what belongs to it. */
export interface KindDescriptor {
  readonly kind: ValueKind;
  /** Of lists. */
  readonly item_kind?: ValueKind;
  /** Of vectors. */
  readonly vector_dim?: number;
}

/** One declared parameter, as query catalogs list it. */
export interface ParamDescriptor extends KindDescriptor {
  readonly name: string;
  readonly nullable: boolean;
}

/** The descriptors of declared parameters, in declaration order. */
export function describeParams(params: readonly Param[]): ParamDescriptor[] {
  return params.map(({ name, type, nullable }) => ({ name, ...describeType(type), nullable }));
}

/** The descriptor of a value type. */
export function describeType(type: ValueType): KindDescriptor {
  switch (type.kind) {
    case "scalar":
      return { kind: SCALAR_KINDS[type.scalar] };
    case "list":
      return { kind: "list", item_kind: SCALAR_KINDS[type.item] };
    case "vector":
      return { kind: "vector", vector_dim: type.dimensions };
    default:
      return unreachable(type);
  }
}

const SCALAR_KINDS: Readonly<Record<Scalar, ValueKind>> = {
  String: "string",
  Blob: "blob",
  Bool: "bool",
  I32: "int",
  U32: "int",
  I64: "bigint",
  U64: "bigint",
  F32: "float",
  F64: "float",
  Date: "date",
  DateTime: "datetime",
};
