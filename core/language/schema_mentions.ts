/** What the words of a `.pg` text mean. */
import type { AnnotationExpr, ConstraintExpr, Declaration, TypeExpr, Word } from "../schema/ast.ts";
import type { Meaning, Mention } from "./meaning.ts";
import type { EdgeOutline, SchemaOutline, TypeOutline } from "./schema_outline.ts";

/** All mentions, in the order of the text. */
export function schemaMentions(outline: SchemaOutline): Mention[] {
  const mentions: Mention[] = [];
  const add = ({ start, end }: Word, meaning: Meaning | null) => {
    if (meaning !== null) mentions.push({ start, end, meaning });
  };
  for (const declaration of outline.declarations) addDeclaration(outline, declaration, add);
  return mentions.sort((a, b) => a.start - b.start);
}

/** The type that a declaration declares; null when another of its name came first. */
export function typeOf(outline: SchemaOutline, declaration: Declaration): TypeOutline | EdgeOutline | null {
  const { name: { text } } = declaration;
  switch (declaration.kind) {
    case "interface":
      return outline.interfaces.get(text) ?? null;
    case "node":
      return outline.nodes.get(text) ?? null;
    case "edge":
      return outline.edges.get(text) ?? null;
  }
}

type Add = (word: Word, meaning: Meaning | null) => void;

function addDeclaration(outline: SchemaOutline, declaration: Declaration, add: Add): void {
  const type = typeOf(outline, declaration);
  add(declaration.name, typeMeaning(type));
  if (declaration.kind === "node") {
    for (const word of declaration.interfaces) add(word, typeMeaning(outline.interfaces.get(word.text)));
  }
  if (declaration.kind === "edge") {
    add(declaration.from, typeMeaning(outline.nodes.get(declaration.from.text)));
    add(declaration.to, typeMeaning(outline.nodes.get(declaration.to.text)));
  }
  for (const property of declaration.properties) {
    add(property.name, columnMeaning(type, property.name.text));
    addType(property.type, outline.source.text, add);
    for (const annotation of property.annotations) addAnnotation(annotation, type, add);
  }
  if (declaration.kind === "interface") return;
  for (const annotation of declaration.annotations) addAnnotation(annotation, type, add);
  for (const constraint of [...declaration.headConstraints, ...declaration.constraints]) {
    const { kind, start, end } = constraint;
    const length = outline.source.text.slice(start, end).indexOf(kind) + kind.length;
    add({ text: kind, start, end: start + length }, { kind: "builtin", word: `@${kind}` });
    for (const column of columnsOf(constraint)) add(column, columnMeaning(type, column.text));
  }
}

/** The word of a type. One that the parser read as another word is left out. */
function addType(type: TypeExpr, source: string, add: Add): void {
  const kindWord = type.kind === "vector" ? "Vector" : "enum";
  const word = type.kind === "scalar" ? type.scalar : type.kind === "list" ? type.item : kindWord;
  const at = source.slice(type.start, type.end).indexOf(word);
  if (at === -1) return;
  const start = type.start + at;
  add({ text: word, start, end: start + word.length }, { kind: "builtin", word });
}

function addAnnotation(annotation: AnnotationExpr, type: TypeOutline | null, add: Add): void {
  const { name, value } = annotation;
  add({ text: name.text, start: annotation.start, end: name.end }, {
    kind: "builtin",
    word: `@${name.text}`,
  });
  if (name.text === "embed" && value !== null) add(value, columnMeaning(type, value.text));
}

function columnsOf(constraint: ConstraintExpr): readonly Word[] {
  switch (constraint.kind) {
    case "range":
    case "check":
      return [constraint.column];
    default:
      return constraint.columns;
  }
}

function typeMeaning(type: TypeOutline | null | undefined): Meaning | null {
  return type === null || type === undefined ? null : { kind: "type", type };
}

function columnMeaning(type: TypeOutline | EdgeOutline | null, name: string): Meaning | null {
  if (type === null) return null;
  const property = type.properties.get(name);
  if (property !== undefined) return { kind: "property", type, property };
  if (!("from" in type) || (name !== "src" && name !== "dst")) return null;
  return { kind: "endpoint", edge: type, end: name === "src" ? "from" : "to" };
}
