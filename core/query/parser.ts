/**
 * From `.gq` text to syntax trees. A mistake costs only the query it is in: the parser reports it and goes on with the
 * next `query name(`.
 */
import type { Diagnostic } from "../base/diagnostic.ts";
import { SOURCE_CHARS_MAX } from "../base/limits.ts";
import type { SourceText, Span } from "../base/span.ts";
import { didYouMean } from "../base/suggest.ts";
import type { Name, ParamSyntax, ParamTypeSyntax, QuerySyntax } from "./ast.ts";
import { parseMutation, startsStatement } from "./parse_mutation.ts";
import { parseRead } from "./parse_read.ts";
import { SyntaxFailure, TokenReader } from "./token_reader.ts";

/** What {@linkcode parseFile} returns. */
export interface ParsedFile {
  /** The well-formed queries, in file order. */
  readonly queries: readonly QuerySyntax[];
  /** Names of all declarations that could be recognised, broken ones included, in file order. */
  readonly declared: readonly string[];
  /** At most one per query, code `Q000`. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Parses a whole text; never throws for bad input. */
// file = { query } ;
export function parseFile(source: SourceText): ParsedFile {
  const queries: QuerySyntax[] = [];
  const declared: string[] = [];
  const diagnostics: Diagnostic[] = [];
  const report = (message: string, span: Span, help?: string) => {
    const diagnostic: Diagnostic = {
      code: "Q000",
      severity: "error",
      message: `parse error: ${message}`,
      path: source.path,
      span,
      source,
    };
    diagnostics.push(help === undefined ? diagnostic : { ...diagnostic, help });
  };
  if (source.text.length > SOURCE_CHARS_MAX) {
    report(`the text exceeds ${SOURCE_CHARS_MAX} characters`, { start: 0, end: 0 });
    return { queries, declared, diagnostics };
  }
  const reader = new TokenReader(source.text);
  while (reader.peek().kind !== "end") {
    try {
      queries.push(parseQuery(reader, (name) => declared.push(name.text)));
    } catch (error) {
      if (!(error instanceof SyntaxFailure)) throw error;
      report(error.message, error.span, error.help);
      reader.skipToQuery();
    }
  }
  return { queries, declared, diagnostics };
}

// query = "query" ident "(" [ param { "," param } ] ")" { meta } "{" ( read | mutation { mutation } ) "}" ;
function parseQuery(reader: TokenReader, onName: (name: Name) => void): QuerySyntax {
  const start = reader.peek();
  reader.expectWord("query");
  const name = reader.ident("a query name (it starts with a lower-case letter)");
  onName(name);
  const params = parseParams(reader);
  const meta = parseMeta(reader);
  reader.expectPunct("{");
  if (!reader.isWord("match") && !startsStatement(reader)) {
    reader.fail("`match`, `insert`, `update` or `delete`");
  }
  const body = reader.isWord("match") ? parseRead(reader) : parseMutation(reader);
  if (!reader.maybePunct("}")) reader.fail(afterBody(body));
  return { name, params, ...meta, body, ...reader.spanFrom(start) };
}

function afterBody(body: QuerySyntax["body"]): string {
  if (body.kind === "mutation") return "`insert`, `update`, `delete` or `}`";
  if (body.limit !== null) return "`}`";
  return body.order.length > 0 ? "`limit` or `}`" : "`order`, `limit` or `}`";
}

// "(" [ param { "," param } ] ")"
function parseParams(reader: TokenReader): ParamSyntax[] {
  reader.expectPunct("(");
  const params: ParamSyntax[] = [];
  if (reader.maybePunct(")")) return params;
  do params.push(parseParam(reader)); while (reader.maybePunct(","));
  if (!reader.maybePunct(")")) reader.fail("`,` or `)`");
  return params;
}

// param = Variable ":" ( scalar | "[" scalar "]" | "Vector" "(" int ")" ) [ "?" ] ;
function parseParam(reader: TokenReader): ParamSyntax {
  const name = reader.variable("a parameter such as `$name: String`");
  reader.expectPunct(":");
  const type = parseParamType(reader);
  const nullable = reader.maybePunct("?");
  return { name, type, nullable, ...reader.spanFrom(name) };
}

function parseParamType(reader: TokenReader): ParamTypeSyntax {
  const start = reader.peek();
  if (reader.maybePunct("[")) {
    const scalar = reader.word("a scalar type");
    reader.expectPunct("]");
    return { kind: "list", scalar };
  }
  if (!reader.isCall("Vector")) return { kind: "scalar", scalar: reader.word("a parameter type") };
  reader.take();
  reader.take();
  const width = reader.int("the number of dimensions");
  reader.expectPunct(")");
  return { kind: "vector", width, ...reader.spanFrom(start) };
}

// meta = ( "@description" | "@instruction" ) "(" string ")" ;   (* each at most once: "duplicate @…" *)
function parseMeta(reader: TokenReader): Pick<QuerySyntax, "description" | "instruction"> {
  const meta: { description: string | null; instruction: string | null } = {
    description: null,
    instruction: null,
  };
  while (reader.isPunct("@")) {
    const at = reader.take();
    const name = reader.word("`description` or `instruction`");
    const span = reader.spanFrom(at);
    if (name.text !== "description" && name.text !== "instruction") {
      const help = didYouMean(name.text, ["description", "instruction"]);
      throw new SyntaxFailure(`unknown query annotation \`@${name.text}\``, span, help);
    }
    reader.expectPunct("(");
    const text = reader.string("a string");
    reader.expectPunct(")");
    if (meta[name.text] !== null) throw new SyntaxFailure(`duplicate @${name.text}`, span);
    meta[name.text] = text;
  }
  return meta;
}
