/** The tokens of a `.gq` text by place: what a formatter needs beside the syntax tree. */
import { must } from "../base/assert.ts";
import { type Comment, type Token, tokenize } from "../base/lexer.ts";
import type { Span } from "../base/span.ts";
import { PUNCTUATION } from "./token_reader.ts";

const NO_SPACE_BEFORE = new Set([",", ")", "]", "(", ".", ":", "?"]);
const NO_SPACE_AFTER = new Set(["(", "[", ".", "@"]);

/** Look-ups by offset into one text. Spans must start and end where tokens do. */
export class SourceTokens {
  /** All comments, in source order. */
  readonly comments: readonly Comment[];
  readonly #source: string;
  readonly #tokens: readonly Token[];

  constructor(source: string) {
    this.#source = source;
    this.#tokens = tokenize(source, PUNCTUATION);
    this.comments = this.#tokens.flatMap((token) => token.comments);
  }

  /** The first token at or behind an offset. */
  from(offset: number): Token {
    return must(this.#tokens[this.#indexFrom(offset)], "the token list ends with `end`");
  }

  /** The last token that starts before an offset. */
  before(offset: number): Token {
    return must(this.#tokens[this.#indexFrom(offset) - 1], "a token stands before what is inside a query");
  }

  /** The tokens of a span. */
  of({ start, end }: Span): readonly Token[] {
    return this.#tokens.slice(this.#indexFrom(start), this.#indexFrom(end));
  }

  /** A span on one line, spaced the usual way; comments are left out, literals stay as they are spelled. */
  text(span: Span): string {
    let text = "";
    let previous: Token | null = null;
    for (const token of this.of(span)) {
      if (previous !== null && spaced(previous, token)) text += " ";
      text += this.#source.slice(token.start, token.end);
      previous = token;
    }
    return text;
  }

  /** Whether a span lies on one line and no comment starts in it. */
  isPlainLine({ start, end }: Span): boolean {
    if (this.#source.slice(start, end).includes("\n")) return false;
    const next = this.comments[lowerBound(this.comments, start)];
    return next === undefined || next.start >= end;
  }

  /** Whether no line breaks between two neighbours. */
  isSameLine(left: Span, right: Span): boolean {
    return !this.#source.slice(left.end, right.start).includes("\n");
  }

  #indexFrom(offset: number): number {
    return lowerBound(this.#tokens, offset);
  }
}

/** Whether a space stands between two tokens; hop bounds, edge variables and `<edge>` are not printed this way. */
function spaced(left: Token, right: Token): boolean {
  if (left.kind === "punct" && NO_SPACE_AFTER.has(left.text)) return false;
  return right.kind !== "punct" || !NO_SPACE_BEFORE.has(right.text);
}

/** Index of the first span that starts at or behind an offset. */
function lowerBound(spans: readonly Span[], offset: number): number {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle]!.start < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
