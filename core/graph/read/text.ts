/**
 * Text as search terms: words of letters and digits, in lower case, letters with accents as plain ones, English stems,
 * without the words that every text has.
 */
import { stem } from "./stemmer.ts";

const WORD = /[\p{Alphabetic}\p{N}]+/gu;
// deno-lint-ignore no-control-regex
const ASCII = /^[\x00-\x7f]*$/;
const MARK = /\p{M}/gu;
/** Letters that no decomposition turns into ASCII. */
const FOLDED: ReadonlyMap<string, string> = new Map([
  ["ß", "ss"],
  ["æ", "ae"],
  ["œ", "oe"],
  ["ø", "o"],
  ["đ", "d"],
  ["ð", "d"],
  ["þ", "th"],
  ["ħ", "h"],
  ["ı", "i"],
  ["ĸ", "q"],
  ["ł", "l"],
  ["ŋ", "n"],
  ["ŧ", "t"],
]);
const STOP_WORDS: ReadonlySet<string> = new Set(
  ("a an and are as at be but by for if in into is it no not of on or such that the their then there these they " +
    "this to was will with").split(" "),
);

/** Stems by word; words repeat a lot. Emptied when it is full. */
const STEMS = new Map<string, string | null>();
const STEMS_MAX = 100_000;

/** The terms of a text in order, repetitions included. */
export function termsOf(text: string): string[] {
  const terms: string[] = [];
  for (const [word] of text.toLowerCase().matchAll(WORD)) {
    const term = termOf(word);
    if (term !== null) terms.push(term);
  }
  return terms;
}

/** The term of one word in lower case, or null when it is a stop word. */
function termOf(word: string): string | null {
  let term = STEMS.get(word);
  if (term === undefined) {
    const stemmed = stem(fold(word));
    term = STOP_WORDS.has(stemmed) ? null : stemmed;
    if (STEMS.size >= STEMS_MAX) STEMS.clear();
    STEMS.set(word, term);
  }
  return term;
}

/** Letters with accents and ligatures as the ASCII letters they stand for; other scripts stay. */
function fold(word: string): string {
  if (ASCII.test(word)) return word;
  let folded = "";
  for (const char of word) {
    const plain = char.normalize("NFKD").replace(MARK, "");
    folded += FOLDED.get(char) ?? (ASCII.test(plain) ? plain : char);
  }
  return folded;
}

/** Whether two terms are at most `limit` insertions, deletions and replacements apart. */
export function withinEdits(a: string, b: string, limit: number): boolean {
  if (Math.abs(a.length - b.length) > limit) return false;
  let before = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const replaced = before[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const value = Math.min(replaced, before[j]! + 1, row[j - 1]! + 1);
      row.push(value);
      if (value < least) least = value;
    }
    if (least > limit) return false;
    before = row;
  }
  return before[b.length]! <= limit;
}
