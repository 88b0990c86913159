/** What may stand at the caret: found by a walk, turned into completion items by another step. */
import type { QueryScope } from "./query_scope.ts";
import type { EdgeOutline, PropertyOutline, TypeOutline } from "./schema_outline.ts";

/** One thing that may stand at the caret; several may at once. */
export type Expectation =
  | { readonly kind: "words"; readonly words: readonly string[] }
  /** Annotations, by name; `sign` tells whether `@` must be written too. */
  | { readonly kind: "annotations"; readonly names: readonly string[]; readonly sign: boolean }
  | { readonly kind: "scalar_types"; readonly forms: readonly string[] }
  | { readonly kind: "node_types" }
  | { readonly kind: "interfaces" }
  /** Node types, and edge types unless only updates are meant. */
  | { readonly kind: "target_types"; readonly edges: boolean }
  /** Edge words for a variable of this type; any for null. */
  | { readonly kind: "edges"; readonly from: TypeOutline | null }
  /** Properties of a type that are not written yet. */
  | { readonly kind: "properties"; readonly type: TypeOutline | null; readonly taken: ReadonlySet<string> }
  /** `from`, `to`, `src` or `dst` of an edge. */
  | { readonly kind: "endpoints"; readonly edge: EdgeOutline; readonly words: readonly string[] }
  /** Properties of a variable, looked up when the whole query is known. */
  | { readonly kind: "members"; readonly scope: QueryScope; readonly variable: string }
  | { readonly kind: "variables"; readonly scope: QueryScope }
  | { readonly kind: "params"; readonly scope: QueryScope }
  | { readonly kind: "aliases"; readonly scope: QueryScope }
  | { readonly kind: "functions"; readonly names: readonly string[] }
  /** Literals that fit a property. */
  | { readonly kind: "values"; readonly property: PropertyOutline | null };
