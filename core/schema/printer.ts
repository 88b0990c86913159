/**
 * The canonical layout of a `.pg` file: one declaration, property or constraint per line, 4 spaces inside bodies, one blank
 * line between types, at most one anywhere else. Order, spelling of literals and every comment stay.
 *
 * A comment behind a line stays behind it; a comment inside a line moves above it; all others keep lines of their own.
 */
import { AppError } from "../errors.ts";
import { placeOf } from "../base/diagnostic.ts";
import { type Comment, type Token, tokenize } from "../base/lexer.ts";
import { type Line, writeLines } from "../base/line_writer.ts";
import type { SourceText, Span } from "../base/span.ts";
import type { AnnotationExpr, ConstraintExpr, Declaration, PropertyExpr, TypeExpr } from "./ast.ts";
import { parseSchema } from "./parser.ts";
import { PUNCTUATION } from "./token_cursor.ts";

/**
 * Formats a file. Formatting twice changes nothing more, and the meaning (its shape digest) stays. Throws
 * `AppError("parse_error")` with all syntax errors; a file that only breaks rules of the checker is formatted.
 */
export function formatSchema(source: SourceText): string {
  const { file, diagnostics } = parseSchema(source);
  const [first] = diagnostics;
  if (first !== undefined) {
    throw new AppError("parse_error", `${first.message} (${placeOf(first)})`, { diagnostics });
  }
  const tokens = tokenize(source.text, PUNCTUATION);
  const comments = tokens.flatMap((token) => token.comments);
  return writeLines(source.text, comments, linesOf(source.text, file.declarations, tokens, comments));
}

/** The lines of all declarations, in source order. */
function* linesOf(
  source: string,
  declarations: readonly Declaration[],
  tokens: readonly Token[],
  comments: readonly Comment[],
): Generator<Line> {
  let previousIsTall = false;
  let nextToken = 0;
  let nextComment = 0;
  for (const [at, declaration] of declarations.entries()) {
    const hasBody = source[declaration.end - 1] === "}";
    while (hasBody && !opensBody(tokens[nextToken]!, declaration)) nextToken++;
    const open = tokens[nextToken]!;
    while ((comments[nextComment]?.start ?? Infinity) < open.start) nextComment++;
    const hasComments = (comments[nextComment]?.start ?? Infinity) < declaration.end;
    const items = itemsOf(declaration);
    const isTall = hasBody && (items.length > 0 || hasComments);
    const apart = at > 0 && (isTall || previousIsTall);
    const head = headText(declaration, source);
    previousIsTall = isTall;
    if (!isTall) {
      const { start, end } = declaration;
      yield { text: hasBody ? `${head} {}` : head, start, end, depth: 0, closes: false, apart };
      continue;
    }
    yield { text: `${head} {`, start: declaration.start, end: open.end, depth: 0, closes: false, apart };
    for (const item of items) {
      const text = "name" in item ? propertyText(item, source) : constraintText(item, source);
      yield { text, start: item.start, end: item.end, depth: 1, closes: false, apart: false };
    }
    yield {
      text: "}",
      start: declaration.end - 1,
      end: declaration.end,
      depth: 0,
      closes: true,
      apart: false,
    };
  }
}

function opensBody(token: Token, declaration: Declaration): boolean {
  return token.start > declaration.start && token.kind === "punct" && token.text === "{";
}

function itemsOf(declaration: Declaration): (PropertyExpr | ConstraintExpr)[] {
  const constraints = declaration.kind === "interface" ? [] : declaration.constraints;
  return [...declaration.properties, ...constraints].sort((a, b) => a.start - b.start);
}

function headText(declaration: Declaration, source: string): string {
  const start = `${declaration.kind} ${declaration.name.text}`;
  if (declaration.kind === "interface") return start;
  const parts = [start];
  if (declaration.kind === "edge") {
    parts[0] = `${start}: ${declaration.from.text} -> ${declaration.to.text}`;
    const { cardinality } = declaration;
    if (cardinality !== null) parts.push(`@card(${cardinality.min.text}..${cardinality.max?.text ?? ""})`);
  }
  const marks = [...declaration.annotations, ...declaration.headConstraints].sort((a, b) =>
    a.start - b.start
  );
  for (const one of marks) {
    parts.push("kind" in one ? constraintText(one, source) : annotationText(one, source));
  }
  if (declaration.kind === "node" && declaration.interfaces.length > 0) {
    parts.push(`implements ${declaration.interfaces.map((word) => word.text).join(", ")}`);
  }
  return parts.join(" ");
}

function propertyText(property: PropertyExpr, source: string): string {
  const annotations = property.annotations.map((one) => annotationText(one, source));
  return [`${property.name.text}: ${typeText(property.type)}`, ...annotations].join(" ");
}

function typeText(type: TypeExpr): string {
  const suffix = type.nullable ? "?" : "";
  switch (type.kind) {
    case "scalar":
      return type.scalar + suffix;
    case "list":
      return `[${type.item}]${suffix}`;
    case "vector":
      return `Vector(${type.dimensions.text})${suffix}`;
    case "enum":
      return `enum(${type.values.map((value) => value.text).join(", ")})${suffix}`;
  }
}

function annotationText(annotation: AnnotationExpr, source: string): string {
  if (annotation.value === null) return `@${annotation.name.text}`;
  const kwargs = annotation.kwargs.map((one) => `${one.name.text}=${spelling(one.value, source)}`);
  return `@${annotation.name.text}(${[spelling(annotation.value, source), ...kwargs].join(", ")})`;
}

function constraintText(constraint: ConstraintExpr, source: string): string {
  switch (constraint.kind) {
    case "range": {
      const { column, min, max } = constraint;
      return `@range(${column.text}, ${min?.text ?? ""}..${max?.text ?? ""})`;
    }
    case "check":
      return `@check(${constraint.column.text}, ${spelling(constraint.pattern, source)})`;
    default:
      return `@${constraint.kind}(${constraint.columns.map((column) => column.text).join(", ")})`;
  }
}

/** A literal exactly as it was written. */
function spelling(place: Span, source: string): string {
  return source.slice(place.start, place.end);
}
