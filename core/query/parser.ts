/**
 * From `.gq` text to syntax trees. A mistake costs the smallest part of a query that it is in (a parameter, a clause, a
 * column, a statement): the parser reports it and goes on behind that part, so that one run finds all mistakes.
 */
import type { Diagnostic } from "../base/diagnostic.ts";
import { DIAGNOSTICS_MAX, SOURCE_CHARS_MAX } from "../base/limits.ts";
import type { SourceText, Span } from "../base/span.ts";
import { didYouMean } from "../base/suggest.ts";
import type { Name, ParamSyntax, ParamTypeSyntax, QuerySyntax } from "./ast.ts";
import { parseMutation, startsStatement } from "./parse_mutation.ts";
import { parseRead } from "./parse_read.ts";
import { type ListShape, SyntaxFailure, TokenReader } from "./token_reader.ts";

/** What {@linkcode parseFile} returns. */
export interface ParsedFile {
  /** The well-formed queries, in file order. */
  readonly queries: readonly QuerySyntax[];
  /** Names of all declarations that could be recognised, broken ones included, in file order. */
  readonly declared: readonly string[];
  /** In source order, code `Q000`, at most `DIAGNOSTICS_MAX`. */
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
    const failed = reader.failed;
    const query = reader.query(() => parseQuery(reader, (name) => declared.push(name.text)));
    if (query !== null && reader.failed === failed) queries.push(query);
  }
  for (const { message, span, help } of reader.failures.slice(0, DIAGNOSTICS_MAX)) {
    report(message, span, help);
  }
  return { queries, declared, diagnostics };
}

// query = "query" ident "(" [ param { "," param } ] ")" { meta } "{" ( read | mutation { mutation } ) "}" ;
function parseQuery(reader: TokenReader, onName: (name: Name) => void): QuerySyntax {
  const start = reader.peek();
  if (!reader.isWord("query")) {
    reader.fail("`query`", reader.nearWord(["query"]) ?? "a file holds queries: `query name() { … }`");
  }
  reader.take();
  const name = reader.ident("a query name (it starts with a lower-case letter)");
  onName(name);
  const params = parseParams(reader);
  const meta = parseMeta(reader);
  reader.expectPunct("{");
  if (!reader.isWord("match") && !startsStatement(reader)) {
    reader.fail(
      "`match`, `insert`, `update` or `delete`",
      reader.nearWord(["match", "insert", "update", "delete"]) ??
        (reader.isWord("return") ? "a read starts with `match { … }`" : undefined),
    );
  }
  const body = reader.isWord("match") ? parseRead(reader) : parseMutation(reader);
  if (!reader.maybePunct("}")) reader.fail(afterBody(body), afterBodyHelp(reader, body));
  return { name, params, ...meta, body, ...reader.spanFrom(start) };
}

function afterBody(body: QuerySyntax["body"]): string {
  if (body.kind === "mutation") return "`insert`, `update`, `delete` or `}`";
  if (body.limit !== null) return "`}`";
  return body.order.length > 0 ? "`limit` or `}`" : "`order`, `limit` or `}`";
}

function afterBodyHelp(reader: TokenReader, body: QuerySyntax["body"]): string | undefined {
  if (reader.isWord("query") || reader.peek().kind === "end") return "close the query with `}`";
  if (body.kind === "mutation") return reader.nearWord(["insert", "update", "delete"]);
  if (reader.isWord("order")) return "`order` comes before `limit`";
  return reader.nearWord(["order", "limit"]);
}

// "(" [ param { "," param } ] ")"
function parseParams(reader: TokenReader): ParamSyntax[] {
  reader.expectPunct("(", "a query has a list of parameters, even an empty one: `query name()`");
  if (reader.maybePunct(")")) return [];
  const shape: ListShape = {
    close: ")",
    starts: () => reader.isAfterComma(),
    ends: () => reader.isPunct("{") || reader.isPunct("@"),
  };
  const params = reader.items(shape, () => {
    const param = parseParam(reader);
    if (reader.isPunct(")")) return param;
    if (!reader.maybePunct(",")) reader.fail("`,` or `)`");
    if (reader.isPunct(")")) reader.fail(PARAM);
    return param;
  });
  reader.maybePunct(")");
  return params;
}

const PARAM = "a parameter such as `$name: String`";

// param = Variable ":" ( scalar | "[" scalar "]" | "Vector" "(" int ")" ) [ "?" ] ;
function parseParam(reader: TokenReader): ParamSyntax {
  const name = reader.variable(PARAM);
  reader.expectPunct(":", `write \`$${name.text}: String\``);
  const type = parseParamType(reader);
  const nullable = reader.maybePunct("?");
  return { name, type, nullable, ...reader.spanFrom(name) };
}

function parseParamType(reader: TokenReader): ParamTypeSyntax {
  const start = reader.peek();
  if (reader.maybePunct("[")) {
    const scalar = reader.word("a scalar type");
    reader.expectPunct("]", `a list type is written \`[${scalar.text}]\``);
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
