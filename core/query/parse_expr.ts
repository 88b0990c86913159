/** Expressions of the query language: one function per production, the production quoted above it. */
import { didYouMean } from "../base/suggest.ts";
import type {
  AggregateSyntax,
  Bm25Syntax,
  ExprSyntax,
  LiteralSyntax,
  NearestSyntax,
  NowSyntax,
  PropertySyntax,
  RrfSyntax,
  SearchSyntax,
  ValueSyntax,
  VariableSyntax,
} from "./ast.ts";
import { SyntaxFailure, type TokenReader } from "./token_reader.ts";
import type { AggregateFn } from "./typed.ts";

const AGGREGATES: readonly AggregateFn[] = ["count", "sum", "avg", "min", "max"];
const SEARCHES: readonly SearchSyntax["fn"][] = ["search", "match_text", "fuzzy"];
const FUNCTIONS = [...AGGREGATES, ...SEARCHES, "now", "nearest", "bm25", "rrf", "date", "datetime"];

// expr = "now" "(" ")" | nearest | search | fuzzy | matchtext | bm25 | rrf
//      | ( "count"|"sum"|"avg"|"min"|"max" ) "(" expr ")" | Variable "." ident | Variable | literal | ident ;
export function parseExpr(reader: TokenReader): ExprSyntax {
  return reader.nested(() => {
    if (reader.isCall("now")) return parseNow(reader);
    if (reader.isCall("nearest")) return parseNearest(reader);
    if (isSearchCall(reader)) return parseSearch(reader);
    if (reader.isCall("bm25")) return parseBm25(reader);
    if (reader.isCall("rrf")) return parseRrf(reader);
    for (const fn of AGGREGATES) if (reader.isCall(fn)) return parseAggregate(reader, fn);
    if (reader.peek().kind === "variable") {
      return reader.isPunct(".", 1) ? parseProperty(reader) : parseVariable(reader);
    }
    if (startsLiteral(reader)) return parseLiteral(reader);
    if (!reader.isIdent()) return reader.fail("an expression");
    refuseUnknownCall(reader);
    return { kind: "alias", ...reader.ident("an expression") };
  });
}

// value = literal | Variable | "now" "(" ")" ;
export function parseValue(reader: TokenReader): ValueSyntax {
  if (reader.isCall("now")) return parseNow(reader);
  if (reader.peek().kind === "variable") return parseVariable(reader);
  if (startsLiteral(reader)) return parseLiteral(reader);
  return reader.fail(
    "a value (a literal, a parameter or `now()`)",
    reader.peek().kind === "word" && reader.peek().text !== "null" && !reader.isPunct(":", 1)
      ? "strings are written in double quotes"
      : undefined,
  );
}

// literal = "[" [ literal { "," literal } ] "]" | "date" "(" string ")" | "datetime" "(" string ")"
//         | string | float | int | "true" | "false" ;
function parseLiteral(reader: TokenReader): LiteralSyntax {
  const start = reader.peek();
  switch (start.kind) {
    case "int":
      return { kind: "int", value: reader.int("an integer"), start: start.start, end: start.end };
    case "float":
      return { kind: "float", value: reader.float(), start: start.start, end: start.end };
    case "string":
      reader.take();
      return { kind: "string", text: start.text, start: start.start, end: start.end };
  }
  if (reader.maybePunct("[")) {
    const items: LiteralSyntax[] = [];
    if (!reader.isPunct("]")) {
      do items.push(reader.nested(() => parseLiteral(reader))); while (reader.maybePunct(","));
    }
    if (!reader.maybePunct("]")) reader.fail("`,` or `]`");
    return { kind: "list", items, ...reader.spanFrom(start) };
  }
  for (const kind of ["date", "datetime"] as const) {
    if (!reader.isCall(kind)) continue;
    reader.take();
    reader.take();
    const text = reader.string(`a string inside \`${kind}(…)\``);
    reader.expectPunct(")");
    return { kind, text, ...reader.spanFrom(start) };
  }
  for (const [word, value] of [["true", true], ["false", false]] as const) {
    if (reader.maybeWord(word)) return { kind: "bool", value, ...reader.spanFrom(start) };
  }
  return reader.fail("a literal");
}

/** Whether a literal starts at the current token. */
function startsLiteral(reader: TokenReader): boolean {
  const { kind } = reader.peek();
  return kind === "int" || kind === "float" || kind === "string" || reader.isPunct("[") ||
    reader.isWord("true") ||
    reader.isWord("false") || reader.isCall("date") || reader.isCall("datetime");
}

/** Whether `search(`, `match_text(` or `fuzzy(` comes next. */
export function isSearchCall(reader: TokenReader): boolean {
  return SEARCHES.some((fn) => reader.isCall(fn));
}

// search = "search" "(" expr "," expr ")" ;     matchtext = "match_text" "(" expr "," expr ")" ;
// fuzzy  = "fuzzy" "(" expr "," expr [ "," expr ] ")" ;
function parseSearch(reader: TokenReader): SearchSyntax {
  const start = reader.peek();
  const fn = start.text as SearchSyntax["fn"];
  openCall(reader);
  const field = parseExpr(reader);
  reader.expectPunct(",");
  const query = parseExpr(reader);
  const maxEdits = fn === "fuzzy" && reader.maybePunct(",") ? parseExpr(reader) : null;
  reader.expectPunct(")");
  return { kind: "search", fn, field, query, maxEdits, ...reader.spanFrom(start) };
}

// nearest = "nearest" "(" Variable "." ident "," expr ")" ;
export function parseNearest(reader: TokenReader): NearestSyntax {
  const start = reader.peek();
  openCall(reader);
  if (reader.peek().kind !== "variable") reader.fail("a vector property such as `$x.embedding`");
  const field = parseProperty(reader);
  reader.expectPunct(",");
  const query = parseExpr(reader);
  reader.expectPunct(")");
  return { kind: "nearest", field, query, ...reader.spanFrom(start) };
}

// bm25 = "bm25" "(" expr "," expr ")" ;
function parseBm25(reader: TokenReader): Bm25Syntax {
  const start = reader.peek();
  openCall(reader);
  const field = parseExpr(reader);
  reader.expectPunct(",");
  const query = parseExpr(reader);
  reader.expectPunct(")");
  return { kind: "bm25", field, query, ...reader.spanFrom(start) };
}

// rrf = "rrf" "(" ( nearest | bm25 ) "," ( nearest | bm25 ) [ "," expr ] ")" ;
function parseRrf(reader: TokenReader): RrfSyntax {
  const start = reader.peek();
  openCall(reader);
  const first = parseArm(reader);
  reader.expectPunct(",");
  const second = parseArm(reader);
  const k = reader.maybePunct(",") ? parseExpr(reader) : null;
  reader.expectPunct(")");
  return { kind: "rrf", arms: [first, second], k, ...reader.spanFrom(start) };
}

function parseArm(reader: TokenReader): NearestSyntax | Bm25Syntax {
  if (reader.isCall("nearest")) return parseNearest(reader);
  if (reader.isCall("bm25")) return parseBm25(reader);
  return reader.fail("`nearest(…)` or `bm25(…)`");
}

function parseAggregate(reader: TokenReader, fn: AggregateFn): AggregateSyntax {
  const start = reader.peek();
  openCall(reader);
  const arg = parseExpr(reader);
  reader.expectPunct(")");
  return { kind: "aggregate", fn, arg, ...reader.spanFrom(start) };
}

function parseNow(reader: TokenReader): NowSyntax {
  const start = reader.peek();
  openCall(reader);
  reader.expectPunct(")");
  return { kind: "now", ...reader.spanFrom(start) };
}

function parseProperty(reader: TokenReader): PropertySyntax {
  const variable = reader.variable("a variable");
  reader.expectPunct(".");
  const property = reader.ident("a property name");
  return { kind: "property", variable, property, ...reader.spanFrom(variable) };
}

function parseVariable(reader: TokenReader): VariableSyntax {
  return { kind: "variable", ...reader.variable("a variable") };
}

/** Consumes a function's name and its opening parenthesis. */
function openCall(reader: TokenReader): void {
  reader.take();
  reader.expectPunct("(");
}

/** A word before `(` that is no function would otherwise fail only at the parenthesis. */
function refuseUnknownCall(reader: TokenReader): void {
  const word = reader.peek();
  if (!reader.isPunct("(", 1)) return;
  throw new SyntaxFailure(`unknown function \`${word.text}\``, word, didYouMean(word.text, FUNCTIONS));
}
