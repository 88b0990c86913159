/** The productions below a declaration: properties, types, constraints, annotations, literals and names. */
import type { Token } from "../base/lexer.ts";
import type { Span } from "../base/span.ts";
import { nearestName } from "../base/suggest.ts";
import type {
  AnnotationExpr,
  BoundExpr,
  ConstraintExpr,
  Literal,
  PropertyExpr,
  TypeExpr,
  Word,
} from "./ast.ts";
import { CONSTRAINT_WORDS, type TokenCursor } from "./token_cursor.ts";
import { typeMistake } from "./type_words.ts";
import { type Scalar, SCALARS } from "./value_type.ts";

const ENUM_VALUE_HELP = "enum values are letters, digits, `_` and `-`, without quotes";

/** A token as a word. */
export function wordOf(token: Token): Word {
  return { text: token.text, start: token.start, end: token.end };
}

/** See the module comment. Every method fails with a `SyntaxFailure` at the first mistake. */
export class LineParser {
  readonly #cursor: TokenCursor;

  constructor(cursor: TokenCursor) {
    this.#cursor = cursor;
  }

  /** TypeName; `what` names it in messages. A lower-case word is reported and taken. */
  typeName(what: string): Word {
    const cursor = this.#cursor;
    if (cursor.atTypeName()) return wordOf(cursor.advance());
    if (!cursor.atIdent()) cursor.fail(`expected ${article(what)}`, unquotedHelp(cursor));
    const word = wordOf(cursor.advance());
    cursor.report(
      word,
      `expected ${article(what)}, found \`${word.text}\``,
      "type names start with an upper-case letter",
    );
    return word;
  }

  /** prop = ident ":" type { annotation } */
  property(): PropertyExpr {
    const cursor = this.#cursor;
    const name = this.#propertyName();
    cursor.expect(":", `after the property name \`${name.text}\``, colonHelp(cursor, name.text));
    const type = this.#type();
    if (cursor.at("=")) {
      cursor.fail("expected an annotation or the next property", "properties have no default values");
    }
    if (cursor.at("[") && cursor.at("]", 1) && type.kind === "scalar") {
      cursor.fail(
        "expected an annotation or the next property",
        `a list type is written \`[${type.scalar}]\``,
      );
    }
    const annotations: AnnotationExpr[] = [];
    while (cursor.at("@") && !cursor.atConstraint()) annotations.push(this.annotation());
    return { name, type, annotations, ...this.#spanFrom(name) };
  }

  #propertyName(): Word {
    const cursor = this.#cursor;
    if (cursor.atIdent()) return wordOf(cursor.advance());
    if (!(cursor.atTypeName() && cursor.at(":", 1))) {
      cursor.failHere("expected a property, a constraint or `}`", unquotedHelp(cursor));
    }
    const word = wordOf(cursor.advance());
    cursor.report(
      word,
      `expected a property name, found \`${word.text}\``,
      "property names start with a lower-case letter or `_`",
    );
    return word;
  }

  /** type = ( scalar | "[" scalar "]" | enum | vector ) [ "?" ] */
  #type(): TypeExpr {
    const cursor = this.#cursor;
    const start = cursor.peek();
    let type;
    if (cursor.at("[")) type = this.#list();
    else if (cursor.atWord("enum") && cursor.at("(", 1)) type = this.#enum();
    else if (cursor.atWord("Vector") && cursor.at("(", 1)) type = this.#vector();
    else type = { kind: "scalar" as const, scalar: this.#scalar() };
    const nullable = cursor.maybe("?");
    return { ...type, nullable, ...this.#spanFrom(start) };
  }

  /** scalar = "String" | "Blob" | "Bool" | "I32" | …; another word is reported and taken. */
  #scalar(): Scalar {
    const cursor = this.#cursor;
    const token = cursor.peek();
    // A word before `:` is the next property: this one has no type at all.
    if (token.kind !== "word" || cursor.at(":", 1)) return cursor.fail("expected a type");
    const scalar = SCALARS.find((name) => name === token.text);
    if (scalar === undefined) {
      if (cursor.peek(1).text === "unexpected character `<`") {
        cursor.failAt(token, `unknown type \`${token.text}\``, "a list type is written `[String]`");
      }
      const [message, help] = typeMistake(token.text);
      cursor.report(token, message, help);
    }
    cursor.advance();
    return scalar ?? "String";
  }

  /** "[" scalar "]" */
  #list() {
    const cursor = this.#cursor;
    const open = cursor.expect("[", "to open a list type");
    if (cursor.at("[")) cursor.fail("nested lists are not supported: expected a scalar type");
    for (const word of ["enum", "Vector", "Blob"]) {
      if (cursor.atWord(word)) {
        this.#skipListItem();
        cursor.failAt(this.#spanFrom(open), `list of ${word} is not supported`);
      }
    }
    const item = this.#scalar();
    if (cursor.at("?")) {
      cursor.fail("expected `]`", `lists hold no nulls; write \`[${item}]?\` for a nullable list`);
    }
    cursor.expect("]", "to close the list type");
    return { kind: "list" as const, item };
  }

  /** Moves behind the `]` of a list type on this line, so that the error covers it. */
  #skipListItem(): void {
    const cursor = this.#cursor;
    const closes = /^[A-Za-z]+\s*(\([^()\]\n]*\))?\s*\??\s*\]/.exec(
      cursor.source.text.slice(cursor.peek().start, cursor.peek().start + 1000),
    );
    if (closes === null) return;
    const end = cursor.peek().start + closes[0].length;
    while (!cursor.atEnd() && cursor.peek().start < end) cursor.advance();
  }

  /** "enum" "(" enumValue { "," enumValue } ")" */
  #enum() {
    const cursor = this.#cursor;
    cursor.advance();
    cursor.expect("(", "after `enum`");
    const values = [this.#enumValue()];
    while (cursor.maybe(",")) values.push(this.#enumValue());
    cursor.expect(")", "or `,` after an enum value", ENUM_VALUE_HELP);
    return { kind: "enum" as const, values };
  }

  /** enumValue = [A-Za-z0-9_-]+, put together from tokens that touch: `8mm` is a number and a word. */
  #enumValue(): Word {
    const cursor = this.#cursor;
    const isPart = () => cursor.peek().kind === "word" || cursor.peek().kind === "int" || cursor.at("-");
    if (!isPart()) cursor.fail("expected an enum value", ENUM_VALUE_HELP);
    const start = cursor.advance().start;
    while (isPart() && cursor.touchesPrevious()) cursor.advance();
    const end = cursor.previousEnd;
    return { text: cursor.source.text.slice(start, end), start, end };
  }

  /** "Vector" "(" int ")" */
  #vector() {
    const cursor = this.#cursor;
    cursor.advance();
    cursor.expect("(", "after `Vector`");
    const dimensions = wordOf(
      cursor.expectKind("int", "the number of dimensions", "for example `Vector(1536)`"),
    );
    cursor.expect(")", "after the number of dimensions");
    return { kind: "vector" as const, dimensions };
  }

  /**
   * constraint = ("@key" | "@unique" | "@index") "(" ident { "," ident } ")"
   *            | "@range" "(" ident "," bounds ")" | "@check" "(" ident "," string ")"
   */
  constraint(): ConstraintExpr {
    const cursor = this.#cursor;
    const start = cursor.expect("@", "to start a constraint");
    const kind = CONSTRAINT_WORDS.find((word) => cursor.atWord(word));
    if (kind === undefined) {
      return cursor.fail(
        "expected `@key(…)`, `@unique(…)`, `@index(…)`, `@range(…)` or `@check(…)`",
        constraintHelp(cursor.peek().text),
      );
    }
    cursor.advance();
    cursor.expect(
      "(",
      `after \`@${kind}\``,
      kind === "range" || kind === "check" ? CONSTRAINT_SHAPES[kind] : BODY_LINE_HELP,
    );
    const column = this.#column();
    switch (kind) {
      case "range": {
        cursor.expect(",", "before the bounds", CONSTRAINT_SHAPES.range);
        const bounds = this.#bounds();
        cursor.expect(")", "after the bounds of `@range`");
        return { kind, column, ...bounds, ...this.#spanFrom(start) };
      }
      case "check": {
        cursor.expect(",", "before the pattern", CONSTRAINT_SHAPES.check);
        const pattern = cursor.expectKind("string", "a quoted pattern", CONSTRAINT_SHAPES.check);
        cursor.expect(")", "after the pattern of `@check`");
        return { kind, column, pattern: { kind: "string", ...wordOf(pattern) }, ...this.#spanFrom(start) };
      }
      default: {
        const columns = [column];
        while (cursor.maybe(",")) columns.push(this.#column());
        cursor.expect(")", `or \`,\` in \`@${kind}\``);
        return { kind, columns, ...this.#spanFrom(start) };
      }
    }
  }

  #column(): Word {
    const cursor = this.#cursor;
    if (!cursor.atIdent()) {
      cursor.fail(
        "expected property name in constraint",
        unquotedHelp(cursor) ??
          (cursor.at(")") ? "a constraint names the properties that it is about" : undefined),
      );
    }
    return wordOf(cursor.advance());
  }

  /** bounds = num ".." [ num ] | ".." num */
  #bounds(): { min: BoundExpr | null; max: BoundExpr | null } {
    const cursor = this.#cursor;
    const min = cursor.at("..") ? null : this.#number();
    cursor.expect("..", "between the bounds", CONSTRAINT_SHAPES.range);
    const max = min !== null && cursor.at(")") ? null : this.#number();
    return { min, max };
  }

  /** num = [ "-" ] ( int | float ) */
  #number(): BoundExpr {
    const cursor = this.#cursor;
    const start = cursor.peek();
    const minus = cursor.maybe("-");
    const token = cursor.peek();
    if (token.kind !== "int" && token.kind !== "float") {
      return cursor.fail("expected a number", CONSTRAINT_SHAPES.range);
    }
    cursor.advance();
    return { kind: token.kind, text: (minus ? "-" : "") + token.text, ...this.#spanFrom(start) };
  }

  /** annotation = "@" ident [ "(" ( literal | ident ) { "," ident "=" literal } ")" ] */
  annotation(): AnnotationExpr {
    const cursor = this.#cursor;
    const start = cursor.expect("@", "to start an annotation");
    if (!cursor.atIdent()) cursor.fail("expected an annotation name after `@`");
    const name = wordOf(cursor.advance());
    const kwargs: { name: Word; value: Literal }[] = [];
    let value: Literal | null = null;
    if (cursor.maybe("(")) {
      const help = name.text === "card"
        ? "`@card` stands directly after the target type of an edge"
        : undefined;
      value = this.#literal(true, `a value for \`@${name.text}\``, help);
      while (cursor.maybe(",")) {
        if (!cursor.atIdent()) cursor.fail('expected a named argument such as `model="m"`');
        const key = wordOf(cursor.advance());
        cursor.expect("=", `after \`${key.text}\``);
        kwargs.push({ name: key, value: this.#literal(false, `a value for \`${key.text}\``) });
      }
      cursor.expect(")", `after the arguments of \`@${name.text}\``, help);
    }
    return { name, value, kwargs, ...this.#spanFrom(start) };
  }

  /** literal = string | float | int | "true" | "false" */
  #literal(wordAllowed: boolean, what: string, help?: string): Literal {
    const cursor = this.#cursor;
    const token = cursor.peek();
    if (token.kind === "string" || token.kind === "int" || token.kind === "float") {
      cursor.advance();
      return { kind: token.kind, ...wordOf(token) };
    }
    const isBool = cursor.atWord("true") || cursor.atWord("false");
    if (!isBool && !(wordAllowed && cursor.atIdent())) {
      cursor.fail(`expected ${what}`, token.kind === "word" ? "put text in double quotes" : help);
    }
    cursor.advance();
    return { kind: isBool ? "bool" : "word", ...wordOf(token) };
  }

  #spanFrom(start: Span): Span {
    return { start: start.start, end: Math.max(start.start, this.#cursor.previousEnd) };
  }
}

/** For those who join words with a dash. */
export const NAME_HELP = "names are made of letters, digits and `_`";
const BODY_LINE_HELP =
  "in a line of its own a constraint names its properties; to constrain one property, write it behind its type";
const CONSTRAINT_SHAPES = {
  range: "write `@range(property, 0..10)`; one bound may be left out",
  check: 'write `@check(property, "^[a-z]+$")`',
};

/** For those who put a name in quotes. */
function unquotedHelp(cursor: TokenCursor): string | undefined {
  return cursor.peek().kind === "string" ? "write the name without quotes" : undefined;
}

function colonHelp(cursor: TokenCursor, name: string): string | undefined {
  if (cursor.at("?")) return `the \`?\` stands behind the type: \`${name}: String?\``;
  if (cursor.at("-")) return NAME_HELP;
  return cursor.peek().kind === "word" ? `write \`${name}: ${cursor.peek().text}\`` : undefined;
}

function article(what: string): string {
  return (/^[aeiou]/.test(what) ? "an " : "a ") + what;
}

function constraintHelp(word: string): string | undefined {
  const near = nearestName(word, CONSTRAINT_WORDS);
  if (near !== null) return `did you mean \`@${near}\`?`;
  return "annotations of a property stand behind its type, those of a type at its head";
}
