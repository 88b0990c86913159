/**
 * English stemming: the Porter2 algorithm (https://snowballstem.org/algorithms/english/stemmer.html), for words in
 * lower case without apostrophes.
 *
 * R1 is what follows the first non-vowel after a vowel, R2 the same inside R1. `y` counts as a consonant, written `Y`, at
 * the start of a word and after a vowel.
 */

const EXCEPTIONS: ReadonlyMap<string, string> = new Map([
  ["skis", "ski"],
  ["skies", "sky"],
  ["dying", "die"],
  ["lying", "lie"],
  ["tying", "tie"],
  ["idly", "idl"],
  ["gently", "gentl"],
  ["ugly", "ugli"],
  ["early", "earli"],
  ["only", "onli"],
  ["singly", "singl"],
  ...["sky", "news", "howe", "atlas", "cosmos", "bias", "andes"].map((word) => [word, word] as const),
]);
const FINAL_AFTER_PLURAL: ReadonlySet<string> = new Set([
  "inning",
  "outing",
  "canning",
  "herring",
  "earring",
  "proceed",
  "exceed",
  "succeed",
]);

const VOWEL = /[aeiouy]/;
const DOUBLE = /(?:bb|dd|ff|gg|mm|nn|pp|rr|tt)$/;
const LI_BEFORE = /[cdeghkmnrt]$/;
/** A vowel between a non-vowel and a consonant other than w, x, Y at the end; or a two-letter word of vowel, non-vowel. */
const SHORT_END = /(?:[^aeiouy][aeiouy][^aeiouywxY]|^[aeiouy][^aeiouy])$/;

/** Suffixes of step 2 with what replaces them in R1; longer ones first. */
const STEP_2: readonly (readonly [suffix: string, replacement: string])[] = [
  ["ational", "ate"],
  ["fulness", "ful"],
  ["iveness", "ive"],
  ["ization", "ize"],
  ["ousness", "ous"],
  ["biliti", "ble"],
  ["lessli", "less"],
  ["tional", "tion"],
  ["alism", "al"],
  ["aliti", "al"],
  ["ation", "ate"],
  ["entli", "ent"],
  ["fulli", "ful"],
  ["iviti", "ive"],
  ["ousli", "ous"],
  ["abli", "able"],
  ["alli", "al"],
  ["anci", "ance"],
  ["ator", "ate"],
  ["enci", "ence"],
  ["izer", "ize"],
  ["bli", "ble"],
  ["ogi", "og"],
  ["li", ""],
];
/** Suffixes of step 3, in R1; longer ones first. */
const STEP_3: readonly (readonly [suffix: string, replacement: string])[] = [
  ["ational", "ate"],
  ["tional", "tion"],
  ["alize", "al"],
  ["ative", ""],
  ["icate", "ic"],
  ["iciti", "ic"],
  ["ical", "ic"],
  ["ness", ""],
  ["ful", ""],
];
/** Suffixes of step 4, dropped in R2; longer ones first. */
const STEP_4: readonly string[] = [
  "ement",
  "able",
  "ance",
  "ence",
  "ible",
  "ment",
  "ant",
  "ate",
  "ent",
  "ion",
  "ism",
  "iti",
  "ive",
  "ize",
  "ous",
  "al",
  "er",
  "ic",
];

/** The stem of a word. */
export function stem(word: string): string {
  if (word.length < 3) return word;
  const exception = EXCEPTIONS.get(word);
  if (exception !== undefined) return exception;
  let text = markConsonantY(word);
  const r1 = firstRegion(text);
  const r2 = regionAfter(text, r1);
  text = step1a(text);
  if (FINAL_AFTER_PLURAL.has(text)) return text;
  text = step1c(step1b(text, r1));
  text = step4(step3(step2(text, r1), r1, r2), r2);
  return step5(text, r1, r2).replaceAll("Y", "y");
}

function markConsonantY(word: string): string {
  if (!word.includes("y")) return word;
  let text = "";
  for (const char of word) {
    const before = text.at(-1);
    text += char === "y" && (before === undefined || VOWEL.test(before)) ? "Y" : char;
  }
  return text;
}

/** Where R1 begins. */
function firstRegion(text: string): number {
  for (const prefix of ["gener", "commun", "arsen"]) if (text.startsWith(prefix)) return prefix.length;
  return regionAfter(text, 0);
}

/** Behind the first non-vowel that follows a vowel at or after `from`. */
function regionAfter(text: string, from: number): number {
  let at = from;
  while (at < text.length && !VOWEL.test(text[at]!)) at++;
  while (at < text.length && VOWEL.test(text[at]!)) at++;
  return Math.min(at + 1, text.length);
}

function isShort(text: string, r1: number): boolean {
  return r1 >= text.length && SHORT_END.test(text);
}

/** Plurals. */
function step1a(text: string): string {
  if (text.endsWith("sses")) return text.slice(0, -2);
  if (text.endsWith("ied") || text.endsWith("ies")) return text.slice(0, text.length > 4 ? -2 : -1);
  if (text.endsWith("us") || text.endsWith("ss") || !text.endsWith("s")) return text;
  return VOWEL.test(text.slice(0, -2)) ? text.slice(0, -1) : text;
}

/** Past tense and `-ing`. */
function step1b(text: string, r1: number): string {
  for (const suffix of ["eedly", "eed"]) {
    if (!text.endsWith(suffix)) continue;
    const rest = text.length - suffix.length;
    return rest >= r1 ? text.slice(0, rest) + "ee" : text;
  }
  for (const suffix of ["ingly", "edly", "ing", "ed"]) {
    if (!text.endsWith(suffix)) continue;
    const rest = text.slice(0, -suffix.length);
    if (!VOWEL.test(rest)) return text;
    if (/(?:at|bl|iz)$/.test(rest)) return rest + "e";
    if (DOUBLE.test(rest)) return rest.slice(0, -1);
    return isShort(rest, r1) ? rest + "e" : rest;
  }
  return text;
}

/** A final y after a consonant that is not the first letter. */
function step1c(text: string): string {
  return text.length > 2 && /[^aeiouy][yY]$/.test(text) ? text.slice(0, -1) + "i" : text;
}

function step2(text: string, r1: number): string {
  const found = STEP_2.find(([suffix]) => text.endsWith(suffix));
  if (found === undefined) return text;
  const [suffix, replacement] = found;
  const rest = text.slice(0, -suffix.length);
  if (rest.length < r1) return text;
  if (suffix === "ogi" && !rest.endsWith("l")) return text;
  if (suffix === "li" && !LI_BEFORE.test(rest)) return text;
  return rest + replacement;
}

function step3(text: string, r1: number, r2: number): string {
  const found = STEP_3.find(([suffix]) => text.endsWith(suffix));
  if (found === undefined) return text;
  const [suffix, replacement] = found;
  const rest = text.slice(0, -suffix.length);
  return rest.length < (suffix === "ative" ? r2 : r1) ? text : rest + replacement;
}

function step4(text: string, r2: number): string {
  const suffix = STEP_4.find((one) => text.endsWith(one));
  if (suffix === undefined) return text;
  const rest = text.slice(0, -suffix.length);
  if (rest.length < r2 || (suffix === "ion" && !/[st]$/.test(rest))) return text;
  return rest;
}

function step5(text: string, r1: number, r2: number): string {
  const rest = text.slice(0, -1);
  if (text.endsWith("e")) {
    return rest.length >= r2 || (rest.length >= r1 && !SHORT_END.test(rest)) ? rest : text;
  }
  return text.endsWith("ll") && rest.length >= r2 ? rest : text;
}
