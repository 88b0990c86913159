/** Read queries that may be half-typed. */
import { NESTING_MAX } from "../base/limits.ts";
import type { Expectation } from "./expectation.ts";
import type { QueryScope } from "./query_scope.ts";
import type { EdgeOutline, TypeOutline } from "./schema_outline.ts";
import type { WalkToken } from "./token_walk.ts";
import type { QueryWalk } from "./walk_query.ts";
import {
  AGGREGATES,
  CONSTANTS,
  operands,
  propertyMeaning,
  RANKS,
  SEARCHES,
  walkExpression,
  walkValue,
} from "./walk_value.ts";

const OPERATORS = ["=", "!=", "<", "<=", ">", ">=", "contains", "starts_with"];

/** Clauses up to `}`; the opening brace is taken. A missing `}` is noticed at the next block of the query. */
export function walkClauses(walk: QueryWalk, scope: QueryScope, depth: number): void {
  while (!walk.atQueryEnd() && !startsBlock(walk)) {
    if (walk.maybePunct("}")) return;
    const { position } = walk;
    walkClause(walk, scope, depth);
    if (walk.position === position) walk.take();
  }
}

function startsBlock(walk: QueryWalk): boolean {
  return (walk.isWord("return") || walk.isWord("order")) && walk.isPunct("{", 1);
}

function walkClause(walk: QueryWalk, scope: QueryScope, depth: number): void {
  if (walk.isWord("not") && walk.isPunct("{", 1) && depth < NESTING_MAX) {
    walk.take();
    walk.take();
    return walkClauses(walk, scope.inner(), depth + 1);
  }
  if (walk.isKind("variable")) {
    if (walk.isPunct(":", 1)) return walkBinding(walk, scope);
    if (startsTraversal(walk)) return walkTraversal(walk, scope);
  }
  walkFilter(walk, scope);
}

/** `$x: T { p: v }` */
function walkBinding(walk: QueryWalk, scope: QueryScope): void {
  const name = walk.take();
  walk.take();
  let type: TypeOutline | null = null;
  if (!walk.maybeCaret(() => [{ kind: "node_types" }]) && walk.isTypeName()) {
    const word = walk.take();
    type = walk.schema?.nodes.get(word.text) ?? null;
    if (type !== null) walk.mention(word, { kind: "type", type });
  }
  introduce(walk, scope, name, type);
  if (!walk.maybePunct("{")) return;
  const taken = new Set<string>();
  while (!walk.atQueryEnd() && !startsBlock(walk)) {
    if (walk.maybePunct("}")) return;
    if (walk.maybeCaret(() => [{ kind: "properties", type, taken }])) continue;
    const word = walk.take();
    if (word.kind !== "word") continue;
    taken.add(word.text);
    walk.mention(word, propertyMeaning(type, word.text));
    if (walk.maybePunct(":")) walkValue(walk, scope, type?.properties.get(word.text) ?? null);
  }
}

/** Whether the variable at hand opens a traversal that already has its edge. */
function startsTraversal(walk: QueryWalk): boolean {
  const next = walk.peek(1);
  if (next.kind === "variable") return walk.isPunct(":", 2) && !walk.isTypeName(3);
  if (walk.isPunct("<", 1)) return walk.isPunct(">", 3);
  if (next.kind !== "word" || /^[A-Z]/.test(next.text) || next.text === "not" || walk.isPunct("(", 2)) {
    return false;
  }
  return !OPERATORS.includes(next.text) || walk.isKind("variable", 2) || walk.isPunct("{", 2);
}

/** `$a $w:e{m,n} $b` */
function walkTraversal(walk: QueryWalk, scope: QueryScope): void {
  const left = walk.take();
  let edgeVariable: WalkToken | null = null;
  if (walk.isKind("variable")) {
    edgeVariable = walk.take();
    walk.take();
  }
  const undirected = walk.maybePunct("<");
  const leftType = scope.find(left.text)?.type ?? null;
  let edge: EdgeOutline | null = null;
  if (!walk.maybeCaret(() => [{ kind: "edges", from: leftType }]) && walk.isKind("word")) {
    const word = walk.take();
    edge = walk.schema?.edgeByWord.get(word.text.toLowerCase()) ?? null;
    if (edge !== null) walk.mention(word, { kind: "type", type: edge });
  }
  if (undirected) walk.maybePunct(">");
  if (walk.maybePunct("{")) {
    while (walk.isKind("int") || walk.isPunct(",")) walk.take();
    walk.maybePunct("}");
  }
  const right = walkRightEnd(walk, scope);
  const forward = walksForward(scope, left, right, edge);
  introduce(walk, scope, left, nodeType(walk, forward ? edge?.from : edge?.to));
  if (right !== null) introduce(walk, scope, right, nodeType(walk, forward ? edge?.to : edge?.from));
  if (edgeVariable !== null) introduce(walk, scope, edgeVariable, edge);
}

/** The variable at the far end; what starts the next clause is none. */
function walkRightEnd(walk: QueryWalk, scope: QueryScope): WalkToken | null {
  if (walk.maybeCaret(() => [{ kind: "variables", scope }])) return null;
  if (!walk.isKind("variable") || walk.isPunct(":", 1) || walk.isPunct(".", 1)) return null;
  return walk.take();
}

/** The rule of the type checker: the left end decides if its type is known, else the right one, else forward. */
function walksForward(
  scope: QueryScope,
  left: WalkToken,
  right: WalkToken | null,
  edge: EdgeOutline | null,
): boolean {
  const leftType = left.text === "_" ? undefined : scope.find(left.text)?.type?.name;
  if (leftType !== undefined) return leftType === edge?.from;
  const rightType = right === null || right.text === "_" ? undefined : scope.find(right.text)?.type?.name;
  return rightType === undefined || rightType === edge?.to;
}

function nodeType(walk: QueryWalk, name: string | undefined): TypeOutline | null {
  return name === undefined ? null : walk.schema?.nodes.get(name) ?? null;
}

function introduce(walk: QueryWalk, scope: QueryScope, token: WalkToken, type: TypeOutline | null): void {
  walk.mention(token, { kind: "variable", variable: scope.introduce(token.text, token, type) });
}

/** `expr op expr`, or a text search, or as much of them as there is. */
function walkFilter(walk: QueryWalk, scope: QueryScope): void {
  const start = walk.peek();
  const starts = (): Expectation[] => [
    ...operands(scope, [...SEARCHES, ...CONSTANTS]),
    { kind: "words", words: ["not"] },
  ];
  walkExpression(walk, scope, starts);
  const isBare = start.kind === "variable" && walk.previousEnd === start.end;
  const from = isBare ? scope.find(start.text)?.type ?? null : null;
  const afterOperand = (): Expectation[] => [
    { kind: "words", words: OPERATORS },
    ...(isBare ? [{ kind: "edges", from } as const] : []),
  ];
  if (walk.maybeCaret(afterOperand)) {
    if (isBare) walkRightEnd(walk, scope);
    return;
  }
  if (isBare && walk.isPunct("<") && walk.isKind("caret", 1)) {
    walk.take();
    walk.maybeCaret(() => [{ kind: "edges", from }, ...operands(scope, CONSTANTS)]);
    return;
  }
  if (!OPERATORS.includes(walk.peek().text) || !(walk.isKind("punct") || walk.isKind("word"))) return;
  walk.take();
  walkExpression(walk, scope, () => operands(scope, CONSTANTS));
}

/** Expressions of `return` up to `}`. */
export function walkProjections(walk: QueryWalk, scope: QueryScope): void {
  const starts = () => [
    ...operands(scope, [...AGGREGATES, ...SEARCHES, ...RANKS, ...CONSTANTS]),
    { kind: "aliases", scope } as const,
  ];
  while (!walk.atQueryEnd() && !(walk.isWord("order") && walk.isPunct("{", 1))) {
    if (walk.maybePunct("}")) return;
    const { start } = walk.peek();
    const { position } = walk;
    walkExpression(walk, scope, starts);
    const end = walk.previousEnd;
    const isWhole = walk.position > position;
    if (isWhole && walk.isKind("caret")) {
      walk.maybeCaret(() => [{ kind: "words", words: ["as"] }, ...starts()]);
    }
    if (isWhole && walk.maybeWord("as") && walk.isKind("word")) {
      const word = walk.take();
      const place = { start: word.start, end: word.end };
      const alias = { name: word.text, place, text: walk.source.slice(start, end) };
      if (!scope.aliases.has(alias.name)) scope.aliases.set(alias.name, alias);
      walk.mention(word, { kind: "alias", alias });
    }
    if (!walk.maybePunct(",") && walk.position === position) walk.take();
  }
}

/** Entries of `order` up to `}`. */
export function walkOrder(walk: QueryWalk, scope: QueryScope): void {
  const starts = (): Expectation[] => [
    { kind: "variables", scope },
    { kind: "aliases", scope },
    { kind: "functions", names: RANKS },
  ];
  while (!walk.atQueryEnd()) {
    if (walk.maybePunct("}")) return;
    const { position } = walk;
    walkExpression(walk, scope, starts);
    if (walk.position > position) {
      walk.maybeCaret(() => [{ kind: "words", words: ["asc", "desc"] }]);
      if (!walk.maybeWord("asc")) walk.maybeWord("desc");
    }
    if (!walk.maybePunct(",") && walk.position === position) walk.take();
  }
}
