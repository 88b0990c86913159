/**
 * Patterns of `@check`: a regular language without look-around and back-references, matched by code point somewhere in
 * the value. `(?i)`, `(?s)` and `(?m)` may lead the pattern.
 */

/** A compiled pattern, or why it is none. */
export type CompiledPattern =
  | { readonly kind: "pattern"; readonly regex: RegExp }
  | { readonly kind: "invalid"; readonly reason: string };

const LEADING_FLAGS = /^\(\?([ims]+)\)/;
/** ASCII punctuation that may be escaped in patterns although the engine knows no such escape. */
const PLAIN_PUNCTUATION = /[ !"#%&',\-:;<=>@_`~]/;

/** Compiles a pattern; the regex carries no state between matches. */
export function compilePattern(pattern: string): CompiledPattern {
  let flags = "u";
  let body = pattern;
  for (let lead = LEADING_FLAGS.exec(body); lead !== null; lead = LEADING_FLAGS.exec(body)) {
    for (const flag of lead[1] ?? "") if (!flags.includes(flag)) flags += flag;
    body = body.slice(lead[0].length);
  }
  const translated = translate(body);
  if (translated.kind === "invalid") return translated;
  try {
    return { kind: "pattern", regex: new RegExp(translated.text, flags) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return invalid(message.slice(message.lastIndexOf(": ") + 2).toLowerCase());
  }
}

/** Refuses what the pattern language leaves out and spells what the engine spells otherwise. */
function translate(body: string): { kind: "text"; text: string } | { kind: "invalid"; reason: string } {
  let text = "";
  let inClass = false;
  for (let at = 0; at < body.length; at++) {
    const char = body[at]!;
    const next = body[at + 1] ?? "";
    if (char === "\\") {
      if (!inClass && (/[1-9]/.test(next) || next === "k")) {
        return invalid("back-references are not supported");
      }
      const plain = PLAIN_PUNCTUATION.test(next);
      text += plain ? `\\x${next.charCodeAt(0).toString(16).padStart(2, "0")}` : char + next;
      at++;
    } else if (inClass) {
      if (char === "[") return invalid("`[` inside a character class must be escaped");
      if (char === "&" && next === "&") {
        return invalid("set operations in a character class are not supported");
      }
      if (char === "]") inClass = false;
      text += char;
    } else if (char === "(" && /^\(\?<?[=!]/.test(body.slice(at, at + 4))) {
      return invalid("look-around is not supported");
    } else if (body.startsWith("(?P<", at)) {
      text += "(?<";
      at += 3;
    } else {
      if (char === "[") {
        inClass = true;
        // A `]` right after the opening stands for itself in most dialects and closes in this engine: ask for clarity.
        if (/^\[\^?\]/.test(body.slice(at, at + 3))) {
          return invalid("a leading `]` in a character class must be escaped");
        }
      }
      text += char;
    }
  }
  return { kind: "text", text };
}

function invalid(reason: string): { readonly kind: "invalid"; readonly reason: string } {
  return { kind: "invalid", reason };
}
