/** Words and signs that people know from other query languages, and what to write instead. */
import { invisibleHelp } from "../base/lexer.ts";

const HINTS: ReadonlyMap<string, string> = new Map([
  ["unterminated comment", "close it with `*/`"],
  ["unterminated string", 'close it with `"`'],
  ["unexpected character `-`", "there are no negative literals: pass the number as a parameter"],
  ["unexpected character `#`", "comments start with `//`"],
  ["unexpected character `'`", "strings are written in double quotes"],
  [
    "unexpected character `;`",
    "clauses are separated by spaces or line breaks, statements need no sign at all",
  ],
  ["unexpected character `*`", "return the variable or its properties by name"],
  ["unexpected character `!`", "negation is a block: `not { … }`"],
  ["unexpected character `&`", "clauses are joined by writing them one after another"],
  [
    "unexpected character `|`",
    "there is no `or`: write one query for each case, or match a list with `contains`",
  ],
  ["null", "there is no `null` literal: pass null through a nullable parameter"],
  ["where", "filters are clauses of the match block"],
  ["and", "clauses are joined by writing them one after another"],
  ["or", "there is no `or`: write one query for each case, or match a list with `contains`"],
  ["offset", "there is no offset: pass the last seen key as a parameter and filter on it"],
  ["skip", "there is no offset: pass the last seen key as a parameter and filter on it"],
]);

/** The remedy for a word, or for a lexical error by its message; undefined when it is no known habit. */
export function habitHelp(text: string): string | undefined {
  return invisibleHelp(text) ?? HINTS.get(text);
}
