/**
 * `.pg` text to tree: one method per production, the production quoted above it. A mistake ends the smallest unit it
 * is in (a line of a body, a head, a declaration) and parsing goes on behind it, so that one run finds all of them.
 */
import { type Diagnostic, inSourceOrder } from "../base/diagnostic.ts";
import type { SourceText, Span } from "../base/span.ts";
import { nearestName } from "../base/suggest.ts";
import type {
  AnnotationExpr,
  CardinalityExpr,
  ConstraintExpr,
  Declaration,
  EdgeDecl,
  InterfaceDecl,
  NodeDecl,
  PropertyExpr,
  SchemaFile,
  Word,
} from "./ast.ts";
import { LineParser, NAME_HELP, wordOf } from "./line_parser.ts";
import { SyntaxFailure, TokenCursor, TOP_LEVEL } from "./token_cursor.ts";

/** The tree of what could be read, and every syntax error in source order. */
export interface ParsedSchema {
  readonly file: SchemaFile;
  readonly diagnostics: readonly Diagnostic[];
}

/** Parses a `.pg` file. Never throws for bad input. */
export function parseSchema(source: SourceText): ParsedSchema {
  const parser = new SchemaParser(source);
  const file = parser.file();
  return { file, diagnostics: inSourceOrder(parser.cursor.diagnostics) };
}

interface Body {
  readonly properties: PropertyExpr[];
  readonly constraints: ConstraintExpr[];
}

/** Files and declarations; what stands inside heads and bodies is read by a {@linkcode LineParser}. */
class SchemaParser {
  readonly cursor: TokenCursor;
  readonly #lines: LineParser;

  constructor(source: SourceText) {
    this.cursor = new TokenCursor(source);
    this.#lines = new LineParser(this.cursor);
  }

  /** file = { interface | node | edge } */
  file(): SchemaFile {
    const source = this.cursor.source;
    const declarations: Declaration[] = [];
    while (!this.cursor.atEnd()) {
      const start = this.cursor.peek().start;
      const declaration = this.#attempt(() => this.#declaration());
      if (declaration !== null) declarations.push(declaration);
      else {
        if (this.cursor.peek().start === start) this.cursor.advance();
        this.cursor.skipToDeclaration();
      }
    }
    return { source, declarations };
  }

  #declaration(): Declaration {
    switch (this.#keyword()) {
      case "interface":
        return this.#interface();
      case "node":
        return this.#node();
      case "edge":
        return this.#edge();
    }
  }

  /** The keyword of the declaration that starts here. A misspelled one before a name is reported and read as meant. */
  #keyword(): (typeof TOP_LEVEL)[number] {
    const { cursor } = this;
    const keyword = TOP_LEVEL.find((word) => cursor.atWord(word));
    if (keyword !== undefined) return keyword;
    const token = cursor.peek();
    const near = token.kind === "word"
      ? FOREIGN_KEYWORDS.get(token.text.toLowerCase()) ?? nearestName(token.text, TOP_LEVEL)
      : null;
    const meant = TOP_LEVEL.find((word) => word === near);
    const expected = "expected `interface`, `node` or `edge`";
    if (meant === undefined) {
      return cursor.failHere(expected, cursor.at("}") ? "there is one `}` too many" : NOT_A_DECLARATION);
    }
    const help = `did you mean \`${meant}\`?`;
    if (!cursor.atTypeName(1)) return cursor.failHere(expected, help);
    cursor.report(token, `${expected}, found ${cursor.show(token)}`, help);
    return meant;
  }

  /** interface = "interface" TypeName "{" { prop } "}" */
  #interface(): InterfaceDecl {
    const start = this.cursor.advance().start;
    const name = this.#head(() => this.#lines.typeName("interface name"));
    const { properties, constraints } = this.#body(name !== null);
    for (const constraint of constraints) {
      this.cursor.report(
        constraint,
        `\`@${constraint.kind}(…)\` cannot stand in an interface`,
        "annotate the property, or state the constraint in each node",
      );
    }
    return { kind: "interface", name: name ?? NO_NAME, properties, ...this.#spanFrom(start) };
  }

  /** node = "node" TypeName { annotation } [ "implements" TypeName { "," TypeName } ] "{" { prop | constraint } "}" */
  #node(): NodeDecl {
    const start = this.cursor.advance().start;
    const annotations: AnnotationExpr[] = [];
    const headConstraints: ConstraintExpr[] = [];
    const interfaces: Word[] = [];
    const name = this.#head(() => {
      const word = this.#lines.typeName("node type name");
      this.#headAnnotations(annotations, headConstraints);
      if (this.cursor.atWord("implements")) {
        this.cursor.advance();
        do interfaces.push(this.#lines.typeName("interface name")); while (this.cursor.maybe(","));
      }
      if (this.cursor.at("@")) {
        this.cursor.fail("expected `{`", "annotations of a node come before `implements`");
      }
      return word;
    });
    const body = this.#body(name !== null);
    return {
      kind: "node",
      name: name ?? NO_NAME,
      annotations,
      headConstraints,
      interfaces,
      ...body,
      ...this.#spanFrom(start),
    };
  }

  /** edge = "edge" TypeName ":" TypeName "->" TypeName [ card ] { annotation } [ "{" { prop | constraint } "}" ] */
  #edge(): EdgeDecl {
    const { cursor } = this;
    const start = cursor.advance().start;
    const annotations: AnnotationExpr[] = [];
    const headConstraints: ConstraintExpr[] = [];
    const head = this.#head(() => {
      const name = this.#lines.typeName("edge type name");
      cursor.expect(":", "after the edge name", `write \`edge ${name.text}: Source -> Target\``);
      const from = this.#lines.typeName("source node type");
      cursor.expect("->", "after the source type", `write \`edge ${name.text}: ${from.text} -> Target\``);
      const to = this.#lines.typeName("target node type");
      const cardinality = cursor.at("@") && cursor.atWord("card", 1) ? this.#card() : null;
      this.#headAnnotations(annotations, headConstraints);
      return { name, from, to, cardinality };
    });
    const body = cursor.at("{") ? this.#body(head !== null) : { properties: [], constraints: [] };
    return {
      kind: "edge",
      ...(head ?? { name: NO_NAME, from: NO_NAME, to: NO_NAME, cardinality: null }),
      annotations,
      headConstraints,
      ...body,
      ...this.#spanFrom(start),
    };
  }

  /** card = "@card" "(" int ".." [ int | "*" ] ")" */
  #card(): CardinalityExpr {
    const { cursor } = this;
    const start = cursor.advance().start;
    cursor.advance();
    cursor.expect("(", "after `@card`", "write `@card(0..1)`, `@card(1..)` or `@card(1..*)`");
    const min = cursor.expectKind("int", "the least number of edges", "write 0 when there is no minimum");
    cursor.expect("..", "after the least number of edges");
    const max = cursor.peek().kind === "int" ? cursor.advance() : null;
    if (max === null) cursor.maybe("*");
    cursor.expect(")", "after the bounds of `@card`");
    return { min: wordOf(min), max: max === null ? null : wordOf(max), ...this.#spanFrom(start) };
  }

  /** { annotation }, and constraints, which the checker refuses at a head. */
  #headAnnotations(annotations: AnnotationExpr[], constraints: ConstraintExpr[]): void {
    while (this.cursor.at("@")) {
      if (this.cursor.atConstraint()) constraints.push(this.#lines.constraint());
      else annotations.push(this.#lines.annotation());
    }
  }

  /** Reads a head; after a mistake skips to the body, so that the body's own mistakes are found too. */
  #head<T>(read: () => T): T | null {
    const head = this.#attempt(read);
    if (head === null) this.cursor.skipToBody();
    return head;
  }

  /** "{" { prop | constraint } "}" */
  #body(headIsWhole: boolean): Body {
    const { cursor } = this;
    const body: Body = { properties: [], constraints: [] };
    // After a broken head that found no body there is nothing more to say about this declaration.
    if (!cursor.at("{") && !headIsWhole) return body;
    if (!cursor.at("{")) {
      this.#attempt(() =>
        cursor.fail("expected `{` to open the body", cursor.at("-") ? NAME_HELP : undefined)
      );
      cursor.skipToBody();
      if (!cursor.at("{")) return body;
    }
    const open = cursor.advance();
    while (!cursor.maybe("}")) {
      if (cursor.atEnd() || cursor.atDeclaration()) {
        cursor.report(
          cursor.peek(),
          `expected \`}\`, found ${cursor.show(cursor.peek())}`,
          `close the body that opens on line ${cursor.lineOf(open.start)}`,
        );
        break;
      }
      const start = cursor.peek().start;
      if (this.#attempt(() => this.#bodyLine(body)) === null) {
        if (cursor.peek().start === start && !cursor.at("{")) cursor.advance();
        cursor.skipToBodyLine();
      }
    }
    return body;
  }

  #bodyLine(body: Body): true {
    const { cursor } = this;
    if (cursor.at("@")) body.constraints.push(this.#lines.constraint());
    else if (cursor.at(",")) {
      cursor.report(cursor.advance(), "unexpected `,`", "properties are separated by spaces or line breaks");
    } else body.properties.push(this.#lines.property());
    return true;
  }

  #spanFrom(start: number): Span {
    return { start, end: Math.max(start, this.cursor.previousEnd) };
  }

  /** Runs a production; a syntax failure inside it is recorded and gives null. */
  #attempt<T>(read: () => T): T | null {
    try {
      return read();
    } catch (failure) {
      if (!(failure instanceof SyntaxFailure)) throw failure;
      this.cursor.record(failure.diagnostic);
      return null;
    }
  }
}

const NOT_A_DECLARATION = "a schema declares types: `node Name { … }`, `edge Name: Source -> Target`";

/** What declarations are called elsewhere. */
const FOREIGN_KEYWORDS: ReadonlyMap<string, string> = new Map([
  ["table", "node"],
  ["type", "node"],
  ["entity", "node"],
  ["class", "node"],
  ["struct", "node"],
  ["vertex", "node"],
  ["relation", "edge"],
  ["relationship", "edge"],
  ["link", "edge"],
  ["trait", "interface"],
]);

/** Stands in for a name that could not be read; the file is rejected then, so nothing ever looks at it. */
const NO_NAME: Word = { text: "", start: 0, end: 0 };
