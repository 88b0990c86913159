/** Documents with a place in them, for tests of the language service. */
import {
  type LanguageDocument,
  openQueries,
  openSchema,
  type SchemaDocument,
} from "../../core/language/document.ts";
import type { TextChange } from "../../core/language/rename.ts";
import { GARDEN_SCHEMA } from "./garden_schema.ts";

/** The schema of query documents in tests. */
export const GARDEN_DOCUMENT: SchemaDocument = openSchema({ path: "garden.pg", text: GARDEN_SCHEMA });

/** Takes the `|` out of a text and says where it stood. */
export function marked(text: string): { readonly text: string; readonly offset: number } {
  const offset = text.indexOf("|");
  if (offset === -1) throw new Error("no `|` in the text");
  return { text: text.slice(0, offset) + text.slice(offset + 1), offset };
}

/** A `.gq` document over the garden with the place of its `|`. */
export function markedQueries(
  text: string,
): { readonly document: LanguageDocument; readonly offset: number } {
  const { text: plain, offset } = marked(text);
  return { document: openQueries({ path: "a.gq", text: plain }, GARDEN_DOCUMENT), offset };
}

/** A `.pg` document with the place of its `|`. */
export function markedSchema(text: string): { readonly document: SchemaDocument; readonly offset: number } {
  const { text: plain, offset } = marked(text);
  return { document: openSchema({ path: "a.pg", text: plain }), offset };
}

/** A text after changes that do not overlap. */
export function changed(text: string, changes: readonly TextChange[]): string {
  return changes.toSorted((a, b) => b.start - a.start).reduce(
    (result, { start, end, text }) => result.slice(0, start) + text + result.slice(end),
    text,
  );
}
