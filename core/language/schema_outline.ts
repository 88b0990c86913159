/**
 * What a `.pg` text declares, as written and with places. Unlike the catalog it exists for half-typed and wrong texts
 * too: it is made of whatever the parser could read.
 */
import type { SourceText, Span } from "../base/span.ts";
import type { AnnotationExpr, Declaration, PropertyExpr, TypeExpr, Word } from "../schema/ast.ts";
import { parseSchema } from "../schema/parser.ts";

/** A property as a type has it, declared there or taken from an interface. */
export interface PropertyOutline {
  readonly name: string;
  /** The name where it is declared. */
  readonly place: Span;
  /** Name of the declaration that says it: the type itself, or an interface. */
  readonly owner: string;
  readonly type: TypeExpr;
  /** `String?`, as written. */
  readonly typeText: string;
  /** The whole line: name, type and annotations. */
  readonly text: string;
  readonly description: string | null;
}

/** An interface, node or edge type. */
export interface TypeOutline {
  readonly kind: Declaration["kind"];
  readonly name: string;
  /** The name where it is declared. */
  readonly place: Span;
  readonly declaration: Declaration;
  /** The head without annotations: `edge StoredIn: Reel -> Vault @card(0..1)`. */
  readonly signature: string;
  readonly description: string | null;
  readonly instruction: string | null;
  /** Own ones in source order, then those of interfaces. */
  readonly properties: ReadonlyMap<string, PropertyOutline>;
}

/** An edge type and the names of the node types it joins. */
export interface EdgeOutline extends TypeOutline {
  readonly kind: "edge";
  readonly from: string;
  readonly to: string;
}

/** The declarations of one text by kind and name; of repeated names the first counts. */
export interface SchemaOutline {
  readonly source: SourceText;
  readonly declarations: readonly Declaration[];
  readonly interfaces: ReadonlyMap<string, TypeOutline>;
  readonly nodes: ReadonlyMap<string, TypeOutline>;
  readonly edges: ReadonlyMap<string, EdgeOutline>;
  /** Edges by their lower-cased name. */
  readonly edgeByWord: ReadonlyMap<string, EdgeOutline>;
}

/** Reads the declarations of a text. Never throws for bad input. */
export function outlineSchema(source: SourceText): SchemaOutline {
  const { declarations } = parseSchema(source).file;
  const named = declarations.filter((one) => one.name.text !== "");
  const interfaces = new Map<string, TypeOutline>();
  const nodes = new Map<string, TypeOutline>();
  const edges = new Map<string, EdgeOutline>();
  const edgeByWord = new Map<string, EdgeOutline>();
  const own = (declaration: Declaration) => ownProperties(declaration, source.text);
  for (const one of named) {
    if (one.kind === "interface") keepFirst(interfaces, one.name.text, typeOutline(one, own(one)));
  }
  for (const one of named) {
    if (one.kind === "node") keepFirst(nodes, one.name.text, typeOutline(one, expanded(one, own(one))));
    if (one.kind !== "edge") continue;
    const edge: EdgeOutline = {
      ...typeOutline(one, own(one)),
      kind: "edge",
      from: one.from.text,
      to: one.to.text,
    };
    keepFirst(edges, edge.name, edge);
    keepFirst(edgeByWord, edge.name.toLowerCase(), edge);
  }
  return { source, declarations, interfaces, nodes, edges, edgeByWord };

  function expanded(
    declaration: Declaration & { readonly kind: "node" },
    properties: Map<string, PropertyOutline>,
  ): Map<string, PropertyOutline> {
    for (const word of declaration.interfaces) {
      for (const property of interfaces.get(word.text)?.properties.values() ?? []) {
        keepFirst(properties, property.name, property);
      }
    }
    return properties;
  }
}

/** `StoredIn` as queries write it: `storedIn`. */
export function edgeWord(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}

/** The node types at the ends of edges, and edges themselves, by the name a mutation writes: a node wins. */
export function mutationTarget(
  outline: SchemaOutline | null,
  name: string,
): TypeOutline | EdgeOutline | null {
  return outline?.nodes.get(name) ?? outline?.edges.get(name) ?? null;
}

/** Whether a type is an edge type. */
export function isEdge(type: TypeOutline | null): type is EdgeOutline {
  return type?.kind === "edge";
}

function typeOutline(
  declaration: Declaration,
  properties: ReadonlyMap<string, PropertyOutline>,
): TypeOutline {
  const annotations = declaration.kind === "interface" ? [] : declaration.annotations;
  return {
    kind: declaration.kind,
    name: declaration.name.text,
    place: placeOf(declaration.name),
    declaration,
    signature: signatureOf(declaration),
    description: textOf(annotations, "description"),
    instruction: textOf(annotations, "instruction"),
    properties,
  };
}

function signatureOf(declaration: Declaration): string {
  const head = `${declaration.kind} ${declaration.name.text}`;
  switch (declaration.kind) {
    case "interface":
      return head;
    case "node": {
      const names = declaration.interfaces.map((word) => word.text);
      return names.length === 0 ? head : `${head} implements ${names.join(", ")}`;
    }
    case "edge": {
      const { from, to, cardinality } = declaration;
      const card = cardinality === null
        ? ""
        : ` @card(${cardinality.min.text}..${cardinality.max?.text ?? ""})`;
      return `${head}: ${from.text} -> ${to.text}${card}`;
    }
  }
}

function ownProperties(declaration: Declaration, text: string): Map<string, PropertyOutline> {
  const properties = new Map<string, PropertyOutline>();
  for (const one of declaration.properties) {
    keepFirst(properties, one.name.text, propertyOutline(declaration, one, text));
  }
  return properties;
}

function propertyOutline(declaration: Declaration, property: PropertyExpr, text: string): PropertyOutline {
  return {
    name: property.name.text,
    place: placeOf(property.name),
    owner: declaration.name.text,
    type: property.type,
    typeText: oneLine(text, property.type),
    text: oneLine(text, property),
    description: textOf(property.annotations, "description"),
  };
}

function textOf(annotations: readonly AnnotationExpr[], name: string): string | null {
  return annotations.find((one) => one.name.text === name)?.value?.text ?? null;
}

function oneLine(text: string, { start, end }: Span): string {
  return text.slice(start, end).replace(/\s+/g, " ");
}

function placeOf({ start, end }: Word): Span {
  return { start, end };
}

function keepFirst<T>(map: Map<string, T>, name: string, value: T): void {
  if (!map.has(name)) map.set(name, value);
}
