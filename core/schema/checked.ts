/**
 * A schema that passed every check, before it has identities: interfaces expanded, annotations folded into body
 * constraints, everything in canonical order. Two files with the same meaning give equal checked schemas but for spans and
 * rename hints.
 */
import { must } from "../base/assert.ts";
import { canonicalJson } from "../base/json.ts";
import type { Span } from "../base/span.ts";
import type { Annotation } from "./catalog.ts";
import type { ValueType } from "./value_type.ts";

/** `@rename_from("Old")`: a hint to the migration planner, not part of the shape. */
export interface RenameHint extends Span {
  readonly from: string;
}

/** A property of an interface, node or edge. */
export interface CheckedProperty {
  readonly name: string;
  /** Where it is declared; inside an interface when inherited. */
  readonly span: Span;
  readonly type: ValueType;
  readonly nullable: boolean;
  /** Description and annotations without built-in meaning, by JSON text. */
  readonly annotations: readonly Annotation[];
  readonly embed: { readonly source: string; readonly model: string | null } | null;
  readonly renameHint: RenameHint | null;
  /** False when it was copied from an interface. */
  readonly declaredDirectly: boolean;
  /** Interfaces that declare this property too, by name. */
  readonly satisfies: readonly string[];
}

/** A constraint in its body form; columns are sorted names of properties, or `src`/`dst` on edges. */
export type CheckedConstraint =
  | { readonly kind: "key" | "unique" | "index"; readonly columns: readonly string[] }
  | {
    readonly kind: "range";
    readonly property: string;
    readonly min: number | bigint | null;
    readonly max: number | bigint | null;
  }
  | { readonly kind: "check"; readonly property: string; readonly pattern: string };

/** An interface. */
export interface CheckedInterface {
  readonly kind: "interface";
  readonly name: string;
  readonly span: Span;
  readonly properties: readonly CheckedProperty[];
}

interface CheckedEntity {
  readonly name: string;
  readonly span: Span;
  readonly annotations: readonly Annotation[];
  readonly renameHint: RenameHint | null;
  readonly properties: readonly CheckedProperty[];
  readonly constraints: readonly CheckedConstraint[];
}

/** A node type with all its properties, inherited ones included. */
export interface CheckedNode extends CheckedEntity {
  readonly kind: "node";
  readonly interfaces: readonly string[];
}

/** An edge type. */
export interface CheckedEdge extends CheckedEntity {
  readonly kind: "edge";
  readonly from: string;
  readonly to: string;
  readonly cardinality: { readonly min: number; readonly max: number | null };
}

/** See the module comment. Types, properties, interfaces and columns ascend by name. */
export interface CheckedSchema {
  readonly interfaces: readonly CheckedInterface[];
  readonly nodes: readonly CheckedNode[];
  readonly edges: readonly CheckedEdge[];
}

/** A type of any kind. */
export type CheckedType = CheckedInterface | CheckedNode | CheckedEdge;

/** Constraints by kind, columns, then bounds or pattern; equal ones once. */
export function byConstraintOrder(constraints: readonly CheckedConstraint[]): CheckedConstraint[] {
  const byText = new Map(constraints.map((constraint) => [constraintOrder(constraint), constraint]));
  return [...byText.keys()].sort().map((text) => must(byText.get(text), "every text came from a constraint"));
}

/** A text that orders constraints; equal constraints have equal texts. */
export function constraintOrder(constraint: CheckedConstraint): string {
  switch (constraint.kind) {
    case "range":
      return `range ${constraint.property} ${constraint.min}..${constraint.max}`;
    case "check":
      return `check ${constraint.property} ${constraint.pattern}`;
    default:
      return `${constraint.kind} ${constraint.columns.join()}`;
  }
}

/** Annotations by their JSON text. */
export function byAnnotationOrder(annotations: readonly Annotation[]): Annotation[] {
  const keyed = annotations.map((annotation) => ({ annotation, text: canonicalJson(annotation) }));
  keyed.sort((a, b) => a.text < b.text ? -1 : a.text > b.text ? 1 : 0);
  return keyed.map((one) => one.annotation);
}
