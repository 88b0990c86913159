/**
 * Tokens shared by the schema language (`.pg`) and the query language (`.gq`): words, numbers, strings, variables and
 * punctuation, each with its span. The lexer never fails: what it cannot read becomes an `error` token, so that a
 * parser can report it and go on.
 */
import type { Span } from "./span.ts";

/** Kinds of tokens. `word` covers identifiers, type names and keywords. */
export type TokenKind = "word" | "variable" | "int" | "float" | "string" | "punct" | "error" | "end";

/** One token. */
export interface Token extends Span {
  readonly kind: TokenKind;
  /** Source text; for strings the decoded value, for variables the name without `$`, for errors the reason. */
  readonly text: string;
  /** Comments between the previous token and this one, with their markers. */
  readonly comments: readonly Comment[];
}

/** A `//` or block comment. */
export interface Comment extends Span {
  readonly text: string;
}

const WORD_START = /[A-Za-z_]/;
const WORD = /[A-Za-z0-9_]+/y;
const NUMBER = /[0-9]+(?:\.[0-9]+)?/y;
const BLANK = /[ \t\r\n]+/y;
const TWO = new Set(["->", "..", ">=", "<=", "!="]);
const NO_COMMENTS: readonly Comment[] = [];

/**
 * Splits `source` into tokens; the last one is `end`. Linear in the length of the source. `punctuation` lists the
 * single characters the language knows; two-character signs are `->`, `..`, `>=`, `<=`, `!=`.
 */
export function tokenize(source: string, punctuation: string): Token[] {
  const tokens: Token[] = [];
  let comments: Comment[] = [];
  let at = 0;
  let openEnd: number | null = null;
  const push = (kind: TokenKind, start: number, end: number, text = source.slice(start, end)) => {
    tokens.push({ kind, start, end, text, comments: comments.length === 0 ? NO_COMMENTS : comments });
    if (comments.length > 0) comments = [];
    at = end;
  };
  while (at < source.length) {
    const blank = matchAt(BLANK, source, at);
    if (blank > at) {
      at = blank;
      continue;
    }
    const char = source[at]!;
    if (char === "/" && (source[at + 1] === "/" || source[at + 1] === "*")) {
      const block = source[at + 1] === "*";
      const close = source.indexOf(block ? "*/" : "\n", at + 2);
      if (block && close === -1) {
        push("error", at, source.length, "unterminated comment");
        continue;
      }
      const end = close === -1 ? source.length : block ? close + 2 : close;
      comments.push({ start: at, end, text: source.slice(at, end).replace(/\r$/, "") });
      at = end;
    } else if (WORD_START.test(char)) push("word", at, matchAt(WORD, source, at));
    else if (char >= "0" && char <= "9") {
      const end = matchAt(NUMBER, source, at);
      push(source.slice(at, end).includes(".") ? "float" : "int", at, end);
    } else if (char === '"') {
      const isOpen = readString(source, at, openEnd ?? source.indexOf("\n", at), push);
      // Only the first one ends with its line: looking for the quote of each would read the rest again and again.
      if (isOpen) openEnd = -1;
    } else if (char === "$") {
      const end = matchAt(WORD, source, at + 1);
      if (end > at + 1 && /[a-z_]/.test(source[at + 1]!)) {
        push("variable", at, end, source.slice(at + 1, end));
      } else push("error", at, Math.max(end, at + 1), "expected a variable name after `$`");
    } else if (TWO.has(source.slice(at, at + 2))) push("punct", at, at + 2);
    else if (punctuation.includes(char)) push("punct", at, at + 1);
    else {
      const end = at + (source.codePointAt(at)! > 0xffff ? 2 : 1);
      const what = char === "\ufeff" ? "byte order mark" : "character";
      push("error", at, end, `unexpected ${what} \`${visible(source.slice(at, end))}\``);
    }
  }
  push("end", source.length, source.length, "");
  return tokens;
}

/** The remedy for a character that nobody sees, by the message about it; undefined for any other message. */
export function invisibleHelp(message: string): string | undefined {
  if (message.endsWith("`U+FEFF`")) return "save the file as UTF-8 without one: `omnigraph fmt` does it";
  return message.includes("`U+") ? "only plain spaces, tabs and line breaks are blanks" : undefined;
}

/** A character as people can see it: invisible ones, such as a no-break space, by number. */
function visible(char: string): string {
  if (!/^[\p{C}\p{Z}]$/u.test(char)) return char;
  return `U+${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
}

function matchAt(pattern: RegExp, source: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(source) ? pattern.lastIndex : at;
}

/**
 * Reads a string, which may run over lines. One without a closing quote is an error up to `openEnd`, or up to the end of
 * the source when that is -1; then the result is true.
 */
function readString(
  source: string,
  start: number,
  openEnd: number,
  push: (kind: TokenKind, start: number, end: number, text: string) => void,
): boolean {
  let value = "";
  let badEscape: string | null = null;
  let at = start + 1;
  let runStart = at;
  for (; at < source.length && source[at] !== '"'; at++) {
    if (source[at] !== "\\") continue;
    value += source.slice(runStart, at);
    const escape = source[++at];
    const decoded = escape === undefined ? undefined : ESCAPES.get(escape);
    if (decoded === undefined) badEscape ??= `unsupported escape sequence \`\\${escape ?? ""}\``;
    else value += decoded;
    runStart = at + 1;
  }
  if (at >= source.length) {
    push("error", start, openEnd === -1 ? source.length : openEnd, "unterminated string");
    return true;
  }
  value += source.slice(runStart, at);
  if (badEscape !== null) push("error", start, at + 1, badEscape);
  else push("string", start, at + 1, value);
  return false;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["\\", "\\"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);
