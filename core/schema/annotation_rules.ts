/**
 * Rules about annotations, one function per rule. Known are `@key @unique @index @embed @description @instruction
 * @rename_from`; every other name is metadata without effect.
 */
import {
  type AnnotationExpr,
  type ConstraintExpr,
  type Declaration,
  type EdgeDecl,
  mark,
  type NodeDecl,
  type Word,
} from "./ast.ts";
import { nearestName } from "../base/suggest.ts";
import type { DraftProperty } from "./draft.ts";
import type { Findings } from "./findings.ts";
import { typeName, type ValueType } from "./value_type.ts";

const KNOWN = ["key", "unique", "index", "embed", "description", "instruction", "rename_from"];
const PROPERTY_ONLY = ["key", "unique", "index", "embed"];
const BODY_ONLY = ["range", "check"];
const MEANT = [...KNOWN, ...BODY_ONLY, "card"];

/** All annotation rules for the head of a node or edge. */
export function checkHead(declaration: NodeDecl | EdgeDecl, findings: Findings): void {
  const subject = `${declaration.kind} \`${declaration.name.text}\``;
  checkRepeats(declaration.annotations, subject, findings);
  for (const annotation of declaration.annotations) {
    checkSpelling(annotation, findings);
    checkNamedArguments(annotation, findings);
    checkTextValue(annotation, findings);
    checkArgumentsGiven(annotation, subject, findings);
  }
  for (const place of propertyOnly(declaration.annotations, declaration.headConstraints)) {
    checkNotAtHead(declaration, place, findings);
  }
}

/** All annotation rules for one property where it is declared. */
export function checkProperty(kind: Declaration["kind"], property: DraftProperty, findings: Findings): void {
  const { annotations } = property.expr;
  const subject = `\`${property.owner}.${property.name}\``;
  checkRepeats(annotations, subject, findings);
  for (const annotation of annotations) {
    checkSpelling(annotation, findings);
    checkNamedArguments(annotation, findings);
    checkTextValue(annotation, findings);
    checkArgumentsGiven(annotation, subject, findings);
    checkInstructionPlace(annotation, findings);
    if (!checkEdgeProperty(kind, annotation, subject, findings)) continue;
    if (!checkColumnType(mark(annotation), property, findings, "annotation")) continue;
    if (annotation.name.text === "embed") checkEmbed(annotation, property, findings);
  }
}

/** A known annotation stands at most once. */
function checkRepeats(annotations: readonly AnnotationExpr[], subject: string, findings: Findings): void {
  const seen = new Set<string>();
  for (const annotation of annotations) {
    const name = annotation.name.text;
    if (seen.has(name) && KNOWN.includes(name)) {
      findings.error(mark(annotation), `\`@${name}\` is given multiple times on ${subject}`);
    }
    seen.add(name);
  }
}

/** Every name is allowed; one that is nearly a known one was hardly meant as metadata without effect. */
function checkSpelling({ name }: AnnotationExpr, findings: Findings): void {
  if (MEANT.includes(name.text)) return;
  const near = nearestName(name.text, MEANT);
  if (near === null) return;
  findings.warning(
    name,
    "unknown_annotation",
    `\`@${name.text}\` has no effect`,
    `did you mean \`@${near}\`?`,
  );
}

/** A named argument stands at most once. */
function checkNamedArguments(annotation: AnnotationExpr, findings: Findings): void {
  const seen = new Set<string>();
  for (const { name } of annotation.kwargs) {
    if (seen.has(name.text)) {
      findings.error(name, `\`@${annotation.name.text}\` has argument \`${name.text}\` multiple times`);
    }
    seen.add(name.text);
  }
}

/** `@description`, `@instruction` and `@rename_from` take one text that is not blank, and nothing else. */
function checkTextValue(annotation: AnnotationExpr, findings: Findings): void {
  const name = annotation.name.text;
  if (name !== "description" && name !== "instruction" && name !== "rename_from") return;
  const { value, kwargs } = annotation;
  const isText = value !== null &&
    (value.kind === "string" || (value.kind === "word" && name === "rename_from"));
  if (!isText || value.text.trim() === "") {
    findings.error(annotation, `\`@${name}\` requires one non-empty string`, `write \`@${name}("…")\``);
  }
  for (const { name: key } of kwargs) {
    findings.error(key, `\`@${name}\` takes no named argument \`${key.text}\``);
  }
}

/** `@range`, `@check` and `@card` mean nothing without their arguments. */
function checkArgumentsGiven(annotation: AnnotationExpr, subject: string, findings: Findings): void {
  const name = annotation.name.text;
  if (!BODY_ONLY.includes(name) && name !== "card") return;
  const place = name === "card"
    ? "directly after the target type of an edge"
    : "in a line of its own in the body";
  findings.error(
    annotation,
    `\`@${name}\` on ${subject} requires non-empty arguments`,
    `\`@${name}(…)\` stands ${place}`,
  );
}

/** `@instruction` speaks about types. */
function checkInstructionPlace(annotation: AnnotationExpr, findings: Findings): void {
  if (annotation.name.text !== "instruction") return;
  findings.error(annotation, "`@instruction` is only supported on node and edge types", "use `@description`");
}

function propertyOnly(
  annotations: readonly AnnotationExpr[],
  constraints: readonly ConstraintExpr[],
): Word[] {
  return [
    ...annotations.filter((one) => PROPERTY_ONLY.includes(one.name.text)).map(mark),
    ...constraints.map((one) => ({ text: one.kind, start: one.start, end: one.end })),
  ];
}

/** Constraints and `@embed` do not stand at the head of a type. */
function checkNotAtHead(declaration: NodeDecl | EdgeDecl, place: Word, findings: Findings): void {
  const subject = `${declaration.kind} \`${declaration.name.text}\``;
  const help = "write it behind a property, or as a line of the body";
  const name = `\`@${place.text}\` at the head of ${subject}`;
  if (BODY_ONLY.includes(place.text)) findings.error(place, `${name} is not supported`, help);
  else if (declaration.kind === "edge") findings.error(place, `${name} is not supported on edges`, help);
  else findings.error(place, `${name} is only supported on node properties`, help);
}

/** Edges are not identified by properties, and only nodes embed. */
function checkEdgeProperty(
  kind: Declaration["kind"],
  annotation: AnnotationExpr,
  subject: string,
  findings: Findings,
): boolean {
  const name = annotation.name.text;
  if (kind !== "edge" || (name !== "key" && name !== "embed")) return true;
  findings.error(annotation, `\`@${name}\` on ${subject} is not supported on edge properties`);
  return false;
}

/**
 * What may be constrained by column type. `word` is the annotation or constraint word, with the place to point at.
 *
 * | word            | list             | Vector  | Blob    |
 * |-----------------|------------------|---------|---------|
 * | key, unique     | refused          | refused | refused |
 * | index           | in the body only | allowed | refused |
 * | embed           | refused          | allowed | refused |
 */
export function checkColumnType(
  word: Word,
  property: DraftProperty,
  findings: Findings,
  form: "annotation" | "body",
): boolean {
  const name = word.text;
  if (!PROPERTY_ONLY.includes(name)) return true;
  const family = typeFamily(property.type);
  const refused = (family === "list" && !(name === "index" && form === "body")) ||
    (family === "vector" && (name === "key" || name === "unique")) ||
    family === "blob";
  if (!refused) return true;
  findings.error(
    word,
    `\`@${name}\` is not supported on ${family} property \`${property.owner}.${property.name}\``,
  );
  return false;
}

function typeFamily(type: ValueType): "list" | "vector" | "blob" | "scalar" {
  if (type.kind !== "scalar") return type.kind;
  return type.scalar === "Blob" ? "blob" : "scalar";
}

/** `@embed(source[, model="m"])` stands on a vector; what the source must be is checked on the whole node. */
function checkEmbed(annotation: AnnotationExpr, property: DraftProperty, findings: Findings): void {
  const subject = `\`@embed\` on \`${property.owner}.${property.name}\``;
  if (property.type.kind !== "vector") {
    const found = typeName(property.type, property.nullable);
    findings.error(annotation, `${subject} is only supported on vector properties, not ${found}`);
  }
  const { value } = annotation;
  if (value === null || value.text === "" || (value.kind !== "string" && value.kind !== "word")) {
    findings.error(annotation, `${subject} requires a source property name`, 'write `@embed("text")`');
  }
  for (const { name, value: model } of annotation.kwargs) {
    if (name.text !== "model") {
      findings.error(name, `${subject}: only 'model' is supported as a named argument, not '${name.text}'`);
    } else if (model.kind !== "string" || model.text.trim() === "") {
      findings.error(model, `${subject} requires a non-empty string as 'model'`);
    }
  }
}
