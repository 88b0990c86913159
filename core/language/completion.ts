/** Completion: what may be written at a place, as items for an editor. */
import { SCALARS } from "../schema/value_type.ts";
import { BUILTINS } from "./builtins.ts";
import type { LanguageDocument } from "./document.ts";
import type { Expectation } from "./expectation.ts";
import { describeProperty, describeType } from "./hover.ts";
import { edgeWord, type PropertyOutline, type SchemaOutline, type TypeOutline } from "./schema_outline.ts";
import { expectedInQueries } from "./walk_query.ts";
import { expectedInSchema } from "./walk_schema.ts";

/** One proposal. */
export interface CompletionItem {
  readonly label: string;
  readonly kind:
    | "keyword"
    | "type"
    | "edge"
    | "property"
    | "param"
    | "variable"
    | "alias"
    | "function"
    | "annotation"
    | "value";
  /** A type or signature, in one line. */
  readonly detail?: string;
  /** Markdown. */
  readonly documentation?: string;
  /** What is written, when it is not the label. */
  readonly insert?: string;
}

/** Proposals for the word at an offset, and the part of the text they replace. */
export interface Completion {
  readonly start: number;
  readonly end: number;
  readonly items: readonly CompletionItem[];
}

/** Signs that only words with the same sign complete. */
const SIGNS = /^[$"]/;

/** What may be written at an offset; no items inside comments and numbers, and inside strings only strings. */
export function completeAt(document: LanguageDocument, offset: number): Completion {
  const schema = document.kind === "schema" ? document.outline : document.schema?.outline ?? null;
  const expected = document.kind === "schema"
    ? expectedInSchema(document.outline, offset)
    : expectedInQueries(document.source.text, schema, offset);
  if (expected === null) return { start: offset, end: offset, items: [] };
  const { caret, expectations } = expected;
  const sign = SIGNS.exec(caret.text)?.[0];
  const byLabel = new Map<string, CompletionItem>();
  for (const item of expectations.flatMap((expectation) => itemsOf(expectation, schema))) {
    const fits = caret.text === "" || SIGNS.exec(item.label)?.[0] === sign;
    if (fits && !byLabel.has(item.label)) byLabel.set(item.label, item);
  }
  return { start: caret.start, end: caret.end, items: [...byLabel.values()] };
}

function itemsOf(expectation: Expectation, schema: SchemaOutline | null): CompletionItem[] {
  switch (expectation.kind) {
    case "words":
      return expectation.words.map((label) => ({ label, kind: "keyword" }));
    case "annotations": {
      const { names, sign } = expectation;
      return names.map((name) => ({
        label: sign ? `@${name}` : name,
        kind: "annotation",
        ...about(`@${name}`),
      }));
    }
    case "scalar_types":
      return [
        ...SCALARS.map((label): CompletionItem => ({ label, kind: "type", ...about(label) })),
        ...expectation.forms.map(typeForm),
      ];
    case "node_types":
      return [...schema?.nodes.values() ?? []].map(typeItem);
    case "interfaces":
      return [...schema?.interfaces.values() ?? []].map(typeItem);
    case "target_types": {
      const types = [
        ...schema?.nodes.values() ?? [],
        ...expectation.edges ? schema?.edges.values() ?? [] : [],
      ];
      return types.map(typeItem);
    }
    case "edges":
      return edgeItems(expectation.from, schema);
    case "properties":
      return propertyItems(expectation.type).filter(({ label }) => !expectation.taken.has(label));
    case "endpoints": {
      const { edge, words } = expectation;
      return words.map((label) => {
        const end = label === "from" || label === "src" ? edge.from : edge.to;
        return { label, kind: "property", detail: `id of a ${end}` };
      });
    }
    case "members":
      return propertyItems(expectation.scope.find(expectation.variable)?.type ?? null);
    case "variables":
      return [...expectation.scope.visible()].map(({ name, type }) => {
        const item = { label: `$${name}`, kind: "variable" } as const;
        return type === null ? item : { ...item, detail: type.name };
      });
    case "params":
      return [...expectation.scope.params.values()].map(({ name, typeText }) => ({
        label: `$${name}`,
        kind: "param",
        detail: typeText,
      }));
    case "aliases":
      return [...expectation.scope.aliases.values()].map(({ name, text }) => ({
        label: name,
        kind: "alias",
        detail: text,
      }));
    case "functions":
      return expectation.names.map((name) => ({
        label: name,
        kind: "function",
        insert: name === "now" ? "now()" : `${name}(`,
        ...about(`${name}()`),
      }));
    case "values":
      return valueItems(expectation.property);
  }
}

function typeForm(form: string): CompletionItem {
  if (form === "[") return { label: "[T]", kind: "type", insert: "[", documentation: "A list of scalars." };
  const word = form.slice(0, -1);
  return { label: word, kind: "type", insert: form, ...about(word) };
}

function typeItem(type: TypeOutline): CompletionItem {
  return { label: type.name, kind: "type", detail: type.signature, documentation: describeType(type) };
}

/** Edges that touch the type; all of them when it is not known. */
function edgeItems(from: TypeOutline | null, schema: SchemaOutline | null): CompletionItem[] {
  const edges = [...schema?.edges.values() ?? []];
  const touching = from === null
    ? []
    : edges.filter((edge) => edge.from === from.name || edge.to === from.name);
  return (from === null ? edges : touching).map((edge) => ({
    label: edgeWord(edge.name),
    kind: "edge",
    detail: edge.signature,
    documentation: describeType(edge),
  }));
}

function propertyItems(type: TypeOutline | null): CompletionItem[] {
  return type === null ? [] : [...type.properties.values()].map((property) => ({
    label: property.name,
    kind: "property",
    detail: property.typeText,
    documentation: describeProperty(property, type),
  }));
}

function valueItems(property: PropertyOutline | null): CompletionItem[] {
  if (property === null) return [];
  const { type } = property;
  if (type.kind === "enum") return type.values.map(({ text }) => ({ label: `"${text}"`, kind: "value" }));
  if (type.kind !== "scalar" || type.scalar !== "Bool") return [];
  return ["true", "false"].map((label) => ({ label, kind: "value" }));
}

function about(word: string): { readonly documentation?: string } {
  const documentation = BUILTINS.get(word);
  return documentation === undefined ? {} : { documentation };
}
