/**
 * Walks a `.gq` text that may be half-typed: says what its words mean, which names each query gives, and what may stand
 * at the caret. It accepts every well-formed text and makes the best of all others; whether a text is right is not
 * its question.
 */
import { PUNCTUATION } from "../query/token_reader.ts";
import type { Expectation } from "./expectation.ts";
import type { Meaning, Mention, ParamOutline } from "./meaning.ts";
import { type QueryOutline, QueryScope } from "./query_scope.ts";
import type { SchemaOutline } from "./schema_outline.ts";
import { plainTokens, tokensWithCaret, TokenWalk, type WalkToken } from "./token_walk.ts";
import { walkStatement } from "./walk_mutation.ts";
import { walkClauses, walkOrder, walkProjections } from "./walk_read.ts";

/** What a walk over a whole file found. */
export interface WalkedQueries {
  readonly queries: readonly QueryOutline[];
  /** In the order of the text. */
  readonly mentions: readonly Mention[];
}

/** The state that all productions share. */
export class QueryWalk extends TokenWalk {
  readonly schema: SchemaOutline | null;
  readonly mentions: Mention[] = [];
  readonly expectations: Expectation[] = [];

  constructor(source: string, tokens: readonly WalkToken[], schema: SchemaOutline | null) {
    super(source, tokens);
    this.schema = schema;
  }

  /** Whether nothing of this query can follow: the text ends or the next query starts. */
  atQueryEnd(): boolean {
    return this.isKind("end") ||
      (this.isWord("query") && this.isKind("word", 1) && this.isPunct("(", 2));
  }

  mention({ start, end }: WalkToken, meaning: Meaning | null): void {
    if (meaning !== null) this.mentions.push({ start, end, meaning });
  }

  /** Takes the caret if it is here, and notes what may be written in its place. */
  maybeCaret(expected: () => readonly Expectation[]): boolean {
    if (!this.isKind("caret")) return false;
    this.take();
    this.expectations.push(...expected());
    return true;
  }
}

const PARAM_TYPES = ["[", "Vector("];
const META = ["description", "instruction"];
const STATEMENTS = ["insert", "update", "delete"];

/** Walks a file without a caret. */
export function walkQueries(text: string, schema: SchemaOutline | null): WalkedQueries {
  const walk = new QueryWalk(text, plainTokens(text, PUNCTUATION), schema);
  const queries = walkFile(walk);
  return { queries, mentions: walk.mentions.toSorted((a, b) => a.start - b.start) };
}

/** What may stand at an offset, and the caret with the part of the word before it; null inside comments and numbers. */
export function expectedInQueries(
  text: string,
  schema: SchemaOutline | null,
  offset: number,
): { readonly caret: WalkToken; readonly expectations: readonly Expectation[] } | null {
  const placed = tokensWithCaret(text, PUNCTUATION, offset);
  if (placed === null) return null;
  const walk = new QueryWalk(text, placed.tokens, schema);
  walkFile(walk);
  return { caret: placed.caret, expectations: walk.expectations };
}

function walkFile(walk: QueryWalk): QueryOutline[] {
  const queries: QueryOutline[] = [];
  while (!walk.isKind("end")) {
    if (walk.isWord("query")) queries.push(walkQuery(walk));
    else if (!walk.maybeCaret(() => [{ kind: "words", words: ["query"] }])) walk.take();
  }
  return queries;
}

function walkQuery(walk: QueryWalk): QueryOutline {
  const { start } = walk.take();
  const name = walk.isKind("word") ? walk.take().text : "";
  if (name === "") walk.maybeCaret(() => []);
  const params = walkParams(walk);
  const scope = new QueryScope(params);
  walkMeta(walk);
  if (walk.maybePunct("{")) walkBody(walk, scope);
  else if (!walk.atQueryEnd() && !walk.isWord("query")) walk.take();
  return { name, params, variables: scope.all, start, end: walk.previousEnd };
}

function walkParams(walk: QueryWalk): Map<string, ParamOutline> {
  const params = new Map<string, ParamOutline>();
  if (!walk.maybePunct("(")) return params;
  while (!walk.atQueryEnd() && !walk.isPunct("{") && !walk.isPunct("@")) {
    if (walk.maybePunct(")")) return params;
    if (walk.maybeCaret(() => [])) continue;
    const token = walk.take();
    if (token.kind !== "variable") continue;
    const typeText = walk.maybePunct(":") ? walkParamType(walk) : "";
    const place = { start: token.start, end: token.end };
    const param = params.get(token.text) ?? { name: token.text, place, typeText };
    params.set(param.name, param);
    walk.mention(token, { kind: "param", param });
  }
  return params;
}

/** Walks a type and gives it as written. */
function walkParamType(walk: QueryWalk): string {
  const { start } = walk.peek();
  const isList = walk.maybePunct("[");
  if (!walk.maybeCaret(() => [{ kind: "scalar_types", forms: isList ? [] : PARAM_TYPES }])) {
    if (!walk.isKind("word")) return "";
    const word = walk.take();
    walk.mention(word, { kind: "builtin", word: word.text });
  }
  if (walk.maybePunct("(")) {
    if (walk.isKind("int")) walk.take();
    walk.maybePunct(")");
  }
  if (isList) walk.maybePunct("]");
  walk.maybePunct("?");
  return walk.source.slice(start, walk.previousEnd).replace(/\s+/g, " ");
}

function walkMeta(walk: QueryWalk): void {
  while (!walk.atQueryEnd() && !walk.isPunct("{")) {
    if (walk.maybeCaret(() => [{ kind: "annotations", names: META, sign: true }])) continue;
    if (!walk.maybePunct("@")) return;
    if (walk.maybeCaret(() => [{ kind: "annotations", names: META, sign: false }])) continue;
    if (walk.isKind("word")) {
      const word = walk.take();
      walk.mention(word, { kind: "builtin", word: `@${word.text}` });
    }
    if (!walk.maybePunct("(")) continue;
    if (walk.isKind("string")) walk.take();
    walk.maybePunct(")");
  }
}

/** What stands between the braces of a query, in whatever order it stands. */
function walkBody(walk: QueryWalk, scope: QueryScope): void {
  let next: readonly string[] = ["match", ...STATEMENTS];
  while (!walk.atQueryEnd()) {
    if (walk.maybePunct("}")) return;
    if (walk.maybeCaret(() => [{ kind: "words", words: next }])) continue;
    const word = walk.take();
    if (word.kind === "punct" && word.text === "{") skipBlock(walk);
    if (word.kind !== "word") continue;
    switch (word.text) {
      case "match":
        if (walk.maybePunct("{")) walkClauses(walk, scope, 0);
        next = ["return"];
        break;
      case "return":
        if (walk.maybePunct("{")) walkProjections(walk, scope);
        next = ["order", "limit"];
        break;
      case "order":
        if (walk.maybePunct("{")) walkOrder(walk, scope);
        next = ["limit"];
        break;
      case "limit":
        if (walk.isKind("int")) walk.take();
        next = [];
        break;
      case "insert":
      case "update":
      case "delete":
        walkStatement(walk, scope, word.text);
        next = STATEMENTS;
        break;
    }
  }
}

/** Leaves a block that means nothing here. */
function skipBlock(walk: QueryWalk): void {
  for (let depth = 1; depth > 0 && !walk.atQueryEnd();) {
    const token = walk.take();
    if (token.kind !== "punct") continue;
    if (token.text === "{") depth++;
    else if (token.text === "}") depth--;
  }
}
