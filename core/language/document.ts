/** The two kinds of documents an editor holds, read once per text: everything else in this folder asks them. */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { SourceText } from "../base/span.ts";
import { checkSchema } from "../schema/accept.ts";
import type { Catalog } from "../schema/catalog.ts";
import { outlineSchema, type SchemaOutline } from "./schema_outline.ts";

/** A `.pg` text with what it declares. */
export interface SchemaDocument {
  readonly kind: "schema";
  readonly source: SourceText;
  /** What could be read, also of a half-typed text. */
  readonly outline: SchemaOutline;
  /** Null exactly when a diagnostic is an error. */
  readonly catalog: Catalog | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** A `.gq` text with the schema it is written against; null when none is known. */
export interface QueryDocument {
  readonly kind: "query";
  readonly source: SourceText;
  readonly schema: SchemaDocument | null;
}

/** A document of either language. */
export type LanguageDocument = SchemaDocument | QueryDocument;

/** Reads a `.pg` text. Never throws for bad input. */
export function openSchema(source: SourceText): SchemaDocument {
  const { accepted, diagnostics } = checkSchema(source);
  return {
    kind: "schema",
    source,
    outline: outlineSchema(source),
    catalog: accepted?.catalog ?? null,
    diagnostics,
  };
}

/** Puts a `.gq` text beside its schema. */
export function openQueries(source: SourceText, schema: SchemaDocument | null): QueryDocument {
  return { kind: "query", source, schema };
}
