/**
 * A cursor over the tokens of a text that is being typed. Nothing here fails: productions take what is there. In place
 * of the word under the caret, if there is one, stands a token of kind `caret`; a walk that arrives at it has found
 * what may be written there.
 */
import { must } from "../base/assert.ts";
import { type Comment, type Token, tokenize } from "../base/lexer.ts";
import type { Span } from "../base/span.ts";

/** A token, or the caret with the part of the word before it as text. */
export interface WalkToken extends Span {
  readonly kind: Token["kind"] | "caret";
  readonly text: string;
}

/** See the head of this file. */
export class TokenWalk {
  readonly source: string;
  readonly #tokens: readonly WalkToken[];
  #at = 0;

  constructor(source: string, tokens: readonly WalkToken[]) {
    this.source = source;
    this.#tokens = tokens;
  }

  /** The token `ahead` places from here; the last one is `end`. */
  peek(ahead = 0): WalkToken {
    return must(this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)], "the end token exists");
  }

  /** End offset of the last taken token. */
  get previousEnd(): number {
    return this.#at === 0 ? 0 : must(this.#tokens[this.#at - 1], "a token was taken").end;
  }

  /** How many tokens were taken: tells whether a production moved. */
  get position(): number {
    return this.#at;
  }

  take(): WalkToken {
    const token = this.peek();
    if (token.kind !== "end") this.#at++;
    return token;
  }

  isKind(kind: WalkToken["kind"], ahead = 0): boolean {
    return this.peek(ahead).kind === kind;
  }

  isPunct(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === "punct" && token.text === text;
  }

  isWord(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === "word" && token.text === text;
  }

  /** Whether a word that starts with a capital letter stands there. */
  isTypeName(ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === "word" && /^[A-Z]/.test(token.text);
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

  /** Whether a line break separates the current token from the previous one. */
  startsLine(): boolean {
    return this.source.slice(this.previousEnd, this.peek().start).includes("\n");
  }
}

/** Tokens of a text, without a caret. */
export function plainTokens(source: string, punctuation: string): readonly WalkToken[] {
  return tokenize(source, punctuation);
}

/**
 * Tokens of a text with the caret in place; null when it stands in a comment or a number. Inside a string the caret takes
 * its place, because the whole string may be one of a few.
 */
export function tokensWithCaret(
  source: string,
  punctuation: string,
  offset: number,
): { readonly tokens: readonly WalkToken[]; readonly caret: WalkToken } | null {
  const tokens = tokenize(source, punctuation);
  const at = tokens.findIndex((token) => token.end >= offset);
  const touched = must(tokens[at], "the end token ends the text");
  if (touched.comments.some((comment) => isInside(comment, offset))) return null;
  if (touched.start >= offset) return insertCaret(tokens, at, offset);
  const isBehind = touched.end === offset && (touched.kind === "punct" || touched.kind === "string");
  if (isBehind) return insertCaret(tokens, at + 1, offset);
  const isReplaced = ["word", "variable", "string"].includes(touched.kind) || source[touched.start] === "$";
  if (!isReplaced) return null;
  const { start, end } = touched;
  const caret: WalkToken = { kind: "caret", start, end, text: source.slice(start, offset) };
  return { tokens: [...tokens.slice(0, at), caret, ...tokens.slice(at + 1)], caret };
}

function insertCaret(tokens: readonly WalkToken[], at: number, offset: number) {
  const caret: WalkToken = { kind: "caret", start: offset, end: offset, text: "" };
  return { tokens: [...tokens.slice(0, at), caret, ...tokens.slice(at)], caret };
}

/** Behind a line comment its line goes on. */
function isInside(comment: Comment, offset: number): boolean {
  if (offset <= comment.start) return false;
  return offset < comment.end || (offset === comment.end && comment.text.startsWith("//"));
}
