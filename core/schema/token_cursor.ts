/**
 * A position in the tokens of one `.pg` file, and the syntax errors found so far. The parser moves it forward; after a
 * mistake the `skipTo…` methods find the next place where a declaration or a line of a body starts.
 */
import type { Diagnostic } from "../base/diagnostic.ts";
import { must } from "../base/assert.ts";
import { DIAGNOSTICS_MAX, SOURCE_CHARS_MAX } from "../base/limits.ts";
import { invisibleHelp, type Token, tokenize, type TokenKind } from "../base/lexer.ts";
import { LineIndex, type SourceText, type Span } from "../base/span.ts";

/** Single-character signs of the language. */
export const PUNCTUATION = "{}()[]:,@?*-=";

/** Words that start a declaration when a type name follows. */
export const TOP_LEVEL = ["interface", "node", "edge"] as const;
/** Annotation words that start a constraint when `(` follows. */
export const CONSTRAINT_WORDS = ["key", "unique", "index", "range", "check"] as const;

const TYPE_NAME = /^[A-Z][A-Za-z0-9_]*$/;
const IDENT = /^[a-z_][A-Za-z0-9_]*$/;

/** Unwinds the parser from a mistake to the nearest place that can go on; never leaves the parser. */
export class SyntaxFailure extends Error {
  readonly diagnostic: Diagnostic;

  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message);
    this.diagnostic = diagnostic;
  }
}

/** What to write instead of a character that the language does not have. */
const LEXICAL_HELP: ReadonlyMap<string, string> = new Map([
  ["unterminated comment", "close it with `*/`"],
  ["unterminated string", 'close it with `"`'],
  ["unexpected character `;`", "properties and declarations are separated by spaces or line breaks"],
  ["unexpected character `'`", "text is written in double quotes"],
  ["unexpected character `<`", "a list type is written `[String]`"],
]);

/** See the module comment. */
export class TokenCursor {
  readonly source: SourceText;
  readonly diagnostics: Diagnostic[] = [];
  #tokens: readonly Token[] = [];
  #at = 0;
  #lines: LineIndex | null = null;

  constructor(source: SourceText) {
    this.source = source;
    const tooLong = source.text.length > SOURCE_CHARS_MAX;
    if (tooLong) {
      const message =
        `the file has ${source.text.length} characters, at most ${SOURCE_CHARS_MAX} are allowed`;
      this.report({ start: 0, end: 0 }, message);
    }
    this.#tokens = this.#readable(tokenize(tooLong ? "" : source.text, PUNCTUATION));
    this.#at = 0;
  }

  /** The token `ahead` places from here; the end token repeats. */
  peek(ahead = 0): Token {
    return must(this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)], "the end token exists");
  }

  /** End offset of the token before this one. */
  get previousEnd(): number {
    return this.#at === 0 ? 0 : this.peek(-1).end;
  }

  /** The 1-based line of an offset. */
  lineOf(offset: number): number {
    this.#lines ??= new LineIndex(this.source.text);
    return this.#lines.lineOf(offset);
  }

  /** Takes the current token, whatever it is. */
  advance(): Token {
    const token = this.peek();
    if (token.kind !== "end") this.#at++;
    return token;
  }

  atEnd(): boolean {
    return this.peek().kind === "end";
  }

  at(punctuation: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === "punct" && token.text === punctuation;
  }

  atWord(word: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === "word" && token.text === word;
  }

  atTypeName(ahead = 0): boolean {
    return this.peek(ahead).kind === "word" && TYPE_NAME.test(this.peek(ahead).text);
  }

  atIdent(ahead = 0): boolean {
    return this.peek(ahead).kind === "word" && IDENT.test(this.peek(ahead).text);
  }

  /** Whether a declaration starts here: a keyword and a name of either case. `node: String` is a property. */
  atDeclaration(): boolean {
    return TOP_LEVEL.some((word) => this.atWord(word)) && this.peek(1).kind === "word";
  }

  /** Whether a constraint starts here: `@key(` and its kin. */
  atConstraint(): boolean {
    return this.at("@") && CONSTRAINT_WORDS.some((word) => this.atWord(word, 1)) && this.at("(", 2);
  }

  /** Takes the punctuation if it is next. */
  maybe(punctuation: string): boolean {
    if (!this.at(punctuation)) return false;
    this.advance();
    return true;
  }

  /** Takes the punctuation or fails; `where` completes "expected `x` …". */
  expect(punctuation: string, where: string, help?: string): Token {
    if (!this.at(punctuation)) this.fail(`expected \`${punctuation}\` ${where}`, help);
    return this.advance();
  }

  /** Takes a token of the kind or fails; `what` completes "expected …". */
  expectKind(kind: TokenKind, what: string, help?: string): Token {
    if (this.peek().kind !== kind) this.fail(`expected ${what}`, help);
    return this.advance();
  }

  /** Whether nothing, not even a space, separates this token from the previous one. */
  touchesPrevious(): boolean {
    return this.#at > 0 && this.peek().start === this.previousEnd;
  }

  /**
   * Fails in the middle of something with "`expected`, found …". Where the rest of the line is missing, the place is the
   * end of that line and not what happens to stand on the next one.
   */
  fail(expected: string, help?: string): never {
    const token = this.peek();
    if (token.kind === "error" || !this.startsLine()) return this.failHere(expected, help);
    const end = this.previousEnd;
    const found = token.kind === "end" ? this.show(token) : "the end of the line";
    this.failAt({ start: end, end }, `${expected}, found ${found}`, help);
  }

  /** Fails at the current token with "`expected`, found …", or with what the lexer says about it. */
  failHere(expected: string, help?: string): never {
    const token = this.peek();
    if (token.kind === "error") this.failAt(token, token.text, LEXICAL_HELP.get(token.text));
    this.failAt(token, `${expected}, found ${this.show(token)}`, help);
  }

  /** Fails at a place with a whole sentence. */
  failAt(span: Span, message: string, help?: string): never {
    throw new SyntaxFailure(this.#diagnostic(span, message, help));
  }

  /** Records an error and goes on. */
  report(span: Span, message: string, help?: string): void {
    this.record(this.#diagnostic(span, message, help));
  }

  /** Records a made diagnostic. Past {@linkcode DIAGNOSTICS_MAX} the rest of the file is given up. */
  record(diagnostic: Diagnostic): void {
    if (this.diagnostics.length < DIAGNOSTICS_MAX) this.diagnostics.push(diagnostic);
    else this.#at = this.#tokens.length - 1;
  }

  /** How a message names a token. */
  show(token: Token): string {
    if (token.kind === "end") return "the end of the file";
    if (token.kind === "string") return "a string";
    return `\`${this.source.text.slice(token.start, token.end)}\``;
  }

  /** Skips to the next declaration, or to the end. */
  skipToDeclaration(): void {
    while (!this.atEnd() && !this.#startsLineWith(() => this.atDeclaration())) this.advance();
  }

  /** Skips the rest of a broken head: to its `{`, the next declaration or the end. */
  skipToBody(): void {
    while (!this.atEnd() && !this.at("{") && !this.#startsLineWith(() => this.atDeclaration())) {
      this.advance();
    }
  }

  /**
   * Skips the rest of a broken line in a body: to the next property or constraint line, `}`, declaration or end. Braces
   * opened on the way, which no body has, are skipped with what they hold.
   */
  skipToBodyLine(): void {
    const starts = () =>
      this.atDeclaration() || this.atConstraint() || (this.peek().kind === "word" && this.at(":", 1));
    let open = 0;
    while (!this.atEnd() && (open > 0 || !this.at("}")) && !this.#startsLineWith(starts)) {
      if (this.at("{")) open++;
      else if (this.at("}")) open--;
      this.advance();
    }
  }

  /** Whether the current token is the first of its line. */
  startsLine(): boolean {
    return this.source.text.slice(this.previousEnd, this.peek().start).includes("\n") || this.atEnd();
  }

  #startsLineWith(starts: () => boolean): boolean {
    return starts() && this.startsLine();
  }

  /**
   * Reports what the lexer could not read and the parser need not see: bad escapes, whose string stays a string, lines
   * that were meant as comments, and invisible characters, which were meant as blanks. Other errors stay among the tokens, where they are met like any wrong token.
   */
  #readable(tokens: readonly Token[]): Token[] {
    const readable: Token[] = [];
    let skipUntil = 0;
    for (const token of tokens) {
      if (token.start < skipUntil && token.kind !== "end") continue;
      const first = token.kind === "error" ? this.source.text[token.start] : "";
      if (first === "#") {
        this.report(token, token.text, "comments start with `//`");
        const lineEnd = this.source.text.indexOf("\n", token.start);
        skipUntil = lineEnd === -1 ? this.source.text.length : lineEnd;
      } else if (first === '"' && token.text.startsWith("unsupported escape")) {
        this.report(token, token.text, 'the escapes are `\\"`, `\\\\`, `\\n`, `\\r` and `\\t`');
        readable.push({ ...token, kind: "string", text: "" });
      } else if (token.kind === "error" && invisibleHelp(token.text) !== undefined) {
        this.report(token, token.text, invisibleHelp(token.text));
      } else readable.push(token);
    }
    return readable;
  }

  #diagnostic(span: Span, message: string, help?: string): Diagnostic {
    return {
      code: "parse_error",
      severity: "error",
      message: `parse error: ${message}`,
      path: this.source.path,
      span: { start: span.start, end: span.end },
      source: this.source,
      ...(help === undefined ? {} : { help }),
    };
  }
}
