/** Hover: what the word at a place is, as Markdown. */
import { BUILTINS } from "./builtins.ts";
import type { LanguageDocument } from "./document.ts";
import { type Meaning, type Mention, mentionAt } from "./meaning.ts";
import { schemaMentions } from "./schema_mentions.ts";
import type { PropertyOutline, TypeOutline } from "./schema_outline.ts";
import { walkQueries } from "./walk_query.ts";

/** Properties shown of one type. */
const PROPERTIES_SHOWN_MAX = 40;

/** What is known about a word, and the word's place. */
export interface Hover {
  readonly start: number;
  readonly end: number;
  readonly markdown: string;
}

/** All mentions of a document. */
export function mentionsOf(document: LanguageDocument): readonly Mention[] {
  if (document.kind === "schema") return schemaMentions(document.outline);
  return walkQueries(document.source.text, document.schema?.outline ?? null).mentions;
}

/** Explains the word at an offset; null when it has no meaning of its own. */
export function hoverAt(document: LanguageDocument, offset: number): Hover | null {
  const mention = mentionAt(mentionsOf(document), offset);
  if (mention === null) return null;
  const markdown = describe(mention.meaning);
  return markdown === null ? null : { start: mention.start, end: mention.end, markdown };
}

/** A type as a block of schema text with all its properties, then what it says about itself. */
export function describeType(type: TypeOutline): string {
  const all = [...type.properties.values()];
  const lines = all.slice(0, PROPERTIES_SHOWN_MAX).map((one) => `    ${one.text}${inherited(one, type)}`);
  if (all.length > lines.length) lines.push(`    // and ${all.length - lines.length} more`);
  const text = lines.length === 0 ? type.signature : `${type.signature} {\n${lines.join("\n")}\n}`;
  return joined(schemaText(text), type.description, type.instruction);
}

/** A property with its type and annotations. */
export function describeProperty(property: PropertyOutline, owner: TypeOutline): string {
  const origin = property.owner === owner.name ? "" : `, from interface \`${property.owner}\``;
  return joined(
    schemaText(property.text),
    `Property of ${owner.kind} \`${owner.name}\`${origin}.`,
    property.description,
  );
}

function describe(meaning: Meaning): string | null {
  switch (meaning.kind) {
    case "type":
      return describeType(meaning.type);
    case "property":
      return describeProperty(meaning.property, meaning.type);
    case "endpoint": {
      const { edge, end } = meaning;
      return joined(
        schemaText(edge.signature),
        `The id of the ${end === "from" ? "source" : "target"}: a \`${edge[end]}\`.`,
      );
    }
    case "param": {
      const { name, typeText } = meaning.param;
      return joined(
        queryText(typeText === "" ? `$${name}` : `$${name}: ${typeText}`),
        "Parameter of this query.",
      );
    }
    case "variable": {
      const { name, type } = meaning.variable;
      if (type === null) return joined(queryText(`$${name}`), "Variable; its type is not known.");
      return joined(queryText(`$${name}: ${type.name}`), describeType(type));
    }
    case "alias":
      return joined(queryText(`${meaning.alias.text} as ${meaning.alias.name}`), "Column of this query.");
    case "builtin":
      return BUILTINS.get(meaning.word) ?? null;
  }
}

function inherited(property: PropertyOutline, type: TypeOutline): string {
  return property.owner === type.name ? "" : ` // from ${property.owner}`;
}

function schemaText(text: string): string {
  return `\`\`\`omnigraph-schema\n${text}\n\`\`\``;
}

function queryText(text: string): string {
  return `\`\`\`omnigraph-query\n${text}\n\`\`\``;
}

function joined(...parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null).join("\n\n");
}
