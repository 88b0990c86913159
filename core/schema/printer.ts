/**
 * The canonical layout of a `.pg` file: one declaration, property or constraint per line, 4 spaces inside bodies, one blank
 * line between types, at most one anywhere else. Order, spelling of literals and every comment stay.
 *
 * A comment behind a line stays behind it; a comment inside a line moves above it; all others keep lines of their own.
 */
import { AppError } from "../errors.ts";
import { placeOf } from "../base/diagnostic.ts";
import { type Comment, type Token, tokenize } from "../base/lexer.ts";
import type { SourceText, Span } from "../base/span.ts";
import type { AnnotationExpr, ConstraintExpr, Declaration, PropertyExpr, TypeExpr } from "./ast.ts";
import { parseSchema } from "./parser.ts";
import { PUNCTUATION } from "./token_cursor.ts";

const INDENT = "    ";

/** One line of output and the source it stands for. */
interface Line extends Span {
  readonly text: string;
  readonly depth: 0 | 1;
  /** No blank line stands above the first line of a body and above its `}`. */
  readonly tight: boolean;
  /** A blank line must stand above. */
  readonly apart: boolean;
}

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
  const printer = new Printer(source.text, comments);
  for (const line of linesOf(source.text, file.declarations, tokens, comments)) printer.line(line);
  return printer.finish();
}

/** Lays out lines and the comments around them. Invariant: everything of the source before `#end` is written. */
class Printer {
  readonly #source: string;
  readonly #comments: readonly Comment[];
  readonly #lines: string[] = [];
  #nextComment = 0;
  #end = 0;
  #atBodyStart = true;

  constructor(source: string, comments: readonly Comment[]) {
    this.#source = source;
    this.#comments = comments;
  }

  line(line: Line): void {
    let apart = line.apart;
    for (const comment of this.#commentsBefore(line.end)) {
      if (comment.start < line.start && this.#staysBehind(comment)) this.#append(comment);
      else {
        this.#comment(
          comment,
          Math.min(comment.start, line.start),
          line.text === "}" ? 1 : line.depth,
          apart,
        );
        apart = false;
      }
    }
    this.#own(line.text, line, line.depth, apart && !line.tight, line.tight);
    this.#atBodyStart = line.text.endsWith("{");
  }

  finish(): string {
    for (const comment of this.#commentsBefore(this.#source.length)) {
      if (this.#staysBehind(comment)) this.#append(comment);
      else this.#comment(comment, comment.start, 0, false);
    }
    return this.#lines.length === 0 ? "" : this.#lines.join("\n") + "\n";
  }

  *#commentsBefore(end: number): Generator<Comment> {
    for (; (this.#comments[this.#nextComment]?.start ?? end) < end; this.#nextComment++) {
      yield this.#comments[this.#nextComment]!;
    }
  }

  /** Whether a comment belongs behind what was written last: nothing but blanks in between, and no break inside. */
  #staysBehind(comment: Comment): boolean {
    return this.#lines.length > 0 && this.#breaksBefore(comment) === 0 && !comment.text.includes("\n");
  }

  #append(comment: Comment): void {
    this.#lines[this.#lines.length - 1] += " " + comment.text.trimEnd();
    this.#end = comment.end;
  }

  /** Writes a comment on its own line, as if it stood at `start`. */
  #comment(comment: Comment, start: number, depth: 0 | 1, apart: boolean): void {
    const text = comment.text.replaceAll("\r\n", "\n").trimEnd();
    this.#own(text, { start, end: comment.end }, depth, apart, false);
  }

  #own(text: string, place: Span, depth: 0 | 1, apart: boolean, tight: boolean): void {
    const blank = apart || (this.#breaksBefore(place) > 1 && !tight);
    if (blank && !this.#atBodyStart) this.#lines.push("");
    this.#lines.push((depth === 1 ? INDENT : "") + text);
    this.#end = Math.max(this.#end, place.end);
    this.#atBodyStart = false;
  }

  /** Line breaks between what was written last and a place. */
  #breaksBefore(place: Span): number {
    return this.#source.slice(this.#end, Math.max(this.#end, place.start)).split("\n").length - 1;
  }
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
      yield { text: hasBody ? `${head} {}` : head, start, end, depth: 0, tight: false, apart };
      continue;
    }
    yield { text: `${head} {`, start: declaration.start, end: open.end, depth: 0, tight: false, apart };
    for (const item of items) {
      const text = "name" in item ? propertyText(item, source) : constraintText(item, source);
      yield { text, start: item.start, end: item.end, depth: 1, tight: false, apart: false };
    }
    yield {
      text: "}",
      start: declaration.end - 1,
      end: declaration.end,
      depth: 0,
      tight: true,
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
