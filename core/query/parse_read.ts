/** Read queries: one function per production, the production quoted above it. */
import type {
  AssignSyntax,
  BindingSyntax,
  ClauseSyntax,
  FilterSyntax,
  Name,
  NegationSyntax,
  OrderSyntax,
  ProjectionSyntax,
  ReadSyntax,
  TraversalSyntax,
} from "./ast.ts";
import { habitHelp } from "./habits.ts";
import { isSearchCall, parseExpr, parseNearest, parseValue } from "./parse_expr.ts";
import { type ListShape, SyntaxFailure, type TokenReader } from "./token_reader.ts";
import type { CompareOp } from "./typed.ts";

const COMPARISONS: ReadonlySet<string> = new Set([
  "starts_with",
  "contains",
  ">=",
  "<=",
  "!=",
  ">",
  "<",
  "=",
]);

// read = "match" "{" clause { clause } "}" "return" "{" proj { [","] proj } [","] "}"
//        [ "order" "{" ord { "," ord } "}" ] [ "limit" int ] ;
export function parseRead(reader: TokenReader): ReadSyntax {
  reader.expectWord("match");
  const match = parseClauses(reader);
  const early = reader.isWord("order") || reader.isWord("limit");
  reader.expectWord("return", early ? "`order` and `limit` come after `return { … }`" : undefined);
  const returns = parseProjections(reader);
  const order = reader.maybeWord("order") ? parseOrder(reader) : [];
  const limit = reader.maybeWord("limit") ? reader.int("a number of rows after `limit`") : null;
  return { kind: "read", match, returns, order, limit };
}

function parseClauses(reader: TokenReader): ClauseSyntax[] {
  reader.expectPunct("{");
  if (reader.isPunct("}")) reader.report("at least one clause");
  const clauses = reader.isPunct("}") ? [] : reader.items(clauseShape(reader), () => parseClause(reader));
  reader.maybePunct("}");
  return clauses;
}

function clauseShape(reader: TokenReader): ListShape {
  return {
    close: "}",
    starts: () => reader.startsLine() && startsClause(reader),
    ends: () => reader.isWord("return") && reader.isPunct("{", 1),
  };
}

/** Whether a clause as people usually write one starts at the current token. */
function startsClause(reader: TokenReader): boolean {
  return reader.peek().kind === "variable" || (reader.isWord("not") && reader.isPunct("{", 1)) ||
    isSearchCall(reader);
}

// clause = negation | binding | traversal | filter | textsearch ;   (* tried in this order *)
function parseClause(reader: TokenReader): ClauseSyntax {
  const start = reader.peek();
  if (reader.isWord("return") && reader.isPunct("{", 1)) {
    reader.fail("a clause or `}`", "close the block before `return`");
  }
  if (reader.isWord("not") && reader.isPunct("{", 1)) return parseNegation(reader);
  if (start.kind === "variable") {
    if (reader.isPunct(":", 1)) return parseBinding(reader);
    if (startsTraversal(reader)) return parseTraversal(reader);
  }
  if (!startsExpression(reader)) reader.fail("a clause or `}`", clauseHelp(reader));
  return parseFilterOrSearch(reader);
}

function clauseHelp(reader: TokenReader): string | undefined {
  if (reader.isPunct(",")) return "clauses are separated by spaces or line breaks";
  return reader.isPunct("(")
    ? "a node is bound as `$n: Type`, an edge is followed as `$a edge $b`"
    : undefined;
}

// negation = "not" "{" clause { clause } "}" ;
function parseNegation(reader: TokenReader): NegationSyntax {
  const start = reader.expectWord("not");
  const clauses = reader.nested(() => parseClauses(reader));
  return { kind: "not", clauses, ...reader.spanFrom(start) };
}

// binding = Variable ":" TypeName [ "{" pmatch { "," pmatch } [","] "}" ] ;
function parseBinding(reader: TokenReader): BindingSyntax {
  const variable = reader.variable("a variable");
  reader.expectPunct(":");
  const typeName = reader.typeName("a node type name (it starts with a capital letter)");
  const matches = reader.maybePunct("{") ? parsePropertyMatches(reader) : [];
  return { kind: "binding", variable, typeName, matches, ...reader.spanFrom(variable) };
}

// pmatch { "," pmatch } [","] "}"
function parsePropertyMatches(reader: TokenReader): AssignSyntax[] {
  const matches = reader.items(matchShape(reader), () => {
    const match = parsePropertyMatch(reader);
    if (!reader.maybePunct(",") && !reader.isPunct("}")) reader.fail("`,` or `}`");
    return match;
  });
  reader.maybePunct("}");
  return matches;
}

function matchShape(reader: TokenReader): ListShape {
  const { starts, ends } = clauseShape(reader);
  return {
    close: "}",
    starts: () => reader.isIdent() && reader.isPunct(":", 1),
    ends: () => starts() || ends(),
  };
}

// pmatch = ident ":" value ;
function parsePropertyMatch(reader: TokenReader): AssignSyntax {
  const property = reader.ident("a property name");
  reader.expectPunct(":", `write \`${property.text}: value\``);
  const value = parseValue(reader);
  return { property, value, ...reader.spanFrom(property) };
}

/** Whether the variable at hand opens a traversal and not a filter such as `$n < 5` or `$list contains "x"`. */
function startsTraversal(reader: TokenReader): boolean {
  if (reader.peek(1).kind === "variable") return true;
  if (reader.isPunct("<", 1)) return reader.isIdent(2) && reader.isPunct(">", 3);
  if (!reader.isIdent(1) || reader.isWord("not", 1)) return false;
  const isOperator = COMPARISONS.has(reader.peek(1).text);
  return !isOperator || reader.peek(2).kind === "variable" || reader.isPunct("{", 2);
}

// traversal = Variable [ Variable ":" ] ( edge | "<" edge ">" ) [ "{" int "," [ int ] "}" ] Variable ;
function parseTraversal(reader: TokenReader): TraversalSyntax {
  const left = reader.variable("a variable");
  let edgeVariable: Name | null = null;
  if (reader.peek().kind === "variable") {
    edgeVariable = reader.variable("an edge variable");
    if (!reader.maybePunct(":")) {
      reader.fail(
        "`:`",
        "between two variables stands an edge: `$a edge $b`, or `$a $w:edge $b` with an edge variable",
      );
    }
  }
  const undirected = reader.maybePunct("<");
  const edge = parseEdge(reader);
  if (undirected) reader.expectPunct(">");
  const hops = reader.isPunct("{") ? parseHops(reader) : null;
  const endsLine = reader.startsLine();
  const end = "the variable at the other end of the edge";
  const right = reader.variable(end);
  if (reader.isPunct(".") && endsLine) {
    // What stands on the next line is a filter of its own.
    const place = { start: edge.end, end: edge.end };
    throw new SyntaxFailure(
      `expected ${end}, found the end of the line`,
      place,
      `write \`$${left.text} ${edge.text} $b\``,
    );
  }
  if (reader.isPunct(".")) {
    const swapped =
      `\`$${left.text} ${edge.text} $${right.text}\` is a traversal; write the property on the left`;
    reader.fail("a clause or `}`", COMPARISONS.has(edge.text) ? swapped : undefined);
  }
  return { kind: "traversal", left, edgeVariable, edge, undirected, hops, right, ...reader.spanFrom(left) };
}

// edge = ident ;   (* not the word "not" *)
function parseEdge(reader: TokenReader): Name {
  if (reader.isWord("not")) reader.fail("an edge");
  return reader.ident("an edge word (it starts with a lower-case letter)");
}

function parseHops(reader: TokenReader): NonNullable<TraversalSyntax["hops"]> {
  const start = reader.expectPunct("{");
  const min = reader.int("the least number of hops");
  reader.expectPunct(",");
  const max = reader.isPunct("}") ? null : reader.int("the greatest number of hops");
  reader.expectPunct("}");
  return { min, max, ...reader.spanFrom(start) };
}

// filter = expr ( "starts_with" | "contains" | ">=" | "<=" | "!=" | ">" | "<" | "=" ) expr ;
// textsearch = search | fuzzy | matchtext ;   (* short for  … = true *)
function parseFilterOrSearch(reader: TokenReader): ClauseSyntax {
  const left = parseExpr(reader);
  const operator = reader.peek();
  const compares = operator.kind === "punct" || operator.kind === "word";
  if (!compares || !COMPARISONS.has(operator.text)) {
    if (left.kind === "search") return { kind: "textsearch", search: left, start: left.start, end: left.end };
    if (left.kind === "alias") refuseWord(left);
    if (left.kind === "variable") refuseEdge(reader, left);
    const isBinding = left.kind === "variable" && operator.kind === "word" && !reader.isIdent();
    reader.fail(
      "a comparison (`=`, `!=`, `<`, `<=`, `>`, `>=`, `contains`, `starts_with`)",
      isBinding ? `a binding is written \`$${left.text}: ${operator.text}\`` : undefined,
    );
  }
  reader.take();
  if (reader.isPunct("=")) reader.fail("an expression", "equality is written with one `=`");
  const right = parseExpr(reader);
  const filter: FilterSyntax = {
    kind: "filter",
    op: operator.text as CompareOp,
    left,
    right,
    ...reader.spanFrom(left),
  };
  return filter;
}

/** Edges that are not written as words of the query language. */
function refuseEdge(reader: TokenReader, left: Name): void {
  const edge = reader.peek();
  if (reader.isPunct("->") || reader.isPunct("<")) {
    reader.fail("an edge word", `an edge is followed by its name: \`$${left.text} edge $b\``);
  }
  if (
    edge.kind !== "word" || reader.isIdent() || reader.peek(1).kind !== "variable" || reader.isPunct(":", 2)
  ) return;
  const word = edge.text.slice(0, 1).toLowerCase() + edge.text.slice(1);
  reader.fail(
    "an edge word (it starts with a lower-case letter)",
    `write \`$${left.text} ${word} $${reader.peek(1).text}\``,
  );
}

/** A bare word in a match block compares with nothing: it was meant to be something else. */
function refuseWord(word: Name): never {
  const help = habitHelp(word.text) ?? `variables start with \`$\`: \`$${word.text}\``;
  throw new SyntaxFailure(`expected a clause or \`}\`, found \`${word.text}\``, word, help);
}

function startsExpression(reader: TokenReader): boolean {
  const { kind } = reader.peek();
  return kind === "variable" || kind === "int" || kind === "float" || kind === "string" || reader.isIdent() ||
    reader.isPunct("[");
}

// return "{" proj { [","] proj } [","] "}"
function parseProjections(reader: TokenReader): ProjectionSyntax[] {
  reader.expectPunct("{");
  if (reader.isPunct("}")) reader.report("at least one expression");
  const shape: ListShape = {
    close: "}",
    starts: () => reader.isAfterComma() || (reader.startsLine() && startsExpression(reader)),
    ends: () => startsAfterReturn(reader),
  };
  const projections = reader.isPunct("}") ? [] : reader.items(shape, () => {
    const projection = parseProjection(reader);
    reader.maybePunct(",");
    return projection;
  });
  reader.maybePunct("}");
  return projections;
}

/** Whether the order block or the limit starts here. */
function startsAfterReturn(reader: TokenReader): boolean {
  return (reader.isWord("order") && reader.isPunct("{", 1)) || reader.isWord("limit");
}

// proj = expr [ "as" ident ] ;
function parseProjection(reader: TokenReader): ProjectionSyntax {
  if (reader.isWord("order") && reader.isPunct("{", 1)) {
    reader.fail("an expression, `,` or `}`", "close the `return` block before `order`");
  }
  if (!startsExpression(reader)) reader.fail("an expression, `,` or `}`");
  const expr = parseExpr(reader);
  const alias = reader.maybeWord("as") ? reader.ident("a column name after `as`") : null;
  return { expr, alias, ...reader.spanFrom(expr) };
}

// "order" "{" ord { "," ord } "}"
function parseOrder(reader: TokenReader): OrderSyntax[] {
  reader.expectPunct("{", "write `order { $n.property desc }`");
  const shape: ListShape = {
    close: "}",
    starts: () => reader.isAfterComma(),
    ends: () => reader.isWord("limit"),
  };
  const entries = reader.items(shape, () => {
    const entry = parseOrderEntry(reader);
    if (reader.isPunct("}")) return entry;
    if (!reader.maybePunct(",")) {
      const afterNearest = entry.expr.kind === "nearest" && (reader.isWord("asc") || reader.isWord("desc"));
      const direction = reader.peek().kind === "word" ? "a direction is `asc` or `desc`" : undefined;
      reader.fail("`,` or `}`", afterNearest ? "`nearest` always ranks the best rows first" : direction);
    }
    if (reader.isPunct("}")) reader.fail("an expression");
    return entry;
  });
  reader.maybePunct("}");
  return entries;
}

// ord = nearest | expr [ "asc" | "desc" ] ;   (* nearest takes no direction *)
function parseOrderEntry(reader: TokenReader): OrderSyntax {
  if (reader.isCall("nearest")) {
    const expr = parseNearest(reader);
    return { expr, descending: false, start: expr.start, end: expr.end };
  }
  const expr = parseExpr(reader);
  const descending = !reader.maybeWord("asc") && reader.maybeWord("desc");
  return { expr, descending, ...reader.spanFrom(expr) };
}
