/** Mutation statements: one function per production, the production quoted above it. */
import type { AssignSyntax, MutationSyntax, PredicateSyntax, StatementSyntax } from "./ast.ts";
import { parseValue } from "./parse_expr.ts";
import type { ListShape, TokenReader } from "./token_reader.ts";

const COMPARISONS: ReadonlySet<string> = new Set([">=", "<=", "!=", ">", "<", "="]);
const STATEMENTS = ["insert", "update", "delete"] as const;

/** Whether a mutation statement starts at the current token. */
export function startsStatement(reader: TokenReader): boolean {
  return STATEMENTS.some((word) => reader.isWord(word));
}

// mutation { mutation }
export function parseMutation(reader: TokenReader): MutationSyntax {
  const shape: ListShape = { close: "}", starts: () => startsStatement(reader), ends: () => false };
  return { kind: "mutation", statements: reader.items(shape, () => parseStatement(reader)) };
}

// mutation = "insert" TypeName "{" assign { assign } "}"
//          | "update" TypeName "set" "{" assign { assign } "}" "where" pred
//          | "delete" TypeName "where" pred ;
function parseStatement(reader: TokenReader): StatementSyntax {
  const start = reader.peek();
  const what = "a type name (it starts with a capital letter)";
  if (reader.maybeWord("insert")) {
    const typeName = reader.typeName(what);
    const assignments = parseAssignments(reader);
    return { kind: "insert", typeName, assignments, ...reader.spanFrom(start) };
  }
  if (reader.maybeWord("update")) {
    const typeName = reader.typeName(what);
    reader.expectWord("set", `write \`update ${typeName.text} set { … } where …\``);
    const assignments = parseAssignments(reader);
    reader.expectWord("where", "an update says which entities it changes: `where property = value`");
    return {
      kind: "update",
      typeName,
      assignments,
      where: parsePredicate(reader),
      ...reader.spanFrom(start),
    };
  }
  if (reader.maybeWord("delete")) {
    const typeName = reader.typeName(what);
    reader.expectWord("where", "a delete says which entities it removes: `where property = value`");
    return { kind: "delete", typeName, where: parsePredicate(reader), ...reader.spanFrom(start) };
  }
  return reader.fail(
    "`insert`, `update`, `delete` or `}`",
    reader.nearWord(STATEMENTS) ??
      (reader.isWord("match") ? "a query either reads or writes: split it into two" : undefined),
  );
}

// "{" assign { assign } "}"        assign = ident ":" value [ "," ] ;
function parseAssignments(reader: TokenReader): AssignSyntax[] {
  reader.expectPunct("{");
  const shape: ListShape = {
    close: "}",
    starts: () => reader.isIdent() && reader.isPunct(":", 1),
    ends: () => reader.isWord("where") || (startsStatement(reader) && reader.startsLine()),
  };
  const assignments = reader.items(shape, () => {
    const property = reader.ident("a property name");
    reader.expectPunct(":", `write \`${property.text}: value\``);
    const value = parseValue(reader);
    reader.maybePunct(",");
    return { property, value, start: property.start, end: value.end };
  });
  reader.maybePunct("}");
  return assignments;
}

// pred = ident ( ">=" | "<=" | "!=" | ">" | "<" | "=" ) value ;
function parsePredicate(reader: TokenReader): PredicateSyntax {
  const property = reader.ident("a property name");
  const operator = reader.peek();
  if (operator.kind !== "punct" || !COMPARISONS.has(operator.text)) {
    reader.fail("a comparison (`=`, `!=`, `<`, `<=`, `>`, `>=`)");
  }
  reader.take();
  const value = parseValue(reader);
  return { property, op: operator.text as PredicateSyntax["op"], value, ...reader.spanFrom(property) };
}
