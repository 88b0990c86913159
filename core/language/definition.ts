/** Go to definition: where the word at a place is declared, in this document or in its schema. */
import type { Span } from "../base/span.ts";
import type { LanguageDocument } from "./document.ts";
import { mentionsOf } from "./hover.ts";
import { type Meaning, mentionAt, type TextPlace } from "./meaning.ts";

/** Where the word at an offset is declared; null when the language itself gives it, or nothing does. */
export function definitionAt(document: LanguageDocument, offset: number): TextPlace | null {
  const mention = mentionAt(mentionsOf(document), offset);
  if (mention === null) return null;
  const schema = document.kind === "schema" ? document : document.schema;
  const inSchema = (place: Span) => schema === null ? null : { source: schema.source, ...spanOf(place) };
  const here = (place: Span) => ({ source: document.source, ...spanOf(place) });
  return placeOf(mention.meaning, inSchema, here);
}

function placeOf(
  meaning: Meaning,
  inSchema: (place: Span) => TextPlace | null,
  here: (place: Span) => TextPlace,
): TextPlace | null {
  switch (meaning.kind) {
    case "type":
      return inSchema(meaning.type.place);
    case "property":
      return inSchema(meaning.property.place);
    case "endpoint": {
      const { declaration } = meaning.edge;
      return declaration.kind === "edge" ? inSchema(declaration[meaning.end]) : null;
    }
    case "param":
      return here(meaning.param.place);
    case "variable":
      return here(meaning.variable.place);
    case "alias":
      return here(meaning.alias.place);
    case "builtin":
      return null;
  }
}

function spanOf({ start, end }: Span): Span {
  return { start, end };
}
