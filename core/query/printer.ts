/**
 * The canonical layout of a `.gq` file: four spaces a level, one clause or statement per line, one blank line between
 * queries and at most one anywhere else. Lists have commas between their items and none at the end. Order, spelling of
 * literals and every comment stay.
 *
 * A block stays on one line when it stood on one, fits in 100 columns, holds no comment and, if it is a match or `not`
 * block, a single clause. Annotations stay on the line of the query's name unless one of them had a line of its own.
 */
import { must } from "../base/assert.ts";
import { placeOf } from "../base/diagnostic.ts";
import type { Token } from "../base/lexer.ts";
import { type Line, writeLines } from "../base/line_writer.ts";
import type { SourceText, Span } from "../base/span.ts";
import { AppError } from "../errors.ts";
import type { ClauseSyntax, QuerySyntax, ReadSyntax, StatementSyntax, TraversalSyntax } from "./ast.ts";
import { parseFile } from "./parser.ts";
import { SourceTokens } from "./source_tokens.ts";

/** Widest line that a block is put on; what cannot be broken may be wider. */
const COLUMNS_MAX = 100;
const INDENT_COLUMNS = 4;

/** Something that is never broken. */
interface Leaf extends Span {
  readonly kind: "leaf";
  readonly text: string;
}

/** Items between brackets. */
interface Block extends Span {
  readonly kind: "block";
  /** What stands before the opening bracket. */
  readonly head: string;
  readonly open: Token;
  readonly items: readonly Item[];
  /** Clauses have no separator. */
  readonly separator: "," | "";
  readonly close: Token;
  /** What stands behind the closing bracket. */
  readonly tail: string;
}

type Item = Leaf | Block;

/**
 * Formats a file. Formatting twice changes nothing more, and every query keeps its meaning. Throws
 * `AppError("parse_error")` with all syntax errors; a file that only breaks rules of the type checker is formatted.
 *
 * @example
 * ```ts
 * import { formatQueries } from "./printer.ts";
 * const text = formatQueries({ path: "a.gq", text: "query q(){match{$p:Port}return{$p.code $p.name}limit 3}" });
 * console.assert(text.split("\n")[2] === "    return { $p.code, $p.name }");
 * ```
 */
export function formatQueries(source: SourceText): string {
  const { queries, diagnostics } = parseFile(source);
  const [first] = diagnostics;
  if (first !== undefined) {
    throw new AppError("parse_error", `${first.message} (${placeOf(first)})`, { diagnostics });
  }
  const tokens = new SourceTokens(source.text);
  return writeLines(source.text, tokens.comments, linesOf(tokens, queries));
}

/** The lines of all queries. */
function* linesOf(tokens: SourceTokens, queries: readonly QuerySyntax[]): Generator<Line> {
  for (const [index, query] of queries.entries()) {
    const { head, open } = headLines(tokens, query);
    yield* head.map((line, at) => ({ ...line, apart: index > 0 && at === 0 }));
    yield* bodyItems(tokens, query, open).flatMap((item) => itemLines(tokens, item, 1));
    yield closing("}", tokens.before(query.end), 0);
  }
}

/** From `query` to the brace that opens the body. */
function headLines(tokens: SourceTokens, query: QuerySyntax): { head: Line[]; open: Token } {
  const paren = tokens.from(query.name.end);
  const params = block(tokens, {
    head: `query ${query.name.text}`,
    start: query.start,
    open: paren,
    items: query.params.map((param) => leaf(tokens, param)),
    separator: ",",
  });
  const { annotations, open } = annotationsBehind(tokens, params.close);
  const isBroken = annotations.some((one) => !tokens.isSameLine(tokens.before(one.start), one));
  const lines = itemLines(tokens, params, 0, annotations.length === 0 ? " {" : "");
  if (isBroken) {
    const own = annotations.map((one) => lineOf(one, 1));
    return { head: [...lines, ...own, closing("{", open, 0)], open };
  }
  const last = must(lines.pop(), "a block has lines");
  const inline = annotations.length === 0 ? "" : ` ${annotations.map((one) => one.text).join(" ")} {`;
  return { head: [...lines, { ...last, text: last.text + inline, end: open.end }], open };
}

/** The annotations of a query, and the brace behind them. */
function annotationsBehind(tokens: SourceTokens, paren: Token): { annotations: Leaf[]; open: Token } {
  const annotations: Leaf[] = [];
  let next = tokens.from(paren.end);
  while (next.text === "@" && next.kind === "punct") {
    const start = next.start;
    // `@`, its name, `(`, a string, `)`
    for (let n = 0; n < 4; n++) next = tokens.from(next.end);
    annotations.push(leaf(tokens, { start, end: next.end }));
    next = tokens.from(next.end);
  }
  return { annotations, open: next };
}

/** The sections of a read, or the statements of a mutation. */
function bodyItems(tokens: SourceTokens, { body }: QuerySyntax, open: Token): Item[] {
  if (body.kind === "mutation") return body.statements.map((one) => statementItem(tokens, one));
  return readItems(tokens, body, open);
}

function readItems(tokens: SourceTokens, body: ReadSyntax, brace: Token): Item[] {
  const items: Item[] = [];
  /** The section at the word behind what was read last. */
  const section = (after: Span, parts: readonly Item[], separator: Block["separator"]) => {
    const word = tokens.from(after.end);
    const open = tokens.from(word.end);
    const made = block(tokens, { head: word.text, start: word.start, open, items: parts, separator });
    items.push(made);
    return made;
  };
  const leaves = (spans: readonly Span[]) => spans.map((span) => leaf(tokens, span));
  let last = section(brace, body.match.map((clause) => clauseItem(tokens, clause)), "");
  last = section(last, leaves(body.returns), ",");
  if (body.order.length > 0) last = section(last, leaves(body.order), ",");
  if (body.limit !== null) {
    const word = tokens.from(last.end);
    items.push(leaf(tokens, { start: word.start, end: tokens.from(word.end).end }));
  }
  return items;
}

function clauseItem(tokens: SourceTokens, clause: ClauseSyntax): Item {
  switch (clause.kind) {
    case "not": {
      const { start } = clause;
      const items = clause.clauses.map((one) => clauseItem(tokens, one));
      return block(tokens, { head: "not", start, open: openBefore(tokens, items), items, separator: "" });
    }
    case "binding": {
      if (clause.matches.length === 0) return leaf(tokens, clause);
      return assignmentBlock(tokens, clause, clause.matches);
    }
    case "traversal":
      return { kind: "leaf", text: traversalText(clause), start: clause.start, end: clause.end };
    case "filter":
    case "textsearch":
      return leaf(tokens, clause);
  }
}

function statementItem(tokens: SourceTokens, statement: StatementSyntax): Item {
  if (statement.kind === "delete") return leaf(tokens, statement);
  return assignmentBlock(tokens, statement, statement.assignments);
}

/** `head { a: 1, b: 2 } tail` */
function assignmentBlock(tokens: SourceTokens, whole: Span, assignments: readonly Span[]): Block {
  const items = assignments.map((one) => leaf(tokens, one));
  const open = openBefore(tokens, items);
  const head = tokens.text({ start: whole.start, end: open.start });
  return block(tokens, { head, start: whole.start, open, items, separator: ",", end: whole.end });
}

/** `$a $w:<edge>{1,2} $b` */
function traversalText({ left, edgeVariable, edge, undirected, hops, right }: TraversalSyntax): string {
  const variable = edgeVariable === null ? "" : `$${edgeVariable.text}:`;
  const word = undirected ? `<${edge.text}>` : edge.text;
  const bounds = hops === null ? "" : `{${hops.min},${hops.max ?? ""}}`;
  return `$${left.text} ${variable}${word}${bounds} $${right.text}`;
}

function leaf(tokens: SourceTokens, { start, end }: Span): Leaf {
  return { kind: "leaf", text: tokens.text({ start, end }), start, end };
}

/** A block whose closing bracket and tail are found in the source; it ends with the bracket unless `end` says otherwise. */
function block(
  tokens: SourceTokens,
  parts: Pick<Block, "head" | "start" | "open" | "items" | "separator"> & { readonly end?: number },
): Block {
  let close = tokens.from(parts.items.at(-1)?.end ?? parts.open.end);
  if (close.kind === "punct" && close.text === ",") close = tokens.from(close.end);
  const end = parts.end ?? close.end;
  return { kind: "block", ...parts, close, tail: tokens.text({ start: close.end, end }), end };
}

/** The bracket in front of the first of some items. */
function openBefore(tokens: SourceTokens, items: readonly Item[]): Token {
  return tokens.before(must(items[0], "blocks are never empty").start);
}

/** The lines of an item, the last one with what follows the item. */
function itemLines(tokens: SourceTokens, item: Item, depth: number, suffix = ""): Line[] {
  if (item.kind === "leaf") return [lineOf({ ...item, text: item.text + suffix }, depth)];
  const flat = isFlat(tokens, item) ? flatText(item) + suffix : null;
  if (flat !== null && depth * INDENT_COLUMNS + flat.length <= COLUMNS_MAX) {
    return [lineOf({ text: flat, start: item.start, end: item.end }, depth)];
  }
  const { head, open, items, close, tail } = item;
  const space = open.text === "{" ? " " : "";
  return [
    lineOf({ text: head + space + open.text, start: item.start, end: open.end }, depth),
    ...items.flatMap((one, at) =>
      itemLines(tokens, one, depth + 1, at === items.length - 1 ? "" : item.separator)
    ),
    closing((tail === "" ? close.text : `${close.text} ${tail}`) + suffix, {
      start: close.start,
      end: item.end,
    }, depth),
  ];
}

/** Whether a block may stand on one line if it is short enough. */
function isFlat(tokens: SourceTokens, item: Item): boolean {
  if (item.kind === "leaf" || item.items.length === 0) return true;
  if (item.separator === "" && item.items.length > 1) return false;
  if (!tokens.isPlainLine({ start: item.open.start, end: item.close.end })) return false;
  return item.items.every((one) => isFlat(tokens, one));
}

function flatText(item: Item): string {
  if (item.kind === "leaf") return item.text;
  const inside = item.items.map(flatText).join(`${item.separator} `);
  const text = item.open.text === "{" ? `${item.head} { ${inside} }` : `${item.head}(${inside})`;
  return item.tail === "" ? text : `${text} ${item.tail}`;
}

function lineOf({ text, start, end }: Omit<Leaf, "kind">, depth: number): Line {
  return { text, start, end, depth, closes: false, apart: false };
}

function closing(text: string, { start, end }: Span, depth: number): Line {
  return { text, start, end, depth, closes: true, apart: false };
}
