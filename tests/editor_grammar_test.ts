/** The TextMate grammar knows the words that the languages know. */
import assert from "node:assert/strict";
import { BUILTINS } from "../core/language/builtins.ts";
import { SCALARS } from "../core/schema/value_type.ts";

const GRAMMAR = JSON.parse(
  Deno.readTextFileSync(new URL("../docs/editor/omnigraph.tmLanguage.json", import.meta.url)),
);

interface Rule {
  readonly name?: string;
  readonly match?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly include?: string;
  readonly captures?: Readonly<Record<string, { readonly name: string }>>;
  readonly patterns?: readonly Rule[];
}

/** All rules in the order in which an editor tries them. */
const RULES: readonly Rule[] = GRAMMAR.patterns.flatMap(({ include }: { include: string }) => {
  const rule: Rule = GRAMMAR.repository[include.slice(1)];
  return rule.begin === undefined ? rule.patterns ?? [rule] : [rule];
});

/** The scope of the first rule that matches exactly at `|`, without its last part. */
function scopeAt(marked: string): string | undefined {
  const at = marked.indexOf("|");
  const text = marked.replace("|", "");
  for (const rule of RULES) {
    const pattern = new RegExp(rule.match ?? rule.begin!, "y");
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found === null) continue;
    return (rule.name ?? rule.captures?.["1"]?.name)?.replace(/\.omnigraph$/, "");
  }
  return undefined;
}

Deno.test("editor grammar: every type, annotation and function of the languages has its scope", () => {
  for (const scalar of SCALARS) assert.equal(scopeAt(`a: |${scalar}?`), "support.type");
  for (const word of BUILTINS.keys()) {
    if (word.startsWith("@")) assert.equal(scopeAt(`|${word}(`), "storage.modifier.annotation", word);
    else if (word.endsWith("()")) {
      assert.equal(scopeAt(` |${word.slice(0, -1)}$x)`), "support.function", word);
    } else assert.equal(scopeAt(` |${word} `), "support.type", word);
  }
});

Deno.test("editor grammar: words are scoped by where they stand", () => {
  assert.equal(scopeAt("|node Boat {"), "storage.type");
  assert.equal(scopeAt("|query boats() {"), "storage.type");
  assert.equal(scopeAt("    |match { $b: Boat }"), "keyword.control");
  assert.equal(scopeAt("    |order: I32"), "variable.other.property");
  assert.equal(scopeAt("$b.|limit"), "variable.other.property");
  assert.equal(scopeAt("|$crew"), "variable.parameter");
  assert.equal(scopeAt("$b: |Boat"), "entity.name.type");
  assert.equal(scopeAt("|// match"), "comment.line.double-slash");
  assert.equal(scopeAt('|"match"'), "string.quoted.double");
  assert.equal(scopeAt("limit |20"), "constant.numeric");
  assert.equal(scopeAt("$a |mooredAt $b"), undefined);
});
