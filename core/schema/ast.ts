/**
 * The tree of a `.pg` file as written: names, spans and spellings, nothing resolved. Every node carries its span, so
 * that later phases can point at what they complain about.
 */
import type { SourceText, Span } from "../base/span.ts";
import type { Scalar } from "./value_type.ts";

/** A name, keyword, number or enum value with its place. */
export interface Word extends Span {
  readonly text: string;
}

/** A literal or bare word inside an annotation. `text` is the decoded value of a string, else the spelling. */
export interface Literal extends Word {
  readonly kind: "string" | "float" | "int" | "bool" | "word";
}

/** A property's type as written. */
export type TypeExpr =
  & Span
  & { readonly nullable: boolean }
  & (
    | { readonly kind: "scalar"; readonly scalar: Scalar }
    | { readonly kind: "list"; readonly item: Scalar }
    | { readonly kind: "enum"; readonly values: readonly Word[] }
    | {
      readonly kind: "vector";
      /** Digits, unchecked. */
      readonly dimensions: Word;
    }
  );

/** `@name`, `@name(value)` or `@name(value, key=value)`. */
export interface AnnotationExpr extends Span {
  readonly name: Word;
  readonly value: Literal | null;
  readonly kwargs: readonly { readonly name: Word; readonly value: Literal }[];
}

/** The `@name` of an annotation without its arguments: where messages about its presence point. */
export function mark(annotation: AnnotationExpr): Word {
  return { text: annotation.name.text, start: annotation.start, end: annotation.name.end };
}

/** A number of a `@range`, sign included. */
export interface BoundExpr extends Span {
  readonly kind: "int" | "float";
  readonly text: string;
}

/** A constraint in its own line of a body. */
export type ConstraintExpr =
  & Span
  & (
    | { readonly kind: "key" | "unique" | "index"; readonly columns: readonly Word[] }
    | {
      readonly kind: "range";
      readonly column: Word;
      readonly min: BoundExpr | null;
      readonly max: BoundExpr | null;
    }
    | { readonly kind: "check"; readonly column: Word; readonly pattern: Literal }
  );

/** `name: Type @annotation …`. */
export interface PropertyExpr extends Span {
  readonly name: Word;
  readonly type: TypeExpr;
  readonly annotations: readonly AnnotationExpr[];
}

/** `@card(min..max)`; `max` is null for `*` and for nothing. */
export interface CardinalityExpr extends Span {
  readonly min: Word;
  readonly max: Word | null;
}

/** `interface Name { … }`. */
export interface InterfaceDecl extends Span {
  readonly kind: "interface";
  readonly name: Word;
  readonly properties: readonly PropertyExpr[];
}

/** `node Name @… implements … { … }`. */
export interface NodeDecl extends Span {
  readonly kind: "node";
  readonly name: Word;
  readonly annotations: readonly AnnotationExpr[];
  /** Constraints that stand at the head, where none is allowed; kept for the checker to refuse. */
  readonly headConstraints: readonly ConstraintExpr[];
  readonly interfaces: readonly Word[];
  readonly properties: readonly PropertyExpr[];
  readonly constraints: readonly ConstraintExpr[];
}

/** `edge Name: From -> To @card(…) @… { … }`. */
export interface EdgeDecl extends Span {
  readonly kind: "edge";
  readonly name: Word;
  readonly from: Word;
  readonly to: Word;
  readonly cardinality: CardinalityExpr | null;
  readonly annotations: readonly AnnotationExpr[];
  /** As on nodes. */
  readonly headConstraints: readonly ConstraintExpr[];
  readonly properties: readonly PropertyExpr[];
  readonly constraints: readonly ConstraintExpr[];
}

/** A top-level declaration. */
export type Declaration = InterfaceDecl | NodeDecl | EdgeDecl;

/** A parsed file; declarations in source order. */
export interface SchemaFile {
  readonly source: SourceText;
  readonly declarations: readonly Declaration[];
}
