/** The same program in another layout: blanks, line breaks and comments wherever tokens allow them, or damaged. */
import fc from "fast-check";
import { tokenize } from "../../core/base/lexer.ts";
import { PUNCTUATION } from "../../core/query/token_reader.ts";
import { Tape } from "./random_schema.ts";

/** What stands between two tokens; each separates them. Plain blanks come most often. */
const GAPS = [
  " ",
  " ",
  " ",
  "\n",
  "  ",
  "\n\n\n",
  "\t",
  "\r\n",
  " // why\n",
  " // because  \r\n",
  "\n// above\n",
  "/* in */",
  " /* two\n     lines */ ",
  "\n\n/* apart */\n\n// twice\n",
];

/** Lays out a text anew; `calm` of 1 leaves every gap a blank, larger numbers fewer. */
export function messyText(text: string, tape: Tape, calm: number): string {
  const tokens = tokenize(text, PUNCTUATION);
  let result = "";
  for (const token of tokens) {
    const gap = tape.upTo(calm) === 0 ? tape.pick(GAPS) : " ";
    result += gap + text.slice(token.start, token.end);
  }
  return result;
}

/** Layouts as a property takes them. */
export function layouts(): fc.Arbitrary<(text: string) => string> {
  const tape = fc.array(fc.nat(0xffff), { size: "max", maxLength: 200 });
  return fc.tuple(tape, fc.constantFrom(1, 3, 12)).map(([numbers, calm]) => (text) =>
    messyText(text, new Tape(numbers), calm)
  );
}

/** A few random edits of a text. */
export function damages(): fc.Arbitrary<(text: string) => string> {
  const edit = fc.record({
    at: fc.nat(),
    drop: fc.nat(20),
    put: fc.constantFrom("", "{", "}", "(", ",", '"', "query ", "$x", "/*", "//", "\u{1F600}", "\\"),
  });
  return fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) => (text) =>
    edits.reduce((damaged, { at, drop, put }) => {
      const place = at % (damaged.length + 1);
      return damaged.slice(0, place) + put + damaged.slice(place + drop);
    }, text)
  );
}

/** The comments of a text, in order. */
export function commentsOf(text: string): string[] {
  return tokenize(text, PUNCTUATION).flatMap((token) => token.comments).map((one) =>
    one.text.replaceAll("\r\n", "\n").trimEnd()
  );
}
