/** What a word of a document stands for: the common tongue of hover, definition and rename. */
import type { SourceText, Span } from "../base/span.ts";
import type { EdgeOutline, PropertyOutline, TypeOutline } from "./schema_outline.ts";

/** A declared parameter of a query. */
export interface ParamOutline {
  readonly name: string;
  /** `$name` where it is declared. */
  readonly place: Span;
  /** `String?`, as written. */
  readonly typeText: string;
}

/** A variable of a query. */
export interface VariableOutline {
  readonly name: string;
  /** `$name` where it is introduced. */
  readonly place: Span;
  /** Its node or edge type; null when it cannot be told (yet). */
  type: TypeOutline | null;
}

/** A column name given with `as`. */
export interface AliasOutline {
  readonly name: string;
  readonly place: Span;
  /** The expression it names, as written. */
  readonly text: string;
}

/** What a word means. */
export type Meaning =
  | { readonly kind: "type"; readonly type: TypeOutline }
  | { readonly kind: "property"; readonly type: TypeOutline; readonly property: PropertyOutline }
  | { readonly kind: "endpoint"; readonly edge: EdgeOutline; readonly end: "from" | "to" }
  | { readonly kind: "param"; readonly param: ParamOutline }
  | { readonly kind: "variable"; readonly variable: VariableOutline }
  | { readonly kind: "alias"; readonly alias: AliasOutline }
  | { readonly kind: "builtin"; readonly word: string };

/** A word and its meaning. */
export interface Mention extends Span {
  readonly meaning: Meaning;
}

/** A place in some text. */
export interface TextPlace extends Span {
  readonly source: SourceText;
}

/** The mention at an offset; at the seam of two words the one that starts there. */
export function mentionAt(mentions: readonly Mention[], offset: number): Mention | null {
  const touching = mentions.filter(({ start, end }) => start <= offset && offset <= end);
  return touching.find(({ end }) => offset < end) ?? touching[0] ?? null;
}
