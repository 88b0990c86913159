/**
 * A cursor over the tokens of a `.gq` text, with the small readers that every production is made of. `maybe…` may
 * decline, `expect…` and the named readers fail with a {@linkcode SyntaxFailure} that the query loop turns into a
 * diagnostic.
 */
import { must } from "../base/assert.ts";
import { type Token, tokenize } from "../base/lexer.ts";
import { NESTING_MAX } from "../base/limits.ts";
import type { Span } from "../base/span.ts";
import type { Name } from "./ast.ts";

/** The single punctuation characters of the language, as the lexer wants them. */
export const PUNCTUATION = "(){}[]:,.?@=<>";
const I64_MAX = 2n ** 63n - 1n;

/** One syntax error; never leaves the parser. */
export class SyntaxFailure extends Error {
  override readonly name = "SyntaxFailure";
  readonly span: Span;
  readonly help: string | undefined;

  constructor(message: string, span: Span, help?: string) {
    super(message);
    this.span = span;
    this.help = help;
  }
}

/** What people write out of habit, and what to write instead. */
const HINTS: ReadonlyMap<string, string> = new Map([
  ["unexpected character `-`", "there are no negative literals: pass the number as a parameter"],
  ["unexpected character `#`", "comments start with `//`"],
  ["unexpected character `'`", "strings are written in double quotes"],
  ["null", "there is no `null` literal: pass null through a nullable parameter"],
  ["where", "filters are clauses of the match block"],
  ["and", "clauses are joined by writing them one after another"],
  ["offset", "there is no offset: pass the last seen key as a parameter and filter on it"],
  ["skip", "there is no offset: pass the last seen key as a parameter and filter on it"],
]);

/** See the head of this file. */
export class TokenReader {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(text: string) {
    this.#tokens = tokenize(text, PUNCTUATION);
  }

  /** The token `ahead` places after the current one; the last token is `end`. */
  peek(ahead = 0): Token {
    const last = this.#tokens.length - 1;
    return must(this.#tokens[Math.min(this.#next + ahead, last)], "the token list ends with `end`");
  }

  /** Consumes the current token. */
  take(): Token {
    const token = this.peek();
    if (token.kind !== "end") this.#next++;
    return token;
  }

  /** Whether the token `ahead` is this punctuation. */
  isPunct(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === "punct" && token.text === text;
  }

  /** Whether the token `ahead` is this word. */
  isWord(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === "word" && token.text === text;
  }

  /** Whether the token `ahead` can be an `ident`: a word that starts with a lower-case letter or `_`. */
  isIdent(ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === "word" && !startsUpper(token.text);
  }

  /** Whether the word `text` and an opening parenthesis come next. */
  isCall(text: string): boolean {
    return this.isWord(text) && this.isPunct("(", 1);
  }

  maybePunct(text: string): boolean {
    if (!this.isPunct(text)) return false;
    this.#next++;
    return true;
  }

  maybeWord(text: string): boolean {
    if (!this.isWord(text)) return false;
    this.#next++;
    return true;
  }

  expectPunct(text: string): Token {
    return this.isPunct(text) ? this.take() : this.fail(`\`${text}\``);
  }

  expectWord(text: string): Token {
    return this.isWord(text) ? this.take() : this.fail(`\`${text}\``);
  }

  ident(what: string): Name {
    return this.isIdent() ? this.#name() : this.fail(what);
  }

  typeName(what: string): Name {
    const token = this.peek();
    return token.kind === "word" && startsUpper(token.text) ? this.#name() : this.fail(what);
  }

  word(what: string): Name {
    return this.peek().kind === "word" ? this.#name() : this.fail(what);
  }

  variable(what: string): Name {
    return this.peek().kind === "variable" ? this.#name() : this.fail(what);
  }

  string(what: string): string {
    return this.peek().kind === "string" ? this.take().text : this.fail(what);
  }

  /** An integer literal; it must fit I64. */
  int(what: string): bigint {
    const token = this.peek();
    if (token.kind !== "int") return this.fail(what);
    // Nineteen digits decide; more are not worth a long conversion.
    const value = token.text.replace(/^0+/, "").length > 19 ? null : BigInt(token.text);
    if (value === null || value > I64_MAX) throw new SyntaxFailure("integer literal does not fit I64", token);
    this.take();
    return value;
  }

  /** A float literal, which is the current token; it must be finite. */
  float(): number {
    const token = this.take();
    const value = Number(token.text);
    if (!Number.isFinite(value)) throw new SyntaxFailure("float literal does not fit F64", token);
    return value;
  }

  /** Reads something that may contain itself, within the nesting limit. */
  nested<T>(read: () => T): T {
    if (++this.#depth > NESTING_MAX) {
      throw new SyntaxFailure(`nesting exceeds ${NESTING_MAX} levels`, this.peek());
    }
    const value = read();
    this.#depth--;
    return value;
  }

  /** The span from `start` to the end of the last consumed token. */
  spanFrom(start: Span): Span {
    const last = this.#tokens[this.#next - 1];
    return { start: start.start, end: last === undefined ? start.end : Math.max(last.end, start.start) };
  }

  /** Fails at the current token. */
  fail(expected: string, help?: string): never {
    const token = this.peek();
    if (token.kind === "error") throw new SyntaxFailure(token.text, token, HINTS.get(token.text));
    throw new SyntaxFailure(
      `expected ${expected}, found ${describe(token)}`,
      token,
      help ?? HINTS.get(token.text),
    );
  }

  /** Moves on to the next token that starts a query declaration, or to the end. */
  skipToQuery(): void {
    this.#depth = 0;
    const startsQuery = () => this.isWord("query") && this.isIdent(1) && this.isPunct("(", 2);
    while (this.peek().kind !== "end" && !startsQuery()) this.#next++;
  }

  #name(): Name {
    const { start, end, text } = this.take();
    return { start, end, text };
  }
}

function startsUpper(text: string): boolean {
  return text >= "A" && text < "[";
}

function describe(token: Token): string {
  switch (token.kind) {
    case "end":
      return "the end of the text";
    case "string":
      return "a string";
    case "variable":
      return `\`$${token.text}\``;
    default:
      return `\`${token.text}\``;
  }
}
