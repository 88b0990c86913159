/** Expressions and values of a half-typed query. */
import { NESTING_MAX } from "../base/limits.ts";
import type { Expectation } from "./expectation.ts";
import type { QueryScope } from "./query_scope.ts";
import type { PropertyOutline, TypeOutline } from "./schema_outline.ts";
import type { WalkToken } from "./token_walk.ts";
import type { QueryWalk } from "./walk_query.ts";

/** Functions that compute a value in `return`. */
export const AGGREGATES = ["count", "sum", "avg", "min", "max"];
/** Full-text predicates. */
export const SEARCHES = ["search", "match_text", "fuzzy"];
/** Functions that rank. */
export const RANKS = ["nearest", "bm25", "rrf"];
/** Functions that give a constant. */
export const CONSTANTS = ["now", "date", "datetime"];

/** What may stand where an operand may; `functions` are those that may start it. */
export function operands(scope: QueryScope, functions: readonly string[]): Expectation[] {
  return [
    { kind: "variables", scope },
    { kind: "params", scope },
    { kind: "functions", names: functions },
  ];
}

/** Walks one expression if one starts here; takes nothing otherwise. */
export function walkExpression(
  walk: QueryWalk,
  scope: QueryScope,
  expected: () => readonly Expectation[],
  depth = 0,
): void {
  if (walk.maybeCaret(expected)) return walkMember(walk, scope, null);
  const token = walk.peek();
  switch (token.kind) {
    case "variable":
      // `$x:` is the binding of the next clause.
      if (walk.isPunct(":", 1)) return;
      walk.take();
      return walkMember(walk, scope, token);
    case "word":
      return walkWord(walk, scope, depth);
    case "int":
    case "float":
    case "string":
      walk.take();
      return;
    case "punct":
      if (walk.maybePunct("[")) walkArguments(walk, scope, "]", depth, () => [{ kind: "params", scope }]);
      return;
  }
}

/** `$x` or `$x.p`, the variable being taken; null when the caret stands in its place. */
function walkMember(walk: QueryWalk, scope: QueryScope, token: WalkToken | null): void {
  const isMember = walk.isPunct(".");
  if (token !== null) walk.mention(token, nameMeaning(scope, token.text, isMember));
  if (!walk.maybePunct(".") || token === null) return;
  const variable = token.text;
  if (walk.maybeCaret(() => [{ kind: "members", scope, variable }])) return;
  if (!walk.isKind("word") || startsNextClause(walk)) return;
  const word = walk.take();
  walk.mention(word, propertyMeaning(scope.find(variable)?.type ?? null, word.text));
}

/** After an unfinished `$x.` the next clause may start at once. */
function startsNextClause(walk: QueryWalk): boolean {
  return walk.isPunct("(", 1) || (walk.isWord("not") && walk.isPunct("{", 1));
}

/** A bare name is a parameter first; a name with a property is a variable first. */
function nameMeaning(scope: QueryScope, name: string, isMember: boolean) {
  const param = scope.params.get(name);
  const variable = scope.find(name);
  if (variable !== undefined && (isMember || param === undefined)) {
    return { kind: "variable", variable } as const;
  }
  return param === undefined ? null : { kind: "param", param } as const;
}

/** The meaning of a property word. */
export function propertyMeaning(type: TypeOutline | null, name: string) {
  const property = type?.properties.get(name);
  return type === null || property === undefined ? null : { kind: "property", type, property } as const;
}

function walkWord(walk: QueryWalk, scope: QueryScope, depth: number): void {
  if (walk.isPunct("(", 1)) {
    const word = walk.take();
    walk.mention(word, { kind: "builtin", word: `${word.text}()` });
    walk.take();
    const inner = word.text === "rrf" ? ["nearest", "bm25"] : CONSTANTS;
    return walkArguments(walk, scope, ")", depth, () => operands(scope, inner));
  }
  if (walk.isWord("true") || walk.isWord("false")) return void walk.take();
  const alias = scope.aliases.get(walk.peek().text);
  if (alias === undefined) return;
  walk.mention(walk.take(), { kind: "alias", alias });
}

/** Expressions up to a closing bracket. Deeper nesting than the language allows is left to the caller. */
function walkArguments(
  walk: QueryWalk,
  scope: QueryScope,
  close: string,
  depth: number,
  expected: () => readonly Expectation[],
): void {
  if (depth >= NESTING_MAX) return;
  while (!walk.atQueryEnd() && !walk.isPunct("}")) {
    if (walk.maybePunct(close)) return;
    const { position } = walk;
    walkExpression(walk, scope, expected, depth + 1);
    if (walk.maybePunct(",") || walk.position > position) continue;
    // Something else: the bracket was never closed.
    if (!walk.isPunct(close)) return;
  }
}

/** A literal, parameter or `now()` for a property. */
export function walkValue(walk: QueryWalk, scope: QueryScope, property: PropertyOutline | null): void {
  walkExpression(walk, scope, () => [
    { kind: "params", scope },
    { kind: "values", property },
    { kind: "functions", names: constantsFor(property) },
  ]);
}

function constantsFor(property: PropertyOutline | null): readonly string[] {
  if (property === null || property.type.kind !== "scalar") return property === null ? CONSTANTS : [];
  if (property.type.scalar === "Date") return ["date"];
  return property.type.scalar === "DateTime" ? ["now", "datetime"] : [];
}
