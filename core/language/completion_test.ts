import assert from "node:assert/strict";
import { markedQueries, markedSchema } from "../../tests/support/marked_text.ts";
import { completeAt } from "./completion.ts";

const queryLabels = (text: string) => {
  const { document, offset } = markedQueries(text);
  return completeAt(document, offset).items.map(({ label }) => label);
};
const schemaLabels = (text: string) => {
  const { document, offset } = markedSchema(text);
  return completeAt(document, offset).items.map(({ label }) => label);
};

/** Labels that must be offered, and labels that must not. */
interface Case {
  readonly text: string;
  readonly has: readonly string[];
  readonly lacks?: readonly string[];
}

const QUERY_CASES: Readonly<Record<string, Case>> = {
  "the first word of a file": { text: "|", has: ["query"] },
  "parameter types": {
    text: "query q($x: |) {",
    has: ["String", "DateTime", "[T]", "Vector"],
    lacks: ["enum"],
  },
  "items of a list parameter": { text: "query q($x: [I|", has: ["I32", "I64"], lacks: ["Vector", "[T]"] },
  "annotations of a query": {
    text: "query q() @|",
    has: ["description", "instruction"],
    lacks: ["@description"],
  },
  "annotations with their sign": { text: "query q() |", has: ["@description", "@instruction"] },
  "the first word of a body": { text: "query q() { | }", has: ["match", "insert", "update", "delete"] },
  "return behind match": { text: "query q() { match { $p: Plant } r| }", has: ["return"], lacks: ["match"] },
  "order and limit behind return": {
    text: "query q() { match { $p: Plant } return { $p } | }",
    has: ["order", "limit"],
  },
  "node types behind `$x:`": {
    text: "query q() { match { $p: | } }",
    has: ["Plant", "Bed"],
    lacks: ["GrowsIn"],
  },
  "node types while one is typed": { text: "query q() { match { $p: Pl| } }", has: ["Plant"] },
  "properties inside braces": {
    text: 'query q() { match { $p: Plant { label: "x", | } } }',
    has: ["height", "light"],
    lacks: ["label", "row"],
  },
  "enum values": { text: "query q() { match { $p: Plant { light: | } } }", has: ['"shade"', '"sun"'] },
  "enum values inside quotes, and nothing else": {
    text: 'query q($l: String) { match { $p: Plant { light: "s|" } } }',
    has: ['"shade"', '"sun"'],
    lacks: ["$l"],
  },
  "Bool values and parameters": {
    text: "query q($r: Bool) { match { $p: Plant { rare: | } } }",
    has: ["true", "false", "$r"],
    lacks: ["now"],
  },
  "now() for a DateTime": {
    text: "query q() { match { $p: Plant { watered: | } } }",
    has: ["now", "datetime"],
  },
  "edge words behind a variable": {
    text: "query q() { match { $b: Bed  $b | } }",
    has: ["growsIn", "tends", "contains"],
    lacks: ["grafted", "label"],
  },
  "edge words behind a variable of unknown type": {
    text: "query q() { match { $b | } }",
    has: ["growsIn", "grafted"],
  },
  "edge words while one is typed": {
    text: "query q() { match { $p: Plant  $p gr|  $b.row = 1 } }",
    has: ["growsIn", "grafted"],
    lacks: ["tends"],
  },
  "edge words behind an edge variable": {
    text: "query q() { match { $g: Gardener  $g $w:| $b } }",
    has: ["tends", "label"],
    lacks: ["growsIn"],
  },
  "properties behind a dot": {
    text: "query q() { match { $p: Plant  $p.| } return { $p } }",
    has: ["label", "scent"],
    lacks: ["row"],
  },
  "properties while one is typed, before more clauses": {
    text: "query q() { match { $p: Plant  $p.he|  $q: Bed } return { $p } }",
    has: ["height"],
  },
  "properties of a variable that a traversal binds": {
    text: "query q() { match { $b: Bed  $p growsIn $b } return { $p.| } }",
    has: ["label"],
    lacks: ["row"],
  },
  "properties of an edge variable": {
    text: "query q() { match { $p $w:growsIn $b } return { $w.| } }",
    has: ["since", "care"],
    lacks: ["label", "row"],
  },
  "names behind `$`": {
    text: "query q($height: I32) { match { $p: Plant  $p.height > $| } }",
    has: ["$height", "$p"],
    lacks: ["now"],
  },
  "names while one is typed": {
    text: "query q($height: I32) { match { $p: Plant  $p.height > $he| } }",
    has: ["$height"],
    lacks: ["now"],
  },
  "an operand": {
    text: "query q($h: I32) { match { $p: Plant  $p.height > | } }",
    has: ["$h", "$p", "now", "date"],
  },
  "variables of a `not` block only inside it": {
    text: "query q() { match { $p: Plant  not { $p growsIn $b } } return { | } }",
    has: ["$p", "count", "nearest"],
    lacks: ["$b"],
  },
  "variables of a `not` block inside it": {
    text: "query q() { match { $p: Plant  not { $p growsIn $b  $b.row = | } } }",
    has: ["$b"],
  },
  "`as` behind an expression": {
    text: "query q() { match { $p: Plant } return { $p.label | } }",
    has: ["as", "$p"],
  },
  "aliases in order": {
    text: "query q() { match { $p: Plant } return { count($p) as plants } order { | } }",
    has: ["plants", "$p", "nearest"],
  },
  "directions in order": {
    text: "query q() { match { $p: Plant } return { $p } order { $p.label | } }",
    has: ["asc", "desc"],
  },
  "targets of an insert": { text: "query q() { insert | }", has: ["Plant", "GrowsIn"] },
  "targets of an update": { text: "query q() { update | }", has: ["Plant"], lacks: ["GrowsIn"] },
  "set and where": { text: "query q() { update Plant s| }", has: ["set"] },
  "columns of an edge insert": {
    text: 'query q() { insert GrowsIn { from: "a", | } }',
    has: ["to", "since"],
    lacks: ["from"],
  },
  "a node insert has no endpoints": {
    text: "query q() { insert Bed { | } }",
    has: ["row", "side"],
    lacks: ["from"],
  },
  "the column of a predicate": { text: "query q() { delete Tends where | }", has: ["from", "to", "hours"] },
  "values of a predicate": {
    text: "query q($l: String) { delete Plant where light = | }",
    has: ["$l", '"half"'],
  },
  "an unclosed match block": {
    text: "query q() { match { $p: Plant  $p. return { $p.| } }",
    has: ["label"],
  },
  "the next query keeps its own names": {
    text: "query a($one: I32) { match { $p: \nquery b($two: I32) { match { $q: Plant { height: $| } } }",
    has: ["$two"],
    lacks: ["$one", "$p"],
  },
};

const SCHEMA_CASES: Readonly<Record<string, Case>> = {
  "the first word of a file": { text: "|", has: ["node", "edge", "interface"] },
  "a word behind a declaration": { text: "node A { a: I32 }\nno|", has: ["node"] },
  "a declaration behind an edge without body": {
    text: "node A {}\nedge E: A -> A\n|",
    has: ["edge", "@card"],
  },
  "types behind `:`": { text: "node A { a: | }", has: ["String", "Vector", "enum", "[T]"] },
  "types while one is typed, before more properties": {
    text: "node A { a: Str|\n b: I32 }",
    has: ["String"],
  },
  "items of a list": { text: "node A { a: [|] }", has: ["I32"], lacks: ["enum", "[T]"] },
  "annotations of a property": { text: "node A { a: I32 @| }", has: ["key", "index"], lacks: ["range"] },
  "annotations with their sign": { text: "node A { a: I32 | }", has: ["@key", "@description"] },
  "annotations of an edge property": { text: "edge E: A -> A { a: I32 @| }", has: ["index"], lacks: ["key"] },
  "constraints on a line of their own": {
    text: "node A {\n a: I32\n @| }",
    has: ["range", "check"],
    lacks: ["embed"],
  },
  "columns of a constraint": {
    text: "node A {\n a: I32\n b: I32\n @unique(a, |) }",
    has: ["b"],
    lacks: ["a"],
  },
  "columns of an edge constraint": {
    text: "node A {}\nedge E: A -> A {\n a: I32\n @unique(|) }",
    has: ["src", "a"],
  },
  "the source of an embedding": { text: "node A { t: String\n v: Vector(2) @embed(|) }", has: ["t"] },
  "interfaces": { text: "interface I { a: I32 }\nnode A implements | { }", has: ["I"], lacks: ["A"] },
  "annotations of a node": { text: "node A @| { }", has: ["description"], lacks: ["card", "key"] },
  "`implements`": { text: "node A | { }", has: ["implements", "@description"] },
  "the source of an edge": { text: "node A {}\nedge E: | -> A", has: ["A"], lacks: ["E"] },
  "the target of an edge": { text: "node A {}\nedge E: A -> |", has: ["A"] },
};

for (
  const [language, cases, labelsOf] of [
    ["queries", QUERY_CASES, queryLabels],
    ["schemas", SCHEMA_CASES, schemaLabels],
  ] as const
) {
  for (const [name, { text, has, lacks = [] }] of Object.entries(cases)) {
    Deno.test(`completeAt() in ${language} offers: ${name}`, () => {
      const labels = labelsOf(text);
      assert.deepEqual(has.filter((label) => !labels.includes(label)), [], `offered: ${labels.join(" ")}`);
      assert.deepEqual(lacks.filter((label) => labels.includes(label)), []);
    });
  }
}

Deno.test("completeAt() offers nothing in comments, strings and numbers", () => {
  for (
    const text of [
      "// query| x",
      "/* a| */",
      'query q() { match { $p: Plant { label: "la|" } } }',
      'query q() { match { $p: Plant { label: "la|',
      "query q() { match { $p: Plant } return { $p } limit 1| }",
      "query q() // all|",
      'query q() @description("que|") { match { $p: Plant } return { $p } }',
    ]
  ) assert.deepEqual(queryLabels(text), [], text);
});

Deno.test("completeAt() replaces the whole word under the caret and tells types", () => {
  const { document, offset } = markedQueries("query q() { match { $p: Plant  $p.hei|ght > 1 } }");
  const { start, end, items } = completeAt(document, offset);
  assert.equal(document.source.text.slice(start, end), "height");
  assert.equal(items.find(({ label }) => label === "height")?.detail, "I32?");
  assert.match(items.find(({ label }) => label === "scent")?.documentation ?? "", /Property of node `Plant`/);
});
