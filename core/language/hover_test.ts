import assert from "node:assert/strict";
import { markedQueries, markedSchema } from "../../tests/support/marked_text.ts";
import { hoverAt } from "./hover.ts";

const queryHover = (text: string) => {
  const { document, offset } = markedQueries(text);
  return hoverAt(document, offset)?.markdown ?? null;
};
const schemaHover = (text: string) => {
  const { document, offset } = markedSchema(text);
  return hoverAt(document, offset)?.markdown ?? null;
};

Deno.test("hoverAt() shows the type of a property, wherever it stands", () => {
  for (
    const text of [
      "query q() { match { $p: Plant { hei|ght: 1 } } return { $p } }",
      "query q() { match { $p: Plant } return { $p.heigh|t } }",
      "query q() { update Plant set { |height: 1 } where label = 1 }",
      "query q() { delete Plant where height| = 1 }",
    ]
  ) assert.match(queryHover(text) ?? "", /height: I32\?[^]*Property of node `Plant`/, text);
});

Deno.test("hoverAt() shows a node type with its properties and an edge with its ends", () => {
  assert.match(
    queryHover("query q() { match { $b: Be|d } return { $b } }") ?? "",
    /node Bed \{\n {4}row: I32\n/,
  );
  assert.match(
    queryHover("query q() { match { $p grows|In $b } return { $b } }") ?? "",
    /edge GrowsIn: Plant -> Bed @card\(0\.\.1\) \{\n {4}since: Date\?/,
  );
  assert.match(
    queryHover('query q() { insert Tends { fr|om: "a" } }') ?? "",
    /The id of the source: a `Gardener`/,
  );
});

Deno.test("hoverAt() shows parameters, variables and columns with what they stand for", () => {
  assert.match(queryHover("query q($h: I32?) { match { $p: Plant { height: $|h } } }") ?? "", /\$h: I32\?/);
  assert.match(
    queryHover("query q() { match { $b: Bed  $p growsIn $b } return { $p| } }") ?? "",
    /\$p: Plant/,
  );
  assert.match(
    queryHover("query q() { match { $p $w:growsIn $b } return { $|w.since } }") ?? "",
    /\$w: GrowsIn/,
  );
  assert.match(
    queryHover("query q() { match { $p: Plant } return { count($p) as n } order { |n } }") ?? "",
    /count\(\$p\) as n/,
  );
});

Deno.test("hoverAt() tells the direction of a traversal as the type checker decides it", () => {
  const type = (clauses: string) =>
    /\$x: (\w+)/.exec(queryHover(`query q() { match { ${clauses} } }`) ?? "")?.[1];
  assert.equal(type("$b: Bed  $b growsIn $x|"), "Plant");
  assert.equal(type("$p: Plant  $p growsIn $x|"), "Bed");
  assert.equal(type("$b: Bed  $x| growsIn $b"), "Plant");
  assert.equal(type("$x| tends $_"), "Gardener");
  assert.equal(type("$b: Bed  not { $b tends $x| }"), "Gardener");
});

Deno.test("hoverAt() shows descriptions, and from which interface a property comes", () => {
  const schema = [
    'interface Named { name: String @description("As on the label") }',
    'node Tree @description("A tall plant") implements Named { age: I32 }',
    "edge Shades: Tree -> Tr|ee",
  ].join("\n");
  const tree = schemaHover(schema) ?? "";
  assert.match(tree, /node Tree implements Named/);
  assert.match(tree, /name: String @description\("As on the label"\) \/\/ from Named/);
  assert.match(tree, /A tall plant$/);
  const inherited = schemaHover(
    schema.replace("Tr|ee", "Tree").replace("age: I32", "age: I32  @unique(na|me)"),
  );
  assert.match(inherited ?? "", /Property of node `Tree`, from interface `Named`\.\n\nAs on the label$/);
});

Deno.test("hoverAt() explains the words of the language", () => {
  assert.match(schemaHover("node A { a: Date|Time }") ?? "", /instant/);
  assert.match(schemaHover("node A { a: [I3|2] }") ?? "", /integer/);
  assert.match(schemaHover("node A { a: I32 @k|ey }") ?? "", /Identifies a node/);
  assert.match(schemaHover("node A { a: I32\n @ran|ge(a, 0..1) }") ?? "", /bounds/);
  assert.match(queryHover("query q() { match { $p: Plant } return { co|unt($p) } }") ?? "", /rows in which/);
});

Deno.test("hoverAt() says nothing about blanks, unknown names and keywords", () => {
  assert.equal(queryHover("query q() { |  match { $p: Plant } }"), null);
  assert.equal(queryHover("query q() { match { $p: Pl|unt } }"), null);
  assert.equal(queryHover("query q() { mat|ch { $p: Plant } }"), null);
});
