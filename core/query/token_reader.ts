/**
 * A cursor over the tokens of a `.gq` text, with the small readers that every production is made of. `maybe…` may
 * decline, `expect…` and the named readers fail with a {@linkcode SyntaxFailure} that the query loop turns into a
 * diagnostic.
 */
import { must } from "../base/assert.ts";
import { type Token, tokenize } from "../base/lexer.ts";
import { NESTING_MAX } from "../base/limits.ts";
import type { Span } from "../base/span.ts";
import { didYouMean, nearestName } from "../base/suggest.ts";
import type { Name } from "./ast.ts";
import { habitHelp } from "./habits.ts";

/** The single punctuation characters of the language, as the lexer wants them. */
export const PUNCTUATION = "(){}[]:,.?@=<>";
const I64_MAX = 2n ** 63n - 1n;

/** One syntax error; never leaves the parser. */
export class SyntaxFailure extends Error {
  override readonly name = "SyntaxFailure";
  readonly span: Span;
  readonly help: string | undefined;
  /** Whether somebody who caught it has noted it and let it pass on. */
  isRecorded = false;

  constructor(message: string, span: Span, help?: string) {
    super(message);
    this.span = span;
    this.help = help;
  }
}

/** How the items of a list stand beside each other; see {@linkcode TokenReader.items}. */
export interface ListShape {
  readonly close: "}" | ")";
  /** Whether an item may start at the current token. */
  readonly starts: () => boolean;
  /** Whether the current token stands behind the list for sure, whatever braces are open. */
  readonly ends: () => boolean;
}

/** See the head of this file. */
export class TokenReader {
  /** The mistakes so far, in the order in which they were met. */
  readonly failures: SyntaxFailure[] = [];
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;
  /** Opened braces less closed ones, before the current token; parentheses likewise. */
  #braces = 0;
  #parens = 0;
  #failed = 0;
  /** `#failed` at the start of the current query. */
  #failedBefore = 0;
  /** A failure up to this token is an echo of the mistake that reading has just recovered from. */
  #quietUntil = -1;

  constructor(text: string) {
    this.#text = text;
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
    if (token.kind === "end") return token;
    if (token.kind === "punct") this.#count(token.text);
    this.#next++;
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
    this.take();
    return true;
  }

  maybeWord(text: string): boolean {
    if (!this.isWord(text)) return false;
    this.take();
    return true;
  }

  expectPunct(text: string, help?: string): Token {
    return this.isPunct(text) ? this.take() : this.fail(`\`${text}\``, help);
  }

  /** Takes the word or fails; `help` is for words that are not a misspelling of it. */
  expectWord(text: string, help?: string): Token {
    if (this.isWord(text)) return this.take();
    return this.fail(`\`${text}\``, this.nearWord([text]) ?? help);
  }

  /** `did you mean …?`, when the current token is a word near one of these. */
  nearWord(words: readonly string[]): string | undefined {
    const token = this.peek();
    return token.kind === "word" ? didYouMean(token.text, words) : undefined;
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
    if (token.kind === "error") throw new SyntaxFailure(token.text, token, habitHelp(token.text));
    const end = this.#tokens[this.#next - 1]?.end ?? 0;
    throw new SyntaxFailure(
      `expected ${expected}, found ${describe(token)}`,
      // What is missing at the end is missing behind the last token, not behind the blanks that follow it.
      token.kind === "end" ? { start: end, end } : token,
      help ?? this.#hint(token),
    );
  }

  #hint(token: Token): string | undefined {
    const hint = habitHelp(token.text);
    if (hint !== undefined) return hint;
    const previous = this.#tokens[this.#next - 1];
    const isLong = previous?.kind === "string" &&
      this.#text.slice(previous.start, previous.end).includes("\n");
    return isLong ? "the text before this runs over several lines: is a quote missing?" : undefined;
  }

  /** How often reading failed, echoes included. */
  get failed(): number {
    return this.#failed;
  }

  /** Records a mistake at the current token and stays there. */
  report(expected: string): void {
    try {
      this.fail(expected);
    } catch (failure) {
      if (!(failure instanceof SyntaxFailure)) throw failure;
      this.#record(failure);
    }
  }

  /** Reads a whole query; after a mistake that could not be limited to a part of it, null and the next query. */
  query<T>(read: () => T): T | null {
    this.#failedBefore = this.#failed;
    const start = this.#next;
    try {
      return read();
    } catch (failure) {
      if (!(failure instanceof SyntaxFailure)) throw failure;
      this.#record(failure);
      this.#depth = 0;
      if (this.#next === start) this.#next++;
      while (this.peek().kind !== "end" && !this.#startsQuery()) this.#next++;
      return null;
    }
  }

  /**
   * Reads items up to the sign that closes their list, which is left to the caller. A mistake costs one item: reading
   * goes on where `starts` holds, outside of braces that the item opened. Where `ends` holds, the closing sign is
   * missing and the list is over. When neither comes before the next query, the mistake ends what is around the list.
   */
  items<T>(shape: ListShape, read: () => T): T[] {
    const items: T[] = [];
    for (;;) {
      const start = this.#next;
      const depth = this.#depth;
      const open = { braces: this.#braces, parens: this.#parens };
      try {
        items.push(read());
      } catch (failure) {
        if (!(failure instanceof SyntaxFailure)) throw failure;
        this.#record(failure);
        this.#depth = depth;
        if (!this.#skipItem(shape, start, open)) throw failure;
        this.#quietUntil = this.#next + (this.isPunct(shape.close) ? 1 : 0);
        this.#braces = open.braces;
        this.#parens = open.parens;
        if (shape.ends()) return items;
      }
      if (this.isPunct(shape.close)) return items;
    }
  }

  /** Whether the current token is the first of its line. */
  startsLine(): boolean {
    const previous = this.#tokens[this.#next - 1];
    return previous === undefined || this.#text.slice(previous.end, this.peek().start).includes("\n");
  }

  /** Whether the token before the current one is a comma. */
  isAfterComma(): boolean {
    return this.isPunct(",", -1);
  }

  #skipItem(
    { starts, ends, close }: ListShape,
    start: number,
    open: { braces: number; parens: number },
  ): boolean {
    for (; this.peek().kind !== "end" && !this.#startsQuery(); this.take()) {
      if (ends()) return true;
      if (this.#braces !== open.braces) continue;
      // A brace closes the block even when a parenthesis in it was left open.
      const isBalanced = this.#parens === open.parens;
      if (this.isPunct(close) && (isBalanced || close === "}")) return true;
      if (isBalanced && this.#next > start && starts()) return true;
    }
    return false;
  }

  #count(sign: string): void {
    if (sign === "{") this.#braces++;
    else if (sign === "}") this.#braces--;
    else if (sign === "(") this.#parens++;
    else if (sign === ")") this.#parens--;
  }

  #startsQuery(): boolean {
    if (this.isWord("query") && this.isIdent(1) && this.isPunct("(", 2)) return true;
    if (!this.startsLine() || this.peek().kind !== "word" || this.peek(1).kind !== "word") return false;
    // A misspelled start of a query; nothing else that is well-formed begins a line like this.
    if (this.isWord("query")) return this.isPunct("(", 2) || this.isPunct("{", 2) || this.isPunct("@", 2);
    return this.isPunct("(", 2) && nearestName(this.peek().text, ["query"]) !== null;
  }

  #record(failure: SyntaxFailure): void {
    if (failure.isRecorded) return;
    failure.isRecorded = true;
    const isFirst = this.#failed++ === this.#failedBefore;
    if (isFirst || !this.#isEcho()) this.failures.push(failure);
  }

  /** What fails where reading has just resumed, or lacks the end of a query with mistakes, says nothing new. */
  #isEcho(): boolean {
    return this.#next <= this.#quietUntil || this.peek().kind === "end" || this.#startsQuery();
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
