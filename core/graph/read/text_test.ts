import assert from "node:assert/strict";
import { editDistance } from "../../base/suggest.ts";
import fc from "fast-check";
import { stem } from "./stemmer.ts";
import { termsOf, withinEdits } from "./text.ts";

/** Words and stems from the vocabulary that the algorithm is published with. */
const STEMS =
  `consign consign, consigned consign, consignment consign, consisted consist, consistency consist,
  consistently consist, consolation consol, consolatory consolatori, consolidating consolid, consolingly consol,
  conspicuously conspicu, conspiracy conspiraci, conspirators conspir, constables constabl, constancy constanc,
  knackeries knackeri, knaves knave, kneaded knead, kneeling kneel, knees knee, knightly knight, knitted knit,
  knives knive, knocker knocker, generate generat, generally general, generous generous, communication communic,
  running run, happily happili, relational relat, hopping hop, hoping hope, flies fli, dies die, cries cri, by by,
  say say, industries industri, introduction introduct, national nation, beautiful beauti, possibly possibl,
  ability abil, analogies analog, agreed agre, feed feed, sky sky, skies sky, gas gas, this this, kiwis kiwi,
  ties tie, succeeding succeed, news news, dying die, early earli, yes yes, youth youth, rationalize ration,
  activate activ, formative format, electricity electr, adjustable adjust, adoption adopt, controlling control`;

Deno.test("stem() gives the published stems", () => {
  for (const pair of STEMS.split(",")) {
    const [word, expected] = pair.trim().split(" ");
    assert.equal(stem(word!), expected, word);
  }
});

Deno.test("termsOf() splits, folds, stems and leaves stop words out", () => {
  assert.deepEqual(termsOf("The Naïve runner’s co-operation, in 日本 2024!"), [
    "naiv",
    "runner",
    "s",
    "co",
    "oper",
    "日本",
    "2024",
  ]);
  assert.deepEqual(termsOf("Straße ÆØŁ ﬁne"), ["strass", "aeol", "fine"]);
  assert.deepEqual(termsOf("to be or not to be"), []);
  assert.deepEqual(termsOf("  ... "), []);
});

Deno.test("termsOf() gives one term for all spellings of a word", () => {
  const forms = ["Introduction", "introductions", "INTRODUCTION"];
  assert.equal(new Set(forms.flatMap(termsOf)).size, 1);
});

Deno.test("withinEdits() counts insertions, deletions and replacements", () => {
  assert.ok(withinEdits("introductio", "introduct", 2));
  assert.ok(!withinEdits("introductio", "introduct", 1));
  assert.ok(!withinEdits("ab", "ba", 1), "a swap is two edits");
  const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 6 });
  fc.assert(fc.property(word, word, fc.nat(4), (a, b, limit) => {
    // The suggestion distance also knows swaps, so it is a lower bound.
    if (withinEdits(a, b, limit)) assert.ok(editDistance(a, b) <= limit);
    assert.equal(withinEdits(a, b, limit), withinEdits(b, a, limit));
    assert.ok(withinEdits(a, a, limit));
  }));
});
