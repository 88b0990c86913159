/** Mutation statements that may be half-typed. */
import type { Expectation } from "./expectation.ts";
import type { Meaning } from "./meaning.ts";
import type { QueryScope } from "./query_scope.ts";
import { isEdge, mutationTarget, type TypeOutline } from "./schema_outline.ts";
import type { QueryWalk } from "./walk_query.ts";
import { propertyMeaning, walkValue } from "./walk_value.ts";

const COMPARISONS = ["=", "!=", "<", "<=", ">", ">="];
const NOTHING_TAKEN: ReadonlySet<string> = new Set();

/** Walks a statement behind its first word. */
export function walkStatement(
  walk: QueryWalk,
  scope: QueryScope,
  kind: "insert" | "update" | "delete",
): void {
  const type = walkTarget(walk, kind);
  if (kind === "update" && !walk.isWord("where")) {
    walk.maybeCaret(() => [{ kind: "words", words: ["set"] }]);
    walk.maybeWord("set");
  }
  const hasEndpoints = kind !== "update";
  if (kind !== "delete" && walk.maybePunct("{")) walkAssignments(walk, scope, type, hasEndpoints);
  if (kind === "insert") return;
  walk.maybeCaret(() => [{ kind: "words", words: ["where"] }]);
  if (walk.maybeWord("where")) walkPredicate(walk, scope, type, hasEndpoints);
}

function walkTarget(walk: QueryWalk, kind: "insert" | "update" | "delete"): TypeOutline | null {
  if (walk.maybeCaret(() => [{ kind: "target_types", edges: kind !== "update" }])) return null;
  if (!walk.isTypeName()) return null;
  const word = walk.take();
  const type = mutationTarget(walk.schema, word.text);
  if (type !== null) walk.mention(word, { kind: "type", type });
  return type;
}

function walkAssignments(
  walk: QueryWalk,
  scope: QueryScope,
  type: TypeOutline | null,
  hasEndpoints: boolean,
): void {
  const taken = new Set<string>();
  while (!walk.atQueryEnd()) {
    if (walk.maybePunct("}")) return;
    if (walk.maybeCaret(() => columns(type, taken, hasEndpoints))) continue;
    const word = walk.take();
    if (word.kind !== "word") continue;
    taken.add(word.text);
    walk.mention(word, columnMeaning(type, word.text, hasEndpoints));
    if (walk.maybePunct(":")) walkValue(walk, scope, type?.properties.get(word.text) ?? null);
  }
}

/** `property op value` */
function walkPredicate(
  walk: QueryWalk,
  scope: QueryScope,
  type: TypeOutline | null,
  hasEndpoints: boolean,
): void {
  if (walk.maybeCaret(() => columns(type, NOTHING_TAKEN, hasEndpoints))) return;
  if (!walk.isKind("word")) return;
  const word = walk.take();
  walk.mention(word, columnMeaning(type, word.text, hasEndpoints));
  if (walk.maybeCaret(() => [{ kind: "words", words: COMPARISONS }])) return;
  if (!walk.isKind("punct") || !COMPARISONS.includes(walk.peek().text)) return;
  walk.take();
  walkValue(walk, scope, type?.properties.get(word.text) ?? null);
}

function columns(
  type: TypeOutline | null,
  taken: ReadonlySet<string>,
  hasEndpoints: boolean,
): Expectation[] {
  const words = ["from", "to"].filter((word) => !taken.has(word));
  const properties: Expectation = { kind: "properties", type, taken };
  return hasEndpoints && isEdge(type) ? [{ kind: "endpoints", edge: type, words }, properties] : [properties];
}

function columnMeaning(type: TypeOutline | null, name: string, hasEndpoints: boolean): Meaning | null {
  if (hasEndpoints && isEdge(type) && (name === "from" || name === "to")) {
    return { kind: "endpoint", edge: type, end: name };
  }
  return propertyMeaning(type, name);
}
